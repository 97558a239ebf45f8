"""What a venue's answer to an order or a cancel proves. Pure: bytes in, verdict out.

The judgement is made on what came over the wire and on nothing else; exception classes of client
libraries vary with the URL and say too little.

- ACCEPTED needs the venue's id and an echo of our client id (and quantity).
- REJECTED needs a code that is proven never to leave an order behind.
- NOT_SENT needs a connection that failed before the first byte of the request.
- Everything else is UNKNOWN, and so is every code that will be invented tomorrow.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from xq.redact import clean
from xq.types import OrderRequest, OutcomeKind
from xq.venue_types import number_in


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer that arrived whole; header names in lower case."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """No whole answer. ``sent`` is False only when the connection was never made."""

    sent: bool
    reason: str


Wire = Reply | Failure


@dataclass(frozen=True, slots=True)
class Rules:
    """What one venue's answers look like.

    Attributes
    ----------
    rejected
        Error codes after which no order exists.
    rejected_messages
        For codes that cover several cases: the messages that prove a refusal.
    rejected_statuses
        HTTP statuses sent in front of the matching engine.
    quantity
        Where an answer echoes the quantity; empty if it does not.
    payload
        Name under which what is answered stands; empty if it is the whole answer.
    success
        Codes of good answers, where every answer carries one whatever its HTTP status.
    """

    rejected: frozenset[str]
    rejected_messages: Mapping[str, frozenset[str]]
    rejected_statuses: frozenset[int]
    venue_id: tuple[str, ...]
    client_id: tuple[str, ...]
    cancelled_client_id: tuple[str, ...]
    quantity: tuple[str, ...]
    code: str
    message: str
    payload: str = ""
    success: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The class of an answer, with the venue's code and the reason in words."""

    kind: OutcomeKind
    code: str | None = None
    reason: str = ""


def order_verdict(rules: Rules, wire: Wire | None, request: OrderRequest) -> Verdict:
    """Judge the answer to one order.

    Parameters
    ----------
    wire
        What happened to the one request that was made; None if none was made.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from xq.types import OrderType, Side, Symbol
    >>> request = OrderRequest(
    ...     Symbol("BTC", "USDT"), Side.BUY, OrderType.MARKET, Decimal("0.5"), "a1")
    >>> body = '{"orderId": 7, "clientOrderId": "a1", "origQty": "0.50"}'
    >>> from xq.venues.codes import BINANCE
    >>> order_verdict(BINANCE, Reply(200, body), request).kind.value
    'accepted'
    >>> order_verdict(BINANCE, Reply(200, "<html>"), request).kind.value
    'unknown'
    """
    decided = _without_answer(wire) or _refusal(rules, wire)
    if decided:
        return decided
    payload = answered(rules, wire)
    if payload is None or not _first(payload, rules.venue_id):
        return _unknown("the answer carries no order id")
    if _first(payload, rules.client_id) != request.client_id:
        return _unknown("the answer does not echo the client order id")
    if rules.quantity and not _echoes_quantity(payload, rules, request):
        return _unknown("the answer does not echo the quantity")
    return Verdict(OutcomeKind.ACCEPTED)


def _echoes_quantity(payload: Mapping[str, Any], rules: Rules, request: OrderRequest) -> bool:
    if request.close_position:
        return payload.get("closePosition") is True
    return _number(_first(payload, rules.quantity)) == request.quantity


def cancel_verdict(rules: Rules, wire: Wire | None, client_id: str) -> Verdict:
    """Judge the answer to one cancel; "unknown order" proves nothing, it may have been filled."""
    decided = _without_answer(wire) or _refusal(rules, wire)
    if decided:
        return decided
    payload = answered(rules, wire)
    if payload is None or not _first(payload, rules.venue_id):
        return _unknown("the answer carries no order id")
    number = number_in(client_id)
    echo = rules.cancelled_client_id if number is None else rules.venue_id
    if _first(payload, echo) != (client_id if number is None else number):
        return _unknown("the answer does not echo the order's id")
    return Verdict(OutcomeKind.ACCEPTED)


def answered(rules: Rules, wire: Wire | None) -> Mapping[str, Any] | None:
    """What an answer says, out of its envelope; None if it is no such object."""
    payload = _object(wire)
    if payload is None or not rules.payload:
        return payload
    inner = payload.get(rules.payload)
    return inner if isinstance(inner, dict) else None


def error_code(rules: Rules, reply: Reply) -> tuple[str | None, str]:
    """The venue's error code and message in an answer, if it is one of its error objects."""
    payload = _object(reply)
    if payload is None:
        return None, ""
    code = payload.get(rules.code)
    message = payload.get(rules.message)
    known = isinstance(code, int | str) and not isinstance(code, bool)
    return (str(code) if known else None), clean(message) if isinstance(message, str) else ""


def _without_answer(wire: Wire | None) -> Verdict | None:
    if wire is None:
        return Verdict(OutcomeKind.NOT_SENT, reason="no request was made")
    if isinstance(wire, Failure):
        kind = OutcomeKind.UNKNOWN if wire.sent else OutcomeKind.NOT_SENT
        return Verdict(kind, reason=wire.reason)
    return None


def _refusal(rules: Rules, wire: Wire | None) -> Verdict | None:
    if not isinstance(wire, Reply):
        return None
    code, message = error_code(rules, wire)
    if wire.status < 300 and (not rules.success or code is None or code in rules.success):
        return None
    if wire.status in rules.rejected_statuses:
        return Verdict(OutcomeKind.REJECTED, code or str(wire.status), message or "slow down")
    if code in rules.rejected or message in rules.rejected_messages.get(code or "", ()):
        return Verdict(OutcomeKind.REJECTED, code, message)
    reason = message or f"HTTP status {wire.status}"
    return Verdict(OutcomeKind.UNKNOWN, code, reason)


def _unknown(reason: str) -> Verdict:
    return Verdict(OutcomeKind.UNKNOWN, reason=reason)


def _object(wire: Wire | None) -> Mapping[str, Any] | None:
    if not isinstance(wire, Reply):
        return None
    try:
        payload = json.loads(wire.body)
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


def _first(payload: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((payload[name] for name in names if payload.get(name) is not None), None)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
