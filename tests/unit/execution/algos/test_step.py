"""Steps of a parent, one rule at a time."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from xq.errors import UsageError
from xq.execution.algos.children import Cancel, Place
from xq.execution.algos.plan import Deadline, How, Iceberg, Plan, Pov, Scheduled, TrailingStop
from xq.execution.algos.progress import Progress
from xq.execution.algos.step import step
from xq.execution.algos.view import MarketView
from xq.execution.orders import OrderState as S
from xq.types import Instrument, OrderType, Side, Symbol, TimeInForce

D = Decimal
RULES = Instrument(Symbol("BTC", "USDT"), *map(D, ["0.5", "1", "1", "0", "0", "0"]))
HOUR = 3_600_000
TWAP = Scheduled((1.0,) * 4)


def plan(how: How, quantity: int = 100, **terms: Any) -> Plan:
    values = {"side": Side.BUY, "start_ms": 0, "end_ms": HOUR, "instrument": RULES, **terms}
    return Plan("p", quantity=D(quantity), how=how, **values)


def view(ts: int, price: str = "100", traded: int = 0, position: int = 0) -> MarketView:
    middle = D(price)
    return MarketView(ts, middle - 1, middle + 1, middle, D(traded), D(position))


class Hand:
    """Steps a plan and answers for the venue."""

    def __init__(self, asked: Plan) -> None:
        self.plan, self.progress = asked, Progress()

    def step(self, ts: int, **seen: Any) -> Place | Cancel | None:
        made = step(self.plan, self.progress, view(ts, **seen), ts)
        self.progress = made.progress
        return made.actions[0] if made.actions else None

    def placed(self, ts: int, **seen: Any) -> Place:
        action = self.step(ts, **seen)
        assert isinstance(action, Place), self.progress.ended
        return action

    def answer(self, state: S, filled: int = 0, ts: int = 0, number: int = -1) -> None:
        number = number if number >= 0 else len(self.progress.children) - 1
        self.progress = self.progress.with_order(number, state, D(filled), ts, "no margin")


def test_nothing_before_the_start_and_nothing_without_a_market() -> None:
    late = plan(TWAP, start_ms=1_000)
    assert step(late, Progress(), view(999), 999).actions == ()
    assert step(late, Progress(), None, 1_000).actions == ()
    assert step(late, Progress(), view(1_000), 1_000).actions
    assert step(late, Progress(), view(999), 999).progress.arrival is None


@pytest.mark.parametrize(
    "seen",
    [
        view(94_999),
        view(101_001),
        replace(view(100_000), bid=D(102)),
        replace(view(100_000), last=D("NaN")),
        replace(view(100_000), traded=D(-1)),
        replace(view(100_000), bid=D(0), last=D(0)),
    ],
)
def test_a_market_that_cannot_be_is_not_acted_on(seen: MarketView) -> None:
    made = step(plan(TWAP), Progress(), seen, 100_000)
    assert (made.actions, made.progress) == ((), Progress())
    assert step(plan(TWAP), Progress(), view(100_000), 100_000).actions


def test_an_unknown_child_freezes_the_parent_even_at_its_end() -> None:
    hand = Hand(plan(TWAP, deadline=Deadline.MARKET))
    hand.placed(0)
    for state in (S.INTENT, S.UNKNOWN):
        hand.answer(state)
        assert hand.step(HOUR // 2) is None
        assert hand.step(2 * HOUR) is None
    hand.progress = hand.progress.stopped("somebody said so")
    assert hand.step(2 * HOUR) is None
    hand.answer(S.FILLED, 25, 2 * HOUR)
    assert hand.step(2 * HOUR + 1) is None
    assert hand.progress.ended == "somebody said so"


def test_what_is_overdue_after_a_pause_goes_out_bit_by_bit() -> None:
    hand = Hand(plan(TWAP))
    sizes, ts = [], HOUR - 800_000
    while ts < HOUR:
        action = hand.step(ts)
        if isinstance(action, Place):
            sizes.append((ts, int(action.child.quantity)))
            hand.answer(S.FILLED, int(action.child.quantity), ts)
        ts += 25_000
    assert [size for _, size in sizes] == [50, 50]
    assert sizes[1][0] - sizes[0][0] >= HOUR // 16


@pytest.mark.parametrize(
    ("deadline", "ended"), [(Deadline.STOP, "time is over"), (Deadline.MARKET, "")]
)
def test_the_deadline(deadline: Deadline, ended: str) -> None:
    hand = Hand(plan(Iceberg(D(99), D(10)), deadline=deadline))
    hand.placed(0)
    hand.answer(S.NEW)
    assert hand.step(HOUR - 1) is None
    assert hand.step(HOUR) == Cancel(0)
    hand.answer(S.CANCELED, 4, HOUR)
    last = hand.step(HOUR + 1)
    assert hand.progress.ended == ended
    if deadline is Deadline.MARKET:
        assert isinstance(last, Place)
        assert (last.child.type, last.child.quantity) == (OrderType.MARKET, 96)


def test_the_deadline_tries_five_times_a_second_apart() -> None:
    hand = Hand(plan(TWAP, deadline=Deadline.MARKET))
    ts, tried = HOUR, []
    while not hand.progress.ended:
        if isinstance(hand.step(ts), Place):
            tried.append(ts)
            hand.answer(S.EXPIRED, 1, ts)
        ts += 250
    assert len(tried) == 5
    assert all(later - earlier >= 1_000 for earlier, later in pairwise(tried))
    assert (hand.progress.ended, hand.progress.filled) == ("time is over", 5)


def test_a_network_that_is_down_does_not_use_up_the_deadline() -> None:
    hand = Hand(plan(TWAP, deadline=Deadline.MARKET))
    for ts in range(HOUR, HOUR + 600_000, 500):
        if isinstance(hand.step(ts), Place):
            hand.answer(S.NOT_SENT, 0, ts)
    assert not hand.progress.ended
    assert hand.placed(HOUR + 700_000).child.quantity == 100


def test_refusals_pause_longer_each_time_and_end_the_parent() -> None:
    hand = Hand(plan(Pov(D(1), D(1))))
    tried, ts = [], 0
    while not hand.progress.ended:
        if isinstance(hand.step(ts, traded=50), Place):
            tried.append(ts)
            hand.answer(S.REJECTED, 0, ts)
        ts += 500
    gaps = [later - earlier for earlier, later in pairwise(tried)]
    assert gaps == [1_000, 2_000, 4_000, 8_000]
    assert hand.progress.ended == "refused 5 times in a row: no margin"


def test_a_network_that_is_down_pauses_but_does_not_end_it() -> None:
    hand = Hand(plan(Pov(D(1), D(1))))
    tried = []
    for ts in range(0, 600_000, 500):
        if isinstance(hand.step(ts, traded=50), Place):
            tried.append(ts)
            hand.answer(S.NOT_SENT, 0, ts)
    assert not hand.progress.ended
    assert tried[-1] - tried[-2] == 60_000
    hand.placed(700_000, traded=50)
    hand.answer(S.FILLED, 1, 700_000)
    assert isinstance(hand.step(700_001, traded=50), Place)


def test_a_cancel_is_asked_again_after_five_seconds() -> None:
    hand = Hand(plan(Iceberg(D(99), D(10))))
    hand.placed(0)
    hand.answer(S.NEW)
    hand.progress = hand.progress.stopped("somebody said so")
    assert hand.step(1_000) == Cancel(0)
    assert hand.step(5_999) is None
    assert hand.step(6_000) == Cancel(0)
    hand.answer(S.FILLED, 10, 6_000)
    assert hand.step(6_001) is None
    assert (hand.progress.ended, hand.progress.filled) == ("somebody said so", 10)


def test_answers_that_come_late_take_nothing_back() -> None:
    hand = Hand(plan(TWAP))
    hand.placed(0)
    hand.answer(S.PARTIALLY_FILLED, 20, 5)
    hand.answer(S.NEW, 0, 9)
    record = hand.progress.children[0]
    assert (record.state, record.filled) == (S.PARTIALLY_FILLED, 20)
    hand.answer(S.CANCELED, 20, 10)
    for state in (S.NEW, S.UNKNOWN, S.LOST, S.PARTIALLY_FILLED):
        hand.answer(state, 10, 11)
        record = hand.progress.children[0]
        assert (record.state, record.filled, record.committed) == (S.CANCELED, 20, 20)
    hand.answer(S.FILLED, 25, 12)
    assert hand.progress.committed == 25


def test_a_limit_price_binds_crossing_and_resting() -> None:
    dear = Hand(plan(TWAP, limit_price=D(100)))
    assert dear.step(0) is None
    child = dear.placed(1_000, price="99").child
    assert (child.type, child.price) == (OrderType.LIMIT, D(100))
    assert child.time_in_force is TimeInForce.IOC
    patient = Hand(plan(replace(TWAP, passive=True), limit_price=D("98.5")))
    assert patient.placed(0).child.price == D("98.5")
    assert Hand(plan(replace(TWAP, passive=True))).placed(0).child.price == D(99)
    seller = Hand(plan(replace(TWAP, passive=True), side=Side.SELL, limit_price=D(103)))
    assert seller.placed(0).child.price == D(103)


def test_a_passive_slice_crosses_when_its_time_is_over() -> None:
    hand = Hand(plan(replace(TWAP, passive=True)))
    assert hand.placed(0).child.time_in_force is TimeInForce.GTC
    hand.answer(S.NEW)
    assert hand.step(HOUR // 4 - 1) is None
    assert hand.step(HOUR // 4) == Cancel(0)
    hand.answer(S.CANCELED, 20, HOUR // 4)
    child = hand.placed(HOUR // 4 + 1).child
    assert (child.type, child.quantity) == (OrderType.MARKET, 5)


def test_reduce_only_stops_where_the_position_does() -> None:
    hand = Hand(plan(TWAP, side=Side.SELL, reduce_only=True))
    assert hand.placed(0, position=10).child.quantity == 10
    hand.answer(S.FILLED, 10, HOUR // 2)
    assert hand.step(HOUR // 2, position=10) is None, "the market was seen before the fill"
    assert not hand.progress.ended
    assert hand.step(HOUR // 2 + 1, position=0) is None
    assert hand.progress.ended == "nothing is left to reduce"


def test_slices_below_the_smallest_order_wait_for_each_other() -> None:
    rules = replace(RULES, min_notional=D(3_000))
    hand = Hand(plan(Scheduled((1.0,) * 10), instrument=rules))
    sizes = []
    for ts in range(0, HOUR + 1, 10_000):
        action = hand.step(ts)
        if isinstance(action, Place):
            sizes.append(int(action.child.quantity))
            hand.answer(S.FILLED, sizes[-1], ts)
    assert sum(sizes) == 100
    assert min(sizes) >= 31
    assert hand.progress.ended == "complete"


def test_a_trailing_stop_is_moved_by_cancel_and_place() -> None:
    how = TrailingStop(D("0.1"), activation=D(100), step=D("0.1"))
    hand = Hand(plan(how, side=Side.SELL, end_ms=None))
    assert hand.step(0, price="99") is None
    assert hand.placed(1_000, price="100").child.stop_price == D(90)
    hand.answer(S.NEW, ts=1_000)
    assert hand.step(2_000, price="100.5") is None, "less than a tenth of the distance"
    assert hand.step(3_000, price="110") == Cancel(0)
    hand.answer(S.CANCELED, ts=3_000)
    assert hand.placed(4_000, price="105").child.stop_price == D(99)
    hand.answer(S.NEW, ts=4_000)
    assert hand.step(5_000, price="50") is None, "the venue's own to trigger"
    hand.answer(S.PARTIALLY_FILLED, 40, 5_500)
    hand.answer(S.EXPIRED, 40, 5_500)
    child = hand.placed(6_000, price="60").child
    assert (child.type, child.quantity) == (OrderType.MARKET, 60)


def test_a_buying_trailing_stop_follows_the_lowest_price() -> None:
    hand = Hand(plan(TrailingStop(D("0.1"), at_venue=False), end_ms=None))
    assert hand.step(0, price="100") is None
    assert hand.step(1_000, price="90") is None
    assert hand.step(2_000, price="98.5") is None
    assert hand.placed(3_000, price="99").child.type is OrderType.MARKET


def test_a_stop_that_would_trigger_at_once_is_a_market_order() -> None:
    hand = Hand(plan(TrailingStop(D("0.1")), side=Side.SELL, end_ms=None))
    hand.placed(0, price="100")
    hand.answer(S.REJECTED, ts=0)
    assert hand.placed(2_000, price="89").child.type is OrderType.MARKET


@pytest.mark.parametrize(
    ("how", "terms"),
    [
        (TWAP, {"end_ms": None}),
        (TWAP, {"end_ms": 0}),
        (TWAP, {"end_ms": 3}),
        (TWAP, {"quantity": 0}),
        (TWAP, {"cap": D(0)}),
        (TWAP, {"limit_price": D("100.2")}),
        (Iceberg(D("100.2"), D(1)), {}),
        (Iceberg(D(101), D(1)), {"limit_price": D(100)}),
        (TrailingStop(D("0.1")), {"cap": D("0.1")}),
        (TrailingStop(D("0.1")), {"limit_price": D(1)}),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(how: How, terms: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        plan(how, **terms)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Scheduled(()),
        lambda: Scheduled((0.0,)),
        lambda: Scheduled((float("nan"),)),
        lambda: Scheduled((1.0,), size_jitter=1.0),
        lambda: Scheduled((1.0,), time_jitter=0.95),
        lambda: Iceberg(D(1), D(0)),
        lambda: Iceberg(D(0), D(1)),
        lambda: TrailingStop(D(1)),
        lambda: TrailingStop(D("0.1"), step=D(-1)),
        lambda: Pov(D(0), D(1)),
        lambda: Pov(D(2), D(1)),
        lambda: Pov(D(1), D(0)),
    ],
)
def test_terms_outside_their_bounds_are_refused(make: Any) -> None:
    with pytest.raises(UsageError):
        make()
