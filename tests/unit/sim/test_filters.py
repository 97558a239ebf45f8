"""Every filter refuses what it must and lets the neighbour on the good side pass."""

from dataclasses import replace
from decimal import Decimal

import pytest

from xq.sim.filters import MAX_OPEN_ORDERS, Standing, check, rules_of
from xq.sim.instruments import Face, instruments
from xq.sim.records import NewOrder
from xq.sim.refusal import Reason, Refusal
from xq.types import OrderType, Side

D = Decimal
LAST = D(40_000)
RULES = {face: rules_of(instruments(face)[0]) for face in Face}


def limit(price: str = "40000", quantity: str = "0.01", side: Side = Side.BUY) -> NewOrder:
    return NewOrder("BTCUSDT", side, OrderType.LIMIT, "a", quantity=D(quantity), price=D(price))


def refused(order: NewOrder, face: Face, open_orders: int = 0) -> Reason:
    with pytest.raises(Refusal) as caught:
        check(order, RULES[face], Standing(LAST, open_orders))
    return caught.value.reason


@pytest.mark.parametrize("face", list(Face))
def test_a_proper_order_passes(face):
    check(limit(), RULES[face], Standing(LAST))
    market = replace(limit(), type=OrderType.MARKET, price=None)
    check(market, RULES[face], Standing(LAST, MAX_OPEN_ORDERS))


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (limit(price="40000.005"), Reason.PRICE_TICK),
        (limit(price="40000.000000001"), Reason.TOO_PRECISE),
        (limit(price="0"), Reason.NOT_POSITIVE),
        (limit(price="200000.01"), Reason.PRICE_FAR),
        (limit(price="7999.99", side=Side.BUY), Reason.PRICE_FAR),
        (limit(quantity="0.000005"), Reason.LOT_SMALL),
        (limit(quantity="0.010005"), Reason.LOT_STEP),
        (limit(quantity="0.0100000001"), Reason.TOO_PRECISE),
        (limit(quantity="0"), Reason.NOT_POSITIVE),
        (limit(quantity="10000.01"), Reason.LOT_LARGE),
        (limit(quantity="0.00012"), Reason.NOTIONAL_SMALL),
    ],
)
def test_spot_refuses(order, reason):
    assert refused(order, Face.SPOT) is reason


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (limit(price="40000.05"), Reason.TOO_PRECISE),
        (limit(price="0"), Reason.NOT_POSITIVE),
        (limit(price="42000.1"), Reason.PRICE_FAR),
        (limit(price="37999.9", side=Side.SELL), Reason.PRICE_FAR),
        (limit(quantity="0.0005"), Reason.TOO_PRECISE),
        (limit(quantity="0"), Reason.NOT_POSITIVE),
        (limit(quantity="1000.001"), Reason.LOT_LARGE),
        (limit(quantity="0.002"), Reason.NOTIONAL_SMALL),
    ],
)
def test_futures_refuse(order, reason):
    assert refused(order, Face.FUTURES) is reason


def test_the_edge_of_every_filter_is_inside():
    for price in ("42000", "40000.1"):
        check(limit(price=price), RULES[Face.FUTURES], Standing(LAST))
    for price in ("200000", "8000", "40000.01"):
        check(limit(price=price), RULES[Face.SPOT], Standing(LAST))
    check(limit(quantity="0.00013"), RULES[Face.SPOT], Standing(LAST))
    check(limit(quantity="0.003"), RULES[Face.FUTURES], Standing(LAST))


def test_futures_bound_only_the_harmful_side():
    check(limit(price="20000", side=Side.BUY), RULES[Face.FUTURES], Standing(LAST))
    check(limit(price="60000", side=Side.SELL), RULES[Face.FUTURES], Standing(LAST))


def test_market_orders_have_a_smaller_largest_size():
    order = replace(limit(quantity="100.001"), type=OrderType.MARKET, price=None)
    assert refused(order, Face.FUTURES) is Reason.MARKET_LOT_LARGE
    check(replace(order, quantity=D(100)), RULES[Face.FUTURES], Standing(LAST))


def test_reduce_only_may_be_small():
    check(replace(limit(quantity="0.001"), reduce_only=True), RULES[Face.FUTURES], Standing(LAST))


def test_an_amount_of_quote_is_checked_as_notional():
    order = NewOrder("BTCUSDT", Side.BUY, OrderType.MARKET, "a", quote_quantity=D("4.99"))
    assert refused(order, Face.SPOT) is Reason.NOTIONAL_SMALL
    assert refused(replace(order, quote_quantity=D(0)), Face.SPOT) is Reason.NOT_POSITIVE
    assert refused(replace(order, quote_quantity=D("1e-9")), Face.SPOT) is Reason.TOO_PRECISE
    check(replace(order, quote_quantity=D(5)), RULES[Face.SPOT], Standing(LAST))


@pytest.mark.parametrize("face", list(Face))
def test_the_book_takes_so_many_orders(face):
    assert refused(limit(), face, MAX_OPEN_ORDERS) is Reason.TOO_MANY_ORDERS
    check(limit(), RULES[face], Standing(LAST, MAX_OPEN_ORDERS - 1))
