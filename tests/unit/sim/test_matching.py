"""Takers walk the book; resting orders wait until the tape trades through them."""

from decimal import Decimal

import pytest
from support.scripted_feed import START, ScriptedFeed

from xq.sim.instruments import Face
from xq.sim.matching import (
    Execution,
    first_through,
    is_through,
    total_quantity,
    total_quote,
    walk,
    walk_quote,
    would_take,
)
from xq.sim.records import SimOrder
from xq.types import OrderStatus, OrderType, Side, TimeInForce

D = Decimal
ASKS = [(D(100), D(1)), (D(101), D(2)), (D(105), D(10))]
BIDS = [(D(99), D(1)), (D(98), D(2)), (D(90), D(10))]


def resting(side: Side, price: str, number: int = 1) -> SimOrder:
    return SimOrder(
        id=number,
        owner="main",
        face=Face.SPOT,
        symbol="BTCUSDT",
        client_id=f"c{number}",
        side=side,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        price=D(price),
        quantity=D(1),
        quote_quantity=D(0),
        reduce_only=False,
        status=OrderStatus.NEW,
        filled=D(0),
        filled_quote=D(0),
        created_ms=START,
        updated_ms=START,
    )


def test_a_taker_pays_level_after_level():
    done = walk(ASKS, Side.BUY, D(4))
    assert done == (
        Execution(D(100), D(1)),
        Execution(D(101), D(2)),
        Execution(D(105), D(1)),
    )
    assert total_quantity(done) == 4
    assert total_quote(done) == 100 + 202 + 105


def test_a_limit_stops_the_walk():
    assert walk(ASKS, Side.BUY, D(4), D(101)) == (Execution(D(100), D(1)), Execution(D(101), D(2)))
    assert walk(ASKS, Side.BUY, D(4), D("99.9")) == ()
    assert walk(BIDS, Side.SELL, D(4), D(98)) == (Execution(D(99), D(1)), Execution(D(98), D(2)))


def test_an_empty_book_gives_nothing():
    assert walk([], Side.BUY, D(1)) == ()
    assert walk_quote([], D(100), D("0.1")) == ()
    assert not would_take(Side.BUY, D(100), [])


def test_a_book_too_thin_gives_what_it_has():
    assert total_quantity(walk(ASKS, Side.BUY, D(100))) == 13


@pytest.mark.parametrize("quote", ["5", "100", "150", "302.01", "1000", "99999"])
def test_spending_quote_never_spends_more_and_keeps_whole_lots(quote):
    lot = D("0.03")
    done = walk_quote(ASKS, D(quote), lot)
    assert total_quote(done) <= D(quote)
    partial = [item.quantity for item in done if item.quantity not in {size for _, size in ASKS}]
    assert all(quantity % lot == 0 for quantity in partial)
    assert len(partial) <= 1
    if total_quantity(done) < 13:
        price = next(price for price, size in ASKS if total_quantity(done) < _up_to(price))
        assert D(quote) - total_quote(done) < price * lot


def _up_to(price: Decimal) -> Decimal:
    return sum((size for level, size in ASKS if level <= price), D(0))


def test_only_a_trade_beyond_the_price_fills_a_resting_order():
    assert not is_through(resting(Side.BUY, "100"), low=D(100), high=D(110))
    assert is_through(resting(Side.BUY, "100"), low=D("99.99"), high=D(110))
    assert not is_through(resting(Side.SELL, "100"), low=D(90), high=D(100))
    assert is_through(resting(Side.SELL, "100"), low=D(90), high=D("100.01"))


def tape(*prices: str) -> ScriptedFeed:
    rows = [(START + 1000 * step, price) for step, price in enumerate(prices)]
    return ScriptedFeed(Face.SPOT, {"BTCUSDT": rows})


def test_the_first_trade_through_decides_the_moment():
    feed = tape("101", "100", "99.99", "95", "99")
    orders = [resting(Side.BUY, "100", 1), resting(Side.BUY, "96", 2)]
    moment, done = first_through(feed, orders, START, START + 10_000)
    assert moment == START + 2000
    assert [order.id for order in done] == [1]


def test_orders_passed_by_one_jump_fill_together_best_price_then_oldest_first():
    feed = tape("101", "90", "101")
    orders = [
        resting(Side.BUY, "95", 1),
        resting(Side.BUY, "99", 3),
        resting(Side.BUY, "99", 2),
        resting(Side.SELL, "200", 4),
    ]
    moment, done = first_through(feed, orders, START, START + 10_000)
    assert moment == START + 1000
    assert [order.id for order in done] == [2, 3, 1]


def test_the_nearer_side_fills_first():
    feed = tape("100", "103", "97")
    orders = [resting(Side.BUY, "98", 1), resting(Side.SELL, "102", 2)]
    moment, done = first_through(feed, orders, START, START + 10_000)
    assert (moment, [order.id for order in done]) == (START + 1000, [2])


def test_a_quiet_tape_fills_nothing():
    feed = tape("100", "100.5")
    assert first_through(feed, [resting(Side.BUY, "100")], START, START + 10_000) is None
    assert first_through(feed, [], START, START + 10_000) is None


def test_trades_before_the_window_do_not_count():
    feed = tape("101", "90", "101")
    assert first_through(feed, [resting(Side.BUY, "95")], START + 1000, START + 10_000) is None
