"""Relations between the prices of one bar, and between a bar and the one before."""

from collections.abc import Callable

import numpy as np

from xq.lake.poison.rule import Hits, Rule, Severity
from xq.lake.poison.sheet import PRICES, Sheet, before

_JUMP = np.log(1.5)  # the largest recorded step between bars is far below
_HIGH_WICK = 4.0  # times the body; 2.75 was recorded on 2020-03-13
_LOW_WICK = 0.6
_EPOCH_SECONDS = 1e9


def _not_positive(name: str) -> Callable[[Sheet], Hits]:
    return lambda sheet: Hits(sheet.number(name) <= 0)


def _high_below_low(sheet: Sheet) -> Hits:
    return Hits(sheet.number("high") < sheet.number("low"))


def _outside(name: str) -> Callable[[Sheet], Hits]:
    def find(sheet: Sheet) -> Hits:
        high, low, value = sheet.number("high"), sheet.number("low"), sheet.number(name)
        return Hits((high >= low) & ((value > high) | (value < low)))

    return find


def _jump(sheet: Sheet) -> Hits:
    """Trading never stops: a bar opens near the close before it."""
    with np.errstate(invalid="ignore", divide="ignore"):
        step = np.abs(np.log(sheet.number("open") / before(sheet.close)))
    return Hits(sheet.follows & np.isfinite(step) & (step > _JUMP), {"before": before(sheet.close)})


def _wick_up(sheet: Sheet) -> Hits:
    body = np.maximum(sheet.number("open"), sheet.close)
    high = sheet.number("high")
    return Hits((high > _HIGH_WICK * body) & (body > 0) & np.isfinite(high))


def _wick_down(sheet: Sheet) -> Hits:
    body = np.minimum(sheet.number("open"), sheet.close)
    low = sheet.number("low")
    return Hits((low < body * (1 - _LOW_WICK)) & (low > 0))


def _time_as_price(sheet: Sheet) -> Hits:
    seconds = sheet.ts / 1000
    prices = np.abs(sheet.prices)
    near = np.abs(prices - seconds[:, None]) < 86_400
    near |= np.abs(prices - sheet.ts[:, None]) < 86_400_000
    return Hits(near.any(axis=1) & (seconds > _EPOCH_SECONDS))


_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
RULES = (
    *(Rule(f"{name}_not_positive", "prices", f"the {name} is zero or below", _ERROR,
           f"{name} is {{{name}}}", _not_positive(name)) for name in PRICES),
    Rule("high_below_low", "prices", "high and low are upside down", _ERROR,
         "high {high} is below low {low}", _high_below_low),
    *(Rule(f"{name}_outside_range", "prices", f"the {name} is above the high or below the low",
           _ERROR, f"{name} {{{name}}} is outside low {{low}} to high {{high}}", _outside(name))
      for name in ("open", "close")),
    Rule("open_jump", "prices", "the open is 50 % away from the close right before", _WARNING,
         "open {open} after a close of {before}", _jump),
    Rule("wick_up", "prices", "the high is over 4 times the body", _WARNING,
         "high {high} above open {open} and close {close}", _wick_up),
    Rule("wick_down", "prices", "the low is 60 % or more below the body", _WARNING,
         "low {low} below open {open} and close {close}", _wick_down),
    Rule("time_as_price", "prices", "a price is an epoch: the columns slipped", _ERROR,
         "a price is an epoch", _time_as_price),
)  # fmt: skip
