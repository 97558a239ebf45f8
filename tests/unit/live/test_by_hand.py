"""Orders by hand beside a strategy: neither is confused by the other."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest
from support.guarded_venue import GuardedVenue, guarded_desk
from support.toy_venue import HOUR, PERPETUAL, START_MS, journal_path, next_bar, terms

from xq.api.book import Member, Netted
from xq.clock import ManualClock
from xq.errors import OrderRefused, TradingHalted, VenueUnreachable
from xq.execution.journal import Journal, open_journal
from xq.execution.orders import OrderState
from xq.execution.resolve import ONE_LOOK
from xq.live.by_hand import aside, held_by_hand
from xq.live.desk import Desk, Forecast
from xq.live.hand import Placed, place
from xq.live.hand_cancel import cancel_one
from xq.live.hand_close import close
from xq.live.loop import tick, watch
from xq.live.wish import Wish
from xq.strategy.base import Exits
from xq.types import Order, OrderRequest, OrderType, Outcome, Side, Symbol
from xq.venue_types import Mark

D = Decimal
TERMS = terms((PERPETUAL,))
HAND = replace(TERMS, strategy="")


class Marks(dict[Symbol, Decimal]):
    """The toy's prices to value by, which also answer when asked as a venue's."""

    def __call__(self, symbol: Symbol) -> Mark:
        return Mark(symbol, D(40_000), D(40_000), START_MS)


@dataclass
class Mute(GuardedVenue):
    """A venue that may not answer what became of an order."""

    mute: bool = False

    def order_by_client_id(self, symbol: Symbol, client_id: str) -> Order | None:
        if self.mute:
            raise VenueUnreachable("told not to answer")
        return super().order_by_client_id(symbol, client_id)


@pytest.fixture
def venue() -> Mute:
    return Mute(ManualClock(START_MS), (PERPETUAL,), marked=Marks())


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(journal_path(tmp_path), "toy") as opened:
        yield opened


def desk_of(
    venue: GuardedVenue, journal: Journal, weight: float = 0.0, exits: Exits | None = None
) -> Desk:
    return guarded_desk(venue, journal, {PERPETUAL: weight}, exits)


def hand(
    venue: GuardedVenue,
    journal: Journal,
    side: Side,
    quantity: str,
    stop_price: str | None = None,
    *,
    reduce_only: bool = False,
) -> Placed:
    kind = OrderType.MARKET if stop_price is None else OrderType.STOP_MARKET
    wish = Wish(
        PERPETUAL, side, kind, quantity=D(quantity), reduce_only=reduce_only,
        stop_price=None if stop_price is None else D(stop_price),
    )  # fmt: skip
    return place(wish, desk_of(venue, journal), HAND)


def step(
    venue: GuardedVenue, journal: Journal, weight: float, exits: Exits | None = None
) -> object:
    next_bar(venue)
    return tick(desk_of(venue, journal, weight, exits), TERMS)


def test_what_is_bought_by_hand_stays_whatever_the_strategy_does(
    venue: GuardedVenue, journal: Journal
) -> None:
    step(venue, journal, 0.4)
    done = hand(venue, journal, Side.BUY, "0.03")
    assert (done.line.state, done.position, done.problem) == ("filled", D("0.130"), None)
    assert journal.order(done.line.client_id).strategy == ""
    report = step(venue, journal, 0.4)
    assert report.notes == ()  # known, and no stranger's
    for weight, held in ((0.4, "0.130"), (0.0, "0.03"), (0.2, "0.079"), (0.0, "0.03")):
        step(venue, journal, weight)
        assert venue.held[PERPETUAL] == D(held)
    assert aside(PERPETUAL, desk_of(venue, journal)) == D("0.03")


def test_a_sale_by_hand_takes_from_the_strategy_and_is_not_made_up_for(
    venue: GuardedVenue, journal: Journal
) -> None:
    step(venue, journal, 0.4)
    hand(venue, journal, Side.SELL, "0.04")
    step(venue, journal, 0.4)
    assert venue.held[PERPETUAL] == D("0.060")
    step(venue, journal, 0.8)
    assert venue.held[PERPETUAL] == D("0.199")
    step(venue, journal, 0.0)
    assert venue.held[PERPETUAL] == 0


def test_sub_ledgers_leave_out_what_is_by_hand(venue: GuardedVenue, journal: Journal) -> None:
    def member(name: str, weight: float) -> Member:
        def forecast(bar_ms: int) -> Forecast:
            return Forecast(bar_ms, {PERPETUAL: weight}, {PERPETUAL: venue.price(PERPETUAL)})

        return Member(name, 0.5, (PERPETUAL,), HOUR, forecast)

    def netted(*members: Member) -> None:
        next_bar(venue)
        desk = replace(desk_of(venue, journal), forecast=Netted(members, HOUR))
        tick(desk, TERMS)

    netted(member("trend", 0.8), member("revert", -0.4))
    hand(venue, journal, Side.BUY, "0.01")
    watch(desk_of(venue, journal), TERMS)
    shares = {"trend": D("0.100"), "revert": D("-0.050"), "": D("0.01")}
    assert journal.shares.held(PERPETUAL) == shares
    netted(member("trend", 0.8), member("revert", 0.0))
    shares = {"trend": D("0.099"), "revert": D(0), "": D("0.01")}  # fees have been paid
    assert journal.shares.held(PERPETUAL) == shares
    assert sum(shares.values()) == venue.held[PERPETUAL]


def test_a_closed_symbol_stays_flat_until_the_target_turns(
    venue: GuardedVenue, journal: Journal
) -> None:
    exits = Exits(stop_loss=0.1)
    step(venue, journal, 0.4, exits)
    hand(venue, journal, Side.BUY, "0.01")
    hand(venue, journal, Side.SELL, "0.01", "39000", reduce_only=True)
    venue.log.clear()
    done = close(PERPETUAL, desk_of(venue, journal), HAND)
    assert (done.before, done.after, done.problem) == (D("0.110"), D("0"), None)
    assert venue.log == ["place market sell 0.110", "cancel", "cancel"]  # exits rest until it is
    assert venue.working() == []
    assert aside(PERPETUAL, desk_of(venue, journal)) == 0
    for weight, held in ((0.4, 0), (0.5, 0), (0.0, 0), (0.2, D("0.049"))):
        step(venue, journal, weight, exits)
        assert venue.held[PERPETUAL] == held


def test_what_rests_by_hand_is_left_alone_and_followed(
    venue: GuardedVenue, journal: Journal
) -> None:
    step(venue, journal, 0.4)
    stop = hand(venue, journal, Side.SELL, "0.1", "39000", reduce_only=True)
    assert stop.line.state == "new"
    step(venue, journal, 0.4)
    watch(desk_of(venue, journal), TERMS)
    assert [order.client_id for order in venue.working()] == [stop.line.client_id]
    venue.move(PERPETUAL, D(39_000))
    assert watch(desk_of(venue, journal), TERMS).notes == (
        f"BTC/USDT:USDT: 0.1 of order {stop.line.client_id} by hand filled",
    )
    assert journal.order(stop.line.client_id).state is OrderState.FILLED


def test_an_order_of_unknown_fate_freezes_the_symbol_until_it_is_found_out(
    venue: Mute, journal: Journal
) -> None:
    venue.script = ["ack_lost"]
    desk = desk_of(venue, journal)
    wish = Wish(PERPETUAL, Side.BUY, OrderType.MARKET, quantity=D("0.1"))
    ask, venue.mute = desk.venue.order_by_client_id, True
    lost = place(wish, desk, replace(HAND, patience=ONE_LOOK))
    assert (lost.line.state, type(lost.problem)) == ("unknown", TradingHalted)
    sent = len(venue.requests)
    with pytest.raises(OrderRefused, match=f"order {lost.line.client_id} is not known"):
        hand(venue, journal, Side.BUY, "0.2")
    report = step(venue, journal, 0.9)
    assert "is not known" in report.problems[0].message
    assert len(venue.requests) == sent
    venue.mute = False
    assert ask(PERPETUAL, lost.line.client_id) is not None
    assert hand(venue, journal, Side.BUY, "0.02").position == D("0.12")


def test_one_that_died_before_it_left_is_proven_lost_by_the_next(
    venue: GuardedVenue, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_request: OrderRequest) -> Outcome:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(venue, "place", killed)
        with pytest.raises(KeyboardInterrupt):
            hand(venue, journal, Side.BUY, "0.1")
    (intent,) = journal.orders()
    assert intent.state is OrderState.INTENT
    assert hand(venue, journal, Side.BUY, "0.1").position == D("0.1")
    assert journal.order(intent.client_id).state is OrderState.LOST


def entry(venue: GuardedVenue, journal: Journal) -> Placed:
    wish = Wish(PERPETUAL, Side.BUY, OrderType.MARKET, quantity=D("0.1"), stop_loss=D("39000"))
    return place(wish, desk_of(venue, journal), replace(HAND, needs_stop=True))


def test_an_entry_gets_the_stop_it_was_asked_for_with(
    venue: GuardedVenue, journal: Journal
) -> None:
    done = entry(venue, journal)
    assert (done.position, done.problem) == (D("0.1"), None)
    assert done.notes[-1] == "BTC/USDT:USDT: a stop of 0.100 at 39000 rests"
    (stop,) = venue.working()
    assert (stop.stop_price, stop.quantity, stop.reduce_only) == (D(39_000), D("0.100"), True)
    step(venue, journal, 0.0)
    watch(desk_of(venue, journal), TERMS)
    assert venue.working() == [stop]  # one, and left alone


def test_without_its_stop_an_entry_does_not_stay(venue: GuardedVenue, journal: Journal) -> None:
    venue.script = ["ok", "reject"]
    done = entry(venue, journal)
    assert isinstance(done.problem, TradingHalted)
    assert "the stop was refused" in done.problem.message
    assert (done.position, venue.working()) == (0, [])
    assert [event.kind for event in journal.events.all()] == ["unprotected"]


def test_a_stop_is_restored_after_a_death(
    venue: GuardedVenue, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> object:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr("xq.live.hand_stop.place", killed)
        with pytest.raises(KeyboardInterrupt):
            entry(venue, journal)
    assert venue.working() == []
    watch(desk_of(venue, journal), TERMS)
    watch(desk_of(venue, journal), TERMS)
    (stop,) = venue.working()
    assert (stop.stop_price, journal.order(stop.client_id).strategy) == (D(39_000), "")


def test_refused_by_the_gate_means_nothing_was_sent(venue: GuardedVenue, journal: Journal) -> None:
    step(venue, journal, 0.4)
    sent = len(venue.requests)
    for side, quantity, stop, reduces, said in (
        (Side.BUY, "0.1", None, True, "reduces nothing: 0.100 BTC is held"),
        (Side.SELL, "0.2", None, True, "more than what is held, 0.100 BTC"),
        (Side.SELL, "0.05", "39000", False, "would open a position if that is gone"),
        (Side.BUY, "0.1", "60000", False, "price must be within"),
        (Side.BUY, "90", None, False, "order notional must be at most"),
    ):
        with pytest.raises(OrderRefused, match=said):
            hand(venue, journal, side, quantity, stop, reduce_only=reduces)
    with pytest.raises(OrderRefused, match="live mode enters nothing without a stop"):
        place(
            Wish(PERPETUAL, Side.BUY, OrderType.MARKET, quantity=D("0.01")),
            desk_of(venue, journal),
            replace(HAND, needs_stop=True),
        )
    assert len(venue.requests) == sent


def test_a_cancel_is_found_out_about(venue: GuardedVenue, journal: Journal) -> None:
    step(venue, journal, 0.4)
    stop = hand(venue, journal, Side.SELL, "0.1", "39000", reduce_only=True)
    row = cancel_one(PERPETUAL, stop.line.client_id, desk_of(venue, journal))
    assert (row.status, row.problem) == ("canceled", None)
    assert journal.order(stop.line.client_id).state is OrderState.CANCELED


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ([("1", "open"), ("0.5", "hand"), ("-1", "close")], "0.5"),
        ([("1", "open"), ("-1.5", "hand")], "-0.5"),
        ([("-1", "open"), ("1", "hand"), ("1", "hand")], "1"),
        ([("1", "hand"), ("-2", "open"), ("0.5", "hand")], "1.5"),
        ([("1", "hand"), ("1", "open"), ("-1.5", "stop")], "0.5"),
        ([("1", "hand"), ("1", "open"), ("-2", "flatten")], "0"),
        ([("1", "hand"), ("-1", None)], "1"),
        ([("0.5", "hand"), ("-0.5", "hand_close"), ("0.2", "hand")], "0.2"),
    ],
)
def test_what_is_left_by_hand(changes: list[tuple[str, str | None]], left: str) -> None:
    assert held_by_hand(D(0), [(D(change), leg) for change, leg in changes]) == D(left)
