"""Parents of the journal, one look after another: gate, unknown answers, cancels, decisions."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from support.guarded_venue import GuardedVenue, guarded_desk
from support.toy_venue import HOUR, PERPETUAL, START_MS, instrument, journal_path, limits, terms

from xq.clock import ManualClock
from xq.execution.algos.plan import Deadline, How, Iceberg, Plan, Scheduled
from xq.execution.journal import Journal, open_journal
from xq.execution.ledger_records import ParentStatus
from xq.execution.orders import OrderState
from xq.live.loop import tick, watch
from xq.live.manner import Manner
from xq.live.parents import Looked, ask_to_stop, new_parent, work
from xq.live.report import Act
from xq.live.stop_file import StopFile
from xq.strategy.base import Exits
from xq.timeframe import HOUR_MS
from xq.types import OrderRequest, OrderStatus, Outcome, OutcomeKind, Side, Symbol

D = Decimal
TERMS = terms((PERPETUAL,), strategy="")
TWO = Scheduled((1.0, 1.0))


class Rests(GuardedVenue):
    """Limit orders rest until they are told to fill."""

    def place(self, request: OrderRequest) -> Outcome:
        if request.price is None:
            return super().place(request)
        self.requests.append(request)
        order = self.execute(replace(request, price=None), D(0))
        self.trades.pop()
        self.orders[-1] = replace(order, status=OrderStatus.NEW, average_price=None)
        return Outcome(OutcomeKind.ACCEPTED, self.orders[-1])


@pytest.fixture
def venue() -> Rests:
    return Rests(ManualClock(START_MS), (PERPETUAL,), spread=D(1))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(journal_path(tmp_path), "toy") as opened:
        yield opened


def begin(journal: Journal, how: How = TWO, **changes: object) -> str:
    told = {"end_ms": START_MS + 60_000, "deadline": Deadline.MARKET} | changes
    rules = instrument(PERPETUAL)
    plan = Plan("p-1", Side.BUY, D("0.2"), rules, how, START_MS, **told)
    journal.parents.begin(new_parent(plan, "", START_MS))
    return "p-1"


def look(venue: Rests, journal: Journal, seconds: int = 5, **changes: object) -> Looked:
    venue.clock.advance_to(venue.clock.now_ms() + seconds * 1000)
    desk = guarded_desk(venue, journal, {})
    return work(journal.parents.get("p-1"), desk, replace(TERMS, **changes))


def test_a_schedule_is_worked_to_its_end(venue: Rests, journal: Journal) -> None:
    begin(journal)
    assert (look(venue, journal).traded, look(venue, journal).traded) == (True, False)
    look(venue, journal, 30)
    ended = look(venue, journal)
    assert (ended.parent.status, ended.parent.reason) == (ParentStatus.ENDED, "complete")
    assert ended.notes == ("p-1 ended: complete; 0.200 of 0.2 BTC (100.0%)",)
    assert [(r.quantity, r.client_id) for r in venue.requests] == [
        (D("0.100"), order.client_id) for order in journal.children_of("p-1")
    ]
    (event,) = [e for e in journal.events.all() if e.kind == "parent"]
    assert '"fees": "8"' in event.facts  # a thousandth of 0.2 at 40000


def test_an_answer_that_is_lost_freezes_it_until_it_is_known(
    venue: Rests, journal: Journal
) -> None:
    begin(journal)
    venue.script = ["ack_lost"]
    look(venue, journal)
    parent = journal.parents.get("p-1")
    assert parent.status is ParentStatus.WORKING  # asked at once, and found
    assert journal.children_of("p-1")[0].state is OrderState.FILLED
    assert look(venue, journal, 60).progress.filled == D("0.2")
    assert len(venue.requests) == 2


def test_a_request_that_is_lost_is_sent_again_only_when_that_is_proven(
    venue: Rests, journal: Journal
) -> None:
    begin(journal)
    venue.script = ["request_lost"]
    assert look(venue, journal).parent.status is ParentStatus.FROZEN
    assert look(venue, journal, 5).parent.status is ParentStatus.FROZEN
    assert len(venue.requests) == 1
    look(venue, journal, 30)  # older than any request may get
    assert journal.children_of("p-1")[0].state is OrderState.LOST
    assert look(venue, journal, 1).progress.filled == D("0.2")  # by now all of it is due
    names = [request.client_id for request in venue.requests]
    assert len(set(names)) == len(names) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"max_order_notional": D(100)}, "order notional must be at most 100"),
        ({"price_collar": D("0.000001")}, "price must be within"),
    ],
)
def test_what_the_gate_refuses_is_not_sent_and_tried_again_later(
    venue: Rests, journal: Journal, change: dict[str, object], said: str
) -> None:
    begin(journal)
    strict = limits((PERPETUAL,), **change)
    told = look(venue, journal, limits=strict)
    assert (told.parent.status, venue.requests) == (ParentStatus.WORKING, [])
    assert said in told.parent.reason
    look(venue, journal, limits=strict)
    assert venue.requests == []
    assert look(venue, journal, 5).traded  # somebody allowed it


def test_a_rest_that_the_gate_refuses_after_the_deadline_ends_it(
    venue: Rests, journal: Journal
) -> None:
    begin(journal, deadline=Deadline.MARKET)
    nothing = limits((PERPETUAL,), max_order_notional=D(0))
    parent = journal.parents.get("p-1")
    for _ in range(20):
        if parent.status is ParentStatus.ENDED:
            break
        parent = look(venue, journal, 120, limits=nothing).parent
    assert parent.status is ParentStatus.ENDED
    assert parent.reason.startswith("time is over, and the gate refuses the rest: order notional")
    assert venue.requests == []


def test_an_emergency_stop_lets_no_child_out(
    venue: Rests, journal: Journal, tmp_path: Path
) -> None:
    begin(journal)
    stop = StopFile(tmp_path, "toy")
    (tmp_path / "STOP").touch()
    venue.clock.advance_to(venue.clock.now_ms() + 5_000)
    desk = replace(guarded_desk(venue, journal, {}), stop=stop)
    told = work(journal.parents.get("p-1"), desk, TERMS)
    assert venue.requests == []
    assert "emergency_stop" in told.parent.reason


def test_live_works_no_entry_that_no_stop_guards(venue: Rests, journal: Journal) -> None:
    begin(journal)
    told = look(venue, journal, needs_stop=True)
    assert venue.requests == []
    assert "live mode enters nothing without a stop" in told.parent.reason


def test_one_that_may_only_reduce_passes_a_gate_that_lets_nothing_in(
    venue: Rests, journal: Journal
) -> None:
    venue.held[PERPETUAL] = D("-0.05")
    begin(journal, Scheduled((1.0,)), reduce_only=True)
    nothing = limits((), max_order_notional=D(0))
    look(venue, journal, limits=nothing)
    assert venue.held[PERPETUAL] == 0
    assert [r.quantity for r in venue.requests] == [D("0.05")]
    assert look(venue, journal, 20, limits=nothing).parent.reason == "nothing is left to reduce"


def iceberg(journal: Journal, venue: Rests) -> None:
    begin(journal, Iceberg(D(39_000), D("0.1")), end_ms=None)
    assert look(venue, journal).parent.status is ParentStatus.WORKING
    assert [o.state for o in journal.children_of("p-1")] == [OrderState.NEW]


def test_the_service_leaves_what_a_parent_lets_rest(venue: Rests, journal: Journal) -> None:
    iceberg(journal, venue)
    before = journal.books.revision
    watch(guarded_desk(venue, journal, {}), TERMS)
    looked = look(venue, journal)
    assert [o.status for o in venue.orders] == [OrderStatus.NEW]
    assert looked.notes == ()
    own = [o for o in journal.orders(after=before) if o.parent_id]
    assert own == []  # nothing new, nothing written


def test_what_rests_of_one_that_is_ended_by_hand_is_canceled(
    venue: Rests, journal: Journal
) -> None:
    iceberg(journal, venue)
    ask_to_stop("p-1", "canceled by hand", journal)
    looked = look(venue, journal)
    if looked.parent.status is not ParentStatus.ENDED:
        looked = look(venue, journal)
    assert (looked.parent.status, looked.parent.reason) == (
        ParentStatus.ENDED,
        "canceled by hand",
    )
    assert [o.status for o in venue.orders] == [OrderStatus.CANCELED]
    watch(guarded_desk(venue, journal, {}), TERMS)
    assert len(venue.requests) == 1


MANNER = Manner("twap", slices=2, over_ms=60_000)
DECIDES = terms((PERPETUAL,), manners={PERPETUAL: MANNER})
STOP = Exits(stop_loss=0.05)


def decide(venue: Rests, journal: Journal, weight: float) -> Act:
    return tick(guarded_desk(venue, journal, {PERPETUAL: weight}, STOP), DECIDES).act


def step_all(venue: Rests, journal: Journal, seconds: int) -> None:
    """What the service does between bars."""
    venue.clock.advance_to(venue.clock.now_ms() + seconds * 1000)
    desk = guarded_desk(venue, journal, {}, STOP)
    for parent in journal.parents.unfinished():
        work(parent, desk, DECIDES)
    watch(desk, DECIDES)


def test_a_decision_is_worked_between_bars_and_its_exit_follows(
    venue: Rests, journal: Journal
) -> None:
    assert decide(venue, journal, 0.4) is Act.TRADED
    assert venue.requests == []
    assert decide(venue, journal, 0.4) is Act.NOTHING  # the bar is decided
    step_all(venue, journal, 1)
    assert [(o.quantity, o.stop_price) for o in venue.working()] == [(D("0.050"), D(38_000))]
    step_all(venue, journal, 35)
    assert [o.quantity for o in venue.working()] == [D("0.100")]
    step_all(venue, journal, 5)
    assert journal.parents.unfinished() == ()
    _, signal = journal.decisions.last_signal(PERPETUAL) or (None, None)
    assert signal is not None
    assert signal.reached
    sent = len(venue.requests)
    venue.clock.advance_to(venue.clock.now_ms() + HOUR_MS)
    assert decide(venue, journal, 0.4) is Act.HELD  # met: drift alone trades nothing
    assert len(venue.requests) == sent


def test_a_new_bar_ends_what_the_old_one_still_works(venue: Rests, journal: Journal) -> None:
    decide(venue, journal, 0.4)
    step_all(venue, journal, 1)
    (old,) = journal.parents.unfinished()
    venue.clock.advance_to(HOUR.floor(START_MS) + HOUR_MS + 5_000)
    assert decide(venue, journal, -0.4) is Act.TRADED
    assert journal.parents.get(old.parent_id).reason == "a new bar is decided"
    turned = journal.parents.unfinished()
    assert [(p.side, p.quantity) for p in turned] == [
        (Side.SELL, D("0.050")),
        (Side.SELL, D("0.099")),
    ]
    for _ in range(20):
        step_all(venue, journal, 5)
    assert venue.held[PERPETUAL] == D("-0.099")
    assert journal.parents.unfinished() == ()


def test_one_symbol_is_worked_and_the_other_sent_at_once(journal: Journal) -> None:
    other = Symbol.parse("ETH/USDT:USDT")
    venue = Rests(ManualClock(START_MS), (PERPETUAL, other))
    both = terms((PERPETUAL, other), manners={PERPETUAL: MANNER})
    weights = {PERPETUAL: 0.2, other: 0.2}
    report = tick(guarded_desk(venue, journal, weights, STOP), both)
    assert (report.act, report.problems) == (Act.TRADED, ())
    entries = [o.symbol for o in venue.requests if not o.reduce_only]
    assert entries == [other]
    assert [parent.symbol for parent in journal.parents.unfinished()] == [PERPETUAL]
    assert tick(guarded_desk(venue, journal, weights, STOP), both).act is Act.NOTHING
