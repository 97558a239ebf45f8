"""Binance's request limits: weight per minute and address, 429 above it, 418 for who goes on.

Weights and limits from Binance's public documents of the spot and USDⓈ-M REST interfaces. Minutes
are those of the venue's clock. The ban begins at 2 minutes and doubles with each one, to 3 days.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from xq.sim.instruments import Face

WEIGHT_LIMITS = {Face.SPOT: 6000, Face.FUTURES: 2400}
ORDER_LIMITS = {
    Face.SPOT: {"10S": (10_000, 100), "1D": (86_400_000, 200_000)},
    Face.FUTURES: {"10S": (10_000, 300), "1M": (60_000, 1200)},
}

_MINUTE_MS = 60_000
_PATIENCE = 10  # requests answered 429 within one minute before the address is banned
_BAN_MS = 120_000
_LONGEST_BAN_MS = 3 * 86_400_000

_FLAT = {
    Face.SPOT: {
        "exchangeInfo": 20, "klines": 2, "aggTrades": 4, "trades": 25, "historicalTrades": 25,
        "account": 20, "myTrades": 20, "allOrders": 20, "order": 1, "ticker/price": 2,
        "ticker/bookTicker": 2,
    },
    Face.FUTURES: {
        "exchangeInfo": 1, "aggTrades": 20, "trades": 5, "historicalTrades": 20, "account": 5,
        "balance": 5, "positionRisk": 5, "userTrades": 5, "allOrders": 5, "income": 30,
        "positionSide/dual": 30, "fundingRate": 1, "ticker/price": 1, "ticker/bookTicker": 2,
        "order": 1, "batchOrders": 5, "algoOrder": 1, "allAlgoOrders": 5, "openAlgoOrders": 1,
        "countdownCancelAll": 10, "positionMargin": 1, "openOrder": 1,
    },
}  # fmt: skip
# (largest limit, weight), smallest first; the limit a caller does not name is 500 or 100.
_CONTRACT_BARS = ((99, 1), (499, 2), (1000, 5), (1500, 10))
_BY_LIMIT = {
    (Face.FUTURES, "klines"): _CONTRACT_BARS,
    (Face.FUTURES, "markPriceKlines"): _CONTRACT_BARS,
    (Face.FUTURES, "indexPriceKlines"): _CONTRACT_BARS,
    (Face.FUTURES, "depth"): ((50, 2), (100, 5), (500, 10), (1000, 20)),
    (Face.SPOT, "depth"): ((100, 5), (500, 25), (1000, 50), (5000, 250)),
}
_UNNAMED_LIMIT = {(Face.SPOT, "depth"): 100}
_WITHOUT_SYMBOL = {
    (Face.SPOT, "ticker/24hr"): (2, 80), (Face.FUTURES, "ticker/24hr"): (1, 40),
    (Face.SPOT, "openOrders"): (6, 80), (Face.FUTURES, "openOrders"): (1, 40),
    (Face.FUTURES, "premiumIndex"): (1, 10), (Face.FUTURES, "openAlgoOrders"): (1, 40),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request is served, and what its answer says about the allowance.

    Attributes
    ----------
    status
        200, 429 or 418.
    """

    status: int
    headers: Mapping[str, str]
    payload: Mapping[str, object] | None = None


@dataclass(slots=True)
class _Tally:
    minute: int = -1
    used: int = 0
    refused: int = 0
    bans: int = 0
    banned_until_ms: int = 0
    orders: dict[str, tuple[int, int]] = field(default_factory=dict)


class Limits:
    """The allowance of the one address that a venue on loopback serves.

    Attributes
    ----------
    answered
        How many requests got each status.
    """

    def __init__(self) -> None:
        self.answered = {200: 0, 429: 0, 418: 0}
        self._tallies = {face: _Tally() for face in Face}
        self._lock = threading.Lock()

    def admit(self, method: str, path: str, query: str, now_ms: int) -> Verdict:
        """Count a request; paths that belong to neither face are free."""
        face = _face(path)
        if face is None:
            return Verdict(200, {})
        with self._lock:
            verdict = self._judge(face, method, path, query, now_ms)
            self.answered[verdict.status] += 1
            return verdict

    def describe(self, face: Face) -> list[dict[str, object]]:
        """``rateLimits`` as ``exchangeInfo`` states them."""
        return [_rule("REQUEST_WEIGHT", "MINUTE", 1, WEIGHT_LIMITS[face]), *order_rules(face)]

    def _judge(self, face: Face, method: str, path: str, query: str, now_ms: int) -> Verdict:
        tally = self._tallies[face]
        if now_ms < tally.banned_until_ms:
            return _banned(tally, now_ms)
        if now_ms // _MINUTE_MS != tally.minute:
            tally.minute, tally.used, tally.refused = now_ms // _MINUTE_MS, 0, 0
        tally.used += weight(face, path, query)
        headers = {"X-MBX-USED-WEIGHT-1M": str(tally.used)}
        if face is Face.SPOT:
            headers["X-MBX-USED-WEIGHT"] = str(tally.used)
        if tally.used > WEIGHT_LIMITS[face]:
            return self._refuse(face, tally, headers, now_ms)
        if method == "POST" and path.endswith(("/order", "/algoOrder", "/batchOrders")):
            return _order(face, tally, headers, now_ms)
        return Verdict(200, headers)

    def _refuse(self, face: Face, tally: _Tally, headers: dict[str, str], now_ms: int) -> Verdict:
        tally.refused += 1
        if tally.refused > _PATIENCE:
            length = min(_BAN_MS << tally.bans, _LONGEST_BAN_MS)
            tally.bans += 1
            tally.banned_until_ms = now_ms + length
            return _banned(tally, now_ms)
        wait = _seconds((tally.minute + 1) * _MINUTE_MS - now_ms)
        text = (
            f"Too many requests; current limit of IP(127.0.0.1) is {WEIGHT_LIMITS[face]} "
            "requests per minute. Please use the websocket for live updates to avoid polling "
            "the API."
        )
        return Verdict(429, headers | {"Retry-After": wait}, {"code": -1003, "msg": text})


def order_rules(face: Face) -> list[dict[str, object]]:
    """How many orders an account may send.

    Examples
    --------
    >>> order_rules(Face.FUTURES)[1]
    {'rateLimitType': 'ORDERS', 'interval': 'MINUTE', 'intervalNum': 1, 'limit': 1200}
    """
    letters = {"S": "SECOND", "M": "MINUTE", "D": "DAY"}
    return [
        _rule("ORDERS", letters[name[-1]], int(name[:-1]), most)
        for name, (_, most) in ORDER_LIMITS[face].items()
    ]


def weight(face: Face, path: str, query: str) -> int:
    """What one request costs.

    Examples
    --------
    >>> weight(Face.FUTURES, "/fapi/v1/klines", "symbol=BTCUSDT&interval=1m&limit=1000")
    5
    >>> weight(Face.SPOT, "/api/v3/klines", "symbol=BTCUSDT&interval=1m&limit=1000")
    2
    """
    name = path.split("/", 3)[-1]
    asked = parse_qs(query)
    steps = _BY_LIMIT.get((face, name))
    if steps is not None:
        text = asked.get("limit", [""])[0]
        limit = int(text) if text.isdigit() else _UNNAMED_LIMIT.get((face, name), 500)
        return next((cost for most, cost in steps if limit <= most), steps[-1][1])
    if (face, name) in _WITHOUT_SYMBOL:
        return _WITHOUT_SYMBOL[face, name]["symbol" not in asked]
    return _FLAT[face].get(name, 1)


def _order(face: Face, tally: _Tally, headers: dict[str, str], now_ms: int) -> Verdict:
    for name, (length, most) in ORDER_LIMITS[face].items():
        window, count = tally.orders.get(name, (-1, 0))
        count = count + 1 if window == now_ms // length else 1
        tally.orders[name] = (now_ms // length, count)
        headers[f"X-MBX-ORDER-COUNT-{name}"] = str(count)
        if count > most:
            wait = _seconds((now_ms // length + 1) * length - now_ms)
            text = f"Too many new orders; current limit is {most} orders per {name}."
            return Verdict(429, headers | {"Retry-After": wait}, {"code": -1015, "msg": text})
    return Verdict(200, headers)


def _banned(tally: _Tally, now_ms: int) -> Verdict:
    until = tally.banned_until_ms
    text = (
        f"Way too many requests; IP(127.0.0.1) banned until {until}. "
        "Please use the websocket for live updates to avoid bans."
    )
    headers = {"Retry-After": _seconds(until - now_ms)}
    return Verdict(418, headers, {"code": -1003, "msg": text})


def _seconds(length_ms: int) -> str:
    return str(-(-length_ms // 1000))


def _rule(kind: str, interval: str, number: int, limit: int) -> dict[str, object]:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}


def _face(path: str) -> Face | None:
    if path.startswith("/fapi/"):
        return Face.FUTURES
    return Face.SPOT if path.startswith("/api/") else None
