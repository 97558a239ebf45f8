"""A venue at prices that a lake has recorded."""

from collections.abc import Sequence

from xq.clock import iso
from xq.errors import NoData
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.sim.instruments import Face, Market
from xq.sim.market_book import KINDS as BOOKS
from xq.sim.market_book import BookFeed
from xq.sim.market_books import Books
from xq.sim.market_lake import Recordings, recordings
from xq.sim.market_models import Liquidity
from xq.sim.market_open import Prices, Source
from xq.sim.market_replay import KINDS, ReplayFeed


def replayed(
    lake: Lake, exchange: str | None, seed: int, liquidity: Liquidity | None = None
) -> Source:
    """Bars and trades of a lake.

    Raises
    ------
    NoData
        If there are none, or, from the result, none from the wanted time on.
    UsageError, UnknownName
        As `recordings`.
    """
    found = recordings(lake, exchange, KINDS)
    spans = [found.span(kind, name) for kind in KINDS for name in found.symbols(kind)]
    reach = _reach([span for span in spans if span is not None])

    def make(start_ms: int | None) -> Prices:
        begin = _inside(found, reach, start_ms)
        feeds = {face: ReplayFeed(face, found, seed, begin, liquidity) for face in Face}
        return Prices(Market.REPLAY, feeds, begin, reach.end_ms)

    return make


def booked(lake: Lake, exchange: str | None) -> Source:
    """Order books of a lake, change by change.

    Raises
    ------
    NoData
        If there are none, or, from the result, none at the wanted time.
    UsageError, UnknownName
        As `recordings`.
    """
    found = recordings(lake, exchange, BOOKS)
    spans = [Books(found, name).span for name in found.symbols(*BOOKS)]
    known = [span for span in spans if span.start_ms < span.end_ms]
    if not known:
        raise NoData(
            f"the changes of {found.exchange}'s books have no snapshot to begin from",
            where=str(lake.root),
            hint="xq data import --kind book_snapshot RECORDING",
        )
    reach = _reach(known)

    def make(start_ms: int | None) -> Prices:
        begin = _inside(found, reach, start_ms)
        feeds = {face: BookFeed(face, found, begin) for face in Face}
        return Prices(Market.BOOK, feeds, begin, reach.end_ms)

    return make


def _inside(found: Recordings, reach: Range, start_ms: int | None) -> int:
    """The time to start at, by default the first; not before or after everything recorded."""
    begin = reach.start_ms if start_ms is None else start_ms
    if not reach.start_ms <= begin <= reach.end_ms:
        first, last = iso(reach.start_ms), iso(reach.end_ms)
        raise NoData(
            f"nothing is recorded at {iso(begin)}: {found.exchange}'s prices reach from "
            f"{first} to {last}",
            where=str(found.lake.root),
            hint=f"--from {first}",
        )
    return begin


def _reach(spans: Sequence[Range]) -> Range:
    return Range(min(span.start_ms for span in spans), max(span.end_ms for span in spans))
