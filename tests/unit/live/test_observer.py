"""What a run lets others see: told from its journal, once, whoever wrote it, never in its way."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from support.toy_venue import (
    PERPETUAL,
    SPOT,
    START_MS,
    ToyVenue,
    desk,
    journal_path,
    next_bar,
    terms,
)

from xq.clock import ManualClock
from xq.errors import StorageFailed, VenueUnreachable
from xq.execution.journal import Journal, open_journal
from xq.execution.ledger_records import Event as Written
from xq.execution.ledger_records import Severity
from xq.live import news
from xq.live.calls import CallLog
from xq.live.latches import JournalLatches
from xq.live.loop import tick
from xq.live.observer import Observer
from xq.live.report import Report
from xq.observe.event import Bus, Event, Level
from xq.observe.metrics import Metrics
from xq.risk.latch import by_hand
from xq.risk.switches import Switch

DAY_MS = 86_400_000


class Heard(list[Event]):
    def take(self, event: Event) -> None:
        self.append(event)

    @property
    def kinds(self) -> list[str]:
        kinds = [event.kind for event in self]
        self.clear()
        return kinds


@pytest.fixture
def venue() -> ToyVenue:
    return ToyVenue(ManualClock(START_MS), (SPOT, PERPETUAL))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(journal_path(tmp_path), "toy") as opened:
        yield opened


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def observer(venue: ToyVenue, heard: Heard) -> Observer:
    return Observer(venue.clock, Bus([heard]))


def look(observer: Observer, venue: ToyVenue, journal: Journal) -> Report:
    table = desk(venue, journal, {SPOT: 0.5})
    observer.opened(table)
    report = tick(table, terms())
    observer.saw(table, report)
    return report


def test_a_look_tells_decision_order_and_fill_with_their_ids_and_once(
    observer: Observer, heard: Heard, venue: ToyVenue, journal: Journal
) -> None:
    look(observer, venue, journal)
    decision, order, fill = heard
    assert (decision.kind, decision.facts["strategy"], decision.facts["target_weight"]) == (
        "decision", "plan", 0.5,
    )  # fmt: skip
    assert (order.kind, order.level, order.facts["state"]) == ("filled", Level.INFO, "filled")
    assert order.text == "buy 0.125 BTC/USDT: filled, 0.125 at 40000"
    assert order.facts["client_id"] == fill.facts["client_id"] == venue.requests[0].client_id
    assert (fill.kind, fill.facts["fill_id"]) == ("fill", "1")
    heard.clear()
    look(observer, venue, journal)
    assert heard == []


@pytest.mark.parametrize(
    ("script", "kind", "level"),
    [
        (["reject"], "rejected", Level.WARNING),
        (["not_sent"], "rejected", Level.WARNING),
        (["request_lost"], "unknown", Level.WARNING),
        (["half"], "order", Level.INFO),
    ],
)
def test_how_orders_end(
    script: list[str], kind: str, level: Level,
    observer: Observer, heard: Heard, venue: ToyVenue, journal: Journal,
) -> None:  # fmt: skip
    venue.script = script
    report = look(observer, venue, journal)
    (order,) = [event for event in heard if "client_id" in event.facts and event.kind != "fill"]
    assert (order.kind, order.level) == (kind, level)
    problems = [event.text for event in heard if event.kind == "error"]
    assert problems == [problem.message for problem in report.problems]


def test_an_unknown_order_is_an_alarm(
    observer: Observer, heard: Heard, venue: ToyVenue, journal: Journal
) -> None:
    venue.script = ["request_lost"]
    table = desk(venue, journal, {SPOT: 0.5})
    observer.opened(table)
    place = venue.place

    def vanish(request: object) -> object:
        outcome = place(request)
        venue.deaf = True
        return outcome

    venue.place = vanish
    tick(table, terms())
    venue.deaf = False
    news_now = [event for event in news.take(journal, venue.now_ms()) if event.kind == "unknown"]
    assert [(event.kind, event.level) for event in news_now] == [("unknown", Level.ALARM)]


def test_what_another_process_wrote_is_told_too(
    observer: Observer, heard: Heard, venue: ToyVenue, journal: Journal
) -> None:
    look(observer, venue, journal)
    heard.clear()
    kept, now_ms = JournalLatches(journal), venue.now_ms()
    pulled = by_hand(Switch.DRAWDOWN, "enough", "ann", now_ms)
    kept.store(kept.load(now_ms).after([pulled]), now_ms)
    kept.store(kept.load(now_ms).rearm(Switch.DRAWDOWN, "calm", "ann", now_ms), now_ms)
    journal.events.append(Written(now_ms, "switch", Severity.ALARM, "told by its latch already"))
    journal.events.append(Written(now_ms, "foreign", Severity.WARNING, "who?", '{"symbol": "X"}'))
    look(observer, venue, journal)
    told = [(event.kind, event.level, event.text) for event in heard]
    assert told == [
        ("switch_tripped", Level.ALARM, "kill switch drawdown tripped: enough"),
        ("switch_rearmed", Level.WARNING, "kill switch drawdown armed again: calm"),
        ("foreign", Level.WARNING, "who?"),
    ]


def test_what_a_killed_run_did_is_told_by_the_next(
    observer: Observer, heard: Heard, venue: ToyVenue, journal: Journal
) -> None:
    table = desk(venue, journal, {SPOT: 0.5})
    observer.opened(table)
    tick(table, terms())  # and the process dies before it tells
    look(Observer(venue.clock, Bus([heard])), venue, journal)
    assert heard.kinds == ["decision", "filled", "fill"]


def test_a_journal_from_before_is_no_news_nor_is_what_is_a_day_old(
    observer: Observer, heard: Heard, venue: ToyVenue, journal: Journal
) -> None:
    tick(desk(venue, journal, {SPOT: 0.5}), terms())
    look(observer, venue, journal)
    assert heard == []
    next_bar(venue)
    tick(desk(venue, journal, {SPOT: 0.0}), terms())
    assert news.take(journal, venue.now_ms() + DAY_MS) == ()


def test_the_same_error_is_told_once_until_it_is_gone(
    observer: Observer, heard: Heard, venue: ToyVenue, journal: Journal
) -> None:
    for _ in range(3):
        observer.failed(VenueUnreachable("toy cannot be reached"))
    (told,) = heard
    assert (told.kind, told.facts["error"]) == ("error", "VenueUnreachable")
    look(observer, venue, journal)
    observer.failed(VenueUnreachable("toy cannot be reached"))
    assert heard.kinds == ["error", "decision", "filled", "fill", "error"]


def test_a_journal_that_cannot_be_read_back_spoils_no_look(
    observer: Observer, heard: Heard, venue: ToyVenue, journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def full(*_: object) -> None:
        raise StorageFailed("the disk is full")

    monkeypatch.setattr("xq.live.observer.news.take", full)
    look(observer, venue, journal)
    assert [(event.kind, event.text) for event in heard] == [("error", "the disk is full")]


def test_nobody_listening_costs_nothing(venue: ToyVenue, journal: Journal) -> None:
    look(Observer(venue.clock), venue, journal)
    assert journal.books.note(news.TOLD) is None


def test_numbers_are_those_of_the_journal_and_the_last_account(
    venue: ToyVenue, journal: Journal
) -> None:
    metrics = Metrics("0", "toy", "toy")
    written: list[str] = []
    observer = Observer(venue.clock, Bus([metrics]), metrics, lambda: written.append("x"))
    calls = CallLog(venue.clock, observer.heard)
    table = desk(venue, journal, {SPOT: 0.5})
    heard = calls.listen(venue)
    table = replace(table, market=heard, venue=heard, calls=calls)
    with observer.look("tick"):
        observer.opened(table)
        observer.saw(table, tick(table, terms()))
    told = generate_latest(metrics.registry).decode()
    for line in (
        'xq_orders_total{outcome="filled"} 1.0',
        "xq_decisions_total 1.0",
        "xq_fills_total 1.0",
        'xq_fees_total{asset="USDT"} 5.0',
        "xq_equity 9995.0",
        'xq_position_quantity{symbol="BTC/USDT"} 0.125',
        'xq_switch_tripped{switch="drawdown"} 0.0',
        'xq_venue_calls_total{call="place",outcome="answered"} 1.0',
        'xq_look_duration_seconds_count{look="tick"} 1.0',
        'xq_events_total{kind="filled",level="info"} 1.0',
    ):
        assert line in told.splitlines(), told
    assert written == ["x"]
