"""An account's events as the futures face writes them."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from xq.sim.algos import AlgoStatus
from xq.sim.brackets import maintenance
from xq.sim.events import (
    AlgoEvent,
    BalanceEvent,
    Cause,
    ConfigEvent,
    Liquidation,
    MarginCall,
    OrderEvent,
)
from xq.sim.exact import ZERO, text
from xq.sim.instruments import Face
from xq.sim.records import Account, Kind, SimOrder, SimPosition
from xq.sim.venue import SimVenue
from xq.types import Side

_EXECUTIONS = {
    Cause.NEW: "NEW",
    Cause.TRADE: "TRADE",
    Cause.CANCELED: "CANCELED",
    Cause.EXPIRED: "EXPIRED",
    Cause.AMENDED: "AMENDMENT",
    Cause.LIQUIDATION: "CALCULATED",
    Cause.ADL: "CALCULATED",
}
_REASONS = {
    Kind.DEPOSIT: "DEPOSIT",
    Kind.FUNDING: "FUNDING_FEE",
    Kind.MARGIN: "MARGIN_TRANSFER",
    Kind.CLEARANCE: "INSURANCE_CLEAR",
    Kind.BANKRUPTCY: "INSURANCE_CLEAR",
}
_ORDER = "ORDER"


def order_update(venue: SimVenue, event: OrderEvent) -> dict[str, Any]:
    """``ORDER_TRADE_UPDATE``."""
    order, fill = event.order, event.fill
    bids, asks = _notionals(venue, order)
    row = {
        "s": order.symbol,
        "c": order.client_id,
        "S": order.side.name,
        "o": order.type.name,
        "f": order.time_in_force.name,
        "q": text(order.quantity),
        "p": text(order.price),
        "ap": text(order.average_price),
        "sp": text(order.stop_price),
        "x": _EXECUTIONS[event.cause],
        "X": order.status.name,
        "i": order.id,
        "l": text(ZERO if fill is None else fill.quantity),
        "z": text(order.filled),
        "L": text(ZERO if fill is None else fill.price),
    }
    if fill is not None:
        row |= {"n": text(fill.fee), "N": fill.fee_asset}
    row |= {
        "T": event.ts,
        "t": 0 if fill is None else fill.id,
        "b": text(bids),
        "a": text(asks),
        "m": fill is not None and fill.maker,
        "R": order.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": order.type.name,
        "ps": order.position_side.name,
        "cp": False,
        "rp": text(ZERO if fill is None else fill.realized),
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": order.self_trade.name,
        "pm": "NONE",
        "gtd": order.good_till_ms,
        "er": "0",
    }
    return {"e": "ORDER_TRADE_UPDATE", "T": event.ts, "E": event.ts, "o": row}


def _notionals(venue: SimVenue, order: SimOrder) -> tuple[Decimal, Decimal]:
    """What rests on either side of the order's symbol for its account."""
    sums = dict.fromkeys(Side, ZERO)
    for resting in venue.state.orders_of(order.owner, Face.FUTURES, order.symbol):
        sums[resting.side] += resting.price * resting.remaining
    return sums[Side.BUY], sums[Side.SELL]


def trade_lite(event: OrderEvent) -> dict[str, Any] | None:
    """``TRADE_LITE``; None if nothing was traded."""
    order, fill = event.order, event.fill
    if fill is None:
        return None
    return {
        "e": "TRADE_LITE",
        "E": event.ts,
        "T": event.ts,
        "s": order.symbol,
        "q": text(order.quantity),
        "p": text(order.price),
        "m": fill.maker,
        "c": order.client_id,
        "S": order.side.name,
        "L": text(fill.price),
        "l": text(fill.quantity),
        "t": fill.id,
        "i": order.id,
    }


def account_update(
    venue: SimVenue, event: BalanceEvent, realized: dict[str, Decimal]
) -> dict[str, Any]:
    """``ACCOUNT_UPDATE``; ``realized`` is what each symbol has earned so far."""
    reason = _REASONS.get(event.reason, _ORDER)
    balances = [
        {
            "a": item.asset,
            "wb": text(item.free + item.held),
            "cw": text(item.free),
            "bc": text(ZERO if reason == _ORDER else item.change),
        }
        for item in event.balances
    ]
    positions = _position_rows(venue, event.positions, realized)
    body = {"m": reason, "B": balances, "P": positions}
    return {"e": "ACCOUNT_UPDATE", "E": event.ts, "T": event.ts, "a": body}


def _position_rows(
    venue: SimVenue, positions: Iterable[SimPosition], realized: dict[str, Decimal]
) -> list[dict[str, str]]:
    return [
        {
            "s": item.symbol,
            "pa": text(item.quantity),
            "ep": text(item.entry_price),
            "bep": text(item.entry_price),
            "cr": text(realized.get(item.symbol, ZERO)),
            "up": text(_unrealized(venue, item)),
            "mt": "isolated" if item.isolated else "cross",
            "iw": text(item.margin),
            "ps": item.side.name,
        }
        for item in positions
    ]


def _unrealized(venue: SimVenue, position: SimPosition) -> Decimal:
    mark = venue.feeds[Face.FUTURES].mark_price(position.symbol, venue.now_ms)
    return mark * position.quantity - position.cost


def algo_update(venue: SimVenue, event: AlgoEvent) -> dict[str, Any]:
    """``ALGO_UPDATE``."""
    algo = event.algo
    row = {
        "caid": algo.client_id,
        "aid": algo.id,
        "at": "CONDITIONAL",
        "o": algo.type.name,
        "s": algo.symbol,
        "S": algo.side.name,
        "ps": algo.position_side.name,
        "f": "GTE_GTC" if algo.with_position else algo.time_in_force.name,
        "q": text(algo.quantity),
        "X": algo.status.name,
        "ai": str(algo.order_id) if algo.order_id else "",
    }
    if algo.status is not AlgoStatus.TRIGGERING:
        sent = _sent(venue, event)
        row |= {
            "ap": text(ZERO if sent is None else sent.average_price),
            "aq": text(ZERO if sent is None else sent.filled),
            "act": "0" if sent is None else sent.type.name,
        }
    row |= {
        "tp": text(algo.trigger_price),
        "p": text(algo.price),
        "V": algo.self_trade.name,
        "wt": algo.working.name,
        "pm": "NONE",
        "cp": algo.close_position,
        "pP": algo.price_protect,
        "R": algo.reduce_only,
        "tt": algo.triggered_ms,
        "gtd": algo.good_till_ms,
        "rm": algo.note,
    }
    return {"e": "ALGO_UPDATE", "T": event.ts, "E": event.ts, "o": row}


def _sent(venue: SimVenue, event: AlgoEvent) -> SimOrder | None:
    """The order that a conditional one sent."""
    algo = event.algo
    if not algo.order_id:
        return None
    open_one = venue.state.open_orders.get(algo.order_id)
    if open_one is not None:
        return open_one
    return venue.ledger.order(algo.owner, Face.FUTURES, algo.symbol, order_id=algo.order_id)


def config_update(
    venue: SimVenue, event: ConfigEvent, realized: dict[str, Decimal]
) -> dict[str, Any] | None:
    """``ACCOUNT_CONFIG_UPDATE`` of a leverage, ``ACCOUNT_UPDATE`` of a margin mode.

    None for the position mode, of which the exchange does not tell.
    """
    if event.leverage is not None:
        body: dict[str, Any] = {"s": event.symbol, "l": event.leverage}
        return {"e": "ACCOUNT_CONFIG_UPDATE", "E": event.ts, "T": event.ts, "ac": body}
    if event.isolated is not None:
        state, owner = venue.state, event.owner
        flat = (state.position(owner, event.symbol, side) for side in state.sides_of(owner))
        rows = _position_rows(venue, flat, realized)
        body = {"m": "MARGIN_TYPE_CHANGE", "B": [], "P": rows}
        return {"e": "ACCOUNT_UPDATE", "E": event.ts, "T": event.ts, "a": body}
    return None


def margin_call(venue: SimVenue, event: MarginCall) -> dict[str, Any]:
    """``MARGIN_CALL``."""
    feed = venue.feeds[Face.FUTURES]
    rows = []
    for item in event.positions:
        mark = feed.mark_price(item.symbol, venue.now_ms)
        rows.append(
            {
                "s": item.symbol,
                "ps": item.side.name,
                "pa": text(item.quantity),
                "mt": "ISOLATED" if item.isolated else "CROSSED",
                "iw": text(item.margin),
                "mp": text(mark),
                "up": text(_unrealized(venue, item)),
                "mm": text(maintenance(item.symbol, mark * item.quantity)),
            }
        )
    wallet = venue.state.balance(event.owner, Face.FUTURES, Account.FREE, "USDT")
    return {"e": "MARGIN_CALL", "E": event.ts, "cw": text(wallet), "p": rows}


def force_order(event: Liquidation) -> dict[str, Any]:
    """``forceOrder``, which everybody may see."""
    order = event.order
    last = event.fills[-1] if event.fills else None
    body = {
        "s": event.symbol,
        "S": order.side.name,
        "o": order.type.name,
        "f": order.time_in_force.name,
        "q": text(order.quantity),
        "p": text(order.price),
        "ap": text(order.average_price),
        "X": order.status.name,
        "l": text(ZERO if last is None else last.quantity),
        "z": text(order.filled),
        "T": event.ts,
    }
    return {"e": "forceOrder", "E": event.ts, "o": body}
