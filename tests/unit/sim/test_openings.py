"""What open orders may add to positions is kept as sums; they are what adding up would give."""

from decimal import Decimal

import pytest
from support.scripted_feed import START, Bench

from xq.sim.accounts import MAIN
from xq.sim.instruments import Face
from xq.sim.records import NewOrder, PositionSide, SimOrder
from xq.sim.refusal import Reason, Refusal
from xq.types import OrderType, Side

D = Decimal
FUTURES = Face.FUTURES


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.venue.ledger.close()


def rest(bench: Bench, side: Side, price: str, quantity: str = "0.02", **more) -> SimOrder:
    order = NewOrder("BTCUSDT", side, OrderType.LIMIT, None, D(quantity), price=D(price), **more)
    return bench.venue.place(MAIN, FUTURES, order).order


def kept(bench: Bench, side: PositionSide = PositionSide.BOTH) -> tuple[Decimal, Decimal] | None:
    return bench.venue.state.index.openings.of(MAIN, "BTCUSDT", side)


def added_up(bench: Bench) -> dict[PositionSide, tuple[Decimal, Decimal]]:
    sums: dict[PositionSide, tuple[Decimal, Decimal]] = {}
    for order in bench.venue.state.orders_of(MAIN, FUTURES):
        buys, sells = sums.get(order.position_side, (D(0), D(0)))
        opens = D(0) if order.reduce_only else order.price * order.remaining
        bought = opens if order.side is Side.BUY else D(0)
        sums[order.position_side] = buys + bought, sells + opens - bought
    return sums


def agree(bench: Bench) -> None:
    for side in PositionSide:
        assert kept(bench, side) == added_up(bench).get(side)


def test_sums_follow_orders_that_come_fill_change_and_go(bench):
    first, second = rest(bench, Side.BUY, "39000"), rest(bench, Side.BUY, "39100")
    rest(bench, Side.SELL, "41000", "0.03")
    assert kept(bench) == (D("1562"), D("1230"))
    bench.futures.print("BTCUSDT", START + 500, "39100", "0.005", sold=True)
    bench.advance(1000)
    assert bench.venue.state.open_orders[second.id].filled == D("0.005")
    assert kept(bench) == (D("1366.5"), D("1230"))
    bench.venue.amend(MAIN, "BTCUSDT", order_id=first.id, price=D("38000"), quantity=D("0.05"))
    assert kept(bench) == (D("2486.5"), D("1230"))
    bench.venue.cancel(MAIN, FUTURES, "BTCUSDT", order_id=first.id)
    agree(bench)
    assert kept(bench) == (D("586.5"), D("1230"))


def test_a_refusal_takes_its_change_back(bench):
    order = rest(bench, Side.BUY, "39000")
    with pytest.raises(Refusal) as caught:
        bench.venue.amend(MAIN, "BTCUSDT", order_id=order.id, price=D("39000"), quantity=D("50"))
    assert caught.value.reason is Reason.NO_MARGIN
    assert kept(bench) == (D("780"), D("0"))


def test_what_only_reduces_is_an_order_that_opens_nothing(bench):
    bench.venue.place(
        MAIN, FUTURES, NewOrder("BTCUSDT", Side.BUY, OrderType.MARKET, None, D("0.1"))
    )
    assert kept(bench) is None
    order = rest(bench, Side.SELL, "41000", reduce_only=True)
    assert kept(bench) == (D("0"), D("0"))
    bench.venue.cancel(MAIN, FUTURES, "BTCUSDT", order_id=order.id)
    assert kept(bench) is None


def test_sides_of_hedge_mode_are_apart_and_a_restart_knows_them(bench):
    bench.venue.set_position_mode(MAIN, True)
    rest(bench, Side.BUY, "39000", position_side=PositionSide.LONG)
    rest(bench, Side.SELL, "41000", position_side=PositionSide.SHORT)
    before = [kept(bench, side) for side in PositionSide]
    assert before == [None, (D("780"), D("0")), (D("0"), D("820"))]
    bench.reopen()
    assert [kept(bench, side) for side in PositionSide] == before
    agree(bench)
