"""Orders change and end: amendments, dates, countdowns, cancels."""

from dataclasses import replace
from decimal import Decimal

import pytest
from support.scripted_feed import START, Bench

from xq.sim.accounts import MAIN
from xq.sim.events import Cause, OrderEvent
from xq.sim.instruments import Face
from xq.sim.records import NewOrder, SimOrder
from xq.sim.refusal import Reason, Refusal
from xq.types import OrderStatus, OrderType, Side, TimeInForce

D = Decimal
FUTURES = Face.FUTURES


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path, accounts=(MAIN, "alice"))
    yield made
    made.venue.ledger.close()


def rest(bench: Bench, price: str = "39000", quantity: str = "0.1", **more: object) -> SimOrder:
    order = NewOrder("BTCUSDT", Side.BUY, OrderType.LIMIT, None, D(quantity), price=D(price))
    return bench.venue.place(MAIN, FUTURES, replace(order, **more)).order


def amend(bench: Bench, order: SimOrder, price: str, quantity: str):
    return bench.venue.amend(
        MAIN, "BTCUSDT", order_id=order.id, price=D(price), quantity=D(quantity)
    )


def line(bench: Bench, price: int = 39_000) -> list[int]:
    level = bench.venue.state.book(FUTURES, "BTCUSDT").level(True, price * 10**12)
    return [number for number, _ in level]


def test_an_amended_order_goes_to_the_end_of_the_queue(bench):
    first, second = rest(bench), rest(bench)
    assert amend(bench, first, "39000", "0.05").order.quantity == D("0.05")
    assert line(bench) == [second.id, first.id]
    events: list = []
    bench.venue.subscribe(events.append)
    amend(bench, second, "38000", "0.1")
    assert line(bench) == [first.id]
    assert line(bench, 38_000) == [second.id]
    assert [e.cause for e in events if isinstance(e, OrderEvent)] == [Cause.AMENDED]


def test_an_amendment_that_meets_others_trades(bench):
    order = rest(bench)
    placed = amend(bench, order, "40000.5", "0.3")
    assert placed.order.status is OrderStatus.FILLED
    assert [(fill.price, fill.quantity) for fill in placed.fills] == [(D("40000.5"), D("0.3"))]
    assert bench.venue.ledger.check() == []


def test_what_is_filled_already_ends_an_order_made_smaller(bench):
    order = rest(bench, "40000.5", "1.5")
    assert order.filled == 1
    assert amend(bench, order, "40000.5", "1").order.status is OrderStatus.CANCELED


def test_post_only_that_would_take_is_canceled_by_its_amendment(bench):
    order = rest(bench, time_in_force=TimeInForce.GTX)
    assert amend(bench, order, "41000", "0.1").order.status is OrderStatus.CANCELED
    assert bench.venue.state.open_orders == {}


@pytest.mark.parametrize(
    ("price", "quantity", "reason"),
    [
        ("39000", "0.1", Reason.NOTHING_TO_AMEND),
        ("39000", "0.0001", Reason.TOO_PRECISE),
        ("39000.55", "0.1", Reason.TOO_PRECISE),
        ("43000", "0.1", Reason.PRICE_FAR),
        ("39000", "900", Reason.NO_MARGIN),
        ("39000", "0.001", Reason.NOTIONAL_SMALL),
    ],
)
def test_a_bad_amendment_leaves_the_order_as_it_was(bench, price, quantity, reason):
    first, second = rest(bench), rest(bench)
    with pytest.raises(Refusal) as caught:
        amend(bench, first, price, quantity)
    assert caught.value.reason is reason
    assert line(bench) == [first.id, second.id]
    assert bench.venue.order(MAIN, FUTURES, "BTCUSDT", order_id=first.id) == first


def test_an_amendment_needs_margin_only_for_what_it_adds(bench):
    order = rest(bench, "39000", "5")
    assert amend(bench, order, "39000", "5.01").order.quantity == D("5.01")


def test_only_ones_own_resting_order_can_be_amended(bench):
    order = rest(bench)
    with pytest.raises(Refusal) as caught:
        bench.venue.amend("alice", "BTCUSDT", order_id=order.id, price=D(38_000), quantity=D("0.1"))
    assert caught.value.reason is Reason.UNKNOWN_ORDER


def test_a_dated_order_ends_on_its_date(bench):
    with pytest.raises(Refusal) as caught:
        rest(bench, time_in_force=TimeInForce.GTD, good_till_ms=START + 599_000)
    assert caught.value.reason is Reason.BAD_GOOD_TILL
    order = rest(bench, time_in_force=TimeInForce.GTD, good_till_ms=START + 700_000)
    bench.advance(699_999)
    assert bench.venue.state.open_orders
    bench.advance(500_000)
    ended = bench.venue.order(MAIN, FUTURES, "BTCUSDT", order_id=order.id)
    assert (ended.status, ended.updated_ms) == (OrderStatus.EXPIRED, START + 700_000)


def test_a_trade_after_the_date_comes_too_late(bench):
    order = rest(bench, time_in_force=TimeInForce.GTD, good_till_ms=START + 700_000)
    bench.futures.print("BTCUSDT", START + 700_001, "38000")
    bench.advance(800_000)
    ended = bench.venue.order(MAIN, FUTURES, "BTCUSDT", order_id=order.id)
    assert (ended.status, ended.filled) == (OrderStatus.EXPIRED, 0)


def test_a_countdown_cancels_everything_unless_told_again(bench):
    other = bench.venue.place(
        "alice", FUTURES, NewOrder("BTCUSDT", Side.BUY, OrderType.LIMIT, None, D("0.1"),
                                   price=D(39_000))
    ).order  # fmt: skip
    order = rest(bench)
    bench.venue.countdown_cancel(MAIN, "BTCUSDT", 5_000)
    bench.advance(4_000)
    bench.venue.countdown_cancel(MAIN, "BTCUSDT", 5_000)
    bench.reopen()
    bench.advance(4_000)
    assert order.id in bench.venue.state.open_orders
    bench.advance(4_000)
    ended = bench.venue.order(MAIN, FUTURES, "BTCUSDT", order_id=order.id)
    assert (ended.status, ended.updated_ms) == (OrderStatus.CANCELED, START + 9_000)
    assert other.id in bench.venue.state.open_orders
    assert bench.venue.state.countdowns == {}


def test_a_countdown_can_be_stopped(bench):
    rest(bench)
    bench.venue.countdown_cancel(MAIN, "BTCUSDT", 5_000)
    bench.venue.countdown_cancel(MAIN, "BTCUSDT", 0)
    bench.advance(60_000)
    assert bench.venue.state.open_orders
