"""From an order's parameters to what is asked of the venue."""

from decimal import Decimal
from enum import Enum

from xq.sim.instruments import Face
from xq.sim.records import NewOrder, PositionSide, SelfTrade
from xq.sim.refusal import Reason, Refusal
from xq.sim.wire.params import Params
from xq.types import OrderType, Side, TimeInForce


class _SpotType(Enum):
    LIMIT = "LIMIT"
    MARKET = "MARKET"
    LIMIT_MAKER = "LIMIT_MAKER"
    STOP_LOSS = "STOP_LOSS"
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"


class _FuturesType(Enum):
    LIMIT = "LIMIT"
    MARKET = "MARKET"


class _SpotInForce(Enum):
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


CONDITIONAL = frozenset(
    {"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"}
)
# Spot's names of orders that wait for a price, and what they are here.
SPOT_STOPS = {
    _SpotType.STOP_LOSS: OrderType.STOP_MARKET,
    _SpotType.STOP_LOSS_LIMIT: OrderType.STOP,
    _SpotType.TAKE_PROFIT: OrderType.TAKE_PROFIT_MARKET,
    _SpotType.TAKE_PROFIT_LIMIT: OrderType.TAKE_PROFIT,
}


def spot_order(params: Params) -> NewOrder:
    """A spot order."""
    for unmodelled in ("icebergQty", "trailingDelta"):
        if unmodelled in params:
            raise Refusal(Reason.UNWANTED_PARAMETER, unmodelled)
    kind = params.word("type", _SpotType, Reason.BAD_ORDER_TYPE)
    stop = SPOT_STOPS.get(kind)
    if stop is None and "stopPrice" in params:
        raise Refusal(Reason.UNWANTED_PARAMETER, "stopPrice")
    if kind in (_SpotType.MARKET, _SpotType.STOP_LOSS, _SpotType.TAKE_PROFIT):
        return _market(params, Face.SPOT, OrderType.MARKET if stop is None else stop)
    if kind is _SpotType.LIMIT_MAKER:
        return _limit(params, TimeInForce.GTX)
    chosen = params.word("timeInForce", _SpotInForce, Reason.BAD_TIME_IN_FORCE)
    return _limit(params, TimeInForce[chosen.value], OrderType.LIMIT if stop is None else stop)


def futures_order(params: Params) -> NewOrder:
    """A futures order."""
    params.one_of("priceMatch", ("NONE",), "NONE")
    if params.text("type") in CONDITIONAL:
        raise Refusal(Reason.CONDITIONAL_ELSEWHERE)
    kind = params.word("type", _FuturesType, Reason.BAD_ORDER_TYPE)
    if kind is _FuturesType.MARKET:
        return _market(params, Face.FUTURES, OrderType.MARKET)
    chosen = params.word("timeInForce", TimeInForce, Reason.BAD_TIME_IN_FORCE)
    return _limit(params, chosen)


def position_side(params: Params) -> PositionSide:
    """``positionSide``; the one of one-way mode when absent."""
    return PositionSide[params.one_of("positionSide", PositionSide.__members__, "BOTH")]


def self_trade(params: Params) -> SelfTrade:
    """``selfTradePreventionMode``; none when absent."""
    if "selfTradePreventionMode" not in params:
        return SelfTrade.NONE
    return params.word("selfTradePreventionMode", SelfTrade, Reason.BAD_SELF_TRADE)


def good_till(params: Params, time_in_force: TimeInForce) -> int:
    """``goodTillDate``, which a good-till-date order must have, in whole seconds; else 0."""
    if time_in_force is not TimeInForce.GTD:
        return 0
    params.required("goodTillDate")
    return (params.integer("goodTillDate") or 0) // 1000 * 1000


def _market(params: Params, face: Face, kind: OrderType) -> NewOrder:
    for unwanted in ("price", "timeInForce"):
        if unwanted in params:
            raise Refusal(Reason.UNWANTED_PARAMETER, unwanted)
    by_quote = face is Face.SPOT and kind is OrderType.MARKET
    quote = params.decimal("quoteOrderQty") if by_quote else None
    if quote is not None and "quantity" in params:
        raise Refusal(Reason.UNWANTED_PARAMETER, "quantity")
    quantity = params.number("quantity") if quote is None else None
    return _order(params, kind, TimeInForce.GTC, quantity, quote=quote)


def _limit(
    params: Params, time_in_force: TimeInForce, kind: OrderType = OrderType.LIMIT
) -> NewOrder:
    quantity, price = params.number("quantity"), params.number("price")
    return _order(params, kind, time_in_force, quantity, price=price)


def _order(
    params: Params,
    kind: OrderType,
    time_in_force: TimeInForce,
    quantity: Decimal | None,
    *,
    price: Decimal | None = None,
    quote: Decimal | None = None,
) -> NewOrder:
    waits = kind not in (OrderType.MARKET, OrderType.LIMIT)
    return NewOrder(
        symbol=params.required("symbol"),
        side=params.word("side", Side, Reason.BAD_SIDE),
        type=kind,
        client_id=params.client_id("newClientOrderId"),
        quantity=quantity,
        quote_quantity=quote,
        price=price,
        time_in_force=time_in_force,
        reduce_only=params.flag("reduceOnly"),
        position_side=position_side(params),
        self_trade=self_trade(params),
        good_till_ms=good_till(params, time_in_force),
        stop_price=params.number("stopPrice") if waits else None,
    )


def which_order(params: Params) -> tuple[int | None, str | None]:
    """The order id and client id that a query or cancel names; at least one."""
    order_id, client_id = params.integer("orderId"), params.text("origClientOrderId")
    if order_id is None and client_id is None:
        raise Refusal(Reason.ORDER_ID_MISSING)
    return order_id, client_id
