"""Rows that repeat others or were computed from them."""

import numpy as np

from xq.lake.poison.rule import Hits, Rule, Severity
from xq.lake.poison.sheet import Sheet, before, runs

_BLOCK = 3
_STUCK = 20
_LINE = 3
_NO_WICKS = 24


def _rows(sheet: Sheet) -> np.ndarray:
    return np.column_stack([sheet.prices, sheet.volume]) if sheet.has("volume") else sheet.prices


def _frozen(sheet: Sheet) -> Hits:
    rows = _rows(sheet)
    same = sheet.nothing()
    same[1:] = (rows[1:] == rows[:-1]).all(axis=1)
    again = np.diff(sheet.ts, prepend=sheet.ts[:1] - 1) != 0
    return Hits(same & again & sheet.traded)


def _block(sheet: Sheet) -> Hits:
    """Blocks of bars that stand at an earlier time as well; which copy is true is not told."""
    rows = _rows(sheet)
    if len(rows) < 2 * _BLOCK:
        return Hits(sheet.nothing())
    plain = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1] * 8))).ravel()
    _, first, place = np.unique(plain, return_index=True, return_inverse=True)
    earlier = first[place]
    back = np.arange(len(rows)) - earlier
    copied = (back > 1) & sheet.traded & (sheet.ts[earlier] != sheet.ts)
    copied &= np.ptp(sheet.prices, axis=1) > 0
    steady = copied & (np.diff(back, prepend=0) == 0)
    long = runs(steady, _BLOCK - 1)
    return Hits(long | np.concatenate((long[1:] & copied[:-1], [False])))


def _stuck(sheet: Sheet) -> Hits:
    flat = np.ptp(sheet.prices, axis=1) == 0 if len(sheet) else sheet.nothing()
    same = flat & (before(sheet.close) == sheet.close)
    if sheet.has("volume"):
        same &= sheet.volume > 0
    return Hits(runs(same, _STUCK - 1))


def _interpolated(sheet: Sheet) -> Hits:
    """All four prices on straight lines between the bars before and after."""
    prices, mask = sheet.prices, sheet.nothing()
    if len(prices) < 3:
        return Hits(mask)
    bend = np.abs(prices[2:] - 2 * prices[1:-1] + prices[:-2])
    slope = np.abs(prices[2:] - prices[:-2])
    straight = (bend <= 1e-9 * prices[1:-1]).all(axis=1) & (slope > 0).all(axis=1)
    mask[1:-1] = straight
    return Hits(runs(mask, _LINE))


def _no_wicks(sheet: Sheet) -> Hits:
    opens, high, low, close = sheet.prices.T
    bare = (high == np.maximum(opens, close)) & (low == np.minimum(opens, close)) & (high > low)
    return Hits(runs(bare, _NO_WICKS))


_WARNING = Severity.WARNING
RULES = (
    Rule("frozen_bar", "repeats", "the bar equals the one before, volume included", _WARNING,
         "the bar of {ts} equals the one before", _frozen),
    Rule("repeated_block", "repeats", "three bars or more stand at an earlier time as well",
         _WARNING,
         "the bar of {ts} stands at an earlier time as well", _block),
    Rule("frozen_price", "repeats", "20 bars or more at one single price, traded if volume tells",
         _WARNING, "close {close} again and again", _stuck),
    Rule("interpolated", "repeats", "three bars or more on straight lines: filled by hand",
         _WARNING, "the bar of {ts} lies on a straight line", _interpolated),
    Rule("no_wicks", "repeats", "24 bars or more without wicks: made from closes", _WARNING,
         "the bar of {ts} has no wicks, as its neighbours", _no_wicks),
)  # fmt: skip
