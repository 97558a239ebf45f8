"""From an order's parameters to what is asked of the venue."""

from decimal import Decimal
from enum import Enum

from xq.sim.instruments import Face
from xq.sim.records import NewOrder
from xq.sim.refusal import Reason, Refusal
from xq.sim.wire.params import Params
from xq.types import OrderType, Side, TimeInForce


class _SpotType(Enum):
    LIMIT = "LIMIT"
    MARKET = "MARKET"
    LIMIT_MAKER = "LIMIT_MAKER"


class _FuturesType(Enum):
    LIMIT = "LIMIT"
    MARKET = "MARKET"


class _SpotInForce(Enum):
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


_CONDITIONAL = frozenset(
    {"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"}
)


def spot_order(params: Params) -> NewOrder:
    """A spot order."""
    if params.flag("reduceOnly"):
        raise Refusal(Reason.UNWANTED_PARAMETER, "reduceOnly")
    kind = params.word("type", _SpotType, Reason.BAD_ORDER_TYPE)
    if kind is _SpotType.MARKET:
        return _market(params, Face.SPOT)
    if kind is _SpotType.LIMIT_MAKER:
        return _limit(params, TimeInForce.GTX)
    chosen = params.word("timeInForce", _SpotInForce, Reason.BAD_TIME_IN_FORCE)
    return _limit(params, TimeInForce[chosen.value])


def futures_order(params: Params) -> NewOrder:
    """A futures order in one-way mode."""
    if params.text("type") in _CONDITIONAL:
        raise Refusal(Reason.CONDITIONAL_ELSEWHERE)
    if params.one_of("positionSide", ("BOTH", "LONG", "SHORT"), "BOTH") != "BOTH":
        raise Refusal(Reason.POSITION_SIDE)
    kind = params.word("type", _FuturesType, Reason.BAD_ORDER_TYPE)
    if kind is _FuturesType.MARKET:
        return _market(params, Face.FUTURES)
    chosen = params.word("timeInForce", TimeInForce, Reason.BAD_TIME_IN_FORCE)
    return _limit(params, chosen)


def _market(params: Params, face: Face) -> NewOrder:
    for unwanted in ("price", "timeInForce"):
        if unwanted in params:
            raise Refusal(Reason.UNWANTED_PARAMETER, unwanted)
    quote = params.decimal("quoteOrderQty") if face is Face.SPOT else None
    if quote is not None and "quantity" in params:
        raise Refusal(Reason.UNWANTED_PARAMETER, "quantity")
    quantity = _required(params, "quantity") if quote is None else None
    return _order(params, OrderType.MARKET, TimeInForce.GTC, quantity, quote=quote)


def _limit(params: Params, time_in_force: TimeInForce) -> NewOrder:
    quantity, price = _required(params, "quantity"), _required(params, "price")
    return _order(params, OrderType.LIMIT, time_in_force, quantity, price=price)


def _order(
    params: Params,
    kind: OrderType,
    time_in_force: TimeInForce,
    quantity: Decimal | None,
    *,
    price: Decimal | None = None,
    quote: Decimal | None = None,
) -> NewOrder:
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
    )


def _required(params: Params, name: str) -> Decimal:
    params.required(name)
    value = params.decimal(name)
    if value is None:
        raise Refusal(Reason.MISSING_PARAMETER, name)
    return value


def which_order(params: Params) -> tuple[int | None, str | None]:
    """The order id and client id that a query or cancel names; at least one."""
    order_id, client_id = params.integer("orderId"), params.text("origClientOrderId")
    if order_id is None and client_id is None:
        raise Refusal(Reason.ORDER_ID_MISSING)
    return order_id, client_id
