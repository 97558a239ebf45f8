"""Open interest: contracts held, and their value."""

from collections.abc import Callable

import numpy as np

from xq.lake.poison.rule import Hits, Rule, Severity
from xq.lake.poison.sheet import Sheet, around, before, measured, runs

_SPIKE, _VALUE_SPIKE = np.log(4), np.log(1.5)
_SHIFT = 4  # rows on each side of a lasting change of level
_LASTING = np.log(4)
_FROZEN = 12  # an hour of five minutes
_LINE = 4
_NAMES = measured("open_interest")


def _negative(name: str) -> Callable[[Sheet], Hits]:
    return lambda sheet: Hits(sheet.number(name) < 0)


def _half(sheet: Sheet) -> Hits:
    none = [sheet.number(name) == 0 for name in _NAMES]
    return Hits(none[0] != none[1])


def _away(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(values / around(values)))


def _scaled(values: Callable[[Sheet], np.ndarray]) -> Callable[[Sheet], Hits]:
    def find(sheet: Sheet) -> Hits:
        decades = np.abs(_away(values(sheet))) / np.log(10)
        whole = (np.abs(decades - np.round(decades)) < 0.1) & (np.round(decades) >= 1)
        return Hits(whole, {"usual": around(values(sheet))})

    return find


def _spike(values: Callable[[Sheet], np.ndarray], limit: float) -> Callable[[Sheet], Hits]:
    def find(sheet: Sheet) -> Hits:
        found = values(sheet)
        far = np.abs(_away(found)) > limit
        return Hits(far & np.isfinite(found), {"value": found, "usual": around(found)})

    return find


def _shift(sheet: Sheet) -> Hits:
    """The rows after are at another level than the rows before, and stay there."""
    held, mask = sheet.number("quantity"), sheet.nothing()
    if len(held) < 2 * _SHIFT:
        return Hits(mask)
    windows = np.lib.stride_tricks.sliding_window_view(held, _SHIFT)
    step = np.abs(np.log(windows[_SHIFT:] / windows[:-_SHIFT])).min(axis=1)
    own = np.abs(np.log(held[_SHIFT:] / held[_SHIFT - 1 : -1]))
    mask[_SHIFT : _SHIFT + len(step)] = (step > _LASTING) & (own[: len(step)] > _LASTING)
    return Hits(mask)


def _frozen(sheet: Sheet) -> Hits:
    same = sheet.number("quantity") > 0
    for name in _NAMES:
        same &= before(sheet.number(name)) == sheet.number(name)
    return Hits(runs(same, _FROZEN - 1))


def _line(sheet: Sheet) -> Hits:
    """Both on straight lines between the rows before and after."""
    values, mask = np.column_stack([sheet.number(name) for name in _NAMES]), sheet.nothing()
    if len(values) < 3:
        return Hits(mask)
    bend = np.abs(values[2:] - 2 * values[1:-1] + values[:-2])
    slope = np.abs(values[2:] - values[:-2])
    mask[1:-1] = ((bend <= 1e-9 * values[1:-1]) & (slope > 0)).all(axis=1)
    return Hits(runs(mask, _LINE))


def _swapped(sheet: Sheet) -> Hits:
    """Quantity and value of a row stand in each other's column."""
    held, value = (sheet.number(name) for name in _NAMES)
    ratio, usual = np.log(value / held), around(np.log(value / held))
    near = np.abs(ratio + usual) < 0.3  # 1/price where the price is usual
    return Hits(near & (np.abs(usual) > 1))


def _held(sheet: Sheet) -> np.ndarray:
    return sheet.number("quantity")


def _price(sheet: Sheet) -> np.ndarray:
    return np.where(np.isfinite(sheet.close), sheet.close, np.nan)


_ERROR, _WARNING, _INTEREST = Severity.ERROR, Severity.WARNING, ("open_interest",)
RULES = (
    *(Rule(f"{name}_negative", "interest", f"the {name} is below zero", _ERROR,
           f"{name} is {{{name}}}", _negative(name), kinds=_INTEREST) for name in _NAMES),
    Rule("interest_without_value", "interest", "contracts without a value, or a value without "
         "contracts", _ERROR, "quantity is {quantity}, notional {notional}", _half,
         kinds=_INTEREST),
    Rule("interest_swapped", "interest", "quantity and notional stand in each other's column",
         _ERROR, "quantity {quantity} and notional {notional} are swapped", _swapped,
         kinds=_INTEREST),
    Rule("interest_scaled", "interest", "the quantity is a power of ten away from those around",
         _ERROR, "quantity {quantity} where {usual} is usual", _scaled(_held), kinds=_INTEREST),
    Rule("interest_spike", "interest", "the quantity is 4 times away from those around", _WARNING,
         "quantity {quantity} where {usual} is usual", _spike(_held, _SPIKE), kinds=_INTEREST),
    Rule("interest_shift", "interest", "the quantity changes 4-fold at once and stays", _WARNING,
         "from {ts} on the quantity is at another level", _shift, kinds=_INTEREST),
    Rule("value_scaled", "interest", "notional / quantity is a power of ten away from the usual",
         _ERROR, "notional {notional} of {quantity} where {usual} each is usual",
         _scaled(_price), kinds=_INTEREST),
    Rule("value_spike", "interest", "notional / quantity is 50 % away from the usual", _WARNING,
         "valued at {value} each where {usual} is usual", _spike(_price, _VALUE_SPIKE),
         kinds=_INTEREST),
    Rule("interest_frozen", "interest", "12 rows or more with one quantity and one value",
         _WARNING, "quantity {quantity} and notional {notional} again and again", _frozen,
         kinds=_INTEREST),
    Rule("interest_interpolated", "interest", "four rows or more on straight lines: filled by "
         "hand", _WARNING, "the row of {ts} lies on a straight line", _line, kinds=_INTEREST),
)  # fmt: skip
