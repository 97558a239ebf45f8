"""Order flow: best-quote updates a second, and the wrong form that is as cheap beside it."""

import argparse
import statistics
import sys

import numpy as np
from common.paired import interleaved, judged, load

from xq.indicators.order_flow import order_flow

WANTED = 10e6


def quotes(rows: int, levels: int) -> tuple[np.ndarray, ...]:
    chance = np.random.default_rng(1)
    shape = (rows,) if levels == 1 else (rows, levels)
    middle = 1000 + 0.1 * np.cumsum(chance.integers(-1, 2, rows) * (chance.random(rows) < 0.1))
    middle = middle if levels == 1 else middle[:, None] + np.zeros(levels)
    return middle, chance.random(shape), middle + 0.1, chance.random(shape)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    print(f"{chosen.rows:,} updates, {load()}")
    book = quotes(chosen.rows, 1)

    def ours() -> None:
        order_flow(*book)

    def sizes_alone() -> None:
        np.diff(book[1]) - np.diff(book[3])

    times = interleaved({"order flow": ours, "sizes alone": sizes_alone}, chosen.rounds)
    rate = chosen.rows / statistics.median(times["order flow"].wall)
    print(f"order flow {rate / 1e6:.1f} million updates/s (wanted {WANTED / 1e6:.0f})")
    judged("order flow / differences of sizes", times["order flow"], times["sizes alone"])
    levels = quotes(max(chosen.rows // 10, 1), 10)
    deep = interleaved({"ten levels": lambda: order_flow(*levels).shape[1]}, chosen.rounds)
    rate_deep = len(levels[0]) / statistics.median(deep["ten levels"].wall)
    print(f"ten levels {rate_deep / 1e6:.1f} million updates/s")
    return 0 if rate >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
