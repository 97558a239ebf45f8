"""Whole bars at another level than the bars around them."""

from collections.abc import Callable

import numpy as np

from xq.lake.poison.rule import Hits, Rule, Severity
from xq.lake.poison.sheet import Sheet

_SCALES = {"10": 1, "100": 2, "1e3": 3, "1e4": 4, "1e6": 6, "1e8": 8}
_NEAR = 0.1  # decades: within a factor of 1.26
_FAR = np.log10(1.8)
_SHIFT = 4  # bars on each side of a lasting change of level
_LASTING = np.log10(2.5)


def _decades(sheet: Sheet) -> np.ndarray:
    """(n, 4): how many decades each price lies above the closes around; NaN if unknown."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.log10(sheet.prices / sheet.usual_close[:, None]))


def _scaled(power: int) -> Callable[[Sheet], Hits]:
    def find(sheet: Sheet) -> Hits:
        away = _decades(sheet)
        up, down = np.abs(away - power) < _NEAR, np.abs(away + power) < _NEAR
        return Hits(up.all(axis=1) | down.all(axis=1), {"usual": sheet.usual_close})

    return find


def _inverted(sheet: Sheet) -> Hits:
    usual = sheet.usual_close
    with np.errstate(invalid="ignore", divide="ignore"):
        away = np.abs(np.log10(sheet.prices * usual[:, None]))
        level = np.abs(np.log10(usual))
    return Hits((away < _NEAR).all(axis=1) & (level > 2 * _NEAR), {"usual": usual})


def _spike(sheet: Sheet) -> Hits:
    away = _decades(sheet)
    known = np.isfinite(away).all(axis=1)
    far = (away > _FAR).all(axis=1) | (away < -_FAR).all(axis=1)
    return Hits(known & far, {"usual": sheet.usual_close})


def _level_shift(sheet: Sheet) -> Hits:
    """The bars after are at another level than the bars before, and stay there."""
    close, mask = sheet.close, sheet.nothing()
    if len(close) < 2 * _SHIFT:
        return Hits(mask)
    windows = np.lib.stride_tricks.sliding_window_view(close, _SHIFT)
    with np.errstate(invalid="ignore", divide="ignore"):
        step = np.abs(np.log10(windows[_SHIFT:] / windows[:-_SHIFT])).min(axis=1)
        own = np.abs(np.log10(close[_SHIFT:] / close[_SHIFT - 1 : -1]))
    lasting = (step > _LASTING) & (own[: len(step)] > _LASTING)
    mask[_SHIFT : _SHIFT + len(step)] = lasting
    return Hits(mask)


RULES = (
    *(Rule(f"scaled_{label}", "magnitude",
           f"all four prices are {label} times too large or too small", Severity.ERROR,
           "close {close} where the bars around close at {usual}", _scaled(power))
      for label, power in _SCALES.items()),
    Rule("inverted", "magnitude", "prices are 1/price: base and quote are swapped", Severity.ERROR,
         "close {close} where the bars around close at {usual}", _inverted),
    Rule("price_spike", "magnitude", "the whole bar is 80 % away from the bars around",
         Severity.WARNING, "close {close} where the bars around close at {usual}", _spike),
    Rule("level_shift", "magnitude", "the level changes 2.5-fold at once and stays: re-listed?",
         Severity.WARNING, "from {ts} on the price is at another level", _level_shift),
)  # fmt: skip
