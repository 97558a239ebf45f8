"""The loop against an exchange whose every answer the test chooses."""

from collections.abc import Iterator
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
from xq.errors import (
    BadWeights,
    OrderRefused,
    TradingHalted,
    VenueRefused,
    VenueUnclear,
    VenueUnreachable,
)
from xq.execution.journal import Journal, open_journal
from xq.execution.orders import OrderState
from xq.execution.records import DecisionStatus
from xq.live.loop import tick
from xq.live.report import Act


@pytest.fixture
def venue() -> ToyVenue:
    return ToyVenue(ManualClock(START_MS), (SPOT, ETHER, PERPETUAL))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(journal_path(tmp_path), "toy") as opened:
        yield opened


def test_buys_the_target_once_and_writes_everything_down(venue: ToyVenue, journal: Journal) -> None:
    table = desk(venue, journal, {SPOT: 0.5})
    first = tick(table, terms())
    again = tick(table, terms())

    assert (first.act, again.act) == (Act.TRADED, Act.NOTHING)
    assert venue.held == {SPOT: Decimal("0.125")}
    (line,) = first.symbols
    assert (line.target, line.position, line.position_after) == (
        Decimal("0.125"), 0, Decimal("0.125"),
    )  # fmt: skip
    assert line.orders[0].fees == {"USDT": Decimal("5.000")}
    assert first.equity == Decimal("9995")
    (order,) = journal.orders()
    assert (order.state, order.filled) == (OrderState.FILLED, Decimal("0.125"))
    assert journal.books.position(SPOT) == Decimal("0.125")
    assert [point.equity for point in journal.books.equity()] == [Decimal("9995")]
    assert journal.decisions.unfinished() == ()


def test_a_turn_at_full_leverage_is_bounded_by_what_sized_it(
    venue: ToyVenue, journal: Journal
) -> None:
    """The fee of closing must not keep the other side from being opened."""
    venue = ToyVenue(venue.clock, (PERPETUAL,), prices={PERPETUAL: Decimal(1_000)})
    tick(desk(venue, journal, {PERPETUAL: 1.0}), terms((PERPETUAL,), leverage=2))
    next_bar(venue)
    turned = tick(desk(venue, journal, {PERPETUAL: -1.0}), terms((PERPETUAL,), leverage=2))
    assert turned.problems == ()
    assert venue.held == {PERPETUAL: Decimal("-9.99")}


def test_a_turn_takes_no_more_than_the_margin_that_closing_frees(
    venue: ToyVenue, journal: Journal
) -> None:
    venue = ToyVenue(venue.clock, (PERPETUAL,), prices={PERPETUAL: Decimal(1_000)})
    tick(desk(venue, journal, {PERPETUAL: 1.0}), terms((PERPETUAL,)))
    next_bar(venue)
    table = desk(venue, journal, {PERPETUAL: -1.0})
    planned = tick(table, terms((PERPETUAL,)), dry_run=True)
    assert planned.problems == ()
    turned = tick(table, terms((PERPETUAL,)))
    assert turned.problems == ()
    assert venue.held == {PERPETUAL: Decimal("-9.960")}  # 9980 left, less the buffer
    assert "what the margin carries" in turned.symbols[0].note


def test_an_unchanged_target_is_held_and_a_changed_one_is_traded(
    venue: ToyVenue, journal: Journal
) -> None:
    weights = {SPOT: 0.5}
    table = desk(venue, journal, weights)
    tick(table, terms())
    next_bar(venue)
    venue.prices[SPOT] = Decimal(41_000)  # drifts, but no band is set
    assert tick(table, terms()).act is Act.HELD
    next_bar(venue)
    weights[SPOT] = 0.0
    sold = tick(table, terms())
    assert sold.act is Act.TRADED
    assert venue.held[SPOT] == 0
    assert [o.side for o in venue.orders] == ["buy", "sell"]


def test_a_drift_out_of_the_band_is_traded(venue: ToyVenue, journal: Journal) -> None:
    table = desk(venue, journal, {SPOT: 0.5})
    tick(table, terms(band=0.05))
    next_bar(venue)
    venue.prices[SPOT] = Decimal(60_000)  # weight drifts to 0.6
    report = tick(table, terms(band=0.05))
    assert report.act is Act.TRADED
    assert venue.held[SPOT] == Decimal("0.104")  # 0.5 * 12,495 / 60,000, whole lots


def test_capital_bounds_the_size(venue: ToyVenue, journal: Journal) -> None:
    tick(desk(venue, journal, {SPOT: 1.0}), terms(capital=Decimal(1_000)))
    assert venue.held[SPOT] == Decimal("0.025")


def test_a_purchase_is_clamped_to_the_cash_there_is(venue: ToyVenue, journal: Journal) -> None:
    venue.spread = Decimal(400)
    report = tick(desk(venue, journal, {SPOT: 1.0}), terms())
    assert venue.held[SPOT] == Decimal("0.248")  # 9,980 / 40,200
    assert "0.248 instead of 0.250" in report.symbols[0].note


def test_what_a_failed_sale_left_no_cash_for_is_bought_on_the_next_bar(
    venue: ToyVenue, journal: Journal
) -> None:
    weights, rules = {SPOT: 1.0, ETHER: 0.0}, terms((SPOT, ETHER))
    table = desk(venue, journal, weights)
    tick(table, rules)
    next_bar(venue)
    weights.update({SPOT: 0.0, ETHER: 1.0})
    venue.script = ["reject"]
    stopped = tick(table, rules)
    assert (stopped.act, venue.held.get(ETHER)) == (Act.STOPPED, None)
    next_bar(venue)
    tick(table, rules)
    assert venue.held == {SPOT: 0, ETHER: Decimal("0.249")}


def test_a_purchase_that_would_walk_up_a_thin_book_is_refused_and_a_sale_is_not(
    venue: ToyVenue, journal: Journal
) -> None:
    weights = {SPOT: 0.5}
    table = desk(venue, journal, weights)
    venue.behind = (Decimal("0.1"), Decimal(4_000))  # 10 % further on
    refused = tick(table, terms())
    [problem] = refused.problems
    assert isinstance(problem, OrderRefused)
    assert "found 44000" in problem.message
    assert venue.requests == []
    venue.behind = (Decimal("0.125"), Decimal(4_000))  # enough at the best price
    assert tick(table, terms()).act is Act.TRADED
    next_bar(venue)
    venue.behind, weights[SPOT] = (Decimal("0.001"), Decimal(4_000)), 0.0
    assert tick(table, terms()).act is Act.TRADED
    assert venue.held[SPOT] == 0


def test_dust_is_left_alone(venue: ToyVenue, journal: Journal) -> None:
    venue.held[SPOT] = Decimal("0.0009")
    report = tick(desk(venue, journal, {SPOT: 0.0}), terms())
    assert report.act is Act.HELD
    assert venue.orders == []


def test_a_short_weight_on_spot_is_refused(venue: ToyVenue, journal: Journal) -> None:
    with pytest.raises(BadWeights, match=r"found weight -0\.5"):
        tick(desk(venue, journal, {SPOT: -0.5}), terms())
    with pytest.raises(BadWeights, match="found nan"):
        tick(desk(venue, journal, {SPOT: float("nan")}), terms())
    assert venue.requests == []
    assert journal.decisions.unfinished() == ()


def test_a_contract_turns_around_in_two_legs_and_sets_leverage_once(
    venue: ToyVenue, journal: Journal
) -> None:
    weights = {PERPETUAL: 0.5}
    table, rules = desk(venue, journal, weights), terms((PERPETUAL,), leverage=3)
    tick(table, rules)
    next_bar(venue)
    weights[PERPETUAL] = -0.5
    tick(table, rules)
    sent = [(r.side, r.quantity, r.reduce_only) for r in venue.requests]
    assert sent == [
        ("buy", Decimal("0.125"), False),
        ("sell", Decimal("0.125"), True),
        ("sell", Decimal("0.124"), False),  # 0.5 * 9,995 / 40,000
    ]
    assert venue.held[PERPETUAL] == Decimal("-0.124")
    assert venue.leverages == [(PERPETUAL, 3)]


def test_what_frees_cash_is_traded_first(venue: ToyVenue, journal: Journal) -> None:
    weights = {SPOT: 1.0, ETHER: 0.0}
    rules = terms((SPOT, ETHER))
    table = desk(venue, journal, weights)
    tick(table, rules)
    next_bar(venue)
    weights |= {SPOT: 0.0, ETHER: 1.0}
    tick(table, rules)
    assert [(r.symbol, r.side) for r in venue.requests[1:]] == [(SPOT, "sell"), (ETHER, "buy")]
    assert venue.held[SPOT] == 0


def test_a_lost_answer_is_looked_up_and_never_sent_again(venue: ToyVenue, journal: Journal) -> None:
    venue.script = ["ack_lost"]
    report = tick(desk(venue, journal, {SPOT: 0.5}), terms())
    assert (report.act, report.problems) == (Act.TRADED, ())
    assert len(venue.requests) == 1
    assert journal.orders()[0].state is OrderState.FILLED


def test_a_lost_request_is_proven_lost_and_decided_anew_at_the_next_bar(
    venue: ToyVenue, journal: Journal
) -> None:
    venue.script = ["request_lost"]
    table = desk(venue, journal, {SPOT: 0.5})
    before = venue.clock.now_ms()
    report = tick(table, terms())
    assert report.act is Act.STOPPED
    assert isinstance(report.problems[0], VenueUnclear)
    assert journal.orders()[0].state is OrderState.LOST
    assert venue.clock.now_ms() - before >= 15_000  # no proof before that
    assert tick(table, terms()).act is Act.NOTHING
    next_bar(venue)
    assert tick(table, terms()).act is Act.TRADED
    assert venue.held[SPOT] == Decimal("0.125")


def test_an_unknown_order_freezes_the_symbol_until_the_venue_answers(
    venue: ToyVenue, journal: Journal
) -> None:
    weights = {SPOT: 0.5}
    table = desk(venue, journal, weights)
    place = venue.place

    def place_and_go_deaf(request):
        venue.script = ["ack_lost"]
        outcome = place(request)
        venue.deaf = True
        return outcome

    venue.place = place_and_go_deaf
    report = tick(table, terms())
    assert report.act is Act.STOPPED
    assert isinstance(report.problems[0], TradingHalted)
    assert journal.orders()[0].state is OrderState.UNKNOWN
    with pytest.raises(VenueUnreachable):
        tick(table, terms())
    venue.deaf = False
    report = tick(table, terms())
    assert report.act is Act.RECONCILED
    assert len(venue.requests) == 1
    assert journal.books.position(SPOT) == venue.held[SPOT] == Decimal("0.125")


def test_an_order_still_unknown_at_the_next_bar_blocks_entries_only(
    venue: ToyVenue, journal: Journal
) -> None:
    weights = {SPOT: 0.5}
    table = desk(venue, journal, weights)
    tick(table, terms())
    venue.script = ["request_lost"]
    weights[SPOT] = 0.9
    next_bar(venue)
    answer = venue.order_by_client_id
    venue.order_by_client_id = _fails
    assert isinstance(tick(table, terms()).problems[0], TradingHalted)
    next_bar(venue)
    report = tick(table, terms())
    assert isinstance(report.problems[0], OrderRefused)
    assert "takes no new exposure" in report.problems[0].message
    next_bar(venue)
    weights[SPOT] = 0.0
    assert tick(table, terms()).symbols[0].position_after == 0
    venue.order_by_client_id = answer


def _fails(*_: object) -> None:
    raise VenueUnreachable("toy cannot be reached")


def test_nothing_sent_may_be_decided_anew_in_the_same_bar(
    venue: ToyVenue, journal: Journal
) -> None:
    venue.script = ["not_sent"]
    table = desk(venue, journal, {SPOT: 0.5})
    first = tick(table, terms())
    assert isinstance(first.problems[0], VenueUnreachable)
    second = tick(table, terms())
    assert second.act is Act.TRADED
    ids = [order.client_id for order in journal.orders()]
    assert len(set(ids)) == 2
    assert venue.held[SPOT] == Decimal("0.125")


def test_a_rejected_order_ends_the_bar(venue: ToyVenue, journal: Journal) -> None:
    venue.script = ["reject"]
    table = desk(venue, journal, {SPOT: 0.5})
    report = tick(table, terms())
    assert isinstance(report.problems[0], VenueRefused)
    assert "Margin is insufficient" in report.problems[0].message
    assert tick(table, terms()).act is Act.NOTHING
    next_bar(venue)
    assert tick(table, terms()).act is Act.TRADED


def test_a_half_filled_order_is_completed_at_the_next_bar(
    venue: ToyVenue, journal: Journal
) -> None:
    venue.script = ["half"]
    table = desk(venue, journal, {SPOT: 0.4})
    report = tick(table, terms())
    assert "0.050 of 0.100 filled" in report.symbols[0].note
    next_bar(venue)
    tick(table, terms())
    assert venue.held[SPOT] == Decimal("0.099")  # 0.4 * 9,998 / 40,000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"max_order_notional": Decimal(100)}, "order notional must be at most 100.00"),
        ({"max_position_notional": Decimal(100)}, "position notional must stay at most 100.00"),
        ({"max_leverage": Decimal("0.3")}, "gross exposure must stay at most 0.3 times"),
        ({"symbols": frozenset({ETHER})}, "BTC/USDT is not an allowed symbol"),
        ({"max_price_age_ms": -1}, "the price must be at most"),
    ],
)
def test_the_gate_stops_an_order_before_it_is_sent(
    venue: ToyVenue, journal: Journal, change: dict[str, object], said: str
) -> None:
    report = tick(desk(venue, journal, {SPOT: 0.5}), terms(limits=limits(**change)))
    assert report.act is Act.STOPPED
    assert isinstance(report.problems[0], OrderRefused)
    assert said in report.problems[0].message
    assert venue.requests == []
    assert journal.orders() == ()


def test_a_dry_run_plans_and_touches_nothing(venue: ToyVenue, tmp_path: Path) -> None:
    from xq.execution.journal import scratch_journal

    path = journal_path(tmp_path)
    with scratch_journal(path, "toy") as scratch:
        report = tick(desk(venue, scratch, {SPOT: 0.5}), terms(), dry_run=True)
    assert report.act is Act.PLANNED
    assert [(o.side, o.quantity, o.state) for o in report.symbols[0].orders] == [
        ("buy", Decimal("0.125"), "planned")
    ]
    assert venue.requests == []
    assert not path.exists()


def test_a_foreign_trade_is_adopted_and_told(venue: ToyVenue, journal: Journal) -> None:
    table = desk(venue, journal, {SPOT: 0.5})
    tick(table, terms())
    venue.held[SPOT] -= Decimal("0.025")  # withdrawn by hand
    next_bar(venue)
    report = tick(table, terms())
    assert "the books say 0.125, the venue 0.100" in report.notes[0]
    assert journal.books.position(SPOT) == Decimal("0.1")
    next_bar(venue)
    assert tick(table, terms()).notes == ()


def test_a_resting_order_that_is_not_ours_is_told(venue: ToyVenue, journal: Journal) -> None:
    venue.rest(SPOT, "by-hand")
    report = tick(desk(venue, journal, {SPOT: 0.0}), terms())
    assert "order by-hand rests at the venue and is not ours" in report.notes[0]


def test_a_run_that_died_on_an_older_bar_is_closed(venue: ToyVenue, journal: Journal) -> None:
    key = terms().key(0)
    journal.decisions.begin(key, 0)
    tick(desk(venue, journal, {SPOT: 0.0}), terms())
    found = journal.decisions.find(key)
    assert found is not None
    assert found.status is DecisionStatus.RECONCILED
