"""Whatever anyone orders, the books add up: laws over random stories."""

import tempfile
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.scripted_feed import EIGHT_HOURS, START, Bench

from xq.sim.account import held
from xq.sim.accounts import MAIN
from xq.sim.exact import ZERO
from xq.sim.instruments import Face
from xq.sim.ledger import Page
from xq.sim.records import Account, Kind, NewOrder
from xq.sim.refusal import Refusal
from xq.types import OrderType, Side, TimeInForce

D = Decimal
Step = Callable[[Bench], None]


@st.composite
def orders(draw) -> Step:
    face = draw(st.sampled_from(Face))
    kind = draw(st.sampled_from([OrderType.MARKET, OrderType.LIMIT]))
    request = NewOrder(
        symbol="BTCUSDT",
        side=draw(st.sampled_from(Side)),
        type=kind,
        client_id=draw(st.sampled_from(["a", "b", None])),
        quantity=D(draw(st.integers(0, 3_000))) / 1_000,
        price=D(draw(st.integers(38_000, 42_000))) if kind is OrderType.LIMIT else None,
        time_in_force=draw(st.sampled_from(TimeInForce))
        if kind is OrderType.LIMIT
        else TimeInForce.GTC,
        reduce_only=draw(st.booleans()) if face is Face.FUTURES else False,
    )

    def step(bench: Bench) -> None:
        bench.venue.place(MAIN, face, request)

    return step


@st.composite
def passages(draw) -> Step:
    """Time passes; on the way both tapes print a price."""
    wait = draw(st.integers(1, EIGHT_HOURS))
    price = str(draw(st.integers(30_000, 50_000)))
    rate = D(draw(st.integers(-30, 30))) / 10_000

    def step(bench: Bench) -> None:
        moment = bench.venue.now_ms + wait // 2 + 1
        bench.spot.print("BTCUSDT", moment, price)
        bench.futures.print("BTCUSDT", moment, price)
        bench.futures.rates[(moment // EIGHT_HOURS + 1) * EIGHT_HOURS] = rate
        bench.advance(wait)

    return step


@st.composite
def cancels(draw) -> Step:
    face, name = draw(st.sampled_from(Face)), draw(st.sampled_from(["a", "b"]))

    def step(bench: Bench) -> None:
        bench.venue.cancel(MAIN, face, "BTCUSDT", client_id=name)

    return step


STORIES = st.lists(st.one_of(orders(), orders(), passages(), cancels()), max_size=12)


def tell(bench: Bench, story: list[Step]) -> None:
    for step in story:
        before, written = deepcopy(bench.venue.state), bench.venue.ledger.load()
        try:
            step(bench)
        except Refusal:
            assert bench.venue.state == before
            assert bench.venue.ledger.load() == written


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STORIES)
def test_the_books_add_up_after_every_story(story):
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        try:
            tell(bench, story)
            check_double_entry(bench)
            check_holds(bench)
            check_nothing_is_owed(bench)
            check_futures_cash(bench)
            before = deepcopy(bench.venue.state)
            assert bench.reopen().state == before
        finally:
            bench.venue.ledger.close()


def check_double_entry(bench: Bench) -> None:
    """Every balance is the sum of its postings, and all balances of an asset cancel."""
    assert bench.venue.ledger.check() == []
    totals: dict[tuple[str, Face, str], Decimal] = {}
    for (owner, face, _, asset), amount in bench.venue.state.balances.items():
        key = (owner, face, asset)
        totals[key] = totals.get(key, ZERO) + amount
    assert not any(totals.values())


def check_holds(bench: Bench) -> None:
    """What is held is what the resting spot orders may need."""
    state = bench.venue.state
    needed = {"USDT": ZERO, "BTC": ZERO}
    for order in state.orders_of(MAIN, Face.SPOT):
        asset, amount = held(bench.spot.instrument(order.symbol), order)
        needed[asset] += amount
    for asset, amount in needed.items():
        assert state.balance(MAIN, Face.SPOT, Account.HELD, asset) == amount


def check_nothing_is_owed(bench: Bench) -> None:
    """Nobody lends on spot, and the insurance fund pays what futures cannot."""
    state = bench.venue.state
    for asset in ("USDT", "BTC"):
        assert state.balance(MAIN, Face.SPOT, Account.FREE, asset) >= 0
    if not state.positions:
        assert state.balance(MAIN, Face.FUTURES, Account.FREE, "USDT") >= 0


def check_futures_cash(bench: Bench) -> None:
    """Realized pnl and the open position's cost are the cash that the fills exchanged."""
    ledger = bench.venue.ledger
    fills = ledger.fills(MAIN, Face.FUTURES, "BTCUSDT", Page(start_ms=START, limit=10_000))
    cash = sum((-fill.side.sign * fill.quote_quantity for fill in fills), ZERO)
    quantity = sum((fill.side.sign * fill.quantity for fill in fills), ZERO)
    all_time = Page(start_ms=0, limit=10_000)
    realized = ledger.income(MAIN, Face.FUTURES, [Kind.REALIZED], None, all_time)
    position = bench.venue.state.position(MAIN, "BTCUSDT")
    assert position.quantity == quantity
    assert sum((item.amount for item in realized), ZERO) == cash + position.cost
    fees = ledger.income(MAIN, Face.FUTURES, [Kind.FEE], None, all_time)
    assert sum((item.amount for item in fees), ZERO) == -sum((fill.fee for fill in fills), ZERO)
