"""Orders through real ccxt against a server that answers badly: what is proven, and sent once."""

import json
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from support.tiny_binance import TinyBinance
from support.wire_server import HANG, RESET, Request, WireServer, answer, closed_port

from xq.clock import ManualClock
from xq.types import OrderRequest, OrderStatus, OrderType, OutcomeKind, Side, Symbol, TimeInForce
from xq.venues.ccxt_trading import CcxtTrading
from xq.venues.clients import Access
from xq.venues.registry import profile

BTC = Symbol("BTC", "USDT")
REQUEST = OrderRequest(
    BTC, Side.BUY, OrderType.LIMIT, Decimal("0.02"), "xq-1", Decimal("100.5"), None, TimeInForce.GTC
)
FILLED = {
    "symbol": "BTCUSDT",
    "orderId": 28,
    "clientOrderId": "xq-1",
    "transactTime": 1507725176595,
    "price": "100.50000000",
    "origQty": "0.02000000",
    "executedQty": "0.02000000",
    "cummulativeQuoteQty": "2.00000000",
    "status": "FILLED",
    "timeInForce": "GTC",
    "type": "LIMIT",
    "side": "BUY",
    "fills": [],
}


class Orders(TinyBinance):
    """Adds one answer to every order and cancel, and books every order it receives."""

    def __init__(self, reply: bytes) -> None:
        super().__init__(0, [])
        self.reply = reply
        self.received: list[dict[str, str]] = []

    def __call__(self, request: Request) -> bytes:
        url = urlsplit(request.path)
        if url.path != "/api/v3/order":
            return super().__call__(request)
        text = f"{url.query}&{request.body}"
        self.received.append({name: values[0] for name, values in parse_qs(text).items()})
        return self.reply


def trading_at(url: str) -> CcxtTrading:
    access = Access(timeout=3, keys=("sim", "sim"), loopback_only=True)
    return CcxtTrading(profile("sim", url), ManualClock(0), access)


@pytest.fixture
def orders() -> Orders:
    return Orders(answer(200, json.dumps(FILLED)))


@pytest.fixture
def venue(orders: Orders) -> Iterator[CcxtTrading]:
    with WireServer(orders) as server:
        made = trading_at(server.url)
        yield made
        made.close()


def test_an_echoed_order_is_accepted(venue: CcxtTrading, orders: Orders) -> None:
    outcome = venue.place(REQUEST)
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert outcome.order is not None
    assert (outcome.order.venue_id, outcome.order.client_id) == ("28", "xq-1")
    assert (outcome.order.status, outcome.order.filled) == (OrderStatus.FILLED, Decimal("0.02"))
    assert outcome.order.average_price == Decimal(100)
    [sent] = orders.received
    assert (sent["quantity"], sent["price"], sent["newClientOrderId"]) == ("0.02", "100.5", "xq-1")
    assert (sent["side"], sent["type"], sent["timeInForce"]) == ("BUY", "LIMIT", "GTC")


UNKNOWN = [
    ("hang", HANG),
    ("reset", RESET),
    ("truncated", answer(200, json.dumps(FILLED)[:40], length=400)),
    ("cut json", answer(200, json.dumps(FILLED)[:40])),
    ("empty", answer(200, "")),
    ("object", answer(200, "{}")),
    ("html", answer(200, "<html>ok</html>")),
    ("other id", answer(200, json.dumps(FILLED | {"clientOrderId": "xq-2"}))),
    ("other quantity", answer(200, json.dumps(FILLED | {"origQty": "0.01"}))),
    ("no order id", answer(200, json.dumps(FILLED | {"orderId": None}))),
    ("odd status", answer(200, json.dumps(FILLED | {"status": "WHO_KNOWS"}))),
    ("odd side", answer(200, json.dumps(FILLED | {"side": "SIDEWAYS"}))),
    ("redirect", answer(307, "", "Location: http://127.0.0.1:1/")),
    ("bad gateway", answer(502, "<html>")),
    ("timeout", answer(408, '{"code":-1007,"msg":"Timeout waiting for response."}')),
    ("unknown error", answer(503, '{"code":-1000,"msg":"Unknown error"}')),
    ("duplicate", answer(400, '{"code":-2010,"msg":"Duplicate order sent."}')),
    ("duplicate futures", answer(400, '{"code":-4116,"msg":"ClientOrderId is duplicated."}')),
    ("code of tomorrow", answer(400, '{"code":-7777,"msg":"?"}')),
]


@pytest.mark.parametrize("reply", [r for _, r in UNKNOWN], ids=[name for name, _ in UNKNOWN])
def test_an_answer_that_proves_nothing_is_unknown_and_sent_once(
    venue: CcxtTrading, orders: Orders, reply: bytes
) -> None:
    orders.reply = reply
    outcome = venue.place(REQUEST)
    assert (outcome.kind, outcome.order) == (OutcomeKind.UNKNOWN, None)
    assert outcome.reason
    assert len(orders.received) == 1


REJECTED = [
    ("balance", answer(400, '{"code":-2019,"msg":"Margin is insufficient."}')),
    ("filter", answer(400, '{"code":-1013,"msg":"Filter failure: LOT_SIZE"}')),
    ("clock", answer(400, '{"code":-1021,"msg":"Timestamp"}')),
    ("key", answer(401, '{"code":-2015,"msg":"Invalid API-key"}')),
    ("slow down", answer(429, "")),
    ("banned", answer(418, "")),
]  # fmt: skip


@pytest.mark.parametrize("reply", [r for _, r in REJECTED], ids=[name for name, _ in REJECTED])
def test_a_listed_code_is_a_rejection(venue: CcxtTrading, orders: Orders, reply: bytes) -> None:
    orders.reply = reply
    outcome = venue.place(REQUEST)
    assert outcome.kind is OutcomeKind.REJECTED
    assert outcome.code is not None
    assert len(orders.received) == 1


def test_a_closed_port_before_the_symbols_is_not_sent() -> None:
    outcome = trading_at(f"http://127.0.0.1:{closed_port()}").place(REQUEST)
    assert outcome.kind is OutcomeKind.NOT_SENT


def test_a_port_that_closes_before_the_order_is_not_sent(orders: Orders) -> None:
    with WireServer(orders) as server:
        venue = trading_at(server.url)
        assert venue.place(REQUEST).kind is OutcomeKind.ACCEPTED
    outcome = venue.place(REQUEST)
    assert (outcome.kind, outcome.reason) == (OutcomeKind.NOT_SENT, "connection refused")
    venue.close()


@pytest.mark.parametrize(
    ("quantity", "symbol", "kind"),
    [
        ("0.020000001", BTC, OrderType.LIMIT),
        ("0.02", Symbol("NOPE", "USDT"), OrderType.LIMIT),
        ("0.02", BTC, OrderType.STOP_MARKET),
        ("0.02", BTC, OrderType.TRAILING_STOP_MARKET),
    ],
)
def test_what_cannot_be_right_is_not_sent(
    venue: CcxtTrading, orders: Orders, quantity: str, symbol: Symbol, kind: OrderType
) -> None:
    request = OrderRequest(symbol, Side.BUY, kind, Decimal(quantity), "xq-1", Decimal(100))
    outcome = venue.place(request)
    assert outcome.kind is OutcomeKind.NOT_SENT
    assert outcome.reason
    assert orders.received == []


def test_a_market_order_carries_a_quantity_only(venue: CcxtTrading, orders: Orders) -> None:
    venue.place(OrderRequest(BTC, Side.SELL, OrderType.MARKET, Decimal("0.02"), "xq-1"))
    [sent] = orders.received
    assert (sent["type"], sent["side"], sent["quantity"]) == ("MARKET", "SELL", "0.02")
    assert not {"price", "quoteOrderQty", "timeInForce"} & sent.keys()


CANCELLED = {"symbol": "BTCUSDT", "origClientOrderId": "xq-1", "orderId": 28, "clientOrderId": "c",
             "price": "100.5", "origQty": "0.02", "executedQty": "0", "status": "CANCELED",
             "type": "LIMIT", "side": "BUY", "timeInForce": "GTC"}  # fmt: skip


def test_an_echoed_cancel_is_accepted(venue: CcxtTrading, orders: Orders) -> None:
    orders.reply = answer(200, json.dumps(CANCELLED))
    outcome = venue.cancel(BTC, "xq-1")
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert outcome.order is not None
    assert (outcome.order.status, outcome.order.client_id) == (OrderStatus.CANCELED, "xq-1")
    assert orders.received[0]["origClientOrderId"] == "xq-1"


@pytest.mark.parametrize(
    "reply",
    [answer(400, '{"code":-2011,"msg":"Unknown order sent."}'), RESET, HANG, answer(200, "")],
    ids=["unknown order", "reset", "hang", "empty"],
)
def test_a_cancel_that_proves_nothing_is_unknown(
    venue: CcxtTrading, orders: Orders, reply: bytes
) -> None:
    orders.reply = reply
    assert venue.cancel(BTC, "xq-1").kind is OutcomeKind.UNKNOWN
    assert len(orders.received) == 1


def test_only_the_right_code_means_no_such_order(venue: CcxtTrading, orders: Orders) -> None:
    orders.reply = answer(400, '{"code":-2013,"msg":"Order does not exist."}')
    assert venue.order_by_client_id(BTC, "xq-1") is None


def test_a_question_that_was_not_asked_is_no_missing_order(
    venue: CcxtTrading, orders: Orders
) -> None:
    from xq.errors import VenueRefused

    orders.reply = answer(400, '{"code":-2013,"msg":"Order does not exist."}')
    assert venue.order_by_client_id(BTC, "xq-1") is None
    pace = venue._faces[False].pace
    assert pace is not None
    pace.ban(60)
    with pytest.raises(VenueRefused, match="banned"):
        venue.order_by_client_id(BTC, "xq-1")


@pytest.mark.parametrize(
    "reply",
    [
        answer(400, '{"code":-1121,"msg":"Invalid symbol."}'),
        answer(404, ""),
        answer(200, "{}"),
        answer(200, json.dumps(FILLED | {"clientOrderId": "xq-2"})),
    ],
)
def test_an_odd_answer_is_not_a_missing_order(
    venue: CcxtTrading, orders: Orders, reply: bytes
) -> None:
    from xq.errors import VenueError

    orders.reply = reply
    with pytest.raises(VenueError):
        venue.order_by_client_id(BTC, "xq-1")
