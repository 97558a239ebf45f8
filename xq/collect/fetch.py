"""Bars of one stretch of time from a venue, page by page."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xq.lake.ranges import Range
from xq.ports import MarketData
from xq.timeframe import Timeframe
from xq.types import Symbol

PAGE = 1000
_SMALLEST_PAGE = 100  # no venue answers with fewer bars per request than this

Advance = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A venue as a source of bars.

    Attributes
    ----------
    skips_holes
        Whether a request from a time without bars answers with the first bars after it, so that
        an empty page proves that nothing follows.
    """

    market: MarketData
    skips_holes: bool = False


def fetch(
    source: Source, symbol: Symbol, timeframe: Timeframe, piece: Range, advance: Advance
) -> np.ndarray:
    """Every bar the venue has in ``piece``, oldest first; bars outside it are dropped.

    Parameters
    ----------
    piece
        On bar edges and closed at the venue's time.
    advance
        Told the number of bars worth of time dealt with.

    Returns
    -------
    numpy.ndarray
        float64 (n, 6): ts, open, high, low, close, volume.
    """
    pages: list[np.ndarray] = []
    cursor = piece.start_ms
    while cursor < piece.end_ms:
        limit = min(PAGE, (piece.end_ms - cursor) // timeframe.ms)
        page = source.market.bars(symbol, timeframe, cursor, limit)
        page = page[page[:, 0] >= cursor]
        pages.append(page[page[:, 0] < piece.end_ms])
        after = min(_next(source, page, cursor, limit, timeframe), piece.end_ms)
        advance((after - cursor) // timeframe.ms)
        cursor = after
    return np.concatenate(pages) if pages else np.empty((0, 6))


def _next(source: Source, page: np.ndarray, cursor: int, limit: int, timeframe: Timeframe) -> int:
    """Where the next page starts: always on a bar edge after ``cursor``."""
    if len(page):
        return timeframe.floor(int(page[-1, 0])) + timeframe.ms
    return cursor + (limit if source.skips_holes else min(limit, _SMALLEST_PAGE)) * timeframe.ms
