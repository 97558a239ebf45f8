"""Indicator values against libraries and formulas that did not compute them, on real bars."""

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.plugins import recorded
from support.series import SETTLED, recursive, same

from xq import indicators as ta
from xq.bars import Bars

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pandas_ta_classic as pta


@pytest.fixture(scope="module")
def bars(market_data: Path) -> Bars:
    return recorded(market_data, "binance_spot_BTCUSDT_1h", "1h", -6000, 6000)


@pytest.fixture(scope="module")
def frame(bars: Bars) -> pd.DataFrame:
    return bars.frame("BTC/USDT")


def test_sma(bars: Bars, frame: pd.DataFrame) -> None:
    same(ta.sma(bars.close, 20), frame["close"].rolling(20).mean())


def test_ema(bars: Bars, frame: pd.DataFrame) -> None:
    same(ta.ema(bars.close, 20), recursive(bars.close[:, 0], 2 / 21, 20))
    same(ta.ema(bars.close, 20), pta.ema(frame["close"], length=20))


def test_rma(bars: Bars) -> None:
    same(ta.rma(bars.close, 14), recursive(bars.close[:, 0], 1 / 14, 14))


def test_wma(bars: Bars, frame: pd.DataFrame) -> None:
    weights = np.arange(1, 21) / 210
    same(ta.wma(bars.close, 20), frame["close"].rolling(20).apply(lambda x: x @ weights, raw=True))


def test_hma(bars: Bars, frame: pd.DataFrame) -> None:
    same(ta.hma(bars.close, 16), pta.hma(frame["close"], length=16))


def test_macd(bars: Bars, frame: pd.DataFrame) -> None:
    found = ta.macd(bars.close, 12, 26, 9)
    close = bars.close[:, 0]
    line = recursive(close, 2 / 13, 12) - recursive(close, 2 / 27, 26)
    same(found.macd, line)
    same(found.signal, recursive(line, 2 / 10, 9))
    same(found.histogram, line - recursive(line, 2 / 10, 9))
    theirs = pta.macd(frame["close"], 12, 26, 9)
    same(found.macd, theirs["MACD_12_26_9"], SETTLED)
    same(found.signal, theirs["MACDs_12_26_9"], SETTLED)


def test_rsi(bars: Bars, frame: pd.DataFrame) -> None:
    change = np.diff(bars.close[:, 0], prepend=np.nan)
    gain = recursive(np.where(np.isnan(change), np.nan, change.clip(0)), 1 / 14, 14)
    loss = recursive(np.where(np.isnan(change), np.nan, (-change).clip(0)), 1 / 14, 14)
    same(ta.rsi(bars.close, 14), 100 * gain / (gain + loss))
    same(ta.rsi(bars.close, 14), pta.rsi(frame["close"], length=14), SETTLED)


def test_stochrsi(bars: Bars, frame: pd.DataFrame) -> None:
    found = ta.stochrsi(bars.close, 14, 14, 3, 3)
    theirs = pta.stochrsi(frame["close"], length=14, rsi_length=14, k=3, d=3)
    same(found.k, theirs.iloc[:, 0], SETTLED)
    same(found.d, theirs.iloc[:, 1], SETTLED)


def test_stochastic(bars: Bars, frame: pd.DataFrame) -> None:
    found = ta.stochastic(bars, 14, 3, 3)
    low, high = frame["low"].rolling(14).min(), frame["high"].rolling(14).max()
    k = (100 * (frame["close"] - low) / (high - low)).rolling(3).mean()
    same(found.k, k)
    same(found.d, k.rolling(3).mean())


def test_roc(bars: Bars, frame: pd.DataFrame) -> None:
    same(ta.roc(bars.close, 10), 100 * frame["close"].pct_change(10))


def test_cci(bars: Bars, frame: pd.DataFrame) -> None:
    typical = (frame["high"] + frame["low"] + frame["close"]) / 3
    spread = typical.rolling(20).apply(lambda x: np.abs(x - x.mean()).mean(), raw=True)
    same(ta.cci(bars, 20), (typical - typical.rolling(20).mean()) / (0.015 * spread))


def test_true_range_and_atr(bars: Bars, frame: pd.DataFrame) -> None:
    before = frame["close"].shift(1)
    true_range = pd.concat(
        [frame["high"] - frame["low"], (frame["high"] - before).abs(),
         (frame["low"] - before).abs()], axis=1
    ).max(axis=1)  # fmt: skip
    true_range.iloc[0] = np.nan
    same(ta.true_range(bars), true_range)
    same(ta.atr(bars, 14), recursive(true_range.to_numpy(), 1 / 14, 14))
    same(ta.atr(bars, 14), pta.atr(frame["high"], frame["low"], frame["close"], 14), SETTLED)


def test_std_and_zscore(bars: Bars, frame: pd.DataFrame) -> None:
    windows = np.lib.stride_tricks.sliding_window_view(bars.close[:, 0], 20)
    deviation = np.concatenate([np.full(19, np.nan), windows.std(axis=1)])
    mean = np.concatenate([np.full(19, np.nan), windows.mean(axis=1)])
    same(ta.std(bars.close, 20), deviation)
    same(ta.zscore(bars.close, 20), (bars.close[:, 0] - mean) / deviation)


def test_zscore_of_a_flat_series_is_zero() -> None:
    assert ta.zscore(np.full(30, 7.1), 10)[9:].tolist() == [0.0] * 21


def test_bbands(bars: Bars, frame: pd.DataFrame) -> None:
    found = ta.bbands(bars.close, 20, 2.5)
    rolling = frame["close"].rolling(20)
    deviation = rolling.std(ddof=0)
    same(found.middle, rolling.mean())
    same(found.upper, rolling.mean() + 2.5 * deviation)
    same(found.lower, rolling.mean() - 2.5 * deviation)


def test_donchian(bars: Bars, frame: pd.DataFrame) -> None:
    found = ta.donchian(bars, 20)
    upper, lower = frame["high"].rolling(20).max(), frame["low"].rolling(20).min()
    same(found.upper, upper)
    same(found.lower, lower)
    same(found.middle, (upper + lower) / 2)


def test_keltner(bars: Bars) -> None:
    found = ta.keltner(bars, 20, 10, 1.5)
    middle, reach = ta.ema(bars.close, 20), 1.5 * ta.atr(bars, 10)
    same(found.upper, (middle + reach)[:, 0])
    same(found.lower, (middle - reach)[:, 0])
    same(found.middle, middle[:, 0])


def test_adx(bars: Bars, frame: pd.DataFrame) -> None:
    # Wilder's own sums: both directional movements and the true range smoothed alike.
    up, down = frame["high"].diff(), -frame["low"].diff()
    plus = up.where((up > down) & (up > 0), 0.0).to_numpy()[1:]
    minus = down.where((down > up) & (down > 0), 0.0).to_numpy()[1:]
    reach = ta.true_range(bars)[1:, 0]
    smooth = [recursive(x, 1 / 14, 14) for x in (plus, minus, reach)]
    plus_di, minus_di = 100 * smooth[0] / smooth[2], 100 * smooth[1] / smooth[2]
    average = recursive(100 * np.abs(plus_di - minus_di) / (plus_di + minus_di), 1 / 14, 14)
    found = ta.adx(bars, 14)
    same(found.plus_di[1:], plus_di, SETTLED)
    same(found.minus_di[1:], minus_di, SETTLED)
    same(found.adx[1:], average, SETTLED)


def test_psar(bars: Bars, frame: pd.DataFrame) -> None:
    theirs = pta.psar(frame["high"], frame["low"], frame["close"], af0=0.02, af=0.02, max_af=0.2)
    long, short = theirs["PSARl_0.02_0.2"], theirs["PSARs_0.02_0.2"]
    same(ta.psar(bars), long.fillna(short), SETTLED)


def test_vwap(bars: Bars, frame: pd.DataFrame) -> None:
    typical = (frame["high"] + frame["low"] + frame["close"]) / 3
    day = frame.index.floor("D")
    turnover = (typical * frame["volume"]).groupby(day).cumsum()
    expected = (turnover / frame["volume"].groupby(day).cumsum()).to_numpy(copy=True)
    first_midnight = int(np.argmax(frame.index.hour == 0))
    expected[:first_midnight] = np.nan
    same(ta.vwap(bars), expected)


def test_obv_change(bars: Bars, frame: pd.DataFrame) -> None:
    total = pta.obv(frame["close"], frame["volume"])
    same(ta.obv_change(bars, 20), total.diff(20), 21)
    assert np.isnan(ta.obv_change(bars, 20)[:20]).all()


def test_mfi(bars: Bars, frame: pd.DataFrame) -> None:
    typical = (frame["high"] + frame["low"] + frame["close"]) / 3
    flow = typical * frame["volume"]
    change = typical.round(6).diff()  # equal prices must tie whatever the order of the sum
    up = flow.where(change > 0, 0.0)[1:].rolling(14).sum()
    down = flow.where(change < 0, 0.0)[1:].rolling(14).sum()
    same(ta.mfi(bars, 14)[1:], 100 * up / (up + down))


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: ta.cross_above(np.array([1.0, 3, 1, np.nan, 3]), 2.0), [0, 1, 0, 0, 0]),
        (lambda: ta.cross_above(np.array([2.0, 2, 3]), 2.0), [0, 0, 1]),
        (lambda: ta.cross_below(np.array([3.0, 1, 2]), np.array([2.0, 2, 2])), [0, 1, 0]),
        (lambda: ta.sign(np.array([-0.5, 2.0])), [-1, 1]),
    ],
)
def test_tools(call: Callable[[], np.ndarray], expected: list[int]) -> None:
    assert call().tolist() == expected
