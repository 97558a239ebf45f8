"""A year of minutes through the live loop on the simulated venue, order by order.

Run ``python bench/replay.py [--rows N] [--rounds N] [--nautilus PYTHON]``. Trades on 1 % of the
bars, weights computed in advance; the goal is 100,000 bars a second. Beside it the loop woken at
every bar, and a strategy process asked at every bar. With the interpreter of an environment that
has nautilus_trader, its bar backtest of the same orders runs in turns with ours; the goal is five
times. CPU seconds are what a busy machine changes least.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from common.paired import Times, judged, load, timed

from xq.backtest.replay import Replayed, replay
from xq.backtest.simulation import Rules
from xq.backtest.vector import simulate
from xq.bars import Bars
from xq.portfolio.costs import Costs
from xq.strategy.sandbox import Evaluator, StrategySpec
from xq.timeframe import MINUTE_MS, Timeframe

ROOT = Path(__file__).resolve().parents[1]
YEAR = 525_600
SHARE = 0.01
GOAL, TIMES = 100_000, 5.0
COSTS = Costs(fee=0.001, slippage=0.0005)
ASKED = 300
STRATEGY = "trend_following"


def market(rows: int) -> Bars:
    random = np.random.default_rng(1)
    close = np.round(30_000 * np.exp(np.cumsum(random.normal(0, 0.0006, rows))), 2)
    opens = np.concatenate(([30_000.0], close[:-1]))
    high, low = np.maximum(opens, close) + 5, np.minimum(opens, close) - 5
    times = 1_640_995_200_000 + np.arange(rows) * MINUTE_MS
    return Bars.of(
        Timeframe.parse("1m"), ["BTC/USDT"], times, open=opens, high=high, low=low, close=close
    )


def weights_of(rows: int) -> np.ndarray:
    """Another weight on every hundredth bar."""
    random = np.random.default_rng(2)
    changes = np.sort(random.choice(rows - 1, round(rows * SHARE), replace=False))
    levels = np.where(np.arange(len(changes) + 1) % 2, random.uniform(0.2, 0.9), 0.0)
    return np.repeat(levels, np.diff([0, *changes, rows]))[:, None]


def nautilus(python: str, bars: Bars, run: Replayed, folder: Path) -> dict[str, float]:
    path, fills = folder / "orders.npz", run.simulation.fills
    names = ("open", "high", "low", "close", "volume")
    columns = {name: getattr(bars, name)[:, 0] for name in names}
    quantity = np.round(fills.quantity, 6)
    np.savez(path, ts=bars.ts, row=fills.row - 1, quantity=quantity, **columns)
    script = ROOT / "bench" / "common" / "nautilus_orders.py"
    done = subprocess.run(
        [python, str(script), str(path)], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    if found["orders"] != len(fills):
        raise SystemExit(f"nautilus filled {found['orders']} of {len(fills)} orders")
    return found


def told(name: str, times: Times, rows: int) -> None:
    wall, cpu = min(times.wall), min(times.cpu)
    print(f"{name:34} {rows / wall:>10,.0f} bars/s  {rows / cpu:>10,.0f} per CPU second  {times}")


def ahead(rows: int, rounds: int, python: str | None) -> bool:
    bars, weights = market(rows), weights_of(rows)
    ours, theirs = Times(), Times()
    vector = simulate(weights, bars, COSTS, Rules())
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            with timed(ours):
                run = replay(weights, bars, COSTS, Rules())
            if python is not None:
                found = nautilus(python, bars, run, Path(folder))
                theirs.wall.append(found["wall"])
                theirs.cpu.append(found["cpu"])
    apart = np.abs(run.simulation.equity / vector.equity - 1).max()
    print(f"{run.ticks:,} of {rows:,} bars traded; off the vector engine by {apart:.1e}; {load()}")
    told("weights in advance", ours, rows)
    reached = rows / min(ours.cpu) >= GOAL
    print(f"goal {GOAL:,} bars per CPU second: {'yes' if reached else 'NO'}")
    if python is None:
        print("nautilus_trader: not measured, --nautilus names an interpreter that has it")
        return reached
    told("nautilus_trader, same orders", theirs, rows)
    return judged("to nautilus_trader", ours, theirs, 1 / TIMES) and reached


def every_bar(rows: int) -> None:
    bars, weights, times = market(rows), weights_of(rows), Times()
    with timed(times):
        replay(weights, bars, COSTS, Rules(), decide=weights.__getitem__)
    told("loop woken at every bar", times, rows)


def asked(rows: int) -> None:
    """The strategy's process decides at every bar, with no more than its lookback."""
    spec = StrategySpec(ROOT / "strategies", STRATEGY)
    with Evaluator.start(spec) as evaluator:
        lookback, times = evaluator.declaration.lookback, Times()
        bars = market(lookback + rows)
        weights = evaluator.run(bars).weights

        def decide(row: int) -> np.ndarray:
            window = bars.slice(row + 1 - lookback, row + 1)
            return np.asarray(evaluator.run(window, rows=1).weights[-1])

        with timed(times):
            run = replay(weights, bars, COSTS, Rules(), decide=decide)
    ahead = replay(weights, bars, COSTS, Rules())
    if not np.array_equal(run.simulation.equity, ahead.simulation.equity):
        raise SystemExit("asked at every bar the strategy decided something else")
    told(f"{STRATEGY} asked at every bar", times, rows)


def main() -> int:
    parser = argparse.ArgumentParser(description="The replay engine's speed.")
    parser.add_argument("--rows", type=int, default=YEAR)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--asked", type=int, default=ASKED)
    parser.add_argument("--nautilus", help="interpreter of an environment with nautilus_trader")
    given = parser.parse_args()
    reached = ahead(given.rows, given.rounds, given.nautilus)
    every_bar(min(given.rows, 10_000))
    asked(given.asked)
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
