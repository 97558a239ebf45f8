"""What faults see of requests and messages, also of those that are nonsense."""

import pytest

from xq.sim.accounts import by_key
from xq.sim.wire.auth import Message
from xq.sim.wire.faults.calls import call_of, frame_of

LOGINS = by_key(["main", "alice"])


def test_bybit_signs_with_headers_and_sends_json():
    body = '{"category":"linear","symbol":"BTCUSDT","qty":"0.01","reduceOnly":true}'
    message = Message(
        "POST", "/v5/order/create", "", body, None, headers={"x-bapi-api-key": "alice"}
    )
    call = call_of(message, LOGINS)
    assert (call.owner, set(call.symbols)) == ("alice", {"BTCUSDT"})
    assert call.params["reduceOnly"] == "true"
    batch = '{"request":[{"symbol":"ETHUSDT"},{"symbol":"BTCUSDT"},5]}'
    call = call_of(Message("POST", "/v5/order/create-batch", "", batch, None), LOGINS)
    assert (call.owner, set(call.symbols)) == ("", {"ETHUSDT", "BTCUSDT"})


@pytest.mark.parametrize(
    ("query", "body"),
    [("%FF=%FE", ""), ("symbol=A&symbol=B", ""), ("", "{"), ("", "{]"), ("batchOrders=[", ""),
     ("batchOrders=5", ""), ("batchOrders=[{\"symbol\":5}]", ""), ("", "[1]")],
)  # fmt: skip
def test_nonsense_names_no_market(query, body):
    assert call_of(Message("POST", "/x", query, body, "nobody"), LOGINS).symbols == frozenset()


@pytest.mark.parametrize(
    ("frame", "event", "symbol"),
    [
        (b'{"e":"ORDER_TRADE_UPDATE","o":{"s":"BTCUSDT"}}', "ORDER_TRADE_UPDATE", "BTCUSDT"),
        (b'{"subscriptionId":0,"event":{"e":"executionReport","s":"X"}}', "executionReport", "X"),
        (b'{"e":"executionReport","s":"X","o":"LIMIT"}', "executionReport", "X"),
        (b'{"stream":"x","data":{"lastUpdateId":5,"bids":[]}}', "partialDepth", ""),
        (b'{"id":1,"result":{"lastUpdateId":5}}', "answer", ""),
        (b'{"result":null,"id":1}', "answer", ""),
        (b'{"topic":"orderbook.50.BTCUSDT","data":{}}', "orderbook.50.BTCUSDT", "BTCUSDT"),
        (b'{"op":"pong"}', "answer", ""),
        (b'[{"e":"24hrTicker","s":"X"}]', "24hrTicker", ""),
        (b'{"stream":"!ticker@arr","data":[{"e":"24hrTicker"}]}', "24hrTicker", ""),
        (b"[]", "", ""),
    ],
)
def test_messages(frame, event, symbol):
    found = frame_of(frame, "/ws", frozenset({"main"}))
    assert (found.event, found.symbol, found.owners) == (event, symbol, {"main"})
