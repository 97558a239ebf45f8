"""The venue's filters: what an order must look like before anyone asks about money."""

from dataclasses import dataclass
from decimal import Decimal

from xq.frozen import quick
from xq.sim.exact import PLACES, digits_of, is_multiple
from xq.sim.instruments import SimInstrument
from xq.sim.records import NewOrder
from xq.sim.refusal import Reason, Refusal
from xq.types import OrderType, Side

MAX_OPEN_ORDERS = 200
MAX_SPOT_STOPS = 5  # of one account in one market
MAX_ALGOS = 10
MAX_NOTIONAL = Decimal(9_000_000)  # spot, one order
MIN_LIFE_MS = 600_000  # of a good-till-date order
LAST_MS = 253_402_300_799_000  # which ends before this

_FUTURES_UP, _FUTURES_DOWN = Decimal("1.05"), Decimal("0.95")
_SPOT_UP, _SPOT_DOWN = Decimal(5), Decimal("0.2")
_AT_MARKET = (OrderType.MARKET, OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET)


@quick
@dataclass(frozen=True, slots=True)
class Rules:
    """Filters of one market, derived from its instrument.

    Attributes
    ----------
    tick, lot, min_quantity, min_notional
        As in `xq.types.Instrument`.
    max_quantity, max_market_quantity
        Base asset, one order.
    max_price
        Quote asset.
    price_up, price_down
        A limit price must lie between these multiples of the last price.
    """

    tick: Decimal
    lot: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    max_quantity: Decimal
    max_market_quantity: Decimal
    max_price: Decimal
    price_up: Decimal
    price_down: Decimal
    contract: bool


@quick
@dataclass(frozen=True, slots=True)
class Standing:
    """What an order meets when it comes.

    Attributes
    ----------
    reference
        Quote asset; last price on spot, mark price on futures: notional and price band count
        from it.
    open_orders, waiting
        The account's open orders in this market, and those of them that wait for a trigger.
    """

    reference: Decimal
    open_orders: int = 0
    waiting: int = 0


def rules_of(market: SimInstrument) -> Rules:
    """The filters of one market."""
    trading = market.instrument
    contract = market.contract
    most = market.max_quantity
    return Rules(
        tick=trading.tick,
        lot=trading.lot,
        min_quantity=trading.min_quantity,
        min_notional=trading.min_notional,
        max_quantity=trading.lot.scaleb(6 if contract else 9) if most is None else most,
        max_market_quantity=trading.lot.scaleb(5 if contract else 7) if most is None else most,
        max_price=trading.tick.scaleb(8) if market.max_price is None else market.max_price,
        price_up=_FUTURES_UP if contract else _SPOT_UP,
        price_down=_FUTURES_DOWN if contract else _SPOT_DOWN,
        contract=contract,
    )


def check(order: NewOrder, rules: Rules, standing: Standing) -> None:
    """Refuse an order that breaks a filter.

    Raises
    ------
    Refusal
        Naming the first filter that the order breaks.
    """
    if order.type is not OrderType.MARKET and standing.open_orders >= MAX_OPEN_ORDERS:
        raise Refusal(Reason.TOO_MANY_ORDERS)
    if order.stop_price is not None:
        if standing.waiting >= MAX_SPOT_STOPS:
            raise Refusal(Reason.TOO_MANY_STOPS)
        check_price(order.stop_price, rules, "stopPrice")
    if order.price is not None:
        check_price(order.price, rules)
        _check_band(order.price, order.side, rules, standing.reference)
    if order.quantity is not None:
        check_quantity(order.quantity, order.type, rules)
    _check_notional(order, rules, standing.reference)


def check_price(price: Decimal, rules: Rules, name: str = "price") -> None:
    """Refuse a price that the market does not know, wherever the reference is."""
    if price <= 0:
        raise Refusal(Reason.NOT_POSITIVE, name)
    _check_digits(price, rules.tick, name, contract=rules.contract)
    if price < rules.tick:
        raise Refusal(Reason.PRICE_LOW, f"{rules.tick:f}")
    if price > rules.max_price:
        raise Refusal(Reason.PRICE_HIGH, f"{rules.max_price:f}")
    if not is_multiple(price, rules.tick):
        raise Refusal(Reason.PRICE_TICK)


def _check_band(price: Decimal, side: Side, rules: Rules, last_price: Decimal) -> None:
    """Spot bounds both sides; futures only the side on which a price could do harm."""
    highest, lowest = last_price * rules.price_up, last_price * rules.price_down
    if price > highest and (side is Side.BUY or not rules.contract):
        raise Refusal(Reason.PRICE_FAR, f"above {highest:f}")
    if price < lowest and (side is Side.SELL or not rules.contract):
        raise Refusal(Reason.PRICE_FAR, f"below {lowest:f}")


def check_quantity(quantity: Decimal, kind: OrderType, rules: Rules) -> None:
    """Refuse a quantity that the market does not know."""
    if quantity <= 0:
        raise Refusal(Reason.NOT_POSITIVE, "quantity")
    _check_digits(quantity, rules.lot, "quantity", contract=rules.contract)
    if quantity < rules.min_quantity:
        raise Refusal(Reason.LOT_SMALL, f"{rules.min_quantity:f}")
    if quantity > rules.max_quantity:
        raise Refusal(Reason.LOT_LARGE, f"{rules.max_quantity:f}")
    if kind in _AT_MARKET and quantity > rules.max_market_quantity:
        raise Refusal(Reason.MARKET_LOT_LARGE, f"{rules.max_market_quantity:f}")
    if not is_multiple(quantity, rules.lot):
        raise Refusal(Reason.LOT_STEP)


def _check_digits(value: Decimal, step: Decimal, name: str, *, contract: bool) -> None:
    """Spot accepts eight places and then asks for the step; futures count the step's places."""
    if is_multiple(value, step):
        return
    places = digits_of(step) if contract else max(PLACES, digits_of(step))
    if decimals(value) > places:
        raise Refusal(Reason.TOO_PRECISE, name)


def _check_notional(order: NewOrder, rules: Rules, last_price: Decimal) -> None:
    if order.reduce_only:
        return
    if order.quote_quantity is not None:
        if order.quote_quantity <= 0:
            raise Refusal(Reason.NOT_POSITIVE, "quoteOrderQty")
        if decimals(order.quote_quantity) > PLACES:
            raise Refusal(Reason.TOO_PRECISE, "quoteOrderQty")
        notional = order.quote_quantity
    elif order.quantity is not None:
        price = order.stop_price if order.price is None else order.price
        notional = order.quantity * (last_price if price is None else price)
    else:
        raise Refusal(Reason.MISSING_PARAMETER, "quantity")
    if notional < rules.min_notional:
        raise Refusal(Reason.NOTIONAL_SMALL, f"{rules.min_notional:f}")
    if not rules.contract and order.type not in _AT_MARKET and notional > MAX_NOTIONAL:
        raise Refusal(Reason.NOTIONAL_LARGE, f"{MAX_NOTIONAL:f}")


def decimals(value: Decimal) -> int:
    """Decimal places that are not zero.

    Examples
    --------
    >>> decimals(Decimal("0.10")), decimals(Decimal("1E+3"))
    (1, 0)
    """
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
