"""Bars of one stretch of time from a venue, page by page, several pages at once where it can."""

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xq.clock import iso
from xq.collect.crew import each
from xq.errors import VenueUnclear
from xq.lake.ranges import Range
from xq.ports import MarketData
from xq.timeframe import Timeframe
from xq.types import Symbol

if TYPE_CHECKING:
    from xq.venues.ccxt_market import CcxtMarket
    from xq.venues.klines import PageRequest, RawPage

PAGE = 1000
_TOGETHER = 12_000  # bars of pages that wait to be parsed together: 2 MB of text
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
    """`fetch` by raw pages: the first page shows where bars begin, the others lie on a grid
    behind it and come ``at_once`` at a time; some that follow each other are parsed together.
    """
    from xq.venues.klines import PageRequest, RawPage

    piece, bar = wanted.piece, wanted.timeframe
    size = market.page_size(wanted.symbol)

    def request(start_ms: int, end_ms: int | None) -> PageRequest:
        limit = min(size, bar.count(start_ms, end_ms or piece.end_ms))
        return PageRequest(wanted.price, bar.name, start_ms, end_ms, limit)

    first = request(piece.start_ms, None)
    known = market.raw_page(wanted.symbol, first)
    after = min(_after(known, bar, first, bar.shift(piece.start_ms, first.limit)), piece.end_ms)
    advance(bar.count(piece.start_ms, after))

    def cell(start_ms: int, found: dict[PageRequest, RawPage]) -> None:
        """One cell of the grid; what an answer leaves out at its end is asked for again."""
        at, end_ms = start_ms, min(bar.shift(start_ms, size), piece.end_ms)
        while at < end_ms:
            asked = request(at, end_ms)
            page = market.raw_page(wanted.symbol, asked)
            if page.last_ms is None:
                break
            found[asked] = page
            at = _after(page, bar, asked, end_ms)
        advance(bar.count(start_ms, end_ms))

    def rest(starts: Sequence[int]) -> np.ndarray:
        found = {first: known} if starts is groups[0] else {}
        for start_ms in starts:
            cell(start_ms, found)
        return _numbers(market, wanted.symbol, found)

    grid = [bar.shift(after, at) for at in range(0, bar.count(after, piece.end_ms), size)]
    together = max(1, min(_TOGETHER // size, -(-len(grid) // at_once)))
    groups = [grid[at : at + together] for at in range(0, len(grid), together)] or [grid]
    rows = np.concatenate(each(rest, groups, at_once=at_once, stop=stop))
    inside = (rows[:, 0] >= piece.start_ms) & (rows[:, 0] < piece.end_ms)
    return rows if inside.all() else rows[inside]


def _after(page: "RawPage", bar: Timeframe, asked: "PageRequest", until_ms: int) -> int:
    """Where the bars of a page end; beyond all that was asked for if it has none.

    A page that seems to end early is read: its rows need not be in order. One that ends before
    what was asked for would be asked for again for ever.

    Raises
    ------
    VenueUnclear
        If all of it lies before what was asked for.
    """
    from xq.venues.klines import parse

    if page.last_ms is None:
        return sys.maxsize
    after = bar.end(page.last_ms)
    if after < until_ms:
        with suppress(VenueUnclear):
            after = bar.end(int(parse(page.text)[-1, 0]))
    if after <= asked.start_ms:
        raise VenueUnclear(
            f"asked for bars from {iso(asked.start_ms)} on, found none after {iso(after)}"
        )
    return after


def _numbers(
    market: "CcxtMarket", symbol: Symbol, found: Mapping["PageRequest", "RawPage"]
) -> np.ndarray:
    """Bars of pages; a page that turns out to be none is asked for again, alone."""
    from xq.venues.klines import parse, parse_all

    try:
        return parse_all(tuple(found.values()))
    except VenueUnclear:
        parts = []
        for asked, page in found.items():
            try:
                parts.append(parse(page.text))
            except VenueUnclear:
                parts.append(market.page(symbol, asked))
        return np.concatenate(parts)


def _next(source: Source, page: np.ndarray, cursor: int, limit: int, timeframe: Timeframe) -> int:
    """Where the next page starts: always on a bar edge after ``cursor``."""
    if len(page):
        return timeframe.end(timeframe.floor(int(page[-1, 0])))
    return timeframe.shift(cursor, limit if source.skips_holes else min(limit, _SMALLEST_PAGE))
