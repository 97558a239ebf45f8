"""525,600 bars, weights to equity: xq against vectorbt called directly.

Run ``python bench/backtest_vector.py``. Paired in one process, the pairs interleaved, the median of
each; law and metrics are timed apart. The target is a ratio of at most 1.25.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import vectorbt as vbt

from xq.backtest.measure import measure
from xq.backtest.simulation import Rules
from xq.backtest.vector import simulate
from xq.bars import Bars
from xq.portfolio.accounting import round_trips
from xq.portfolio.costs import Costs
from xq.timeframe import MINUTE_MS, Timeframe

ROWS = 525_600
PAIRS = 9
TARGET = 1.25
COSTS = Costs(fee=0.001, slippage=0.0005)


def market() -> Bars:
    random = np.random.default_rng(1)
    close = 30_000 * np.exp(np.cumsum(random.normal(0, 0.0006, ROWS)))
    opens = np.concatenate(([30_000.0], close[:-1]))
    times = np.arange(ROWS) * MINUTE_MS
    return Bars.of(Timeframe.parse("1m"), ["BTC/USDT"], times, open=opens, close=close)


def weights_of(kind: str, bars: Bars) -> np.ndarray:
    if kind == "cross":  # about one trade an hour
        close = pd.Series(bars.close[:, 0])
        above = close.rolling(30).mean() > close.rolling(90).mean()
        return np.where(above, 1.0, 0.0)[:, None]
    moves = pd.Series(np.log(bars.close[:, 0])).diff().abs().ewm(span=60).mean().to_numpy()
    return np.clip(np.nan_to_num(0.0004 / moves), 0, 1)[:, None]  # a new target in every bar


def direct(weights: np.ndarray, bars: Bars) -> Callable[[], np.ndarray]:
    index = pd.DatetimeIndex(bars.ts.astype("datetime64[ms]"))  # with a time zone: 45 times slower
    close, opens = pd.Series(bars.close[:, 0], index), pd.Series(bars.open[:, 0], index)
    target = pd.Series(weights[:, 0], index)
    size = target.where(target.ne(target.shift(1).fillna(0.0))).shift(1)
    valued = close.shift(1)

    def run() -> np.ndarray:
        portfolio = vbt.Portfolio.from_orders(
            close, size, size_type="targetpercent", direction="longonly", price=opens,
            val_price=valued, fees=COSTS.fee, slippage=COSTS.slippage, init_cash=10_000.0,
            freq="1min", engine="rust",
        )  # fmt: skip
        return portfolio.value().to_numpy()

    return run


def seconds(function: Callable[[], object]) -> float:
    begun = time.perf_counter()
    function()
    return time.perf_counter() - begun


def compare(kind: str, bars: Bars) -> float:
    weights = weights_of(kind, bars)
    theirs = direct(weights, bars)

    def ours() -> np.ndarray:
        return simulate(weights, bars, COSTS, Rules()).equity

    assert np.allclose(ours(), theirs(), rtol=1e-6, atol=1e-2)  # of 10,000
    times = [(seconds(ours), seconds(theirs)) for _ in range(PAIRS)]
    mine, other = (statistics.median(column) for column in zip(*times, strict=True))
    run = simulate(weights, bars, COSTS, Rules())
    trips = round_trips(run.fills, bars.close[-1], ROWS - 1)
    apart = seconds(lambda: measure(run, trips, bars.timeframe.bars_per_year))
    grouped = seconds(lambda: round_trips(run.fills, bars.close[-1], ROWS - 1))
    print(
        f"{kind:10} {len(run.fills):>8,} fills  xq {mine * 1e3:7.1f} ms  vectorbt "
        f"{other * 1e3:7.1f} ms  ratio {mine / other:.2f} (target {TARGET})  apart: metrics "
        f"{apart * 1e3:.1f} ms, round trips {grouped * 1e3:.1f} ms"
    )
    return mine / other


def exits(bars: Bars) -> None:
    weights, rules = weights_of("cross", bars), Rules(stop_loss=0.02, trailing_stop=0.01)
    first = seconds(lambda: simulate(weights, bars, COSTS, rules))
    again = statistics.median(seconds(lambda: simulate(weights, bars, COSTS, rules)) for _ in "123")
    print(
        f"with exits, our kernel: first {first * 1e3:.0f} ms (loads Numba), then {again * 1e3:.0f}"
    )


if __name__ == "__main__":
    stored = market()
    for name in ("cross", "every bar"):
        compare(name, stored)
    exits(stored)
