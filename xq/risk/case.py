"""An order, its situation and the limits together: what every rule of the gate looks at."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from xq.frozen import quick
from xq.risk.limits import Limits, Situation
from xq.risk.readings import is_number
from xq.types import OrderRequest
from xq.venue_types import number_in

_MOST_LOTS = 10**24
_VENUE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")


@quick
@dataclass(frozen=True, slots=True)
class Case:
    """What is judged. The numbers below hold only once `xq.risk.entry_rules.known` has passed."""

    request: OrderRequest
    situation: Situation
    limits: Limits

    @property
    def price(self) -> Decimal:
        """What the order is expected to meet."""
        return self.situation.price if self.request.price is None else self.request.price

    @property
    def notional(self) -> Decimal:
        """Quote asset."""
        return self.request.quantity * self.price

    @property
    def outcomes(self) -> tuple[Decimal, Decimal]:
        """Signed quantity held once the order is filled: alone, and with those that rest."""
        alone = self.situation.position + self.request.side.sign * self.request.quantity
        return alone, alone + self.request.side.sign * self.situation.working

    @property
    def largest(self) -> Decimal:
        """Unsigned quantity held at most."""
        return max(map(abs, self.outcomes))


Rule = Callable[[Case], str | None]
"""Why an order may not pass, or None."""


def client_id_problem(client_id: str) -> str | None:
    """Why a venue would refuse an id, or None.

    Examples
    --------
    >>> client_id_problem("xq-1"), client_id_problem("")
    (None, "client id '' is not 1 to 36 of [.A-Z:/a-z0-9_-]")
    """
    if isinstance(client_id, str) and _CLIENT_ID.fullmatch(client_id):
        return None
    return f"client id {client_id!r} is not 1 to 36 of [.A-Z:/a-z0-9_-]"


def cancel_problem(client_id: str) -> str | None:
    """Why no cancel can name an order so, or None; one without a name has the venue's number.

    Examples
    --------
    >>> cancel_problem("number:e6b2-77"), cancel_problem("xq-1"), cancel_problem("number:")
    (None, None, "'number:' has no venue's number")
    """
    number = number_in(client_id) if isinstance(client_id, str) else None
    if number is None:
        return client_id_problem(client_id)
    return None if _VENUE_ID.fullmatch(number) else f"{client_id!r} has no venue's number"


def well_formed(case: Case) -> str | None:
    """Id, quantity, prices and lot are what they must be, and the rules are the symbol's."""
    request, situation = case.request, case.situation
    problem = client_id_problem(request.client_id)
    if problem:
        return problem
    if not is_number(request.quantity) or request.quantity <= 0:
        return f"quantity must be a positive number, found {request.quantity}"
    for name, price in (("limit", request.price), ("stop", request.stop_price)):
        if price is not None and (not is_number(price) or price <= 0):
            return f"{name} price must be a positive number, found {price}"
    if situation.instrument.symbol != request.symbol:
        return f"rules of {situation.instrument.symbol} cannot judge an order of {request.symbol}"
    if not is_number(situation.instrument.lot) or situation.instrument.lot <= 0:
        return f"lot must be a positive number, found {situation.instrument.lot}"
    if request.quantity / situation.instrument.lot >= _MOST_LOTS:
        return f"quantity {request.quantity} is more lots than can be counted"
    if request.quantity % situation.instrument.lot:
        return f"quantity {request.quantity} is no multiple of the lot {situation.instrument.lot}"
    return None


def unique(case: Case) -> str | None:
    """The journal holds no order of that id."""
    if case.situation.journalled:
        return f"an order with client id {case.request.client_id} is already in the journal"
    return None


def is_reducing(request: OrderRequest, position: Decimal, working: Decimal = Decimal(0)) -> bool:
    """Whether the order can only bring a known position closer to zero.

    Parameters
    ----------
    working
        Quantity of resting orders of the same side that are not reduce-only: together with them the
        order must not reach beyond flat, unless it is reduce-only itself.

    Examples
    --------
    >>> from xq.types import OrderType, Side, Symbol
    >>> sell = OrderRequest(Symbol("BTC", "USDT"), Side.SELL, OrderType.MARKET, Decimal(2), "a")
    >>> is_reducing(sell, Decimal(2)), is_reducing(sell, Decimal(1)), is_reducing(sell, Decimal(0))
    (True, False, False)
    >>> is_reducing(sell, Decimal(2), working=Decimal(1))
    False
    """
    if not (is_number(position) and is_number(request.quantity)):
        return False
    if not request.reduce_only and not (is_number(working) and working >= 0):
        return False
    reach = request.quantity if request.reduce_only else request.quantity + working
    return request.side.sign * position < 0 and reach <= abs(position)
