"""Money, parents, shares, switches and events: the same answers with and without a file."""

from decimal import Decimal
from pathlib import Path

import pytest
from support.toy_venue import ETHER, SPOT

from xq.errors import NoData, OrderRefused
from xq.execution.journal import Journal, open_journal, read_journal
from xq.execution.ledger_records import (
    Event,
    JournalFlow,
    Parent,
    ParentStatus,
    RiskEvent,
    Severity,
    Share,
    ShareEntry,
    SwitchRow,
)
from xq.execution.orders import OrderState
from xq.execution.records import JournalOrder
from xq.types import OrderType, Position, Side, TimeInForce


def flow(number: str, kind: str, amount: str, ts_ms: int, external: bool = True) -> JournalFlow:
    return JournalFlow(kind, number, "USDT", Decimal(amount), ts_ms, external)


def entry(source: str, strategy: str, quantity: str) -> ShareEntry:
    return ShareEntry(SPOT, source, strategy, Decimal(quantity), Decimal(10), 5)


PARENT = Parent(
    "p1", SPOT, "", "twap", Side.BUY, Decimal(3), '{"slices":3}', "{}", ParentStatus.WORKING, 1, 1
)


def test_money_from_outside_is_told_apart_from_profit(journal: Journal) -> None:
    flows = [
        flow("2", "withdrawal", "-30.5", 20),
        flow("1", "deposit", "100.0", 10),
        flow("1", "funding", "-0.25", 15, external=False),
    ]
    assert journal.cash.add(flows) == 3
    assert journal.cash.add(flows) == 0
    assert [found.ts_ms for found in journal.cash.all()] == [10, 15, 20]
    assert journal.cash.external("USDT") == Decimal("69.5")
    assert journal.cash.external("USDT", since_ms=11) == Decimal("-30.5")
    assert journal.cash.last_ms() == 20


def test_a_parent_goes_on_until_it_ends(journal: Journal) -> None:
    journal.parents.begin(PARENT)
    with pytest.raises(OrderRefused, match="already in the journal"):
        journal.parents.begin(PARENT)
    journal.parents.advance("p1", '{"done":1}', 2, status=ParentStatus.FROZEN, reason="unknown")
    (known,) = journal.parents.unfinished()
    assert (known.progress, known.status, known.updated_ms) == (
        '{"done":1}', ParentStatus.FROZEN, 2,
    )  # fmt: skip
    journal.parents.advance("p1", '{"done":3}', 3, status=ParentStatus.ENDED, reason="filled")
    assert journal.parents.unfinished() == ()
    with pytest.raises(OrderRefused, match="has ended: filled"):
        journal.parents.advance("p1", "{}", 4)
    with pytest.raises(NoData, match="no parent order p2"):
        journal.parents.get("p2")


def test_children_and_orders_on_demand_keep_what_was_asked(journal: Journal) -> None:
    order = JournalOrder(
        "xq-1", None, SPOT, "child", Side.SELL, OrderType.LIMIT, Decimal("0.10"), True,
        Decimal(40_000), Decimal("0.3"), OrderState.INTENT, 5, 10,
        price=Decimal("40000.50"), stop_price=Decimal("39000"),
        time_in_force=TimeInForce.IOC, parent_id="p1", strategy="plan",
    )  # fmt: skip
    journal.intend(order)
    assert journal.order("xq-1") == order
    assert str(journal.order("xq-1").price) == "40000.50"
    assert journal.children_of("p1") == (order,)
    assert journal.children_of("p2") == ()


def test_shares_add_up_and_are_booked_once(journal: Journal) -> None:
    bought = [entry("f1", "trend", "0.6"), entry("f1", "carry", "0.4")]
    assert journal.shares.book(bought) == 2
    assert journal.shares.book(bought) == 0
    crossed = [entry("cross:7", "trend", "-0.1"), entry("cross:7", "carry", "0.1")]
    journal.shares.book(crossed)
    assert journal.shares.held(SPOT) == {"carry": Decimal("0.5"), "trend": Decimal("0.5")}
    assert journal.shares.held(ETHER) == {}
    assert journal.shares.of(SPOT, "nobody") == 0
    assert Share(SPOT, "trend", Decimal("0.5")) in journal.shares.all()
    assert len(journal.shares.entries(SPOT)) == 4


def test_switches_stay_latched_with_what_tripped_them(journal: Journal) -> None:
    tripped = SwitchRow(
        "drawdown", 7, "limit", "cancel", "16 % under the peak", Decimal("0.16"), Decimal("0.15")
    )
    trip = RiskEvent(7, "trip", "drawdown", "drawdown", "cancel", Decimal("0.16"))
    journal.switches.keep([tripped, SwitchRow("leverage")], [trip])
    assert journal.switches.states() == (tripped, SwitchRow("leverage"))
    rearmed = SwitchRow("drawdown", rearmed_ms=9, rearmed_by="ann", rearmed_why="deposit")
    journal.switches.keep([rearmed], [RiskEvent(9, "rearm", "deposit", "drawdown", who="ann")])
    assert journal.switches.states()[0] == rearmed
    refused = journal.switches.record(RiskEvent(8, "refusal", "too large", symbol=SPOT))
    assert refused.number == 3
    assert [event.kind for event in journal.switches.events()] == ["trip", "rearm", "refusal"]
    assert [event.number for event in journal.switches.events(since_ms=9)] == [2]


def test_events_are_numbered_in_the_order_they_came(journal: Journal) -> None:
    mark = journal.books.revision
    first = journal.events.append(Event(9, "stream", Severity.WARNING, "silent", '{"s":30}'))
    journal.events.append(Event(5, "halt", Severity.ALARM, "halted"))
    assert first.number == 1
    assert [event.text for event in journal.events.all(after=mark)] == ["silent", "halted"]
    assert journal.events.all(after=journal.books.revision) == ()


def test_positions_of_one_time_are_kept_once(journal: Journal) -> None:
    for quantity in ("1", "2"):
        journal.positions.record(
            5, [Position(SPOT, Decimal(quantity)), Position(ETHER, Decimal(1))]
        )
    found = journal.positions.all()
    assert [(point.symbol, point.quantity) for point in found] == [
        (SPOT, Decimal(2)), (ETHER, Decimal(1)),
    ]  # fmt: skip


def test_what_belongs_together_is_kept_together_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    def half_done(journal: Journal) -> None:
        with journal.together():
            journal.shares.book([entry("f1", "trend", "1")])
            assert journal.shares.of(SPOT, "trend") == 1  # seen from inside
            journal.parents.get("p1")

    with open_journal(path, "toy") as journal:
        before = journal.books.revision
        with pytest.raises(NoData):
            half_done(journal)
        assert journal.books.revision == before
    with read_journal(path, "toy") as journal:
        assert journal.shares.all() == ()
