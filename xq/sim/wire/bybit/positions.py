"""Positions, and what an account chose for a symbol."""

from typing import Any

from xq.sim.exact import exact
from xq.sim.margin import MarginAccount
from xq.sim.records import PositionSide
from xq.sim.venue import SimVenue
from xq.sim.wire.bybit.answers import Fault
from xq.sim.wire.bybit.asks import LINEAR, SETTLED_IN, Ask, page_of
from xq.sim.wire.bybit.memory import Memory
from xq.sim.wire.bybit.rows import position_row
from xq.sim.wire.bybit.stops import stops_of


@exact
def positions(ask: Ask) -> dict[str, Any]:
    """Of a symbol its positions, flat or not; else all that are not flat."""
    ask.only_linear()
    named = "symbol" in ask.params
    if not named and "settleCoin" not in ask.params and "baseCoin" not in ask.params:
        raise Fault(10001, "params error: symbol or settleCoin is required")
    if ask.params.text("settleCoin") not in (None, SETTLED_IN):
        return {"category": LINEAR, "list": [], "nextPageCursor": ""}
    venue, owner = ask.venue, ask.owner
    if named:
        keys = [(ask.market().id, side) for side in venue.state.sides_of(owner)]
    else:
        wanted = {market.id for market in ask.markets()}
        held = [p for p in venue.state.positions_of(owner) if p.symbol in wanted]
        keys = [(position.symbol, position.side) for position in held]
    page, cursor = page_of(ask, keys, 20, 200)
    account = venue.margin(owner)
    rows = [_row(venue, ask.memory, account, owner, *key) for key in page]
    return {"category": LINEAR, "list": rows, "nextPageCursor": cursor}


def row_at(
    venue: SimVenue, memory: Memory, owner: str, symbol: str, side: PositionSide
) -> dict[str, Any]:
    """One position as it stands, flat or not."""
    return _row(venue, memory, venue.margin(owner), owner, symbol, side)


def _row(
    venue: SimVenue,
    memory: Memory,
    account: MarginAccount,
    owner: str,
    symbol: str,
    side: PositionSide,
) -> dict[str, Any]:
    key = (owner, symbol, side)
    found = next((p for p in account.positions if p.position.key == key), None)
    item = venue.flat_margin(*key) if found is None else found
    row = position_row(item, memory.earned(owner, symbol, side))
    return row | stops_of(venue.state, item.position)
