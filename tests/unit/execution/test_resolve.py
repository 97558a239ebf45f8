"""How long the venue is asked, and what its answers prove."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from support.toy_venue import SPOT, START_MS, ToyVenue, journal_path

from xq.clock import ManualClock
from xq.errors import VenueUnreachable
from xq.execution.journal import Journal, open_journal
from xq.execution.orders import OrderState
from xq.execution.records import DecisionKey, JournalOrder
from xq.execution.resolve import ONE_LOOK, Patience, resolve
from xq.types import Order, OrderRequest, OrderStatus, OrderType, Side

NOTHING = Decimal(0)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(journal_path(tmp_path), "toy") as opened:
        yield opened


@pytest.fixture
def venue() -> ToyVenue:
    return ToyVenue(ManualClock(START_MS))


@pytest.fixture
def order(journal: Journal, venue: ToyVenue) -> JournalOrder:
    decision = journal.decisions.begin(DecisionKey("toy", "plan", "1h", (SPOT,), 0), START_MS)
    intent = JournalOrder(
        "xq-1", decision.id, SPOT, "open", Side.BUY, OrderType.MARKET, Decimal("0.1"), False,
        Decimal(40_000), NOTHING, OrderState.INTENT, START_MS, venue.clock.now_ms(),
    )  # fmt: skip
    journal.intend(intent)
    return intent


Ask = Callable[..., JournalOrder]


@pytest.fixture
def ask(journal: Journal, venue: ToyVenue, order: JournalOrder) -> Ask:
    def call(patience: Patience | None = None, held: Decimal = NOTHING) -> JournalOrder:
        now = journal.order(order.client_id)
        return resolve(now, venue, journal, venue.clock, lambda _: held, patience or Patience())

    return call


def execute(venue: ToyVenue) -> Order:
    request = OrderRequest(SPOT, Side.BUY, OrderType.MARKET, Decimal("0.1"), "xq-1")
    return venue.execute(request, request.quantity)


def test_an_order_found_is_taken_over_at_once(venue: ToyVenue, ask: Ask) -> None:
    execute(venue)
    assert ask().state is OrderState.FILLED
    assert venue.clock.now_ms() == START_MS


def test_one_that_is_late_is_waited_for(venue: ToyVenue, ask: Ask) -> None:
    answer, asked = venue.order_by_client_id, []

    def late(symbol, client_id):
        asked.append(client_id)
        if len(asked) == 4:
            execute(venue)
        return answer(symbol, client_id)

    venue.order_by_client_id = late
    assert ask().state is OrderState.FILLED
    assert len(asked) == 4


def test_an_older_order_of_the_same_name_is_not_ours(
    venue: ToyVenue, journal: Journal, order: JournalOrder
) -> None:
    """As when a journal was moved away and the same bar is decided again."""
    execute(venue)
    venue.clock.sleep(60)
    ours = replace(order, client_id="xq-2", venue_ms=venue.clock.now_ms())
    journal.intend(ours)
    venue.orders[0] = replace(venue.orders[0], client_id="xq-2")
    known = resolve(ours, venue, journal, venue.clock, lambda _: NOTHING, Patience())
    assert known.state is OrderState.INTENT
    execute(venue)
    venue.orders[1] = replace(venue.orders[1], client_id="xq-2")
    known = resolve(ours, venue, journal, venue.clock, lambda _: NOTHING, Patience())
    assert known.state is OrderState.FILLED


def test_absence_is_proven_by_age_and_several_answers(venue: ToyVenue, ask: Ask) -> None:
    assert ask().state is OrderState.LOST
    assert 15_000 <= venue.clock.now_ms() - START_MS <= 20_000


def test_one_look_proves_nothing(venue: ToyVenue, ask: Ask) -> None:
    venue.clock.sleep(3_600)
    assert ask(ONE_LOOK).state is OrderState.INTENT


def test_a_position_that_moved_speaks_against_absence(venue: ToyVenue, ask: Ask) -> None:
    assert ask(held=Decimal("0.1")).state is OrderState.INTENT
    venue.clock.sleep(600)  # by now it was somebody else
    assert ask(held=Decimal("0.1")).state is OrderState.LOST


def test_a_clock_that_was_set_back_proves_nothing(
    venue: ToyVenue, journal: Journal, order: JournalOrder
) -> None:
    earlier = ManualClock(START_MS - 3_600_000)
    known = resolve(order, venue, journal, earlier, lambda _: NOTHING, Patience())
    assert known.state is OrderState.INTENT


def test_a_deaf_venue_leaves_everything_as_it_is(venue: ToyVenue, ask: Ask) -> None:
    venue.deaf = True
    assert ask().state is OrderState.INTENT
    assert venue.clock.now_ms() - START_MS <= 30_000


def test_answers_between_failures_count(venue: ToyVenue, ask: Ask) -> None:
    asked = []

    def flaky(*_: object) -> None:
        asked.append(1)
        if len(asked) % 2:
            raise VenueUnreachable("toy cannot be reached")

    venue.order_by_client_id = flaky
    assert ask().state is OrderState.LOST


def test_an_accepted_order_is_given_a_moment_to_finish(venue: ToyVenue, ask: Ask) -> None:
    execute(venue)
    done = venue.orders[0]
    venue.orders[0] = replace(done, status=OrderStatus.NEW, filled=NOTHING)
    answer, asked = venue.order_by_client_id, []

    def slow(symbol, client_id):
        asked.append(1)
        if len(asked) == 3:
            venue.orders[0] = done
        return answer(symbol, client_id)

    venue.order_by_client_id = slow
    assert ask().state is OrderState.FILLED


def test_an_order_that_rests_is_not_waited_for_long(venue: ToyVenue, ask: Ask) -> None:
    execute(venue)
    venue.orders[0] = replace(venue.orders[0], status=OrderStatus.NEW, filled=NOTHING)
    assert ask().state is OrderState.NEW
    assert venue.clock.now_ms() - START_MS <= 3_000
