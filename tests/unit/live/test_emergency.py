"""The emergency stop against an exchange in memory, whose every answer is chosen."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest
from support.guarded_venue import GuardedVenue
from support.toy_venue import PERPETUAL, SPOT, START_MS, terms

from xq.clock import ManualClock
from xq.errors import StorageFailed, VenueUnreachable, XqError
from xq.execution.journal import Journal
from xq.execution.memory import MemoryJournal
from xq.live.emergency import Ended, Persistence, Step, Sweep
from xq.live.stop_file import Demand
from xq.risk.switches import Action
from xq.types import Order, OrderRequest, OrderStatus, OrderType, Outcome, OutcomeKind, Side, Symbol

D = Decimal


class Full(MemoryJournal):
    """A journal on a disk that is full."""

    def intend(self, order: object) -> None:
        raise StorageFailed("no space left on device")


@dataclass
class Book(GuardedVenue):
    """Loses cancels, refills, refuses what is too large, and goes away, as told."""

    lost_cancels: int = 0
    refills: int = 0
    most: Decimal | None = None
    away: list[str] = field(default_factory=list)

    def open_orders(self, symbol: Symbol | None = None) -> Sequence[Order]:
        if self.away:
            raise VenueUnreachable(self.away.pop(0))
        return super().open_orders(symbol)

    def cancel(self, symbol: Symbol, client_id: str) -> Outcome:
        if self.lost_cancels:
            self.lost_cancels -= 1
            return Outcome(OutcomeKind.UNKNOWN, reason="no answer in time")
        if self.refills:
            self.refills -= 1
            self.rest(symbol, f"refill-{self.refills}")
        return super().cancel(symbol, client_id)

    def place(self, request: OrderRequest) -> Outcome:
        if self.most is not None and request.quantity > self.most:
            return Outcome(OutcomeKind.REJECTED, code="-4005", reason="Quantity greater than max")
        return super().place(request)


@dataclass
class Records:
    journals: list[Journal]
    refused: list[str] = field(default_factory=list)

    def current(self) -> Journal:
        return self.journals[0]

    def give_way(self, error: XqError) -> None:
        self.refused.append(error.message)
        self.journals.pop(0)


@pytest.fixture
def venue() -> Book:
    return Book(ManualClock(START_MS), (PERPETUAL, SPOT))


def held(venue: Book, quantity: str, symbol: Symbol = PERPETUAL) -> None:
    venue.execute(OrderRequest(symbol, Side.BUY, OrderType.MARKET, D(quantity), "x"), D(quantity))


def protected(venue: Book, quantity: str) -> None:
    request = OrderRequest(
        PERPETUAL, Side.SELL, OrderType.STOP_MARKET, D(quantity), "exit",
        stop_price=D(30_000), reduce_only=True,
    )  # fmt: skip
    GuardedVenue.place(venue, request)


def swept(
    venue: Book,
    action: Action = Action.FLATTEN,
    symbols: tuple[Symbol, ...] = (),
    records: Records | None = None,
    give_up: float = 900.0,
) -> Ended:
    steps: list[Step] = []
    demand = Demand(action, "news", "ann", START_MS, symbols)
    sweep = Sweep(
        venue, venue, venue.clock, records or Records([MemoryJournal("toy")]),
        terms((PERPETUAL,)), demand, steps.append, frozenset({SPOT}),
    )  # fmt: skip
    ended = sweep.run(Persistence(give_up))
    assert tuple(steps) == ended.steps
    return ended


def resting(venue: Book) -> list[str]:
    return [order.client_id for order in venue.open_orders()]


def test_nothing_there_is_read_twice(venue: Book) -> None:
    assert swept(venue) == Ended(True, 2)


def test_a_cancel_keeps_protective_orders_and_positions(venue: Book) -> None:
    held(venue, "0.5")
    protected(venue, "0.5")
    venue.rest(PERPETUAL, "entry")
    ended = swept(venue, Action.CANCEL)
    assert (ended.done, resting(venue), venue.held[PERPETUAL]) == (True, ["exit"], D("0.5"))
    assert ended.kept == ("stop_market sell 0.5 at 30000 (exit)",)
    assert [step.act for step in ended.steps] == ["cancel"]


def test_flatten_cancels_first_closes_then_takes_the_exits(venue: Book) -> None:
    held(venue, "0.5")
    protected(venue, "0.5")
    venue.rest(PERPETUAL, "entry")
    ended = swept(venue)
    assert (ended.done, resting(venue), venue.held[PERPETUAL], ended.kept) == (True, [], 0, ())
    assert venue.log[-3:] == ["cancel", "place market sell 0.500", "cancel"]
    assert venue.requests[-1].reduce_only
    assert [step.about.split()[0] for step in ended.steps] == ["limit", "sell", "stop_market"]


def test_a_symbol_alone(venue: Book) -> None:
    held(venue, "0.5")
    venue.rest(PERPETUAL, "entry")
    ended = swept(venue, symbols=(Symbol.parse("ETH/USDT:USDT"),))
    assert (ended.done, resting(venue), venue.held[PERPETUAL]) == (True, ["entry"], D("0.5"))


def test_what_is_lost_is_sent_again_and_a_book_that_refills_is_swept_again(venue: Book) -> None:
    for number in range(6):
        venue.rest(PERPETUAL, f"entry-{number}")
    venue.lost_cancels, venue.refills = 3, 5
    ended = swept(venue, Action.CANCEL)
    assert (ended.done, resting(venue)) == (True, [])
    assert sum("no answer in time" in step.outcome for step in ended.steps) == 3


def test_a_venue_that_is_away_is_asked_until_it_is_back(venue: Book) -> None:
    venue.rest(PERPETUAL, "entry")
    venue.away = ["HTTP status 503"] * 7
    ended = swept(venue, Action.CANCEL)
    assert (ended.done, resting(venue), ended.rounds) == (True, [], 10)
    troubles = [step for step in ended.steps if step.act == "trouble"]
    assert len(troubles) == 1  # said once


def test_books_that_cannot_be_read_keep_no_position_open(venue: Book) -> None:
    held(venue, "0.5")
    venue.away = ["HTTP status 503"] * 3
    assert swept(venue).done
    assert venue.held[PERPETUAL] == 0


def test_it_gives_up_and_says_what_is_left(venue: Book) -> None:
    venue.rest(PERPETUAL, "entry")
    venue.lost_cancels = 10**6
    ended = swept(venue, Action.CANCEL, give_up=60)
    assert not ended.done
    assert ended.left == ("limit buy 1 (entry) rests",)
    assert venue.clock.now_ms() - START_MS <= 60_000


def test_an_order_without_a_name_is_told_and_never_called_done(venue: Book) -> None:
    venue.rest(PERPETUAL, "")
    ended = swept(venue, Action.CANCEL, give_up=10)
    assert not ended.done
    assert "cancel it by hand" in ended.steps[0].outcome


def test_a_position_larger_than_one_order_may_be_goes_in_parts(venue: Book) -> None:
    held(venue, "0.9")
    venue.most = D("0.3")
    assert swept(venue).done
    sizes = [request.quantity for request in venue.requests]
    assert (sizes[0], sum(sizes), venue.held[PERPETUAL]) == (D("0.225"), D("0.9"), 0)


def test_a_journal_that_refuses_gives_way_and_holds_nothing_up(venue: Book) -> None:
    held(venue, "0.5")
    spare = MemoryJournal("toy")
    records = Records([Full("toy"), spare])
    assert swept(venue, records=records).done
    assert records.refused == ["no space left on device"]
    (order,) = spare.orders()  # written down before it was sent, elsewhere
    assert (order.state, order.reduce_only, order.filled) == ("filled", True, D("0.5"))


def test_an_unclear_close_is_found_out_and_not_doubled(venue: Book) -> None:
    held(venue, "0.5")
    venue.script = ["ack_lost"]
    assert swept(venue).done
    assert [request.quantity for request in venue.requests] == [D("0.5")]


def test_on_spot_what_locks_a_coin_goes_before_it_is_sold(venue: Book) -> None:
    held(venue, "0.5", SPOT)
    sale = OrderRequest(SPOT, Side.SELL, OrderType.LIMIT, D("0.5"), "sale")
    venue.execute(sale, D(0))
    venue.orders[-1] = replace(venue.orders[-1], status=OrderStatus.NEW)
    assert swept(venue, Action.CANCEL).kept == ("limit sell 0.5 (sale)",)
    ended = swept(venue)
    assert (ended.done, venue.held[SPOT], resting(venue)) == (True, 0, [])
    assert [step.act for step in ended.steps] == ["cancel", "close"]


def test_dust_and_other_coins_are_not_closed(venue: Book) -> None:
    held(venue, "0.0001", SPOT)
    held(venue, "3", Symbol.parse("ETH/USDT"))
    assert swept(venue) == Ended(True, 2)
