"""Volumes, and the columns that belong to them."""

import numpy as np

from xq.lake.poison.rule import Hits, Rule, Severity
from xq.lake.poison.sheet import Sheet, runs

_LONG_SILENCE = 100  # bars; the longest recorded one is 72
_FROZEN = 5
_HUGE = 1e6
_BULKY = 50
_TOLERANCE = 1e-6


def _negative(sheet: Sheet) -> Hits:
    return Hits(sheet.volume < 0)


def _ratio(sheet: Sheet) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = sheet.volume / sheet.usual_volume
    return np.where(np.isfinite(ratio) & (sheet.usual_volume > 0), ratio, 0.0)


def _in_quote(sheet: Sheet) -> Hits:
    """Only where a price is large enough to stand out against how volumes vary."""
    ratio, price = _ratio(sheet), sheet.usual_close
    near = (ratio > price / 10) & (ratio < price * 10)
    return Hits(near & (price > 5000), {"usual": sheet.usual_volume})


def _huge(sheet: Sheet) -> Hits:
    return Hits(_ratio(sheet) > _HUGE, {"usual": sheet.usual_volume})


def _without_trades(sheet: Sheet) -> Hits:
    return Hits((sheet.volume == 0) & (sheet.number("high") > sheet.number("low")))


def _flat(sheet: Sheet) -> Hits:
    flat = np.ptp(sheet.prices, axis=1) == 0 if len(sheet) else sheet.nothing()
    moving = np.convolve(~flat, np.ones(9), "same")[: len(sheet)] >= 8
    return Hits(flat & moving & (_ratio(sheet) > _BULKY), {"usual": sheet.usual_volume})


def _silence(sheet: Sheet) -> Hits:
    return Hits(runs(sheet.volume == 0, _LONG_SILENCE))


def _frozen(sheet: Sheet) -> Hits:
    volume = sheet.volume
    same = (np.diff(volume, prepend=np.nan) == 0) & (volume > 0)
    long = runs(same, _FROZEN - 1)
    return Hits(long | np.concatenate((long[1:] & ~same[:-1], [False])) if len(volume) else long)


def _is_price(sheet: Sheet) -> Hits:
    same = (sheet.prices == sheet.volume[:, None]).any(axis=1)
    return Hits(same & (np.ptp(sheet.prices, axis=1) > 0) if len(sheet) else same)


def _average(sheet: Sheet, quote: str, base: str) -> Hits | None:
    if not sheet.has(quote, base):
        return None
    amount, value = sheet.number(base), sheet.number(quote)
    with np.errstate(invalid="ignore", divide="ignore"):
        average = value / amount
    low, high = sheet.number("low"), sheet.number("high")
    outside = (average < low * (1 - _TOLERANCE)) | (average > high * (1 + _TOLERANCE))
    return Hits((amount > 1e-4) & outside, {"average": average})


def _taker(sheet: Sheet) -> Hits | None:
    if not sheet.has("taker_base"):
        return None
    taker = sheet.number("taker_base")
    return Hits((taker > sheet.volume * (1 + _TOLERANCE)) | (taker < 0))


def _count(sheet: Sheet) -> Hits | None:
    if not sheet.has("trades"):
        return None
    count = sheet.number("trades")
    return Hits(((count > 0) != (sheet.volume > 0)) | (count < 0) | (count % 1 != 0))


_ERROR, _WARNING, _OHLCV = Severity.ERROR, Severity.WARNING, ("ohlcv",)
RULES = (
    Rule("volume_negative", "volume", "the volume is below zero", _ERROR,
         "volume is {volume}", _negative, kinds=_OHLCV),
    Rule("volume_in_quote", "volume", "the volume looks like price times volume", _WARNING,
         "volume {volume} where {usual} is usual", _in_quote, kinds=_OHLCV),
    Rule("volume_scaled", "volume", "the volume is over a million times the usual", _WARNING,
         "volume {volume} where {usual} is usual", _huge, kinds=_OHLCV),
    Rule("move_without_volume", "volume", "the price moved but nothing was traded", _WARNING,
         "high {high} and low {low} differ, volume is 0", _without_trades, kinds=_OHLCV),
    Rule("volume_without_move", "volume", "a bulky volume at one single price", _WARNING,
         "volume {volume} at one price, {usual} is usual", _flat, kinds=_OHLCV),
    Rule("long_silence", "volume", "100 bars or more without a trade: filled by hand?", _WARNING,
         "part of a long stretch without volume", _silence, kinds=_OHLCV),
    Rule("volume_frozen", "volume", "the same volume in 5 bars or more", _WARNING,
         "volume {volume} again and again", _frozen, kinds=_OHLCV),
    Rule("volume_is_price", "volume", "the volume equals a price: the columns slipped", _WARNING,
         "volume {volume} is one of the prices", _is_price, kinds=_OHLCV),
    Rule("average_outside_range", "volume", "quote volume / volume is outside low to high",
         _ERROR, "average price {average} is outside low {low} to high {high}",
         lambda sheet: _average(sheet, "quote_volume", "volume"), kinds=_OHLCV),
    Rule("taker_average_outside_range", "volume", "the takers' average price is outside the bar",
         _ERROR, "average price {average} is outside low {low} to high {high}",
         lambda sheet: _average(sheet, "taker_quote", "taker_base"), kinds=_OHLCV),
    Rule("taker_above_volume", "volume", "takers bought more than was traded", _ERROR,
         "taker volume {taker_base} of {volume}", _taker, kinds=_OHLCV),
    Rule("trade_count_wrong", "volume", "trades without volume, volume without trades, or a part "
         "of a trade", _ERROR, "{trades} trades for volume {volume}", _count, kinds=_OHLCV),
)  # fmt: skip
