from decimal import Decimal

import pytest

from xq.errors import VenueUnclear
from xq.types import OrderStatus, OrderType, Position, Symbol
from xq.venues import convert

BTC = Symbol("BTC", "USDT")
ORDER = {
    "id": "7",
    "clientOrderId": "a",
    "side": "sell",
    "type": "limit",
    "amount": 0.3,
    "filled": 0.1,
    "average": 99.5,
    "price": 100.0,
    "status": "open",
    "timestamp": 5,
    "info": {"origType": "LIMIT_MAKER"},
}
MARKET = {
    "symbol": "BTC/USDT",
    "base": "BTC",
    "quote": "USDT",
    "spot": True,
    "active": True,
    "precision": {"price": 0.01, "amount": 1e-05},
    "limits": {"amount": {"min": None}, "cost": {"min": 5.0}},
    "maker": 0.001,
    "taker": 0.0015,
}


def test_an_order_partly_done() -> None:
    order = convert.order(BTC, ORDER)
    assert (order.status, order.type) == (OrderStatus.PARTIALLY_FILLED, OrderType.LIMIT)
    assert (order.filled, order.average_price) == (Decimal("0.1"), Decimal("99.5"))


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"clientOrderId": ""},
        {"status": "asleep"},
        {"type": "psychic", "info": {}},
        {"amount": "many"},
        {"filled": float("nan")},
    ],
)
def test_an_order_with_a_field_nobody_can_read_is_unclear(change: dict[str, object]) -> None:
    with pytest.raises(VenueUnclear):
        convert.order(BTC, ORDER | change)


@pytest.mark.parametrize(
    ("mode", "precision", "tick", "lot"),
    [
        (4, {"price": 0.01, "amount": 1e-05}, "0.01", "0.00001"),
        (2, {"price": 2, "amount": 0}, "0.01", "1"),
        (3, {"price": 5, "amount": 5}, "1E-8", "1E-8"),
        (4, {"price": None, "amount": 1.0}, "1E-8", "1"),
    ],
)
def test_steps_in_every_precision_mode(
    mode: int, precision: dict[str, object], tick: str, lot: str
) -> None:
    [rules] = convert.instruments([MARKET | {"precision": precision}], mode).values()
    assert (rules.tick, rules.lot) == (Decimal(tick), Decimal(lot))
    assert rules.min_quantity == rules.lot
    assert (rules.maker, rules.taker) == (Decimal("0.001"), Decimal("0.0015"))


@pytest.mark.parametrize(
    "change",
    [
        {"active": False},
        {"spot": False},
        {"spot": False, "swap": True, "linear": False},
        {"symbol": "BTC/USDT:USDT-240329", "settle": "USDT"},
    ],
)
def test_what_xq_does_not_trade_is_left_out(change: dict[str, object]) -> None:
    assert convert.instruments([MARKET | change], 4) == {}


def test_positions_are_signed_and_flat_ones_none() -> None:
    raw = {
        "symbol": "BTC/USDT:USDT",
        "contracts": 2.0,
        "contractSize": 0.5,
        "side": "short",
        "entryPrice": 100.0,
        "leverage": None,
    }
    position = convert.position(raw)
    assert position == Position(Symbol("BTC", "USDT", "USDT"), Decimal("-1.0"), Decimal("100.0"))
    assert convert.position(raw | {"contracts": 0}) is None
    with pytest.raises(VenueUnclear):
        convert.position(raw | {"side": "both"})
