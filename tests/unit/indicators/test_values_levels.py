"""Adaptive averages, stops, clouds, swings and volume against what did not compute them."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.plugins import recorded, walk
from support.series import SETTLED, same

from xq import indicators as ta
from xq.bars import Bars
from xq.indicators.swings import RATIOS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pandas_ta_classic as pta


@pytest.fixture(scope="module")
def bars(market_data: Path) -> Bars:
    return recorded(market_data, "binance_spot_BTCUSDT_1h", "1h", -6000, 6000)


@pytest.fixture(scope="module")
def frame(bars: Bars) -> pd.DataFrame:
    return bars.frame("BTC/USDT")


def test_dema_and_tema(bars: Bars, frame: pd.DataFrame) -> None:
    same(ta.dema(bars.close, 20), pta.dema(frame["close"], length=20))
    same(ta.tema(bars.close, 20), pta.tema(frame["close"], length=20))


def test_kama(bars: Bars, frame: pd.DataFrame) -> None:
    close = bars.close[:, 0]
    change = np.abs(np.diff(close))
    expected = np.full(len(close), np.nan)
    before = close[9]
    for t in range(10, len(close)):
        efficiency = abs(close[t] - close[t - 10]) / change[t - 10 : t].sum()
        speed = (efficiency * (2 / 3 - 2 / 31) + 2 / 31) ** 2
        before = expected[t] = before + speed * (close[t] - before)
    same(ta.kama(bars.close, 10), expected)
    theirs = pta.kama(frame["close"], length=10, fast=2, slow=30)
    same(ta.kama(bars.close, 10), theirs, 5000)  # another start, and slow to forget


def test_supertrend(bars: Bars) -> None:
    high, low, close = bars.high[:, 0], bars.low[:, 0], bars.close[:, 0]
    middle, reach = (high + low) / 2, 3 * ta.atr(bars, 10)[:, 0]
    line, direction = np.full(6000, np.nan), np.full(6000, np.nan)
    upper, lower, rising = middle[10] + reach[10], middle[10] - reach[10], True
    for t in range(10, 6000):
        above, below = middle[t] + reach[t], middle[t] - reach[t]
        upper = above if above < upper or close[t - 1] > upper else upper
        lower = below if below > lower or close[t - 1] < lower else lower
        rising = close[t] >= lower if rising else close[t] > upper
        line[t], direction[t] = (lower, 1.0) if rising else (upper, -1.0)
    found = ta.supertrend(bars, 10, 3.0)
    same(found.line, line)
    same(found.direction, direction)
    assert {-1.0, 1.0} == set(direction[10:])


def test_ichimoku(bars: Bars, frame: pd.DataFrame) -> None:
    def middle(n: int) -> pd.Series:
        return (frame["high"].rolling(n).max() + frame["low"].rolling(n).min()) / 2

    found = ta.ichimoku(bars)
    same(found.conversion, middle(9))
    same(found.base, middle(26))
    same(found.leading_a, (middle(9) + middle(26)) / 2)
    same(found.leading_b, middle(52))
    same(found.span_a, ((middle(9) + middle(26)) / 2).shift(25))
    same(found.span_b, middle(52).shift(25))
    theirs = pta.ichimoku(
        frame["high"], frame["low"], frame["close"], 9, 26, 52,
        include_chikou=False, as_dataframe=True,
    )  # fmt: skip
    farther = ta.ichimoku(bars, displacement=27)  # theirs does not count the bar itself
    same(farther.span_a, theirs["ISA_9"])
    same(farther.span_b, theirs["ISB_26"])


def test_money_flow(bars: Bars, frame: pd.DataFrame) -> None:
    columns = [frame[name] for name in ("high", "low", "close", "volume")]
    same(ta.cmf(bars, 20), pta.cmf(*columns, length=20))
    total = pta.ad(*columns)
    same(ta.ad_change(bars, 20), total.diff(20), 21)
    flow = total.diff()
    flow.iloc[0] = total.iloc[0]
    assert frame.index[0].hour == 0
    same(ta.ad(bars), flow.groupby(frame.index.floor("D")).cumsum())
    assert np.isnan(ta.ad(bars.slice(1, 50))[:23]).all()  # the day's beginning is not there


def test_on_balance_volume_of_the_day(bars: Bars, frame: pd.DataFrame) -> None:
    flow = pta.obv(frame["close"], frame["volume"]).diff()
    expected = flow.groupby(frame.index.floor("D")).cumsum()
    expected.iloc[:24] = np.nan  # the first midnight has no close before it to compare with
    same(ta.obv(bars), expected)


def test_rolling_vwap(bars: Bars, frame: pd.DataFrame) -> None:
    typical = (frame["high"] + frame["low"] + frame["close"]) / 3
    turnover = (typical * frame["volume"]).rolling(30).sum()
    same(ta.rolling_vwap(bars, 30), turnover / frame["volume"].rolling(30).sum())
    same(ta.rolling_vwap(bars, 1), typical)


def test_nothing_of_a_busy_hour_is_left_in_a_dead_market(market_data: Path) -> None:
    dead = recorded(market_data, "binance_spot_BTCUSDT_1m", "1m", 644_438 - 12_000, 12_000)
    assert not dead.volume[-51:].any()
    assert ta.cmf(dead, 20)[-32:, 0].tolist() == [0.0] * 32
    assert np.isnan(ta.rolling_vwap(dead, 20)[-32:]).all()
    assert ta.ad_change(dead, 20)[-32:, 0].tolist() == [0.0] * 32


def test_fibonacci_knows_what_a_person_at_that_bar_knows() -> None:
    bars, strength, window = walk(700, seed=4), 3, 60
    found = ta.fibonacci(bars, strength, window)
    expected = np.full((10, 700), np.nan)
    for t in range(700):
        seen = bars.prefix(t + 1)
        top = _newest_swing(seen.high[:, 0], strength, window)
        bottom = _newest_swing(-seen.low[:, 0], strength, window)
        if top is None or bottom is None or seen.high[top, 0] <= seen.low[bottom, 0]:
            continue
        high, low, up = seen.high[top, 0], seen.low[bottom, 0], top >= bottom
        levels = [high - r * (high - low) if up else low + r * (high - low) for r in RATIOS]
        confirmed = seen.ts[max(top, bottom) + strength]
        expected[:, t] = [high, low, 1 if up else -1, *levels, confirmed]
    for ours, theirs in zip(found, expected, strict=True):
        same(ours, theirs)
    assert np.isfinite(expected[0]).sum() > 500
    assert {-1.0, 1.0} <= set(expected[2])
    known = np.isfinite(found.confirmed_at[:, 0])
    assert (found.confirmed_at[known, 0] <= bars.ts[known]).all()


def _newest_swing(line: np.ndarray, strength: int, window: int) -> int | None:
    last = len(line) - 1
    for row in range(last - strength, max(last - window, strength - 1), -1):
        beside = np.concatenate([line[row - strength : row], line[row + 1 : row + strength + 1]])
        if (line[row] > beside).all():
            return row
    return None


def test_what_settles_is_compared_after_it_has() -> None:
    assert ta.dema.memory(20) < ta.tema.memory(20) < SETTLED
