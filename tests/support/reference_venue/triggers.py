"""Conditional orders: what they wait for and what they become."""

from dataclasses import dataclass
from decimal import Decimal

from support.reference_venue.entry import check_price, check_quantity, check_side, enter
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
    algo = Algo(id=len(state.algos) + 1, owner=owner, **vars(ask))
    seen = watched(state, market, algo)
    if algo.type == "trailing_stop_market":
        algo.activation = algo.activation or seen
        algo.extreme = seen
        beyond = seen - algo.activation if algo.side == "buy" else algo.activation - seen
        if beyond < 0:
            raise Refused("would_trigger")
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


def look(state: State, market: Market, *, mark: bool) -> None:
    """Let the conditional orders of a market see a price, oldest first."""
    for algo in state.waiting(symbol=market.symbol):
        if algo.mark is not mark or algo.status != "new":
            continue
        price = watched(state, market, algo)
        if algo.type == "trailing_stop_market":
            pick = min if algo.side == "buy" else max
            algo.extreme = pick(algo.extreme, price)
        if due(algo, price) and not _protected(state, market, algo):
            trigger(state, algo)


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
    try:
        enter(state, order)
    except Refused:
        algo.status = "rejected"
    else:
        algo.status, algo.order_id = "triggered", order.id
