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

from xq.types import OrderRequest, OutcomeKind


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


@dataclass(frozen=True, slots=True)
class Verdict:
    """The class of an answer, with the venue's code and the reason in words."""

    kind: OutcomeKind
    code: str | None = None
    reason: str = ""


def _codes(*spans: tuple[int, int]) -> frozenset[str]:
    return frozenset(str(code) for low, high in spans for code in range(low, high + 1))


# Sources: Binance spot and USDⓈ-M "Error Codes" and "General Info" pages. Left out on purpose:
# -1000 -1001 -1006 -1007 (may have executed), -4116 and -2010 "Duplicate order sent." (an earlier
# try of ours may be the live one), -2011 and -2013 (unknown order: it may have been filled).
BINANCE = Rules(
    rejected=_codes(
        (-1003, -1002),  # too many requests, unauthorized
        (-1008, -1008),  # overloaded, not processed
        (-1016, -1013),  # filter failure, bad composition, too many orders, service gone
        (-1022, -1021),  # timestamp outside recvWindow, bad signature
        (-1136, -1100),  # malformed parameters
        (-2019, -2018),  # balance, margin insufficient
        (-2015, -2014),  # API key
        (-2022, -2021),  # would trigger at once, reduce-only refused
        (-2028, -2024),  # position, open orders, leverage limits
        (-4016, -4001),  # quantity, price, client id length, price limits
        (-4024, -4023),  # step size, price limits
        (-4061, -4061),  # position side
        (-4120, -4120),  # conditional order sent to the plain book
        (-4131, -4131),  # no price on the other side
        (-4164, -4164),  # below minimum notional
        (-4400, -4400),  # quantitative rules: reduce only
        (-5022, -5021),  # FOK, post-only not possible
        (-5028, -5028),  # outside the matching engine's recvWindow
    ),
    rejected_messages={
        "-2010": frozenset(
            {
                "Account has insufficient balance for requested action.",
                "Market is closed.",
                "Order would immediately match and take.",
                "Order would trigger immediately.",
                "Stop price would trigger immediately.",
                "This symbol is not permitted for this account.",
            }
        )
    },
    rejected_statuses=frozenset({418, 429}),
    venue_id=("orderId", "algoId"),
    client_id=("clientOrderId", "clientAlgoId"),
    cancelled_client_id=("origClientOrderId", "clientOrderId", "clientAlgoId"),
    quantity=("origQty", "quantity"),
    code="code",
    message="msg",
)


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
    >>> order_verdict(BINANCE, Reply(200, body), request).kind.value
    'accepted'
    >>> order_verdict(BINANCE, Reply(200, "<html>"), request).kind.value
    'unknown'
    """
    decided = _without_answer(wire) or _refusal(rules, wire)
    if decided:
        return decided
    payload = _object(wire)
    if payload is None or _first(payload, rules.venue_id) is None:
        return _unknown("the answer carries no order id")
    if _first(payload, rules.client_id) != request.client_id:
        return _unknown("the answer does not echo the client order id")
    if _number(_first(payload, rules.quantity)) != request.quantity:
        return _unknown("the answer does not echo the quantity")
    return Verdict(OutcomeKind.ACCEPTED)


def cancel_verdict(rules: Rules, wire: Wire | None, client_id: str) -> Verdict:
    """Judge the answer to one cancel; "unknown order" proves nothing, it may have been filled."""
    decided = _without_answer(wire) or _refusal(rules, wire)
    if decided:
        return decided
    payload = _object(wire)
    if payload is None or _first(payload, rules.venue_id) is None:
        return _unknown("the answer carries no order id")
    if _first(payload, rules.cancelled_client_id) != client_id:
        return _unknown("the answer does not echo the client order id")
    return Verdict(OutcomeKind.ACCEPTED)


def error_code(rules: Rules, reply: Reply) -> tuple[str | None, str]:
    """The venue's error code and message in an answer, if it is one of its error objects."""
    payload = _object(reply)
    if payload is None:
        return None, ""
    code = payload.get(rules.code)
    message = payload.get(rules.message)
    known = isinstance(code, int | str) and not isinstance(code, bool)
    return (str(code) if known else None), message if isinstance(message, str) else ""


def _without_answer(wire: Wire | None) -> Verdict | None:
    if wire is None:
        return Verdict(OutcomeKind.NOT_SENT, reason="no request was made")
    if isinstance(wire, Failure):
        kind = OutcomeKind.UNKNOWN if wire.sent else OutcomeKind.NOT_SENT
        return Verdict(kind, reason=wire.reason)
    return None


def _refusal(rules: Rules, wire: Wire | None) -> Verdict | None:
    if not isinstance(wire, Reply) or wire.status < 300:
        return None
    code, message = error_code(rules, wire)
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
