"""Orders of one decision leave together: written down first, looked at last, each on its own."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import pytest
from support.toy_venue import (
    ETHER,
    PERPETUAL,
    SPOT,
    START_MS,
    ToyVenue,
    desk,
    journal_path,
    limits,
    next_bar,
    terms,
)

from xq.clock import ManualClock
from xq.errors import VenueUnreachable
from xq.execution.journal import Journal, open_journal
from xq.execution.orders import OrderState
from xq.live.desk import Desk, Forecast, Terms
from xq.live.loop import tick
from xq.live.report import Act
from xq.live.stop_file import StopFile
from xq.types import Account, Book, OrderRequest, Outcome, Symbol

D = Decimal
ETHER_PERPETUAL = Symbol.parse("ETH/USDT:USDT")
BOTH = (SPOT, ETHER)


@dataclass
class Busy(ToyVenue):
    """Something happens while an order is on its way, or before a book is asked."""

    meanwhile: Callable[[], None] = lambda: None
    asked: list[str] = field(default_factory=list)
    deaf_to_books: int = 0

    def place(self, request: OrderRequest) -> Outcome:
        self.meanwhile()
        return super().place(request)

    def account(self) -> Account:
        self.asked.append("account")
        return super().account()

    def book(self, symbol: Symbol, depth: int) -> Book:
        self.asked.append("book")
        if self.deaf_to_books:
            self.deaf_to_books -= 1
            raise VenueUnreachable("no book now")
        return super().book(symbol, depth)


@pytest.fixture
def venue() -> Busy:
    return Busy(ManualClock(START_MS), (SPOT, ETHER, PERPETUAL, ETHER_PERPETUAL))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(journal_path(tmp_path), "toy") as opened:
        yield opened


def thinking(venue: Busy, journal: Journal, seconds: float, meanwhile: Callable[[], None]) -> Desk:
    """A desk whose strategy takes its time."""

    def forecast(bar_ms: int) -> Forecast:
        venue.clock.sleep(seconds)
        meanwhile()
        venue.asked.clear()
        return Forecast(bar_ms, {SPOT: 0.4}, {SPOT: venue.price(SPOT)})

    return Desk(venue, venue, journal, venue.clock, forecast)


def states(journal: Journal) -> list[OrderState]:
    return [order.state for order in journal.orders()]


def test_all_intents_are_written_before_the_first_order_leaves(
    venue: Busy, journal: Journal
) -> None:
    seen: list[list[OrderState]] = []
    venue.meanwhile = lambda: seen.append(states(journal))
    tick(desk(venue, journal, {SPOT: 0.4, ETHER: 0.4}), terms(BOTH))
    assert seen == [[OrderState.INTENT] * 2] * 2
    assert states(journal) == [OrderState.FILLED] * 2


def stopped_after_the_first(venue: Busy, folder: Path) -> StopFile:
    """An emergency stop that is pulled while the first order is on its way."""
    stop = StopFile(folder, "toy")
    venue.meanwhile = lambda: (folder / "STOP").write_text("cancel") and None
    return stop


def test_a_stop_between_gate_and_byte_keeps_entries_in(
    venue: Busy, journal: Journal, tmp_path: Path
) -> None:
    stop = stopped_after_the_first(venue, tmp_path)
    table = replace(desk(venue, journal, {SPOT: 0.4, ETHER: 0.4}), stop=stop)
    report = tick(table, terms(BOTH))
    assert len(venue.requests) == 1
    assert states(journal) == [OrderState.FILLED, OrderState.NOT_SENT]
    assert "tripped since the gate: emergency_stop" in report.problems[-1].message


def test_a_stop_between_gate_and_byte_lets_exits_out(
    venue: Busy, journal: Journal, tmp_path: Path
) -> None:
    venue.held = {SPOT: D("0.1"), ETHER: D("0.1")}
    stop = stopped_after_the_first(venue, tmp_path)
    table = replace(desk(venue, journal, dict.fromkeys(BOTH, 0.0)), stop=stop)
    assert tick(table, terms(BOTH)).problems == ()
    assert venue.held == dict.fromkeys(BOTH, D(0))


def test_an_order_that_waited_too_long_behind_others_stays_and_is_due_again(
    venue: Busy, journal: Journal
) -> None:
    venue.meanwhile = lambda: venue.clock.sleep(6.0)
    table, rules = desk(venue, journal, {SPOT: 0.4, ETHER: 0.4}), terms(BOTH)
    report = tick(table, rules)
    assert states(journal) == [OrderState.FILLED, OrderState.NOT_SENT]
    assert "took more than 5 s" in report.problems[-1].message
    venue.meanwhile = lambda: None
    next_bar(venue)
    assert tick(table, rules).act is Act.TRADED
    assert venue.held[ETHER] > 0


def test_an_order_whose_fate_is_unknown_does_not_keep_the_others(
    venue: Busy, journal: Journal
) -> None:
    venue.script = ["ack_lost"]
    report = tick(desk(venue, journal, {SPOT: 0.4, ETHER: 0.4}), terms(BOTH))
    assert report.act is Act.TRADED  # it was asked for, and found
    assert states(journal) == [OrderState.FILLED] * 2


def test_a_turn_opens_after_every_closing(venue: Busy, journal: Journal) -> None:
    both = (PERPETUAL, ETHER_PERPETUAL)
    venue.held = dict.fromkeys(both, D("0.1"))
    venue.cash -= 8_000
    tick(desk(venue, journal, dict.fromkeys(both, -0.3)), terms(both))
    assert [(r.symbol, r.reduce_only) for r in venue.requests] == [
        (PERPETUAL, True), (ETHER_PERPETUAL, True), (PERPETUAL, False), (ETHER_PERPETUAL, False),
    ]  # fmt: skip
    assert all(quantity < 0 for quantity in venue.held.values())


def test_what_does_not_fit_beside_the_others_waits_for_what_they_leave(
    venue: Busy, journal: Journal
) -> None:
    venue.behind = (D("0.01"), D(1_500))  # at worst the first costs more than it does
    seen: list[list[OrderState]] = []
    venue.meanwhile = lambda: seen.append(states(journal))
    tick(desk(venue, journal, {SPOT: 0.495, ETHER: 0.495}), terms(BOTH))
    assert seen == [[OrderState.INTENT], [OrderState.FILLED, OrderState.INTENT]]


@pytest.mark.parametrize(
    ("seconds", "asked"),
    [(0.5, ["book"]), (2.0, ["account", "book"]), (6.0, ["account", "account", "book"])],
)
def test_an_account_is_asked_anew_after_a_long_forecast(
    venue: Busy, journal: Journal, seconds: float, asked: list[str]
) -> None:
    tick(thinking(venue, journal, seconds, lambda: None), terms())
    assert venue.asked[: len(asked)] == asked


def test_what_changed_during_a_long_forecast_is_not_bought_twice(
    venue: Busy, journal: Journal
) -> None:
    def bought() -> None:
        venue.held[SPOT] = D("0.1")
        venue.cash -= 4_000

    tick(thinking(venue, journal, 2.0, bought), terms())
    assert venue.requests == []
    assert venue.held[SPOT] == D("0.1")


@pytest.fixture
def pooled(venue: Busy, journal: Journal) -> Iterator[Desk]:
    with ThreadPoolExecutor(2) as pool:
        yield replace(desk(venue, journal, {SPOT: 0.4, ETHER: 0.4}), pool=pool)


def test_with_threads_the_books_are_read_before_the_decision(venue: Busy, pooled: Desk) -> None:
    before: list[str] = []

    def forecast(bar_ms: int) -> Forecast:
        before.extend(venue.asked)
        venue.asked.clear()
        return pooled.forecast(bar_ms)

    venue.deaf_to_books = 1  # what could not be asked ahead is asked when it is needed
    report = tick(replace(pooled, forecast=forecast), terms(BOTH))
    assert before.count("book") == 2
    assert venue.asked.count("book") == 1
    assert report.act is Act.TRADED
    assert {request.symbol for request in venue.requests} == set(BOTH)


def test_with_threads_many_symbols_are_not_read_ahead(venue: Busy, pooled: Desk) -> None:
    many = tuple(Symbol(f"C{number}", "USDT") for number in range(21))
    venue.symbols = many
    rules: Terms = terms(many, limits=limits(many, max_orders_per_minute=100))
    table = replace(
        pooled,
        forecast=lambda bar_ms: Forecast(
            bar_ms, dict.fromkeys(many, 0.0), dict.fromkeys(many, D(40_000))
        ),
    )
    assert tick(table, rules).act is Act.HELD
    assert venue.asked.count("book") == 0


def test_what_the_first_orders_cost_is_a_loss_of_the_first_day(
    venue: Busy, journal: Journal
) -> None:
    venue.meanwhile = lambda: venue.clock.sleep(0.01)
    tick(desk(venue, journal, {SPOT: 0.4}), terms())
    first, then = journal.books.equity()
    assert first.equity == 10_000
    assert then.equity == first.equity - sum(fill.fee for fill in venue.trades)
