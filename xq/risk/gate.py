"""The gate before every order: the only maker of `Approved`, which is all that can be sent."""

import re
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from decimal import Decimal
from typing import final

from xq.errors import OrderRefused
from xq.risk.limits import Limits, Situation
from xq.types import OrderRequest, Side, Symbol

_SEAL = object()
_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
_ONE = Decimal(1)


@final
@dataclass(frozen=True, slots=True)
class Approved:
    """An order that passed the gate; nothing outside this module can make one.

    Attributes
    ----------
    reducing
        Whether the order can only bring the position closer to zero.
    """

    request: OrderRequest
    reducing: bool
    seal: InitVar[object] = field(kw_only=True)

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only xq.risk.gate.check makes an Approved")


@final
@dataclass(frozen=True, slots=True)
class ApprovedCancel:
    """Leave to cancel one order; cancels are never blocked, but they too pass here."""

    symbol: Symbol
    client_id: str
    seal: InitVar[object] = field(kw_only=True)

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only xq.risk.gate.check_cancel makes an ApprovedCancel")


def check(request: OrderRequest, situation: Situation, limits: Limits) -> Approved:
    """Let an order pass, or say why not.

    Orders that only reduce a position meet the checks that keep them well formed and unique,
    never the limits on entries.

    Raises
    ------
    OrderRefused
        For the first limit that does not hold, or when an input is missing or not a number.
    """
    case = _Case(request, situation, limits)
    reducing = is_reducing(request, situation.position)
    for rule in _ALWAYS if reducing else _ALWAYS + _ENTRY:
        reason = rule(case)
        if reason:
            raise OrderRefused(
                reason,
                where=f"{request.side} {request.quantity} {request.symbol}",
                hint=_HINTS.get(rule),
            )
    return Approved(request, reducing, seal=_SEAL)


def check_cancel(symbol: Symbol, client_id: str) -> ApprovedCancel:
    """Let a cancel pass."""
    if not _CLIENT_ID.fullmatch(client_id):
        raise OrderRefused(f"client id {client_id!r} is not 1 to 36 of [.A-Z:/a-z0-9_-]")
    return ApprovedCancel(symbol, client_id, seal=_SEAL)


def is_reducing(request: OrderRequest, position: Decimal) -> bool:
    """Whether the order can only bring a known position closer to zero.

    Examples
    --------
    >>> from xq.types import OrderType
    >>> sell = OrderRequest(Symbol("BTC", "USDT"), Side.SELL, OrderType.MARKET, Decimal(2), "a")
    >>> is_reducing(sell, Decimal(2)), is_reducing(sell, Decimal(1)), is_reducing(sell, Decimal(0))
    (True, False, False)
    """
    if not (_number(position) and _number(request.quantity)):
        return False
    return request.side.sign * position < 0 and request.quantity <= abs(position)


@dataclass(frozen=True, slots=True)
class _Case:
    request: OrderRequest
    situation: Situation
    limits: Limits

    @property
    def price(self) -> Decimal:
        return self.situation.price if self.request.price is None else self.request.price

    @property
    def notional(self) -> Decimal:
        return self.request.quantity * self.price

    @property
    def position_after(self) -> Decimal:
        return abs(self.situation.position + self.request.side.sign * self.request.quantity)


Rule = Callable[[_Case], str | None]


def _number(value: Decimal) -> bool:
    return isinstance(value, Decimal) and value.is_finite()


def _well_formed(case: _Case) -> str | None:
    request, situation = case.request, case.situation
    if not _CLIENT_ID.fullmatch(request.client_id):
        return f"client id {request.client_id!r} is not 1 to 36 of [.A-Z:/a-z0-9_-]"
    if not _number(request.quantity) or request.quantity <= 0:
        return f"quantity must be a positive number, found {request.quantity}"
    if request.price is not None and (not _number(request.price) or request.price <= 0):
        return f"limit price must be a positive number, found {request.price}"
    if situation.instrument.symbol != request.symbol:
        return f"rules of {situation.instrument.symbol} cannot judge an order of {request.symbol}"
    if not _number(situation.instrument.lot) or situation.instrument.lot <= 0:
        return f"lot must be a positive number, found {situation.instrument.lot}"
    if request.quantity % situation.instrument.lot:
        return f"quantity {request.quantity} is no multiple of the lot {situation.instrument.lot}"
    return None


def _unique(case: _Case) -> str | None:
    request, situation = case.request, case.situation
    if situation.journalled:
        return f"an order with client id {request.client_id} is already in the journal"
    return None


def _allowed(case: _Case) -> str | None:
    request, situation, limits = case.request, case.situation, case.limits
    if request.symbol not in limits.symbols:
        known = ", ".join(sorted(map(str, limits.symbols))) or "none"
        return f"{request.symbol} is not an allowed symbol; allowed: {known}"
    if request.reduce_only:
        return "a reduce-only order does not reduce this position"
    if situation.frozen:
        return f"{request.symbol} takes no new exposure: {situation.frozen}"
    return None


def _known(case: _Case) -> str | None:
    situation, limits = case.situation, case.limits
    numbers = {
        "price": situation.price,
        "reference price": situation.reference,
        "position": situation.position,
        "equity": situation.equity,
        "cash": situation.cash,
        "exposure of other symbols": situation.other_notional,
        "minimum notional": situation.instrument.min_notional,
        "minimum quantity": situation.instrument.min_quantity,
        "max_order_notional": limits.max_order_notional,
        "max_position_notional": limits.max_position_notional,
        "max_leverage": limits.max_leverage,
        "price_collar": limits.price_collar,
    }
    for name, value in numbers.items():
        if not _number(value):
            return f"{name} must be a number, found {value}"
    for name in ("price", "reference price", "equity"):
        if numbers[name] <= 0:
            return f"{name} must be positive, found {numbers[name]}"
    return None


def _fresh(case: _Case) -> str | None:
    situation, limits = case.situation, case.limits
    if situation.bar_ms != situation.last_closed_ms:
        late = (situation.last_closed_ms - situation.bar_ms) / 1000
        return f"the decision's bar must be the last closed one, found one {late:g} s older"
    age = situation.now_ms - situation.price_ms
    if not -limits.max_price_age_ms <= age <= limits.max_price_age_ms:
        most = limits.max_price_age_ms / 1000
        return f"the price must be at most {most:g} s old, found {age / 1000:g} s"
    return None


def _collar(case: _Case) -> str | None:
    request, situation, limits = case.request, case.situation, case.limits
    worst = situation.worst_price if request.price is None else request.price
    if worst is None:
        return f"the book shows less than {request.quantity} {request.symbol.base}: no sure price"
    if not _number(worst):
        return f"worst price must be a number, found {worst}"
    for price in (case.price, worst):
        distance = abs(price / situation.reference - _ONE)
        if distance > limits.price_collar:
            return (
                f"price must be within {limits.price_collar:.2%} of the bar's close "
                f"{situation.reference}, found {price} ({distance:.2%} away)"
            )
    return None


def _order_size(case: _Case) -> str | None:
    request, situation, limits = case.request, case.situation, case.limits
    notional = case.notional
    if notional < situation.instrument.min_notional:
        least = situation.instrument.min_notional
        return f"order notional must be at least {least}, found {notional:.2f}"
    if request.quantity < situation.instrument.min_quantity:
        least = situation.instrument.min_quantity
        return f"quantity must be at least {least}, found {request.quantity}"
    if notional > limits.max_order_notional:
        return (
            f"order notional must be at most {limits.max_order_notional:.2f}, found {notional:.2f}"
        )
    return None


def _position_size(case: _Case) -> str | None:
    limits = case.limits
    after = case.position_after * case.price
    if after > limits.max_position_notional:
        return (
            f"position notional must stay at most {limits.max_position_notional:.2f}, "
            f"would be {after:.2f}"
        )
    return None


def _leverage(case: _Case) -> str | None:
    situation, limits = case.situation, case.limits
    # At the decision's close, where the quantity was fixed: the spread must not break a limit of 1.
    gross = case.position_after * situation.reference + situation.other_notional
    if gross > limits.max_leverage * situation.equity:
        return (
            f"gross exposure must stay at most {limits.max_leverage} times equity, "
            f"would be {gross / situation.equity:.2f}"
        )
    return None


def _balance(case: _Case) -> str | None:
    request, situation = case.request, case.situation
    if request.symbol.is_contract:
        return None
    if request.side is Side.SELL:
        held = max(situation.position, Decimal(0))
        return f"spot cannot be sold short: selling {request.quantity}, holding {held}"
    cost = case.notional
    if cost > situation.cash:
        return f"order costs {cost:.2f}, cash is {situation.cash:.2f}"
    return None


def _pace(case: _Case) -> str | None:
    situation, limits = case.situation, case.limits
    if situation.recent_orders + 1 > limits.max_orders_per_minute:
        return (
            f"at most {limits.max_orders_per_minute} orders a minute, "
            f"{situation.recent_orders} were sent in the last one"
        )
    return None


_ALWAYS: tuple[Rule, ...] = (_well_formed, _unique)
_ENTRY: tuple[Rule, ...] = (
    _allowed,
    _known,
    _fresh,
    _collar,
    _order_size,
    _position_size,
    _leverage,
    _balance,
    _pace,
)
_HINTS: dict[Rule, str] = {
    _allowed: "xq config explain risk.symbols",
    _fresh: "xq trade --once",
    _collar: "xq config explain risk.price_collar",
    _order_size: "xq config explain risk.max_order_notional",
    _position_size: "xq config explain risk.max_position_notional",
    _leverage: "xq config explain risk.max_leverage",
    _pace: "xq config explain risk.max_orders_per_minute",
}
