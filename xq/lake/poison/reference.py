"""What only a second source of the same series can show."""

from collections.abc import Callable

import numpy as np

from xq.lake.poison.rule import BARS, TIMED, Hits, Rule, Severity
from xq.lake.poison.sheet import FIELDS, Sheet, measured

_STEPS = 48


def _shift(sheet: Sheet) -> np.ndarray:
    """(n,) int64: how many bars later (+) or earlier (-) the reference has these prices; or 0."""
    reference, bar = sheet.evidence.reference, sheet.bar
    found = np.zeros(len(sheet), np.int64)
    if reference is None or bar is None or not len(reference):
        return found
    place, known = sheet.match(reference)
    here = known & (sheet.prices == reference.prices[place]).all(axis=1)
    rows = np.flatnonzero(~here & (np.ptp(sheet.prices, axis=1) > 0))
    ts, prices = sheet.ts[rows], sheet.prices[rows]
    for step in range(_STEPS, 0, -1):
        for bars in (-step, step):
            wanted = bar.shift(ts, bars)
            there = np.minimum(np.searchsorted(reference.ts, wanted), len(reference) - 1)
            same = (reference.ts[there] == wanted) & (prices == reference.prices[there]).all(axis=1)
            found[rows[same]] = bars
    return found


def _shifted(sheet: Sheet) -> Hits | None:
    reference = sheet.evidence.reference
    if reference is None or not len(reference):
        return None
    bars = _shift(sheet)
    return Hits((bars != 0) & sheet.match(reference)[1], {"bars": bars})


def _differs(name: str) -> Callable[[Sheet], Hits | None]:
    def find(sheet: Sheet) -> Hits | None:
        reference = sheet.evidence.reference
        if reference is None or not reference.has(name) or not sheet.has(name):
            return None
        place, known = sheet.match(reference)
        if not len(reference):
            return None
        theirs = reference.number(name)[place]
        off = known & (sheet.number(name) != theirs)
        if sheet.kind in BARS:
            off &= _shift(sheet) == 0
        return Hits(off, {"theirs": theirs})

    return find


def _unknown(sheet: Sheet) -> Hits | None:
    """Rows inside the reference's range for which it has none."""
    reference = sheet.evidence.reference
    if reference is None or not len(reference):
        return None
    _, known = sheet.match(reference)
    inside = (sheet.ts >= reference.ts[0]) & (sheet.ts <= reference.ts[-1])
    on_grid = sheet.bar is None or sheet.bar.floor(sheet.ts) == sheet.ts
    bars = _shift(sheet) if sheet.kind in BARS else np.zeros(len(sheet), np.int64)
    origin = np.full(len(sheet), "", dtype=object)
    for row in np.flatnonzero(bars):
        origin[row] = f"; these are the prices of {bars[row]:+d} bars"
    return Hits(inside & on_grid & ~known, {"origin": origin})


def absent_from(sheet: Sheet) -> np.ndarray:
    """Times the reference has and the sheet has not, between the sheet's first and last."""
    reference = sheet.evidence.reference
    if reference is None or not len(sheet):
        return np.empty(0, np.int64)
    inside = (reference.ts >= sheet.ts.min()) & (reference.ts <= sheet.ts.max())
    return np.setdiff1d(reference.ts[inside], sheet.ts)


_ERROR = Severity.ERROR
RULES = (
    Rule("shifted", "reference", "the reference has these prices at another time", _ERROR,
         "the prices of {ts} are those of {bars:+d} bars", _shifted, "reference"),
    Rule("not_in_reference", "reference", "the reference has no bar at that time", _ERROR,
         "the reference has nothing at {ts}{origin}", _unknown, "reference",
         (*TIMED, "funding")),
    *(Rule(f"{name}_differs", "reference", f"the reference has another {name}", _ERROR,
           f"{name} is {{{name}}}, the reference has {{theirs}}", _differs(name), "reference",
           ("ohlcv",) if name == "volume" else BARS) for name in FIELDS),
    *(Rule(f"{name}_differs", "reference", f"the reference has another {name}", _ERROR,
           f"{name} is {{{name}}}, the reference has {{theirs}}", _differs(name), "reference",
           ("open_interest",)) for name in measured("open_interest")),
    Rule("rate_differs", "reference", "the reference has another funding rate", _ERROR,
         "rate is {rate}, the reference has {theirs}", _differs("rate"), "reference",
         ("funding",)),
)  # fmt: skip
