"""A new order: filters, funds or margin, its own conditions, the walk, the rest."""

from dataclasses import dataclass
from decimal import Decimal

from support.reference_venue.margin import account, cap, opens, value
from support.reference_venue.matching import Plan, acceptable, carry_out, outside, plan, rest
from support.reference_venue.numbers import ZERO, on_grid, places, round8
from support.reference_venue.records import Market, Order, Refused
from support.reference_venue.state import State

MAX_OPEN_ORDERS = 200
MAX_NOTIONAL = Decimal(9_000_000)
SHORTEST_GTD = 600_000


@dataclass(frozen=True)
class Ask:
    """What a client asks for."""

    symbol: str
    side: str
    type: str
    client_id: str = ""
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    price: Decimal | None = None
    tif: str = "gtc"
    reduce_only: bool = False
    position_side: str = "both"
    stp: str = "none"
    good_till: int = 0


def place(state: State, owner: str, face: str, ask: Ask) -> Order:
    """Enter an order; refused, it changes nothing."""
    market = state.market(face, ask.symbol)
    check_side(state, owner, face, ask.position_side, reduce_only=ask.reduce_only)
    resting = state.open_orders(face, ask.symbol, owner)
    check_filters(market, ask, base_price(state, market), len(resting))
    if ask.client_id and ask.client_id in [
        item.client_id for item in state.open_orders(face, owner=owner)
    ]:
        raise Refused("duplicate_client_id")
    if ask.tif == "gtd" and ask.good_till <= state.now + SHORTEST_GTD:
        raise Refused("bad_good_till")
    order = Order(
        id=len(state.orders) + 1,
        owner=owner,
        face=face,
        symbol=ask.symbol,
        client_id=ask.client_id,
        side=ask.side,
        type=ask.type,
        tif=ask.tif,
        price=ask.price or ZERO,
        quantity=ask.quantity or ZERO,
        quote_quantity=ask.quote_quantity or ZERO,
        reduce_only=ask.reduce_only,
        position_side=ask.position_side,
        stp=ask.stp,
        good_till=ask.good_till // 1000 * 1000,
    )
    order.reduce_only = order.reduce_only or not opens(order)
    return enter(state, order)


def enter(state: State, order: Order) -> Order:
    """Everything after the filters."""
    if order.reduce_only:
        most = state.reducible(order)
        if not most:
            raise Refused("reduce_only")
        order.quantity = min(order.quantity, most)
    made = plan(state, order)
    if order.tif == "gtx" and meets(state, order):
        raise Refused("post_only")
    if order.tif == "fok" and made.quantity < order.quantity:
        if order.face == "futures":
            raise Refused("fill_or_kill")
        made = Plan()
    if order.face == "spot":
        require_funds(state, order, made)
    else:
        require_margin(state, order, made)
    state.orders.append(order)
    follow(state, order, made)
    return order


def follow(state: State, order: Order, made: Plan) -> None:
    """Carry out what was planned, then rest or end."""
    carry_out(state, order, made)
    if order.quote_quantity:
        order.quantity = order.filled
        order.status = "filled" if order.filled else "expired"
    elif order.left == 0:
        order.status = "filled"
    elif made.stopped:
        order.status = "expired_in_match"
    elif order.type == "market" or order.tif in ("ioc", "fok"):
        order.status = "expired"
    else:
        rest(state, order)


def meets(state: State, order: Order) -> bool:
    """Whether a limit order would meet anything, own orders included."""
    other = "sell" if order.side == "buy" else "buy"
    market = state.market(order.face, order.symbol)
    prices = [price for price, left in outside(state, market, other).items() if left]
    for item in state.open_orders(order.face, order.symbol):
        if item.side == other:
            prices.append(item.price)
    return any(acceptable(order, price) for price in prices)


def require_funds(state: State, order: Order, made: Plan) -> None:
    """Spot: nobody spends what is not free."""
    market = state.market("spot", order.symbol)
    if order.side == "sell":
        asset, needed = market.base, made.quantity if order.quote_quantity else order.quantity
    elif order.type == "market":
        asset, needed = "USDT", made.quote
    else:
        asset, needed = "USDT", order.left * order.price
    if needed > state.free(order.owner, asset):
        raise Refused("no_funds")


def require_margin(state: State, order: Order, made: Plan, instead_of: Order | None = None) -> None:
    """Growth of initial margin, open loss and fees must fit what is available.

    The order counts as if all of it rested at the prices it gets.
    """
    market = state.market("futures", order.symbol)
    now = account(state, order.owner)
    side = order.position_side
    resting = [
        item
        for item in state.open_orders("futures", order.symbol, order.owner)
        if item.position_side == side
    ]
    others = [item for item in resting if item is not instead_of]
    position = state.books(order.owner).position(order.symbol, side)
    pieces = _pieces(order, made)
    before = value(state, order.owner, market, side, position, resting)
    after = value(state, order.owner, market, side, position, others + pieces)
    growth = after.order_initial - before.order_initial
    loss = sum((_worse(item, after.mark) * item.left for item in pieces), ZERO)
    fees = sum((round8(item.price * item.left * market.taker) for item in pieces), ZERO)
    if growth > 0 and growth + loss + fees > now.available:
        raise Refused("no_margin")
    if after.exposure > before.exposure and after.exposure > cap(market, after.leverage):
        raise Refused("position_limit")


def _pieces(order: Order, made: Plan) -> list[Order]:
    """An order in pieces of one price; what a market order does not get, at its mean price."""
    pieces = [_piece(order, step.price, step.quantity) for step in made.steps]
    left = order.left - made.quantity
    if left and order.type == "limit":
        pieces.append(_piece(order, order.price, left))
    elif left and made.steps:
        pieces.append(_piece(order, made.quote / made.quantity, left))
    return pieces


def _piece(order: Order, price: Decimal, quantity: Decimal) -> Order:
    changes = {"price": price, "quantity": quantity, "filled": ZERO, "status": "new"}
    return Order(**{**vars(order), **changes})


def _worse(order: Order, mark: Decimal) -> Decimal:
    return max(ZERO, (order.price - mark) * order.sign) if opens(order) else ZERO


def check_side(
    state: State, owner: str, face: str, position_side: str, *, reduce_only: bool
) -> None:
    """Hedge mode names the side and knows no reduce-only flag; one-way mode is the opposite."""
    if face == "futures" and state.is_hedge(owner) != (position_side != "both"):
        raise Refused("position_side")
    if position_side != "both" and reduce_only:
        raise Refused("unwanted_parameter")


def base_price(state: State, market: Market) -> Decimal:
    """What bands and notionals are measured by: the mark on futures, the last trade on spot."""
    return market.mark(state.now) if market.face == "futures" else market.last(state.now)


def check_filters(market: Market, ask: Ask, last: Decimal, resting: int) -> None:
    """What an order must look like before anyone asks about money."""
    if ask.price is not None:
        check_price(market, ask.side, ask.price, last)
    if ask.quantity is not None:
        check_quantity(market, ask.type, ask.quantity)
    _check_notional(market, ask, last)
    if ask.type != "market" and resting >= MAX_OPEN_ORDERS:
        raise Refused("too_many_orders")


def check_price(market: Market, side: str, price: Decimal, last: Decimal) -> None:
    """Digits, tick, band: futures bound only the side on which a price could do harm."""
    if places(price) > (8 if market.face == "spot" else places(market.tick)):
        raise Refused("too_precise")
    if price <= 0:
        raise Refused("not_positive")
    if not on_grid(price, market.tick):
        raise Refused("price_tick")
    if price > market.max_price:
        raise Refused("price_high")
    both = market.face == "spot"
    if (both or side == "buy") and price > last * market.price_up:
        raise Refused("price_far")
    if (both or side == "sell") and price < last * market.price_down:
        raise Refused("price_far")


def check_quantity(market: Market, kind: str, quantity: Decimal) -> None:
    """Digits, lot, least and most."""
    if places(quantity) > (8 if market.face == "spot" else places(market.lot)):
        raise Refused("too_precise")
    if quantity <= 0:
        raise Refused("not_positive")
    if quantity < market.min_quantity:
        raise Refused("lot_small")
    if not on_grid(quantity, market.lot):
        raise Refused("lot_step")
    if quantity > market.max_quantity:
        raise Refused("lot_large")
    if kind == "market" and quantity > market.max_market_quantity:
        raise Refused("market_lot_large")


def _check_notional(market: Market, ask: Ask, last: Decimal) -> None:
    if ask.reduce_only:
        return
    if ask.quote_quantity is not None:
        notional = ask.quote_quantity
    else:
        price = last if ask.price is None else ask.price
        notional = price * (ask.quantity or ZERO)
    if notional < market.min_notional:
        raise Refused("notional_small")
    if market.face == "spot" and ask.type != "market" and notional > MAX_NOTIONAL:
        raise Refused("notional_large")
