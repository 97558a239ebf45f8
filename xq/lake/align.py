"""Bars of several symbols on one time axis; pure."""

from collections.abc import Iterator, Sequence
from typing import Literal, get_args

import numpy as np

from xq.bars import FIELDS, Bars
from xq.errors import UnknownName
from xq.lake.columns import BarColumns
from xq.lake.layout import Dataset
from xq.lake.ranges import Range, holes
from xq.timeframe import Timeframe

Gaps = Literal["refuse", "flag", "drop"]


def refuse_unknown(gaps: str) -> None:
    """Refuse a word that is none of `Gaps`: a misspelt ``refuse`` must not drop bars.

    Examples
    --------
    >>> refuse_unknown("ffill")
    Traceback (most recent call last):
    xq.errors.UnknownName: error: no way to treat gaps named 'ffill'
      hint:  one of refuse flag drop
    """
    if gaps not in get_args(Gaps):
        raise UnknownName(f"no way to treat gaps named {gaps!r}",
                          hint=f"one of {' '.join(get_args(Gaps))}")  # fmt: skip


def aligned(
    timeframe: Timeframe, symbols: tuple[str, ...], blocks: Sequence[BarColumns], gaps: Gaps
) -> Bars:
    """Put symbols side by side.

    ``drop`` keeps the times every symbol has; otherwise the union of times, NaN where a symbol
    has no bar. Under ``refuse`` the caller has made sure that no such place exists.
    """
    ts = blocks[0].ts
    if not all(np.array_equal(ts, block.ts) for block in blocks[1:]):
        ts = _common(blocks) if gaps == "drop" else _union(blocks)
    opens, highs, lows, closes, volumes = (_placed(ts, name, blocks) for name in FIELDS)
    return Bars(timeframe, symbols, ts, opens, highs, lows, closes, volumes)


def _union(blocks: Sequence[BarColumns]) -> np.ndarray:
    return np.unique(np.concatenate([block.ts for block in blocks]))


def _common(blocks: Sequence[BarColumns]) -> np.ndarray:
    ts = blocks[0].ts
    for block in blocks[1:]:
        ts = np.intersect1d(ts, block.ts, assume_unique=True)
    return ts


def _placed(ts: np.ndarray, name: str, blocks: Sequence[BarColumns]) -> np.ndarray:
    if len(blocks) == 1:
        return blocks[0].fields[name].reshape(-1, 1)
    placed = np.full((len(ts), len(blocks)), np.nan)
    for column, block in enumerate(blocks):
        known = np.isin(block.ts, ts, assume_unique=True)
        rows = np.searchsorted(ts, block.ts[known])
        placed[rows, column] = block.fields[name][known]
    return placed


def holes_of(
    asked: Sequence[Dataset],
    blocks: Sequence[BarColumns],
    start_ms: int | None,
    end_ms: int | None,
) -> Iterator[tuple[Dataset, Range, tuple[Range, ...]]]:
    """Of each dataset where its bars lie in common time, and what is missing there."""
    first = min(int(block.ts[0]) for block in blocks) if start_ms is None else start_ms
    for item, block in zip(asked, blocks, strict=True):
        bar = item.bar
        if bar is None:
            continue
        newest = bar.end(max(int(block.ts[-1]) for block in blocks))
        within = Range(first, newest if end_ms is None else end_ms)
        if within.bars(bar) != len(block.ts):
            yield item, within, holes(block.ts, bar, within)
