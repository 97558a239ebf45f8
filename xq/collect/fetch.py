"""Bars of one stretch of time from a venue, page by page, several pages at once where it can."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xq.collect.crew import each
from xq.lake.ranges import Range
from xq.ports import MarketData
from xq.timeframe import Timeframe
from xq.types import Symbol

if TYPE_CHECKING:
    from xq.venues.ccxt_market import CcxtMarket

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
    fast
        The same venue, where more can be asked of it than the protocol says.
    """

    market: MarketData
    skips_holes: bool = False
    fast: "CcxtMarket | None" = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which bars: ``price`` is the kind of dataset, ``ohlcv``, ``mark`` or ``index``."""

    symbol: Symbol
    timeframe: Timeframe
    piece: Range
    price: str = "ohlcv"


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
        limit = min(PAGE, timeframe.count(cursor, piece.end_ms))
        page = source.market.bars(symbol, timeframe, cursor, limit)
        page = page[page[:, 0] >= cursor]
        pages.append(page[page[:, 0] < piece.end_ms])
        after = min(_next(source, page, cursor, limit, timeframe), piece.end_ms)
        advance(timeframe.count(cursor, after))
        cursor = after
    return np.concatenate(pages) if pages else np.empty((0, 6))


def fetch_pages(
    market: "CcxtMarket", wanted: Wanted, advance: Advance, *, at_once: int, stop: threading.Event
) -> np.ndarray:
    """`fetch` by raw pages: the first page shows where bars begin, the others
    lie on a grid behind it and come ``at_once`` at a time.
    """
    from xq.venues.klines import PageRequest

    piece, bar = wanted.piece, wanted.timeframe
    size = market.page_size(wanted.symbol)

    def ask(start_ms: int, end_ms: int | None) -> np.ndarray:
        limit = min(size, bar.count(start_ms, end_ms or piece.end_ms))
        request = PageRequest(wanted.price, bar.name, start_ms, end_ms, limit)
        return market.page(wanted.symbol, request)

    known = ask(piece.start_ms, None)
    known = known[known[:, 0] < piece.end_ms]
    after = bar.end(int(known[-1, 0])) if len(known) else piece.end_ms
    advance(bar.count(piece.start_ms, after))
    edges = [bar.shift(after, at) for at in range(0, bar.count(after, piece.end_ms), size)]

    def rest(start_ms: int) -> np.ndarray:
        """One page of the grid; what an answer leaves out at its end is asked for again."""
        end_ms = min(bar.shift(start_ms, size), piece.end_ms)
        found, at = [], start_ms
        while at < end_ms:
            page = ask(at, end_ms)
            if not len(page):
                break
            found.append(page)
            at = bar.end(int(page[-1, 0]))
        advance(bar.count(start_ms, end_ms))
        return found[0] if len(found) == 1 else np.concatenate([known[:0], *found])

    rows = np.concatenate([known, *each(rest, edges, at_once=at_once, stop=stop)])
    inside = (rows[:, 0] >= piece.start_ms) & (rows[:, 0] < piece.end_ms)
    return rows if inside.all() else rows[inside]


def _next(source: Source, page: np.ndarray, cursor: int, limit: int, timeframe: Timeframe) -> int:
    """Where the next page starts: always on a bar edge after ``cursor``."""
    if len(page):
        return timeframe.end(timeframe.floor(int(page[-1, 0])))
    return timeframe.shift(cursor, limit if source.skips_holes else min(limit, _SMALLEST_PAGE))
