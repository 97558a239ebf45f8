"""What a person asks for on a command line, and what of it can be an order. Pure."""

from dataclasses import dataclass, replace
from decimal import Decimal

from xq.errors import UsageError
from xq.live.exits import on_tick
from xq.live.plan import to_lot
from xq.types import Instrument, OrderRequest, OrderType, Side, Symbol, TimeInForce

_HUNDRED = Decimal(100)
LARGEST = Decimal(10) ** 15
"""Beyond any quantity, price or money of a market; whole lots of it are still told exactly."""

_RISING = {(Side.BUY, True), (Side.SELL, False)}  # side, whether it is a stop: fired from below
KINDS = {
    "market": OrderType.MARKET,
    "limit": OrderType.LIMIT,
    "stop_market": OrderType.STOP_MARKET,
    "stop_limit": OrderType.STOP,
    "take_profit_market": OrderType.TAKE_PROFIT_MARKET,
    "take_profit_limit": OrderType.TAKE_PROFIT,
    "trailing_stop": OrderType.TRAILING_STOP_MARKET,
}
"""Types as people name them."""

_NAMES = {kind: name for name, kind in KINDS.items()}
_STOPS = (OrderType.STOP_MARKET, OrderType.STOP)
_PRICED = (OrderType.LIMIT, OrderType.STOP, OrderType.TAKE_PROFIT)
_TRAILING = (OrderType.TRAILING_STOP_MARKET,)
_TRIGGERED = (*_STOPS, OrderType.TAKE_PROFIT_MARKET, OrderType.TAKE_PROFIT)
_OTHERWISE = {
    OrderType.STOP_MARKET: "take_profit_market",
    OrderType.STOP: "take_profit_limit",
    OrderType.TAKE_PROFIT_MARKET: "stop_market",
    OrderType.TAKE_PROFIT: "stop_limit",
}
"""What a trigger on the other side of the market makes of a type."""


@dataclass(frozen=True, slots=True)
class Wish:
    """An order as somebody words it: one of three amounts, prices where the type has them.

    Attributes
    ----------
    quantity
        Base asset, sent exactly.
    notional
        Quote asset, of which whole lots are bought or sold.
    percent
        Of equity, likewise.
    stop_loss
        Trigger of the stop that is to rest behind what is filled.
    trail
        Way back from its best price that triggers a trailing stop, as a fraction; its
        ``stop_price`` is where it begins to trail, None at once.
    """

    symbol: Symbol
    side: Side
    type: OrderType
    quantity: Decimal | None = None
    notional: Decimal | None = None
    percent: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    reduce_only: bool = False
    stop_loss: Decimal | None = None
    trail: Decimal | None = None

    @property
    def kind(self) -> str:
        """Its type as people name it."""
        return _NAMES[self.type]

    @property
    def is_immediate(self) -> bool:
        """Whether the order never rests."""
        instantly = (TimeInForce.IOC, TimeInForce.FOK)
        return self.type is OrderType.MARKET or self.time_in_force in instantly


def check_words(wish: Wish) -> None:
    """Refuse what cannot be meant, before any venue is asked.

    Raises
    ------
    UsageError
        For no amount or several, one that is not positive, prices that the type lacks or has not.

    Examples
    --------
    >>> check_words(Wish(Symbol("BTC", "USDT"), Side.BUY, OrderType.MARKET))
    Traceback (most recent call last):
    xq.errors.UsageError: error: expected --quantity, --notional or --percent-of-equity, found none
    """
    _check_amount(wish)
    for flag, price, needed, allowed in (
        ("--price", wish.price, _PRICED, _PRICED),
        ("--stop-price", wish.stop_price, _TRIGGERED, (*_TRIGGERED, *_TRAILING)),
        ("--trail", wish.trail, _TRAILING, _TRAILING),
    ):
        if price is None and wish.type in needed:
            raise UsageError(f"a {wish.kind} order needs {flag}")
        if price is not None and wish.type not in allowed:
            raise UsageError(f"a {wish.kind} order has no {flag}", hint=_TYPE_WITH[flag])
        if price is not None and not (price.is_finite() and price > 0):
            raise UsageError(f"{flag} must be positive, found {price}")
    if wish.time_in_force is not None and wish.type is not OrderType.LIMIT:
        raise UsageError(f"a {wish.kind} order has no --time-in-force", hint="--type limit")
    if wish.trail is not None:
        _check_trail(wish, wish.trail)
    if wish.stop_loss is not None:
        _check_stop_loss(wish, wish.stop_loss)
    if wish.reduce_only and not wish.symbol.is_contract:
        raise UsageError(
            f"--reduce-only is for contracts, {wish.symbol} is spot",
            hint=f"xq close {wish.symbol} sells what was bought",
        )


def _check_trail(wish: Wish, trail: Decimal) -> None:
    if trail >= 1:
        raise UsageError(f"--trail is a share of the price, found {trail}", hint="--trail 0.02")
    if not wish.symbol.is_contract:
        raise UsageError(
            f"trailing stops rest for contracts alone, {wish.symbol} is spot",
            hint="xq execute trailing-stop",
        )


def _check_stop_loss(wish: Wish, stop_loss: Decimal) -> None:
    if not (stop_loss.is_finite() and stop_loss > 0):
        raise UsageError(f"--stop-loss must be positive, found {stop_loss}")
    if not wish.symbol.is_contract or wish.reduce_only:
        raise UsageError("--stop-loss is for entries of contracts", hint="--type stop_market")
    if not wish.is_immediate:
        raise UsageError(
            f"--stop-loss needs an order that never rests, found a {wish.kind} order",
            hint="--type market, or --time-in-force ioc",
        )


_TYPE_WITH = {
    "--price": "--type limit",
    "--stop-price": "--type stop_market",
    "--trail": "--type trailing_stop",
}


def _check_amount(wish: Wish) -> None:
    amounts = {
        "--quantity": wish.quantity,
        "--notional": wish.notional,
        "--percent-of-equity": wish.percent,
    }
    told = {flag: amount for flag, amount in amounts.items() if amount is not None}
    if len(told) != 1:
        found = " and ".join(told) or "none"
        raise UsageError(f"expected --quantity, --notional or --percent-of-equity, found {found}")
    ((flag, amount),) = told.items()
    if not (amount.is_finite() and amount > 0):
        raise UsageError(f"{flag} must be positive, found {amount}")


def order_of(
    wish: Wish, client_id: str, market_price: Decimal, equity: Decimal, rules: Instrument
) -> tuple[OrderRequest, str]:
    """The order, and how its quantity came about.

    Parameters
    ----------
    market_price
        What a market order would meet.

    Raises
    ------
    UsageError
        For steps and minima that the venue does not take, or a trigger that is met already.
    """
    _check_tick("--price", wish.price, rules)
    _check_tick("--stop-price", wish.stop_price, rules)
    _check_tick("--stop-loss", wish.stop_loss, rules)
    _check_trigger(wish, market_price)
    if wish.stop_loss is not None:
        out = Side.SELL if wish.side is Side.BUY else Side.BUY
        stop = replace(wish, side=out, type=OrderType.STOP_MARKET, stop_price=wish.stop_loss)
        _check_trigger(stop, market_price, "another --stop-loss")
    price = wish.price or wish.stop_price or market_price
    quantity, note = _quantity(wish, price, equity, rules)
    _check_minima(quantity, price, wish, rules)
    request = OrderRequest(
        wish.symbol,
        wish.side,
        wish.type,
        quantity,
        client_id,
        wish.price,
        wish.stop_price,
        wish.time_in_force,
        wish.reduce_only,
        wish.trail,
    )
    return request, note


def _quantity(
    wish: Wish, price: Decimal, equity: Decimal, rules: Instrument
) -> tuple[Decimal, str]:
    if wish.quantity is not None:
        if wish.quantity % rules.lot:
            below = to_lot(wish.quantity, rules.lot)
            near = f"--quantity {below} or " if below else ""
            raise UsageError(
                f"quantity {wish.quantity} is no multiple of the lot {rules.lot}",
                hint=f"{near}--quantity {below + rules.lot}",
            )
        return wish.quantity, ""
    quote, base = wish.symbol.quote, wish.symbol.base
    if wish.notional is not None:
        money, asked = wish.notional, f"{wish.notional:f} {quote}"
    else:
        percent = wish.percent or Decimal(0)
        money, asked = equity * percent / _HUNDRED, f"{percent:f} % of {equity:.2f} {quote}"
    quantity = to_lot(money / price, rules.lot)
    note = f"{asked} at {price:f} is {quantity:f} {base}, in whole lots of {rules.lot:f}"
    return quantity, note


def _check_tick(flag: str, price: Decimal | None, rules: Instrument) -> None:
    if price is not None and rules.tick and price % rules.tick:
        below, above = on_tick(price, rules.tick, 1), on_tick(price, rules.tick, -1)
        near = f"{flag} {below} or " if below else ""
        raise UsageError(
            f"{flag} {price} is no multiple of the tick {rules.tick}; it is not rounded",
            hint=f"{near}{flag} {above}",
        )


def _check_trigger(wish: Wish, market_price: Decimal, instead: str | None = None) -> None:
    if wish.stop_price is None:
        return
    rising = (wish.side, wish.type in _STOPS) in _RISING
    if (wish.stop_price > market_price) if rising else (wish.stop_price < market_price):
        return
    where = "above" if rising else "below"
    raise UsageError(
        f"the {wish.kind} to {wish.side} must be {where} the market at {market_price:f}, "
        f"found {wish.stop_price}: it would trigger at once",
        hint=instead or _or_another(_OTHERWISE.get(wish.type)),
    )


def _or_another(kind: str | None) -> str:
    return f"--type {kind}, or another --stop-price" if kind else "leave out --stop-price"


def _check_minima(quantity: Decimal, price: Decimal, wish: Wish, rules: Instrument) -> None:
    base, quote = wish.symbol.base, wish.symbol.quote
    least = max(rules.min_quantity, rules.lot)
    enough = least if wish.reduce_only else max(least, _worth(rules.min_notional, price, rules))
    if quantity < least:
        raise UsageError(
            f"{quantity:f} {base} is below the venue's minimum of {least:f} {base}, "
            f"about {least * price:.2f} {quote}",
            hint=f"--quantity {enough:f}",
        )
    notional = quantity * price
    if notional < rules.min_notional and not wish.reduce_only:
        raise UsageError(
            f"{quantity:f} {base} is worth {notional:.2f} {quote}, "
            f"below the venue's minimum of {rules.min_notional:f} {quote}",
            hint=f"--quantity {enough:f}",
        )


def _worth(notional: Decimal, price: Decimal, rules: Instrument) -> Decimal:
    """The fewest whole lots that are worth so much, or one more."""
    return to_lot(notional / price, rules.lot) + rules.lot
