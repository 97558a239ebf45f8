"""``xq collect --kind instruments``: trading rules, with the history of their changes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from xq.api.venues import can_sign, market_data
from xq.api.workspace import Workspace

if TYPE_CHECKING:
    from xq.api.collect import CollectReport
    from xq.api.collect_symbols import Failure
    from xq.types import Symbol
    from xq.venues.ccxt_market import CcxtMarket


def collect_instruments(
    ws: Workspace,
    asked: "Sequence[Symbol]",
    failed: "Sequence[Failure]",
    exchange: str | None = None,
) -> "CollectReport":
    """Look at the rules of symbols now; a row is stored only where something changed.

    Leverage brackets are told to account holders only: they come with keys, or from the
    simulated venue.
    """
    from xq.api.collect import CollectReport, CollectRow
    from xq.api.collect_symbols import listed
    from xq.collect.instruments import Listing, remember

    with market_data(ws, exchange, signed=True) as market:
        symbols, unknown = listed(market, asked, "instruments")
        wants_brackets = any(symbol.is_contract for symbol in symbols)
        signs = can_sign(ws, market.name)
        brackets = _brackets(market, symbols) if wants_brackets and signs else {}
        listings = [
            Listing(market.name, market.find(name), market.details(name), brackets.get(str(name)))
            for name in symbols
        ]
        now_ms = market.now_ms(symbols[0].is_contract)
        changed = remember(ws.lake, listings, now_ms)
        moment = datetime.fromtimestamp(now_ms / 1000, UTC)
        rows = tuple(
            CollectRow(
                symbol=str(item.instrument.symbol),
                timeframe=None,
                start=moment,
                end=moment,
                bars=None,
                new=int(new),
                missing=None,
                source="synthetic" if item.instrument.synthetic else "recorded",
                via="rest",
            )
            for item, new in zip(listings, changed, strict=True)
        )
    notes = () if signs or not wants_brackets else ("leverage brackets need XQ_API_KEY; not asked",)
    return CollectReport(market.name, rows, notes, (*failed, *unknown))


def _brackets(market: "CcxtMarket", symbols: "Sequence[Symbol]") -> dict[str, list[dict[str, Any]]]:
    return market.leverage_brackets([symbol for symbol in symbols if symbol.is_contract])
