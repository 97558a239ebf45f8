"""The verdict on every answer a venue may give, from bytes alone."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xq.types import OrderRequest, OrderType, OutcomeKind, Side, Symbol
from xq.venues.codes import BINANCE, BYBIT
from xq.venues.outcomes import Failure, Reply, cancel_verdict, order_verdict

REQUEST = OrderRequest(
    Symbol("BTC", "USDT"), Side.BUY, OrderType.LIMIT, Decimal("0.02"), "xq-1", Decimal(100)
)
GOOD = '{"orderId": 5, "clientOrderId": "xq-1", "origQty": "0.02000000", "status": "NEW"}'
ALGO = '{"algoId": 5, "clientAlgoId": "xq-1", "quantity": "0.02"}'


def error(code: int, message: str = "m") -> str:
    return f'{{"code": {code}, "msg": "{message}"}}'


ORDERS = [
    (None, "not_sent"),
    (Failure(sent=False, reason="connection refused"), "not_sent"),
    (Failure(sent=True, reason="connection reset"), "unknown"),
    (Reply(200, GOOD), "accepted"),
    (Reply(200, ALGO), "accepted"),
    (Reply(200, GOOD.replace("xq-1", "xq-2")), "unknown"),
    (Reply(200, GOOD.replace("0.02000000", "0.01")), "unknown"),
    (Reply(200, GOOD.replace("5", "null")), "unknown"),
    (Reply(200, GOOD.replace('"0.02000000"', '"sNaN"')), "unknown"),
    (Reply(200, GOOD[:-9]), "unknown"),
    (Reply(200, ""), "unknown"),
    (Reply(200, "{}"), "unknown"),
    (Reply(200, "[]"), "unknown"),
    (Reply(200, "null"), "unknown"),
    (Reply(200, "<html>ok</html>"), "unknown"),
    (Reply(200, "[" * 100_000), "unknown"),
    (Reply(200, error(-2019)), "unknown"),
    (Reply(302, ""), "unknown"),
    (Reply(400, error(-2019, "Margin is insufficient.")), "rejected"),
    (Reply(400, error(-1013, "Filter failure: LOT_SIZE")), "rejected"),
    (Reply(400, error(-1021)), "rejected"),
    (Reply(400, error(-1111)), "rejected"),
    (Reply(401, error(-2015)), "rejected"),
    (Reply(400, error(-5022)), "rejected"),
    (Reply(503, error(-1008)), "rejected"),
    (Reply(429, ""), "rejected"),
    (Reply(429, error(-1003)), "rejected"),
    (Reply(418, error(-1003)), "rejected"),
    (Reply(400, error(-4116, "Client order id is duplicated.")), "unknown"),
    (Reply(400, error(-2010, "Duplicate order sent.")), "unknown"),
    (Reply(400, error(-2010, "A message of tomorrow.")), "unknown"),
    (
        Reply(400, error(-2010, "Account has insufficient balance for requested action.")),
        "rejected",
    ),
    (Reply(400, error(-9999)), "unknown"),
    (Reply(400, '{"code": true, "msg": ""}'), "unknown"),
    (Reply(408, error(-1007)), "unknown"),
    (Reply(500, error(-1000)), "unknown"),
    (Reply(503, error(-1001)), "unknown"),
    (Reply(503, error(-1006)), "unknown"),
    (Reply(503, "Service Unavailable."), "unknown"),
    (
        Reply(503, '{"msg": "Unknown error, please check your request or try again later."}'),
        "unknown",
    ),
    (Reply(502, "<html>"), "unknown"),
    (Reply(504, ""), "unknown"),
    (Reply(403, "<html>"), "unknown"),
]


@pytest.mark.parametrize(("wire", "kind"), ORDERS, ids=lambda value: str(value)[:60])
def test_answer_to_an_order(wire: Reply | Failure | None, kind: str) -> None:
    assert order_verdict(BINANCE, wire, REQUEST).kind.value == kind


CANCELS = [
    (None, "not_sent"),
    (Failure(sent=False, reason=""), "not_sent"),
    (Failure(sent=True, reason=""), "unknown"),
    (Reply(200, '{"orderId": 5, "origClientOrderId": "xq-1", "clientOrderId": "z"}'), "accepted"),
    (Reply(200, '{"orderId": 5, "clientOrderId": "xq-1"}'), "accepted"),
    (Reply(200, '{"orderId": 5, "clientOrderId": "other"}'), "unknown"),
    (Reply(200, '{"clientOrderId": "xq-1"}'), "unknown"),
    (Reply(200, ""), "unknown"),
    (Reply(400, error(-2011, "Unknown order sent.")), "unknown"),
    (Reply(400, error(-1102)), "rejected"),
    (Reply(429, ""), "rejected"),
    (Reply(504, ""), "unknown"),
]


@pytest.mark.parametrize(("wire", "kind"), CANCELS, ids=lambda value: str(value)[:60])
def test_answer_to_a_cancel(wire: Reply | Failure | None, kind: str) -> None:
    assert cancel_verdict(BINANCE, wire, "xq-1").kind.value == kind


@pytest.mark.parametrize(("number", "kind"), [("77-e", "accepted"), ("78-e", "unknown")])
def test_a_cancel_by_number_is_judged_by_the_number(number: str, kind: str) -> None:
    body = '{"retCode": 0, "retMsg": "OK", "result": {"orderId": "77-e", "orderLinkId": ""}}'
    assert cancel_verdict(BYBIT, Reply(200, body), f"number:{number}").kind.value == kind


def test_the_code_and_reason_are_kept() -> None:
    verdict = order_verdict(BINANCE, Reply(400, error(-2019, "Margin is insufficient.")), REQUEST)
    assert (verdict.code, verdict.reason) == ("-2019", "Margin is insufficient.")


@given(status=st.integers(100, 599), body=st.text(max_size=200))
def test_noise_is_never_accepted_nor_not_sent(status: int, body: str) -> None:
    kind = order_verdict(BINANCE, Reply(status, body), REQUEST).kind
    assert kind in (OutcomeKind.UNKNOWN, OutcomeKind.REJECTED)
    assert kind is OutcomeKind.UNKNOWN or status in (418, 429)


@given(code=st.integers(-99_999, 99_999), status=st.sampled_from([400, 401, 408, 500, 503]))
def test_only_listed_codes_are_rejections(code: int, status: int) -> None:
    kind = order_verdict(BINANCE, Reply(status, error(code)), REQUEST).kind
    assert (kind is OutcomeKind.REJECTED) == (str(code) in BINANCE.rejected)
