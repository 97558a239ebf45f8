"""Laws of the simulated venue over random stories of two accounts on one market."""

import tempfile
from dataclasses import fields
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.scripted_feed import Bench
from support.venue_stories import OWNERS, STORIES, Wait, begin, tell, written

from xq.sim.account import held
from xq.sim.events import BalanceEvent, Event, OrderEvent
from xq.sim.exact import ZERO
from xq.sim.instruments import Face
from xq.sim.ledger import Page
from xq.sim.records import Account, Kind, PositionSide
from xq.sim.refusal import Refusal
from xq.sim.state import State

D = Decimal
ALL = Page(start_ms=0, limit=100_000)
slowly = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@slowly
@given(STORIES)
def test_the_books_add_up_after_every_event(story):
    with tempfile.TemporaryDirectory() as folder:
        bench = begin(folder)
        try:
            for act in story:
                tell(bench, [act])
                assert bench.venue.ledger.check() == []
                nothing_is_lost(bench)
                holds_are_what_orders_need(bench)
                books_are_the_open_orders(bench)
                nothing_found_otherwise_than_from_disk(bench)
                isolated_wallets_are_the_positions(bench)
            for owner in OWNERS:
                cash_is_accounted_for(bench, owner)
            between_clients_nothing_is_made(bench)
            state = bench.venue.state
            assert bench.reopen().state == state
        finally:
            bench.venue.ledger.close()


def nothing_is_lost(bench: Bench) -> None:
    """All balances of an asset cancel, owner by owner; nobody lends on spot."""
    totals: dict[tuple[str, Face, str], Decimal] = {}
    for (owner, face, _, asset), amount in bench.venue.state.balances.items():
        key = (owner, face, asset)
        totals[key] = totals.get(key, ZERO) + amount
    assert not any(totals.values())
    for (_, face, account, _), amount in bench.venue.state.balances.items():
        if face is Face.SPOT and account in (Account.FREE, Account.HELD):
            assert amount >= 0


def holds_are_what_orders_need(bench: Bench) -> None:
    """What is held on spot is what the open orders may need."""
    state = bench.venue.state
    for owner in OWNERS:
        needed = {"USDT": ZERO, "BTC": ZERO}
        for order in state.orders_of(owner, Face.SPOT):
            asset, amount = held(bench.spot.instrument(order.symbol), order)
            needed[asset] += amount
        for asset, amount in needed.items():
            assert state.balance(owner, Face.SPOT, Account.HELD, asset) == amount


def books_are_the_open_orders(bench: Bench) -> None:
    """Every open order that does not wait stands in its book once, with what is left of it."""
    state = bench.venue.state
    resting = {n: order for n, order in state.open_orders.items() if not order.waiting}
    assert set(state.queues) == set(resting)
    assert sum(len(book) for book in state.books.values()) == len(resting)
    for number, order in resting.items():
        buy, _, quantity, _ = state.book(order.face, order.symbol).place_of(number)
        assert (buy, D(quantity).scaleb(-12)) == (order.side.sign > 0, order.remaining)
        assert order.remaining > 0
    names = [(o.owner, o.face, o.client_id) for o in state.open_orders.values()]
    assert len(names) == len(set(names))


def nothing_found_otherwise_than_from_disk(bench: Bench) -> None:
    """Books and indexes, changed and taken back so often, are those of the bare records."""
    state = bench.venue.state
    fresh = State(**{f.name: getattr(state, f.name) for f in fields(State) if f.init})
    assert vars(fresh.index) == vars(state.index)
    for key, book in state.books.items():
        for buy in (True, False):
            found = [(p, list(book.level(buy, p))) for p in book.prices(buy)]
            other = fresh.book(*key)
            assert found == [(p, list(other.level(buy, p))) for p in other.prices(buy)]


def isolated_wallets_are_the_positions(bench: Bench) -> None:
    """What is kept apart is what the isolated positions say they have; hedged sides keep signs."""
    state = bench.venue.state
    for owner in OWNERS:
        held = state.positions_of(owner)
        apart = sum((item.margin for item in held), ZERO)
        assert state.balance(owner, Face.FUTURES, Account.ISOLATED, "USDT") == apart
        assert all(not item.margin or item.isolated for item in held)
        signs = {PositionSide.LONG: 1, PositionSide.SHORT: -1}
        for item in held:
            assert (item.side in signs) == state.is_hedged(owner)
            assert item.quantity * signs.get(item.side, 1 if item.quantity > 0 else -1) > 0
        if not held:
            assert state.balance(owner, Face.FUTURES, Account.FREE, "USDT") >= 0


def cash_is_accounted_for(bench: Bench, owner: str) -> None:
    """Realized pnl and the open positions' cost are the cash that the fills exchanged."""
    ledger = bench.venue.ledger
    fills = ledger.fills(owner, Face.FUTURES, "BTCUSDT", ALL)
    cash = sum((-fill.side.sign * fill.quote_quantity for fill in fills), ZERO)
    quantity = sum((fill.side.sign * fill.quantity for fill in fills), ZERO)
    realized = ledger.income(owner, Face.FUTURES, [Kind.REALIZED], None, ALL)
    positions = bench.venue.state.positions_of(owner)
    assert sum((item.quantity for item in positions), ZERO) == quantity
    cost = sum((item.cost for item in positions), ZERO)
    assert sum((item.amount for item in realized), ZERO) == cash + cost
    fees = ledger.income(owner, Face.FUTURES, [Kind.FEE], None, ALL)
    assert sum((item.amount for item in fees), ZERO) == -sum((fill.fee for fill in fills), ZERO)


def between_clients_nothing_is_made(bench: Bench) -> None:
    """No order trades more than it was for; a maker trades at its own price."""
    for owner in OWNERS:
        for face in Face:
            orders = {o.id: o for o in bench.venue.ledger.orders(owner, face, "BTCUSDT", ALL)}
            done: dict[int, Decimal] = {}
            for fill in bench.venue.ledger.fills(owner, face, "BTCUSDT", ALL):
                done[fill.order_id] = done.get(fill.order_id, ZERO) + fill.quantity
            assert all(orders[number].filled == amount for number, amount in done.items())
            assert all(order.filled <= order.quantity for order in orders.values())


@slowly
@given(STORIES, st.integers(2, 9))
def test_how_often_time_is_looked_at_does_not_matter(story, looks):
    with tempfile.TemporaryDirectory() as once, tempfile.TemporaryDirectory() as often:
        left, right = begin(once), begin(often)
        try:
            assert tell(left, story) == tell(right, story, looks)
            for bench in (left, right):  # what waits in memory only is due before the next act
                bench.venue.countdown_cancel(OWNERS[0], "BTCUSDT", 77)
            assert written(left) == written(right)
        finally:
            left.venue.ledger.close()
            right.venue.ledger.close()


@slowly
@given(STORIES)
def test_a_refused_act_changes_nothing(story):
    with tempfile.TemporaryDirectory() as folder:
        bench = begin(folder)
        heard: list[Event] = []
        bench.venue.subscribe(heard.append)
        try:
            for act in story:
                if isinstance(act, Wait):
                    tell(bench, [act])
                    continue
                before, known = written(bench), len(heard)
                try:
                    act(bench)
                except Refusal:
                    assert written(bench) == before
                    assert len(heard) == known
        finally:
            bench.venue.ledger.close()


@slowly
@given(STORIES)
def test_events_tell_the_whole_story(story):
    """Who only listens knows every order and wallet as the venue does, in order of time."""
    with tempfile.TemporaryDirectory() as folder:
        bench = begin(folder)
        heard: list[Event] = []
        bench.venue.subscribe(heard.append)
        try:
            tell(bench, story)
            times = [event.ts for event in heard]
            assert times == sorted(times)
            orders = {e.order.id: e.order for e in heard if isinstance(e, OrderEvent)}
            state = bench.venue.state
            assert {n: o for n, o in orders.items() if o.is_open} == state.open_orders
            fills = [e.fill for e in heard if isinstance(e, OrderEvent) and e.fill]
            assert len(fills) == state.counters.fill - 1
            wallets = dict.fromkeys(((o, f, "USDT") for o in OWNERS for f in Face), D(10_000))
            for event in heard:
                if isinstance(event, BalanceEvent):
                    for change in event.balances:
                        key = (event.owner, event.face, change.asset)
                        wallets[key] = wallets.get(key, ZERO) + change.change
                        assert wallets[key] == change.free + change.held
            for (owner, face, asset), amount in wallets.items():
                own = (Account.FREE, Account.HELD, Account.ISOLATED)
                assert amount == sum(state.balance(owner, face, a, asset) for a in own)
        finally:
            bench.venue.ledger.close()


@slowly
@given(STORIES)
def test_the_same_requests_write_the_same_ledger(story):
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        dumps = []
        for folder in (first, second):
            bench = begin(folder)
            tell(bench, story)
            bench.venue.ledger.close()
            dumps.append(written(bench))
        assert dumps[0] == dumps[1]
