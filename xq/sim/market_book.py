"""Recorded order books as the venue's own, change by change, beside what was recorded of trades."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from decimal import Decimal

from xq.errors import NoData
from xq.lake.rebuild import Diff
from xq.sim.instruments import Face
from xq.sim.market import Levels
from xq.sim.market_books import Books, best
from xq.sim.market_lake import Recordings
from xq.sim.market_listing import listed
from xq.sim.market_replay import ReplayFeed
from xq.sim.market_series import Series
from xq.sim.tape import decimal_of
from xq.timeframe import SECOND_MS

KINDS = ("book_diff",)


class BookFeed(ReplayFeed):
    """`xq.sim.feed.Feed` of one face from recorded order books.

    The book is the recorded one. Trades, bars, mark price and funding are those of `ReplayFeed`,
    where they were recorded; without trades the last price is the middle of the book.

    Parameters
    ----------
    start_ms
        Rules are those of this time; markets whose books ended before it are left out.
    """

    def __init__(self, face: Face, recordings: Recordings, start_ms: int) -> None:
        self._books: dict[str, Books] = {}
        super().__init__(face, recordings, 0, start_ms)

    def book(self, symbol_id: str, now_ms: int, limit: int) -> tuple[Levels, Levels]:
        """The recorded book: (bids, asks), best first, (price, quantity); empty in a hole."""
        bids, asks = best(self._recorded(symbol_id).at(now_ms), limit)
        return bids, asks

    def update_id(self, symbol_id: str, now_ms: int) -> int:
        """The recorded id of the book at a moment."""
        return self._recorded(symbol_id).at(now_ms).last_id

    def levels(
        self, symbol_id: str, now_ms: int
    ) -> tuple[Mapping[Decimal, Decimal], Mapping[Decimal, Decimal]]:
        """Quantities by price of bids and asks; not to be changed."""
        book = self._recorded(symbol_id).at(now_ms)
        return book.bids, book.asks

    def changes(self, symbol_id: str, start_ms: int, end_ms: int) -> Iterator[Diff]:
        """The recorded changes in (start, end], in the order of their ids."""
        return self._recorded(symbol_id).changes(start_ms, end_ms)

    def last_price(self, symbol_id: str, now_ms: int) -> Decimal:
        """Price of the newest trade; until the first one the last known middle of the book."""
        begins = self.instrument(symbol_id).listed_ms
        series = self._series_of(symbol_id)
        newest = next(series.backwards(now_ms), None)
        if newest is not None and newest.ts[-1] >= begins:
            return decimal_of(int(newest.price[-1]), series.grid.price_digits)
        quote = self._recorded(symbol_id).quote(now_ms)
        if quote is None:
            raise NoData(f"the recorded book of {symbol_id} has an empty side here")
        tick = self.instrument(symbol_id).instrument.tick
        bid, ask = quote
        return (bid + ask) / 2 // tick * tick

    def mark_range(self, symbol_id: str, start_ms: int, end_ms: int) -> tuple[Decimal, Decimal]:
        """As `ReplayFeed.mark_range`; the middle of the book is looked at second by second."""
        known = list(super().mark_range(symbol_id, start_ms, end_ms))
        begins, recorded = self.instrument(symbol_id).listed_ms, self._series_of(symbol_id)
        for ts in range(-(-start_ms // SECOND_MS) * SECOND_MS, end_ms + 1, SECOND_MS):
            newest = next(recorded.backwards(ts), None)
            if newest is not None and newest.ts[-1] >= begins:
                break  # from the first trade on it is the middle no longer
            with suppress(NoData):  # an empty side
                known.append(self.mark_price(symbol_id, ts))
        return min(known), max(known)

    def _names(self) -> list[str]:
        return listed(self._recordings, self.face, KINDS)

    def _life(self, name: str, series: Series) -> tuple[int, int]:  # noqa: ARG002
        books = Books(self._recordings, name)
        self._books[name.partition(":")[0].replace("/", "")] = books
        return books.span.start_ms, books.span.end_ms

    def _recorded(self, symbol_id: str) -> Books:
        self.instrument(symbol_id)
        return self._books[symbol_id]
