"""Trades and funding rates."""

from collections.abc import Callable

import numpy as np

from xq.lake.poison.rule import Hits, Rule, Severity
from xq.lake.poison.sheet import Sheet, around, before
from xq.timeframe import HOUR_MS

_SPIKE = np.log(1.2)
_SETTLEMENT_MS = 60_000  # venues settle a little after the hour
_LARGEST_RATE = 0.04  # caps of the venues are at 3 % and below


def _not_positive(name: str) -> Callable[[Sheet], Hits]:
    return lambda sheet: Hits(sheet.number(name) <= 0)


def _side(sheet: Sheet) -> Hits | None:
    sides = sheet.text("side") if sheet.has("side") else None
    if sides is None:
        return None
    return Hits(np.array([side not in ("buy", "sell", None) for side in sides], dtype=bool))


def _id_gap(sheet: Sheet) -> Hits | None:
    if not sheet.has("id"):
        return None
    step = np.diff(sheet.number("id"), prepend=sheet.number("id")[:1] - 1)
    return Hits(step > 1, {"lost": step - 1})


def _id_back(sheet: Sheet) -> Hits | None:
    if not sheet.has("id"):
        return None
    number = sheet.number("id")
    later = np.diff(sheet.ts, prepend=sheet.ts[:1]) >= 0
    return Hits(later & (number < before(number)))


def _away(sheet: Sheet) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.log(sheet.close / sheet.usual_close))


def _scaled(sheet: Sheet) -> Hits:
    decades = np.abs(_away(sheet)) / np.log(10)
    whole = np.abs(decades - np.round(decades)) < 0.1
    return Hits(whole & (np.round(decades) >= 1), {"usual": sheet.usual_close})


def _spike(sheet: Sheet) -> Hits:
    return Hits(np.abs(_away(sheet)) > _SPIKE, {"usual": sheet.usual_close})


def _rate_large(sheet: Sheet) -> Hits:
    return Hits(np.abs(sheet.number("rate")) > _LARGEST_RATE)


def _rate_percent(sheet: Sheet) -> Hits:
    rate = np.abs(sheet.number("rate"))
    usual = around(rate)
    return Hits((rate > 50 * usual) & (rate >= 0.005) & (rate <= _LARGEST_RATE), {"usual": usual})


def _off_hour(sheet: Sheet) -> Hits:
    past = sheet.ts % HOUR_MS
    return Hits(np.minimum(past, HOUR_MS - past) > _SETTLEMENT_MS)


def _funding_gap(sheet: Sheet) -> Hits:
    step = np.diff(sheet.ts, prepend=sheet.ts[:1])
    usual = float(np.median(step)) if len(step) else 0.0
    return Hits(step > 1.5 * max(usual, HOUR_MS), {"hours": step / HOUR_MS})


_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
_TRADES, _FUNDING = ("trades",), ("funding",)
RULES = (
    *(Rule(f"{name}_not_positive", "tape", f"the {name} of a trade is zero or below", _ERROR,
           f"{name} is {{{name}}}", _not_positive(name), kinds=_TRADES)
      for name in ("price", "quantity")),
    Rule("side_unknown", "tape", "the side of a trade is neither buy nor sell", _ERROR,
         "side is {side}", _side, kinds=_TRADES),
    Rule("trades_lost", "tape", "ids of trades are missing before this one", _WARNING,
         "{lost} trades are missing before id {id}", _id_gap, kinds=_TRADES),
    Rule("id_back", "tape", "a later trade has a smaller id", _ERROR,
         "id {id} after a larger one", _id_back, kinds=_TRADES),
    Rule("trade_scaled", "tape", "a trade's price is a power of ten away from those around",
         _ERROR, "price {price} where {usual} is usual", _scaled, kinds=_TRADES),
    Rule("trade_spike", "tape", "a trade's price is 20 % away from those around", _WARNING,
         "price {price} where {usual} is usual", _spike, kinds=_TRADES),
    Rule("rate_too_large", "tape", "a funding rate above every venue's cap", _ERROR,
         "rate is {rate}", _rate_large, kinds=_FUNDING),
    Rule("rate_in_percent", "tape", "a funding rate looks like percent, not a fraction", _WARNING,
         "rate is {rate} where {usual} is usual", _rate_percent, kinds=_FUNDING),
    Rule("funding_off_hour", "tape", "funding is settled on the hour", _ERROR,
         "{ts} is no settlement time", _off_hour, kinds=_FUNDING),
    Rule("settlement_missing", "tape", "a settlement is missing before this one", _WARNING,
         "{hours} hours since the settlement before", _funding_gap, kinds=_FUNDING),
)  # fmt: skip
