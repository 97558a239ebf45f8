"""Cells that hold no usable value."""

import re
from collections.abc import Callable

import numpy as np

from xq.lake.poison.rule import EVERY, TIMED, Hits, Rule, Severity
from xq.lake.poison.sheet import Sheet, counted, measured

_GROUPED = re.compile(r"\s*[+-]?\d{1,3}([, ']\d{3})+(\.\d+)?\s*")
_DIGITS = 17  # a float64 tells no more apart
_PLACEHOLDERS = (-999.0, -9999.0, 999_999_999.0, 2.0**31 - 1, 2.0**63, 2.0**53)
_TINY, _HUGE = 1e-12, 1e15
_DECIMALS = 8  # no venue quotes finer


def _names(sheet: Sheet) -> tuple[str, ...]:
    names = (*measured(sheet.kind), *counted(sheet.kind))
    return tuple(name for name in names if sheet.has(name))


def _measured(sheet: Sheet, test: Callable[[str], np.ndarray]) -> Hits:
    """As `_any`, of prices and quantities: an id may have any size."""
    return _any(sheet, test, tuple(name for name in measured(sheet.kind) if sheet.has(name)))


def _any(
    sheet: Sheet, test: Callable[[str], np.ndarray], names: tuple[str, ...] | None = None
) -> Hits:
    """Rows where a number column passes a test, and the name of the first that does."""
    mask, which = sheet.nothing(), np.full(len(sheet), "", dtype=object)
    for name in _names(sheet) if names is None else names:
        found = test(name) & ~mask
        which[found] = name
        mask |= found
    return Hits(mask, {"column": which})


def _cells(sheet: Sheet, test: Callable[[str], bool]) -> Hits | None:
    mask, which = sheet.nothing(), np.full(len(sheet), "", dtype=object)
    read = False
    for name in _names(sheet):
        texts = sheet.text(name)
        if texts is None:
            continue
        read = True
        found = np.array([text is not None and test(text) for text in texts], dtype=bool) & ~mask
        which[found] = name
        mask |= found
    return Hits(mask, {"column": which}) if read else None


def _missing(sheet: Sheet) -> Hits:
    return _any(sheet, lambda name: sheet.absent(name))


def _not_finite(sheet: Sheet) -> Hits:
    def test(name: str) -> np.ndarray:
        known = ~sheet.absent(name) & (sheet.text(name) is None)
        return np.asarray(known & ~np.isfinite(sheet.number(name)))

    return _any(sheet, test)


def _is_word(text: str) -> bool:
    try:
        value = float(text)
    except ValueError:
        return not _GROUPED.fullmatch(text)
    return not np.isfinite(value)


def _is_overlong(text: str) -> bool:
    digits = re.sub(r"[eE].*|\D", "", text).strip("0")
    return len(digits) > _DIGITS


def _placeholder(sheet: Sheet) -> Hits:
    return _measured(sheet, lambda name: np.isin(sheet.number(name), _PLACEHOLDERS))


def _too_small(sheet: Sheet) -> Hits:
    def test(name: str) -> np.ndarray:
        value = sheet.number(name)
        return (value > 0) & (value < _TINY)

    return _measured(sheet, test)


def _too_large(sheet: Sheet) -> Hits:
    return _measured(
        sheet, lambda name: np.isfinite(sheet.number(name)) & (sheet.number(name) > _HUGE)
    )


def _overlong(sheet: Sheet) -> Hits:
    def test(name: str) -> np.ndarray:
        value = sheet.number(name)
        rounded = np.round(value, _DECIMALS)
        off = np.abs(value - rounded) > 8 * np.spacing(np.abs(value))
        return np.asarray(off & (value > _TINY) & (name not in ("volume", "quantity")))

    return _measured(sheet, test)


def _time_missing(sheet: Sheet) -> Hits:
    return Hits(sheet.timeless)


_ERROR = Severity.ERROR
RULES = (
    Rule("missing_value", "shape", "a required cell is empty", _ERROR,
         "{column} is missing", _missing, kinds=EVERY),
    Rule("not_finite", "shape", "a number is NaN or infinite", _ERROR,
         "{column} is not a finite number", _not_finite, kinds=EVERY),
    Rule("unreadable", "shape", "a cell holds a word where a number belongs", _ERROR,
         "{column} is no number", lambda sheet: _cells(sheet, _is_word), kinds=EVERY),
    Rule("grouped_digits", "shape", "a number is written with thousands separators", _ERROR,
         "{column} is written with separators",
         lambda sheet: _cells(sheet, lambda text: bool(_GROUPED.fullmatch(text))), kinds=EVERY),
    Rule("too_many_digits", "shape", "a number has more digits than a float64 can hold", _ERROR,
         "{column} has more than 17 digits", lambda sheet: _cells(sheet, _is_overlong),
         kinds=EVERY),
    Rule("unreadable_time", "shape", "the time is empty or no time (also second 60)", _ERROR,
         "the time cannot be read", _time_missing, kinds=EVERY),
    Rule("placeholder", "shape", "a number that stands for no value: -9999, 2^31-1 …",
         Severity.WARNING,
         "{column} is a placeholder", _placeholder, kinds=(*TIMED, "trades")),
    Rule("underflow", "shape", "a positive number too small to be a price or a volume", _ERROR,
         "{column} is below 1e-12", _too_small, kinds=(*TIMED, "trades")),
    Rule("overflow", "shape", "a number too large for any market", _ERROR,
         "{column} is above 1e15", _too_large, kinds=(*TIMED, "trades")),
    Rule("overlong_decimals", "shape", "a price finer than 8 decimals: computed, not quoted",
         Severity.WARNING, "{column} has more than 8 decimals", _overlong,
         kinds=("ohlcv", "trades")),
)  # fmt: skip
