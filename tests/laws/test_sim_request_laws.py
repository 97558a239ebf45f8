"""Whatever is asked of any endpoint: an answer, never a failure of ours, and no trace of a no."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xq.clock import ManualClock
from xq.sim.ledger import FILE_NAME
from xq.sim.refusal import Reason, Refusal
from xq.sim.wire import dispatch as door
from xq.sim.wire.auth import Message, sign
from xq.sim.wire.opening import open_venue
from xq.sim.wire.params import Params

WALL = 1_800_000_000_000
ROUTES = sorted(door._ROUTES)
NUMBERS = ("0", "1", "-1", "0.001", "0.01", "0.5", "40000", "42000.1", "1e5", "9" * 25, "NaN", "2")
WORDS = ("BUY", "SELL", "LIMIT", "MARKET", "GTC", "IOC", "FOK", "GTX", "GTD", "GTE_GTC", "LONG",
         "SHORT", "BOTH", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TRAILING_STOP_MARKET", "STOP_LOSS",
         "STOP_LOSS_LIMIT", "LIMIT_MAKER", "ISOLATED", "CROSSED", "EXPIRE_MAKER", "MARK_PRICE",
         "CONDITIONAL", "RESULT", "FULL", "true", "false", "", "[]", "[1]", '["a"]', "[{}]",
         '[{"symbol":"BTCUSDT","side":"BUY","type":"MARKET","quantity":"0.01"}]', "1m", "1h",
         "BTCUSDT", "ETHUSDT", "NOPE", "a", "b", "ünï")  # fmt: skip
NAMES = ("symbol", "side", "type", "timeInForce", "quantity", "price", "newClientOrderId", "limit",
         "orderId", "origClientOrderId", "positionSide", "reduceOnly", "stopPrice", "triggerPrice",
         "closePosition", "callbackRate", "activatePrice", "workingType", "priceProtect",
         "clientAlgoId", "algoId", "algoType", "goodTillDate", "selfTradePreventionMode",
         "batchOrders", "orderIdList", "countdownTime", "leverage", "marginType", "amount",
         "dualSidePosition", "startTime", "endTime", "fromId", "interval", "period", "pair",
         "newOrderRespType", "quoteOrderQty", "incomeType", "symbols")  # fmt: skip
PARAMS = st.dictionaries(
    st.sampled_from(NAMES), st.sampled_from(NUMBERS) | st.sampled_from(WORDS), max_size=8
)
LIKELY = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.01", "type": "LIMIT",
          "timeInForce": "GTC", "price": "42000.1", "triggerPrice": "45000"}  # fmt: skip
REQUESTS = st.tuples(st.sampled_from(ROUTES), st.booleans(), PARAMS)


def asked(route: tuple[str, str], params: dict[str, str], now_ms: int) -> Message:
    query = urlencode(params | {"timestamp": str(now_ms)})
    return Message(*route, f"{query}&signature={sign(query, 'sim')}", "", "sim")


def written(folder: str) -> list[str]:
    connection = sqlite3.connect(Path(folder) / FILE_NAME)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


@settings(deadline=None)
@given(st.text(st.sampled_from("ab1=&+._é "), max_size=30))
def test_a_query_is_read_as_the_standard_library_reads_it(query):
    pairs = parse_qsl(query, keep_blank_values=True)
    if len(dict(pairs)) < len(pairs):
        with pytest.raises(Refusal) as caught:
            Params.parse(query, "")
        assert caught.value.reason is Reason.DUPLICATE_PARAMETER
    else:
        assert list(Params.parse(query, "").values().items()) == pairs


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(REQUESTS, min_size=5, max_size=25))
def test_every_request_is_answered_and_a_no_leaves_no_trace(requests):
    with tempfile.TemporaryDirectory() as folder:
        clock = ManualClock(WALL)
        venue = open_venue(Path(folder), clock, 7)
        try:
            for route, likely, odd in requests:
                clock.advance_to(clock.now_ms() + 50)
                venue.settle()
                before = written(folder)
                params = (LIKELY if likely else {}) | odd
                reply = door.dispatch(venue, asked(route, params, clock.now_ms()), clock)
                assert reply.status in (200, 400), (route, params, reply)
                if reply.status == 400:
                    assert reply.payload["code"] < -999
                    assert written(folder) == before, (route, params)
            assert venue.ledger.check() == []
        finally:
            venue.ledger.close()


SCRIPT = """
import random, sys
from pathlib import Path
from urllib.parse import parse_qsl, urlencode
from xq.clock import ManualClock
from xq.sim.wire.auth import Message, sign
from xq.sim.wire.dispatch import dispatch
from xq.sim.wire.opening import open_venue

draw, clock = random.Random(3), ManualClock(1_800_000_000_000)
venue = open_venue(Path(sys.argv[1]), clock, 7, None, ("main", "alice"))
done = 0
for number in range(120):
    clock.advance_to(clock.now_ms() + draw.choice((1, 900, 40_000)))
    who, secret = draw.choice((("sim", "sim"), ("alice", "alice-secret")))
    params = {"symbol": "BTCUSDT", "side": draw.choice(("BUY", "SELL")),
              "quantity": f"0.0{draw.randint(1, 90)}", "timestamp": clock.now_ms()}
    if draw.random() < 0.3:
        params |= {"type": "MARKET"}
    else:
        price = 42_300 + draw.randint(-60, 60)
        params |= {"type": "LIMIT", "timeInForce": "GTC", "price": price}
    path = "/fapi/v1/order"
    if draw.random() < 0.2:
        path = "/fapi/v1/algoOrder"
        params |= {"type": "STOP_MARKET", "triggerPrice": 42_300 + draw.randint(-90, 90)}
        for gone in ("price", "timeInForce"):
            params.pop(gone, None)
    query = urlencode(params)
    message = Message("POST", path, f"{query}&signature={sign(query, secret)}", "", who)
    done += dispatch(venue, message, clock).status == 200
venue.ledger.close()
print(done)
"""


@pytest.mark.parametrize("hashing", [("0", "1")])
def test_fresh_processes_write_the_same_ledger(tmp_path, hashing):
    dumps = []
    for seed in hashing:
        folder = tmp_path / seed
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(folder)],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert int(run.stdout) > 60
        dumps.append(written(str(folder)))
    assert dumps[0] == dumps[1]
    assert sum('INSERT INTO "fills"' in line for line in dumps[0]) > 20
