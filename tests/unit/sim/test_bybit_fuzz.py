"""Whatever is asked of the Bybit face, it answers in its own words; a refusal changes nothing."""

import json
import random
from urllib.parse import urlencode

import pytest

from xq.clock import ManualClock
from xq.sim.wire.auth import Message, sign
from xq.sim.wire.bybit.face import PRIVATE, PUBLIC, BybitFace
from xq.sim.wire.opening import open_venue

NOW = 1_800_000_000_000
NAMES = (
    *("category", "symbol", "side", "orderType", "qty", "price", "timeInForce", "positionIdx"),
    *("reduceOnly", "orderLinkId", "orderId", "triggerPrice", "triggerDirection", "triggerBy"),
    *("interval", "start", "end", "startTime", "endTime", "limit", "cursor", "settleCoin"),
    *("baseCoin", "accountType", "buyLeverage", "sellLeverage", "mode", "tradeMode", "margin"),
    *("setMarginMode", "takeProfit", "stopLoss", "tpslMode", "tpSize", "slLimitPrice", "request"),
    *("intervalTime", "orderFilter", "openOnly", "orderStatus", "execType", "type", "smpType"),
)
USUAL = {
    "category": "linear",
    "symbol": "BTCUSDT",
    "side": "Buy",
    "orderType": "Limit",
    "qty": "0.01",
    "price": "41000",
}
VALUES = (
    *("linear", "spot", "BTCUSDT", "ETHUSDT", "NOPE", "Buy", "Sell", "Limit", "Market", "IOC"),
    *("FOK", "PostOnly", "0", "1", "2", "3", "-1", "0.01", "41000", "44000", "1e9", "9" * 30),
    *("true", "", " ", "{0}", "%", "\u00fc", "NaN", "UNIFIED", "D", "60", "1_2_3", "USDT", "BTC"),
    *("00000000-0000-4000-8000-000000000001", "00000000-0000-4001-8000-000000000001", "Full"),
    *("ISOLATED_MARGIN", "REGULAR_MARGIN", "1h", "Partial", "LastPrice", "Filled", "StopOrder"),
)
ODD = (None, True, 0, -1, 1.5, 10**30, [], {}, [{}], [USUAL], {"a": 1}, [[]], "\x00")


@pytest.fixture
def venue(tmp_path):
    made = open_venue(tmp_path, ManualClock(NOW), 7)
    yield made
    made.ledger.close()


def asked(rng):
    """One request: mostly nearly right."""
    body = {name: value for name, value in USUAL.items() if rng.random() < 0.95}
    for name in rng.sample(NAMES, rng.randrange(5)):
        body[name] = rng.choice(ODD) if rng.random() < 0.15 else rng.choice(VALUES)
    method, _, path = rng.choice([*PUBLIC, *PRIVATE, *PRIVATE]).partition(" ")
    if method == "GET":
        return method, path, urlencode({name: str(value) for name, value in body.items()}), ""
    text = json.dumps(body) if rng.random() < 0.97 else json.dumps(rng.choice(ODD))
    return method, path, "", text


def test_every_request_is_answered(venue):
    rng, clock, codes = random.Random(3), ManualClock(NOW), {}
    face = BybitFace(venue, limited=False)
    for _ in range(2_000):
        method, path, query, body = asked(rng)
        headers = {
            "x-bapi-api-key": "sim",
            "x-bapi-timestamp": str(NOW),
            "x-bapi-sign": sign(f"{NOW}sim{query or body}", "sim"),
        }
        before = venue.state.counters.transaction, len(venue.state.open_orders)
        reply = face.reply(Message(method, path, query, body, None, headers=headers), clock)
        code = reply.payload["retCode"]
        codes[code] = codes.get(code, 0) + 1
        if code:
            assert reply.payload["retMsg"]
            assert (venue.state.counters.transaction, len(venue.state.open_orders)) == before
    face.close()
    assert codes[0] > 200
    assert codes.keys() > {10001, 110001}, codes
    assert 10016 not in codes
    assert venue.ledger.check() == []
