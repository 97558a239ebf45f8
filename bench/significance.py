"""Statistics that every sweep asks for, beside the formula as it is written in the paper.

    python bench/significance.py [--rounds 7]

Overfitting of 100 trials over 1,000 days in 16 blocks and 1,000 bootstrap paths of 2,500 days have
limits in seconds; the ratio is that of overfitting in 8 blocks to a loop over its 70 splits.
"""

import argparse
import statistics
import sys
from itertools import combinations

import numpy as np
from common.paired import Times, interleaved, load, timed

from xq.metrics.bootstrap import block_length, stationary_bootstrap
from xq.metrics.pbo import pbo
from xq.metrics.reality import reality_check

PBO_SECONDS, BOOTSTRAP_SECONDS = 0.5, 0.3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    print(load())
    rng = np.random.default_rng(1)
    trials, days = rng.standard_t(4, (1000, 100)) * 0.01, rng.standard_t(4, 2500) * 0.01
    paired = interleaved(
        {"xq": lambda: pbo(trials, 8).probability, "loop": lambda: as_written(trials, 8)}, rounds
    )
    middle = {name: statistics.median(times.wall) for name, times in paired.items()}
    print(f"overfitting, 8 blocks: ratio {middle['xq'] / middle['loop']:.2f} to a loop")
    block = block_length(days)
    good = within("overfitting, 100 x 1,000 x 16", lambda: pbo(trials), rounds, PBO_SECONDS)
    good &= within(
        "bootstrap, 1,000 x 2,500",
        lambda: stationary_bootstrap(days, block, 1000, np.random.default_rng(2)),
        rounds,
        BOOTSTRAP_SECONDS,
    )
    within("reality check, 100 x 1,000", lambda: reality_check(trials, days[:1000], 1), rounds)
    return 0 if good else 1


def within(title, run, rounds: int, limit: float | None = None) -> bool:
    """Print the times; whether the median keeps to the limit."""
    times = Times()
    for _ in range(rounds):
        with timed(times):
            run()
    told = "" if limit is None else f"  limit {limit * 1e3:.0f} ms"
    print(f"{title}: {times}{told}")
    return limit is None or statistics.median(times.wall) <= limit


def as_written(returns: np.ndarray, splits: int) -> float:
    """Bailey et al. (2017), section 3, step by step."""
    blocks = np.split(returns, splits)
    overfitted = []
    for chosen in combinations(range(splits), splits // 2):
        inside = np.concatenate([blocks[k] for k in chosen])
        outside = np.concatenate([blocks[k] for k in range(splits) if k not in chosen])
        best = np.argmax(inside.mean(axis=0) / inside.std(axis=0, ddof=1))
        scores = outside.mean(axis=0) / outside.std(axis=0, ddof=1)
        share = (np.sum(scores < scores[best]) + 1) / (returns.shape[1] + 1)
        overfitted.append(share <= 0.5)
    return float(np.mean(overfitted))


if __name__ == "__main__":
    sys.exit(main())
