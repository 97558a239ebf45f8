"""What may go wrong with one request, as the simulated venue stages it."""

import json
from typing import Any

SLOW = ("hang",)  # only these wait for the client's patience to end

_BOTH = (
    *("reset", "hang", "empty", "html", "bad_gateway", "unavailable_page", "gateway_timeout"),
    *("firewall", "restricted", "unknown_state", "internal_error", "disconnected"),
    *("unexpected_response", "timeout"),
)
_ANSWERS: dict[str, tuple[int, Any]] = {
    "nothing": (200, {}),
    "null": (200, None),
    "a number": (200, 7),
    "another order, Binance": (200, {"orderId": 1, "clientOrderId": "other", "origQty": "0.01"}),
    "another order, Bybit": (200, {"retCode": 0, "result": {"orderId": "1", "orderLinkId": "x"}}),
    "no id, Bybit": (200, {"retCode": 0, "retMsg": "OK", "result": {"orderId": ""}}),
    "no result, Bybit": (200, {"retCode": 0, "retMsg": "OK", "result": {}}),
    "code of tomorrow": (400, {"code": -99_999, "msg": "Tomorrow's."}),
    "code of tomorrow, Bybit": (200, {"retCode": 999_999, "retMsg": "Tomorrow's."}),
    "an error within 200, Binance": (200, {"code": -2019, "msg": "Margin is insufficient."}),
    "duplicate, Binance": (400, {"code": -4116, "msg": "ClientOrderId is duplicated."}),
    "duplicate, Binance spot": (400, {"code": -2010, "msg": "Duplicate order sent."}),
    "duplicate, Bybit": (200, {"retCode": 110072, "retMsg": "OrderLinkedID is duplicate"}),
    "server timeout, Bybit": (200, {"retCode": 10000, "retMsg": "Server Timeout"}),
    "server error, Bybit": (200, {"retCode": 10016, "retMsg": "Server error"}),
    "busy, Bybit": (200, {"retCode": 10429, "retMsg": "System level frequency protection"}),
    "expired, Bybit": (200, {"retCode": -1, "retMsg": "request expired"}),
    "a redirect": (307, {}),
    "teapot": (418 - 1, {}),
}
_REFUSALS: dict[str, tuple[int, Any]] = {  # proven: nothing was done
    "margin, Binance": (400, {"code": -2019, "msg": "Margin is insufficient."}),
    "signature, Binance": (400, {"code": -1022, "msg": "Signature for this request is not valid."}),
    "too often, Bybit": (200, {"retCode": 10006, "retMsg": "Too many visits!"}),
    "margin, Bybit": (200, {"retCode": 110007, "retMsg": "ab not enough for new order"}),
}
_QUICK = {"seconds": 0.0}


def faults() -> dict[str, dict[str, Any]]:
    """Every way, by name: what a fault of the venue's needs to be told."""
    found: dict[str, dict[str, Any]] = {"no fault": {}, "lose_answer": {"do": "lose_answer"}}
    for when in ("before", "after"):
        for name in _BOTH:
            found[f"{name} {when}"] = {"do": name, "when": when}
        found[f"delay {when}"] = {"do": "delay", "seconds": 0.01, "when": when}
        for name, (status, body) in _ANSWERS.items():
            told = {"status": status, "body": json.dumps(body), "when": when}
            found[f"{name} {when}"] = {"do": "answer", **told}
    for name, (status, body) in _REFUSALS.items():
        found[name] = {"do": "answer", "status": status, "body": json.dumps(body)}
    for size in (0, 1, 40, 90):
        found[f"truncate {size}"] = {"do": "truncate", "bytes": size}
    for name in ("too_many_requests", "too_many_orders", "ban"):
        found[name] = {"do": name, **_QUICK}
    for name in ("throttled", "unavailable", "maintenance"):
        found[name] = {"do": name}
    for ms in (-60_000, 60_000):
        found[f"clock {ms}"] = {"do": "clock_skew", "ms": ms}
    found["delisted"] = {"do": "delist", "market": "BTCUSDT"}
    found["other lot"] = {"do": "filters", "market": "BTCUSDT", "lot": "0.03"}
    return found


def faults_of(face: str) -> dict[str, dict[str, Any]]:
    """Those that speak the face's language, or none."""
    other = ", Binance" if face == "bybit" else ", Bybit"
    return {name: told for name, told in faults().items() if other not in name}
