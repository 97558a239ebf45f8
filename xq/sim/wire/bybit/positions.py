"""Positions, and what an account chose for a symbol."""

from decimal import Decimal
from typing import Any

from xq.sim.exact import ZERO, exact
from xq.sim.instruments import SimInstrument
from xq.sim.margin import PositionMargin, leverage_of
from xq.sim.records import PositionSide
from xq.sim.refusal import Reason, Refusal
from xq.sim.wire.bybit.answers import Fault
from xq.sim.wire.bybit.asks import LINEAR, SETTLED_IN, Ask, page_of
from xq.sim.wire.bybit.order_params import number
from xq.sim.wire.bybit.rows import position_row


@exact
def positions(ask: Ask) -> dict[str, Any]:
    """Of a symbol its positions, flat or not; else all that are not flat."""
    ask.only_linear()
    named = "symbol" in ask.params
    if not named and "settleCoin" not in ask.params and "baseCoin" not in ask.params:
        raise Fault(10001, "params error: symbol or settleCoin is required")
    if ask.params.text("settleCoin") not in (None, SETTLED_IN):
        return {"category": LINEAR, "list": [], "nextPageCursor": ""}
    wanted = {market.id for market in ask.markets()}
    held = [p for p in ask.venue.margin(ask.owner).positions if p.position.symbol in wanted]
    rows = [_row(ask, item) for item in held if item.position.quantity]
    if named:
        known = {(row["positionIdx"]) for row in rows}
        flat = [_row(ask, _flat(ask, ask.market(), side)) for side in _sides(ask)]
        rows += [row for row in flat if row["positionIdx"] not in known]
        rows.sort(key=lambda row: int(row["positionIdx"]))
    page, cursor = page_of(ask, rows, 20, 200)
    return {"category": LINEAR, "list": page, "nextPageCursor": cursor}


def _sides(ask: Ask) -> tuple[PositionSide, ...]:
    if ask.venue.state.is_hedged(ask.owner):
        return (PositionSide.LONG, PositionSide.SHORT)
    return (PositionSide.BOTH,)


def _row(ask: Ask, item: PositionMargin) -> dict[str, Any]:
    position = item.position
    earned = ask.memory.earned(ask.owner, position.symbol, position.side)
    return position_row(item, earned)


def _flat(ask: Ask, market: SimInstrument, side: PositionSide) -> PositionMargin:
    return PositionMargin(
        position=ask.venue.state.position(ask.owner, market.id, side),
        mark=ask.feed.mark_price(market.id, ask.now_ms),
        leverage=leverage_of(ask.venue.state, ask.owner, market.id),
        notional=ZERO,
        unrealized=ZERO,
        initial=ZERO,
        order_initial=ZERO,
        maintenance=ZERO,
        liquidation_price=ZERO,
    )


def set_leverage(ask: Ask) -> dict[str, Any]:
    """Choose a symbol's leverage, the same for both sides."""
    ask.only_linear()
    market = ask.market()
    leverage = chosen_leverage(ask)
    if leverage == leverage_of(ask.venue.state, ask.owner, market.id):
        raise Fault(110043, "leverage not modified")
    ask.venue.set_leverage(ask.owner, market.id, leverage)
    return {}


def chosen_leverage(ask: Ask) -> int:
    """``buyLeverage`` and ``sellLeverage``, which must be one whole number."""
    buy, sell = number(ask.params, "buyLeverage"), number(ask.params, "sellLeverage")
    if buy != sell:
        raise Fault(10001, "buy leverage invalid: it must equal sell leverage")
    if buy != buy.to_integral_value() or buy > Decimal(10**6):
        raise Refusal(Reason.INVALID_DATA, "buyLeverage")
    return int(buy)
