"""Resting orders wait their turn: the tape eats what is ahead of them, then fills them."""

from decimal import Decimal

import pytest
from support.scripted_feed import HOUR, START, Bench

from xq.sim.accounts import MAIN
from xq.sim.instruments import Face
from xq.sim.ledger import Page
from xq.sim.records import NewOrder
from xq.types import OrderStatus, OrderType, Side

D = Decimal
FUTURES = Face.FUTURES
BIDS = {"39999": "2", "39990": "5"}
ASKS = {"40001": "2", "40010": "5"}


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path, accounts=(MAIN, "alice"))
    made.futures.show("BTCUSDT", START - 1, BIDS, ASKS)
    yield made
    made.venue.ledger.close()


def rest(bench: Bench, owner: str = MAIN, price: str = "39999", quantity: str = "0.01") -> int:
    side = Side.BUY if D(price) < 40_000 else Side.SELL
    order = NewOrder("BTCUSDT", side, OrderType.LIMIT, None, D(quantity), price=D(price))
    return bench.venue.place(owner, FUTURES, order).order.id


def sell(bench: Bench, seconds: int, price: str, quantity: str, *, sold: bool = True) -> None:
    """An outside taker trades at a price, so many seconds after the start."""
    bench.futures.print("BTCUSDT", START + seconds * 1000, price, quantity, sold=sold)


def filled(bench: Bench, number: int, owner: str = MAIN) -> Decimal:
    return bench.venue.order(owner, FUTURES, "BTCUSDT", order_id=number).filled


def ahead(bench: Bench, number: int) -> Decimal | None:
    return bench.venue.state.queues[number].ahead


def test_an_order_joins_behind_what_is_displayed(bench):
    assert ahead(bench, rest(bench)) == 2
    assert ahead(bench, rest(bench, price="39995")) == 0
    assert ahead(bench, rest(bench, price="39990")) == 5
    assert ahead(bench, rest(bench, price="40001")) == 2


def test_trades_at_the_price_eat_the_queue_then_fill_in_part_then_whole(bench):
    number = rest(bench)
    sell(bench, 1, "39999", "1.5")
    bench.advance(1_500)
    assert (ahead(bench, number), filled(bench, number)) == (D("0.5"), 0)
    sell(bench, 2, "39999", "0.504")
    bench.advance(1_000)
    order = bench.venue.order(MAIN, FUTURES, "BTCUSDT", order_id=number)
    assert (order.filled, order.status) == (D("0.004"), OrderStatus.PARTIALLY_FILLED)
    sell(bench, 3, "39999", "7")
    bench.advance(1_000)
    fills = bench.venue.ledger.fills(MAIN, FUTURES, "BTCUSDT", Page())
    assert [(f.quantity, f.price, f.maker, f.ts - START) for f in fills] == [
        (D("0.004"), 39_999, True, 2_000),
        (D("0.006"), 39_999, True, 3_000),
    ]
    assert bench.venue.state.queues == {}


def test_takers_of_the_other_side_fill_nobody_here(bench):
    number = rest(bench)
    sell(bench, 1, "39999", "50", sold=False)
    bench.advance(HOUR)
    assert (ahead(bench, number), filled(bench, number)) == (2, 0)


def test_a_trade_beyond_the_price_fills_it_whole(bench):
    number = rest(bench)
    sell(bench, 1, "39998.9", "0.001")
    bench.advance(HOUR)
    assert filled(bench, number) == D("0.01")


def test_a_queue_that_is_no_longer_displayed_is_ahead_of_nobody(bench):
    number = rest(bench)
    bench.futures.show("BTCUSDT", START + 500, {"39999": "0.1"}, ASKS)
    sell(bench, 1, "39999", "0.105")
    bench.advance(HOUR)
    assert filled(bench, number) == D("0.005")


def test_a_queue_that_grew_behind_an_order_changes_nothing(bench):
    number = rest(bench)
    bench.futures.show("BTCUSDT", START + 500, {"39999": "90"}, ASKS)
    sell(bench, 1, "39999", "2.004")
    bench.advance(HOUR)
    assert filled(bench, number) == D("0.004")


def test_of_two_clients_the_first_come_is_filled_first(bench):
    first, second = rest(bench, "alice"), rest(bench)
    sell(bench, 1, "39999", "2.015")
    bench.advance(HOUR)
    assert (filled(bench, first, "alice"), filled(bench, second)) == (D("0.01"), D("0.005"))


def test_orders_passed_by_one_jump_fill_best_price_first(bench):
    far, near = rest(bench, price="39000"), rest(bench, price="39500")
    other = rest(bench, price="41000")
    sell(bench, 1, "38000", "1")
    bench.advance(HOUR)
    fills = bench.venue.ledger.fills(MAIN, FUTURES, "BTCUSDT", Page())
    assert [fill.order_id for fill in fills] == [near, far]
    assert filled(bench, other) == 0


def test_what_is_out_of_sight_counts_when_it_comes_into_sight(bench):
    levels = {str(39_999 - step): "1" for step in range(20)}
    bench.futures.show("BTCUSDT", START, levels, ASKS)
    number = rest(bench, price="39500")
    assert ahead(bench, number) is None
    bench.futures.show("BTCUSDT", START + 500, {"39500": "3"}, ASKS)
    sell(bench, 1, "39500", "1")
    bench.advance(2_000)
    assert ahead(bench, number) == 2


def test_places_survive_a_restart(bench):
    numbers = [rest(bench), rest(bench, "alice"), rest(bench)]
    sell(bench, 1, "39999", "1")
    bench.advance(1_500)
    bench.reopen()
    assert [ahead(bench, number) for number in numbers] == [1, 1, 1]
    level = bench.venue.state.book(FUTURES, "BTCUSDT").level(True, 39_999 * 10**12)
    assert [number for number, _ in level] == numbers


@pytest.mark.parametrize("step", [100, 777, 10_000])
def test_how_often_time_is_looked_at_does_not_matter(bench, step):
    numbers = [rest(bench), rest(bench, "alice", "39990"), rest(bench, price="40001")]
    for second, price, quantity, sold in (
        (1, "39999", "1.999", True), (2, "40001", "2.005", False), (3, "39999", "0.004", True),
        (4, "39990", "5.007", True), (5, "40001", "0.003", False),
    ):  # fmt: skip
        sell(bench, second, price, quantity, sold=sold)
    for _ in range(10_000 // step):
        bench.advance(step)
    bench.advance(10_000)
    fills = [
        (fill.order_id, str(fill.quantity), fill.ts - START)
        for owner in (MAIN, "alice")
        for fill in bench.venue.ledger.fills(owner, FUTURES, "BTCUSDT", Page())
    ]
    assert fills == [
        (numbers[2], "0.005", 2_000), (numbers[0], "0.003", 3_000), (numbers[0], "0.007", 4_000),
        (numbers[2], "0.003", 5_000), (numbers[1], "0.007", 4_000),
    ]  # fmt: skip
