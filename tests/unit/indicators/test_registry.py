import numpy as np
import pytest

from xq import indicators as ta
from xq.bars import Bars
from xq.errors import UnknownName, UsageError
from xq.indicators.registry import every, get, parse
from xq.timeframe import Timeframe

HOUR = Timeframe.parse("1h")


def test_the_namespace_and_the_table_agree() -> None:
    tools = {"cross_above", "cross_below", "sign"}
    assert {item.name for item in every()} == set(ta.__all__) - tools
    assert all(get(name) is getattr(ta, name) for name in set(ta.__all__) - tools)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("ema:20", ("ema_20",)),
        ("EMA", ("ema_20",)),
        ("macd", ("macd_12_26_9", "macd_signal_12_26_9", "macd_histogram_12_26_9")),
        ("bbands:width=2.5:length=30",
         ("bbands_upper_30_2.5", "bbands_middle_30_2.5", "bbands_lower_30_2.5")),
        ("vwap", ("vwap",)),
        ("rsi:14.0", ("rsi_14",)),
        ("psar:0.0212345678:0.2", ("psar_0.0212345678_0.2",)),
    ],
)  # fmt: skip
def test_spellings(text: str, columns: tuple[str, ...]) -> None:
    assert parse(text).columns == columns


@pytest.mark.parametrize("text", ["vwap", "macd:5:35:9", "bbands:20:2", "psar:0.0212345678:0.25"])
def test_a_spelling_reads_back_as_itself(text: str) -> None:
    request = parse(text)
    assert request.spelling == text
    assert parse(request.spelling) == request
    assert list(request.parameters.values()) == list(request.values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ema:1", "ema: length must be a whole number between 2 and 10000 bars, found 1"),
        ("ema:2.5", "whole number"),
        ("ema:x", "found x"),
        ("ema:nan", "found nan"),
        ("ema:", "found "),
        ("bbands:20:0", "width must be a number between 0.1 and 10 standard deviations, found 0"),
        ("ema:20:3", "takes no further parameter"),
        ("ema:20:length=20", "length is given twice"),
        ("psar:inf", "found inf"),
    ],
)
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert message in caught.value.message
    assert caught.value.hint == "xq indicators list"


def test_unknown_names_are_suggested() -> None:
    with pytest.raises(UnknownName, match="no indicator named 'zzz'"):
        parse("zzz")
    with pytest.raises(UnknownName, match="did you mean 'rsi'"):
        parse("rsii:14")
    with pytest.raises(UnknownName, match="did you mean 'width'"):
        parse("bbands:wdth=2")


def test_bars_or_arrays_are_taken() -> None:
    bars = Bars.of(HOUR, ["A/B"], np.arange(30) * HOUR.ms, close=np.arange(1.0, 31))
    by_bars = ta.atr(bars, 5)
    assert np.array_equal(by_bars, ta.atr(bars.high, bars.low, bars.close, 5), equal_nan=True)
    assert np.array_equal(by_bars, ta.atr(bars, length=5), equal_nan=True)
    with pytest.raises(UsageError, match="atr takes bars, or high, low, close"):
        ta.atr(bars.close)


def test_a_day_has_fewer_long_bars() -> None:
    assert parse("vwap").memory(HOUR) == 24
    assert parse("vwap").memory(Timeframe.parse("1m")) == 1440
    assert parse("vwap").memory(Timeframe.parse("1s")) == 86_400
    assert parse("vwap").memory(Timeframe.parse("1w")) == 1
    assert parse("obv").memory(HOUR) == 25  # the close before midnight
    assert parse("fibonacci").memory(HOUR) == ta.fibonacci.memory() == 255
    assert parse("ema:20").memory(HOUR) == ta.ema.memory(20)


def test_memory_is_the_seed_fading() -> None:
    memory = ta.ema.memory(20)
    assert (1 - 2 / 21) ** (memory - 20) <= 1e-12 < (1 - 2 / 21) ** (memory - 21)


def test_vwap_waits_for_midnight_and_for_volume() -> None:
    ts = np.arange(20, 30) * HOUR.ms
    volume = np.array([1.0, 1, 1, 1, 0, 2, 2, 2, 2, 2])
    bars = Bars.of(HOUR, ["A/B"], ts, close=np.arange(1.0, 11), volume=volume)
    found = ta.vwap(bars)[:, 0]
    assert np.isnan(found[:5]).all()
    assert found[5:8].tolist() == [6.0, 6.5, 7.0]
