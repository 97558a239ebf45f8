"""The gate before every order: the only maker of `Approved`, which is all that can be sent."""

from dataclasses import InitVar, dataclass, field
from typing import NoReturn, final

from xq.errors import OrderRefused, XqError
from xq.risk.case import Case, Rule, cancel_problem, is_reducing, unique, well_formed
from xq.risk.entry_rules import ENTRY_RULES, HINTS
from xq.risk.limits import Limits, Situation
from xq.types import Order, OrderRequest, Symbol

_SEAL = object()
_ALWAYS: tuple[Rule, ...] = (well_formed, unique)


@dataclass(frozen=True, slots=True)
class _GateProof:
    """The seal, and what it was put on."""

    seal: object
    sealed: tuple[object, ...]


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
    _gate_proof: _GateProof = field(init=False, repr=False, compare=False)

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only xq.risk.gate.check makes an Approved")
        object.__setattr__(self, "_gate_proof", _GateProof(seal, (self.request, self.reducing)))

    def __reduce__(self) -> NoReturn:
        raise TypeError("an Approved can be neither copied nor stored")


@final
@dataclass(frozen=True, slots=True)
class ApprovedCancel:
    """Leave to cancel one order; cancels are never blocked, but they too pass here."""

    symbol: Symbol
    client_id: str
    seal: InitVar[object] = field(kw_only=True)
    _gate_proof: _GateProof = field(init=False, repr=False, compare=False)

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only xq.risk.gate.check_cancel makes an ApprovedCancel")
        object.__setattr__(self, "_gate_proof", _GateProof(seal, (self.symbol, self.client_id)))

    def __reduce__(self) -> NoReturn:
        raise TypeError("an ApprovedCancel can be neither copied nor stored")


@final
@dataclass(frozen=True, slots=True)
class ApprovedReplace:
    """Leave to change a resting order in place, into ``request``, which has its client id."""

    order: Order
    request: OrderRequest
    seal: InitVar[object] = field(kw_only=True)
    _gate_proof: _GateProof = field(init=False, repr=False, compare=False)

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only xq.risk.gate.check_replace makes an ApprovedReplace")
        object.__setattr__(self, "_gate_proof", _GateProof(seal, (self.order, self.request)))

    def __reduce__(self) -> NoReturn:
        raise TypeError("an ApprovedReplace can be neither copied nor stored")


def check(request: OrderRequest, situation: Situation, limits: Limits) -> Approved:
    """Let an order pass, or say why not.

    Orders that only reduce a position meet the checks that keep them well formed and unique,
    never the limits on entries.

    Raises
    ------
    OrderRefused
        For the first limit that does not hold, or when an input is missing or not a number.
    """
    case = Case(request, situation, limits)
    reducing = is_reducing(request, situation.position, situation.working)
    for rule in _ALWAYS if reducing else _ALWAYS + ENTRY_RULES:
        reason = rule(case)
        if reason:
            raise OrderRefused(
                reason,
                where=f"{request.side} {request.quantity} {request.symbol}",
                hint=HINTS.get(rule),
            )
    return Approved(request, reducing, seal=_SEAL)


def check_cancel(symbol: Symbol, client_id: str) -> ApprovedCancel:
    """Let a cancel pass."""
    problem = cancel_problem(client_id)
    if problem:
        raise OrderRefused(problem)
    return ApprovedCancel(symbol, client_id, seal=_SEAL)


def check_replace(
    order: Order, request: OrderRequest, situation: Situation, limits: Limits
) -> ApprovedReplace:
    """Let a resting order become another one, judged as a new order would be.

    Parameters
    ----------
    request
        What it is to be: its client id, symbol, side and type stay.
    situation
        As if the order were not there: it is neither journalled nor working.

    Raises
    ------
    OrderRefused
        As `check`; or if it would not stay the same order.
    """
    same = (order.client_id, order.symbol, order.side, order.type, order.reduce_only)
    if same != (
        request.client_id, request.symbol, request.side, request.type, request.reduce_only
    ):  # fmt: skip
        raise OrderRefused(f"only price and quantity of order {order.client_id} can change")
    check(request, situation, limits)
    return ApprovedReplace(order, request, seal=_SEAL)


def replace_of(approved: ApprovedReplace) -> tuple[Order, OrderRequest]:
    """The order that may be changed, and into what; see `request_of`."""
    _verify(approved, ApprovedReplace, ("order", "request"))
    return approved.order, approved.request


def request_of(approved: Approved) -> OrderRequest:
    """The order that the gate let pass; the door sends nothing else.

    Raises
    ------
    XqError
        If this gate never made the approval, or made it of something else.
    """
    _verify(approved, Approved, ("request", "reducing"))
    return approved.request


def cancel_of(approved: ApprovedCancel) -> tuple[Symbol, str]:
    """Symbol and client id of the order that may be canceled; see `request_of`."""
    _verify(approved, ApprovedCancel, ("symbol", "client_id"))
    return approved.symbol, approved.client_id


def _verify(approved: object, kind: type, names: tuple[str, str]) -> None:
    proof = getattr(approved, "_gate_proof", None)
    if type(approved) is kind and isinstance(proof, _GateProof) and proof.seal is _SEAL:
        now = tuple(getattr(approved, name) for name in names)
        if all(new is old for new, old in zip(now, proof.sealed, strict=True)):
            return
    raise XqError(f"this is no {kind.__name__} that the gate made, found {type(approved).__name__}")
