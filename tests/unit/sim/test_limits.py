import pytest

from xq.sim.instruments import Face
from xq.sim.wire.limits import Limits, weight

PAGE = "symbol=BTCUSDT&interval=1m&limit=1000"
KLINES = "/fapi/v1/klines"
MINUTE = 60_000


@pytest.mark.parametrize(
    ("face", "path", "query", "cost"),
    [
        (Face.FUTURES, "/fapi/v1/klines", "limit=99", 1),
        (Face.FUTURES, "/fapi/v1/klines", "limit=499", 2),
        (Face.FUTURES, "/fapi/v1/klines", "", 5),
        (Face.FUTURES, "/fapi/v1/klines", "limit=1500", 10),
        (Face.FUTURES, "/fapi/v1/depth", "limit=1000", 20),
        (Face.FUTURES, "/fapi/v1/ticker/24hr", "", 40),
        (Face.SPOT, "/api/v3/klines", "limit=1000", 2),
        (Face.SPOT, "/api/v3/depth", "", 5),
        (Face.SPOT, "/api/v3/ping", "", 1),
    ],
)
def test_weights(face: Face, path: str, query: str, cost: int) -> None:
    assert weight(face, path, query) == cost


def test_used_weight_is_told_and_begins_anew_each_minute() -> None:
    limits = Limits()
    told = [limits.admit("GET", KLINES, PAGE, ts).headers for ts in (0, 59_999, MINUTE)]
    assert [headers["X-MBX-USED-WEIGHT-1M"] for headers in told] == ["5", "10", "5"]


def test_too_much_is_429_until_the_minute_ends_and_then_a_ban_that_grows() -> None:
    limits = Limits()
    assert {limits.admit("GET", KLINES, PAGE, 0).status for _ in range(480)} == {200}
    refused = limits.admit("GET", KLINES, PAGE, 15_000)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "45")
    for _ in range(9):
        assert limits.admit("GET", KLINES, PAGE, 15_000).status == 429
    banned = limits.admit("GET", KLINES, PAGE, 15_000)
    assert (banned.status, banned.headers["Retry-After"]) == (418, "120")
    assert limits.admit("GET", KLINES, PAGE, MINUTE).status == 418
    assert limits.admit("GET", "/api/v3/time", "", MINUTE).status == 200
    assert limits.admit("GET", KLINES, PAGE, 135_000).status == 200
    for _ in range(490):
        last = limits.admit("GET", KLINES, PAGE, 140_000)
    assert last.headers["Retry-After"] == "240"


def test_orders_have_a_limit_of_their_own() -> None:
    limits = Limits()
    answers = [limits.admit("POST", "/fapi/v1/order", "", 0) for _ in range(301)]
    assert answers[299].headers["X-MBX-ORDER-COUNT-10S"] == "300"
    assert (answers[299].status, answers[300].status) == (200, 429)
    assert answers[300].payload == {
        "code": -1015,
        "msg": "Too many new orders; current limit is 300 orders per 10S.",
    }
    assert limits.admit("POST", "/fapi/v1/order", "", 10_000).status == 200
