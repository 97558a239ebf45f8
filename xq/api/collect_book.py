"""``xq collect --kind book_snapshot``: the order book as it stands, one row per call and symbol."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from xq.api.venues import market_data
from xq.api.workspace import Workspace
from xq.errors import VenueUnclear, XqError

if TYPE_CHECKING:
    from xq.api.collect import CollectReport, CollectRow
    from xq.api.collect_symbols import Failure
    from xq.types import Symbol
    from xq.venues.ccxt_market import CcxtMarket


def collect_book(
    ws: Workspace,
    asked: "Sequence[Symbol]",
    failed: "Sequence[Failure]",
    exchange: str | None = None,
) -> "CollectReport":
    """Take the book of each symbol now: up to 1,000 levels a side, with the id of its last change.

    What concerns one symbol is in the report; the others are stored.
    """
    from xq.api.collect import CollectReport
    from xq.api.collect_symbols import listed

    rows: list[CollectRow] = []
    with market_data(ws, exchange) as market:
        symbols, unknown = listed(market, asked, "book_snapshot")
        failures = [*failed, *unknown]
        for symbol in symbols:
            try:
                rows.append(_one(ws, market, symbol))
            except XqError as error:
                failures.append((str(symbol), error))
        return CollectReport(market.name, tuple(rows), (), tuple(failures))


def _one(ws: Workspace, market: "CcxtMarket", symbol: "Symbol") -> "CollectRow":
    from xq.api.collect import CollectRow
    from xq.lake.book_rows import snapshot_table
    from xq.lake.formats.recording import Message, checked
    from xq.lake.layout import Dataset
    from xq.lake.writer import LakeWriter

    asked_ms = market.now_ms(symbol.is_contract)
    body = _stamped(market.depth(symbol), asked_ms)
    try:
        checked(body)
    except (ValueError, TypeError, KeyError) as error:
        raise VenueUnclear(f"{market.name} answered with something other than a book") from error
    # The simulated venue lives in a time of its own: our clock says nothing about it.
    received = None if market.synthetic_from_ms(symbol) is not None else ws.clock.now_ms() * 10**6
    dataset = Dataset("book_snapshot", market.name, str(symbol))
    table = snapshot_table([Message(1, received, body)], str(dataset))
    commit = LakeWriter(ws.lake).upsert(dataset, table)
    moment = datetime.fromtimestamp(int(body["E"]) / 1000, UTC)
    return CollectRow(
        symbol=str(symbol),
        timeframe=None,
        start=moment,
        end=moment,
        bars=None,
        new=commit.added,
        missing=None,
        source="recorded" if market.synthetic_from_ms(symbol) is None else "synthetic",
        via="rest",
    )


def _stamped(body: Mapping[str, Any], asked_ms: int) -> dict[str, Any]:
    """Where the venue tells no time with its book: its time when it was asked."""
    return {"E": asked_ms, **body}
