"""Conditional orders: what they wait for and what they become."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from support.reference_venue.entry import (
    Ask,
    check_filters,
    check_price,
    check_quantity,
    check_side,
    enter,
)
from support.reference_venue.margin import opens
from support.reference_venue.numbers import ZERO
from support.reference_venue.records import Algo, Market, Order, Refused
from support.reference_venue.state import State

PROTECTION = Decimal("0.05")
SHORT_CALLBACK, LONG_CALLBACK = Decimal("0.1"), Decimal(10)


@dataclass(frozen=True)
class AskAlgo:
    """What a client asks to be done later."""

    symbol: str
    side: str
    type: str
    client_id: str = ""
    trigger: Decimal = ZERO
    price: Decimal = ZERO
    tif: str = "gtc"
    quantity: Decimal = ZERO
    reduce_only: bool = False
    position_side: str = "both"
    close_position: bool = False
    mark: bool = False
    protect: bool = False
    activation: Decimal = ZERO
    callback: Decimal = ZERO
    stp: str = "none"


def place_algo(state: State, owner: str, ask: AskAlgo) -> Algo:
    """Enter a conditional order; refused, it changes nothing."""
    market = state.market("futures", ask.symbol)
    check_side(state, owner, "futures", ask.position_side, reduce_only=ask.reduce_only)
    _check(market, ask, market.mark(state.now))
    if ask.client_id and ask.client_id in [item.client_id for item in state.waiting(owner)]:
        raise Refused("duplicate_client_id")
    if ask.close_position and any(
        item.close_position
        and (item.type, item.side) == (ask.type, ask.side)
        and item.position_side == ask.position_side
        for item in state.waiting(owner, ask.symbol)
    ):
        raise Refused("close_exists")
    algo = Algo(id=len(state.algos) + 1, owner=owner, **vars(ask))
    seen = watched(state, market, algo)
    if algo.type == "trailing_stop_market":
        algo.extreme = seen
        ahead = seen - algo.activation if algo.side == "buy" else algo.activation - seen
        if algo.activation and ahead <= 0:
            raise Refused("would_trigger")
        algo.activation = algo.activation or seen
    elif due(algo, seen):
        raise Refused("would_trigger")
    state.algos.append(algo)
    return algo


def _check(market: Market, ask: AskAlgo, last: Decimal) -> None:
    if ask.type == "trailing_stop_market":
        if not SHORT_CALLBACK <= ask.callback <= LONG_CALLBACK:
            raise Refused("bad_callback")
    else:
        check_price(market, "none", ask.trigger, last)
    if ask.type in ("stop", "take_profit"):
        check_price(market, "none", ask.price, last)
    if not ask.close_position:
        kind = "limit" if ask.type in ("stop", "take_profit") else "market"
        check_quantity(market, kind, ask.quantity)


def watched(state: State, market: Market, algo: Algo) -> Decimal:
    """The price that a conditional order watches."""
    return market.mark(state.now) if algo.mark else market.last(state.now)


def due(algo: Algo, price: Decimal) -> bool:
    """Whether an order triggers at a price; a trailing one has seen it already."""
    buys = algo.side == "buy"
    if algo.type == "trailing_stop_market":
        rate = algo.callback / 100
        if buys:
            return algo.extreme <= algo.activation and price >= algo.extreme * (1 + rate)
        return algo.extreme >= algo.activation and price <= algo.extreme * (1 - rate)
    rising = buys is algo.type.startswith("stop")
    return price >= algo.trigger if rising else price <= algo.trigger


def look(state: State, printed: Sequence[tuple[str, str]]) -> None:
    """Let conditional orders see the prices of a moment, oldest first.

    ``printed`` are the markets that traded at this moment. The mark price is looked at on whole
    seconds, by trailing stops on whole minutes.
    """
    for algo in state.waiting():
        market = state.market("futures", algo.symbol)
        trailing = algo.type == "trailing_stop_market"
        grid = 60_000 if trailing else 1_000
        sees = state.now % grid == 0 if algo.mark else ("futures", algo.symbol) in printed
        if not sees or algo.status != "new":
            continue
        for price in _seen(state, market, algo):
            if trailing:
                pick = min if algo.side == "buy" else max
                algo.extreme = pick(algo.extreme, price)
            if algo.status == "new" and due(algo, price) and not _protected(state, market, algo):
                trigger(state, algo)


def _seen(state: State, market: Market, algo: Algo) -> list[Decimal]:
    if algo.mark:
        return [market.mark(state.now)]
    return [item.price for item in market.trades if item.ts == state.now]


def _protected(state: State, market: Market, algo: Algo) -> bool:
    mark, last = market.mark(state.now), market.last(state.now)
    return algo.protect and abs(mark - last) > PROTECTION * mark


def trigger(state: State, algo: Algo) -> None:
    """Turn a conditional order into a plain one."""
    limit = algo.type in ("stop", "take_profit")
    order = Order(
        id=len(state.orders) + 1,
        owner=algo.owner,
        face="futures",
        symbol=algo.symbol,
        client_id=algo.client_id,
        side=algo.side,
        type="limit" if limit else "market",
        tif=algo.tif,
        price=algo.price if limit else ZERO,
        quantity=algo.quantity,
        reduce_only=algo.reduce_only or algo.close_position,
        position_side=algo.position_side,
        stp=algo.stp,
    )
    order.reduce_only = order.reduce_only or not opens(order)
    if algo.close_position:
        order.quantity = state.reducible(order)
        if not order.quantity:
            algo.status = "expired"
            return
    market = state.market("futures", algo.symbol)
    resting = state.open_orders("futures", algo.symbol, algo.owner)
    named = [item.client_id for item in state.open_orders("futures", owner=algo.owner)]
    try:
        if algo.client_id and algo.client_id in named:
            raise Refused("duplicate_client_id")
        check_filters(market, _asked(order), market.mark(state.now), len(resting))
        enter(state, order)
    except Refused:
        algo.status = "rejected"
    else:
        algo.status, algo.order_id = "triggered", order.id


def _asked(order: Order) -> Ask:
    return Ask(
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        quantity=order.quantity,
        price=order.price if order.type == "limit" else None,
        reduce_only=order.reduce_only,
    )
