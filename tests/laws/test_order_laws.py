"""Laws of orders: what must hold for every order, id, state and plan there could be."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.toy_venue import (
    PERPETUAL,
    SPOT,
    START_MS,
    ToyVenue,
    desk,
    instrument,
    journal_path,
    limits,
    next_bar,
    terms,
)

from xq.clock import ManualClock
from xq.errors import OrderRefused
from xq.execution.journal import open_journal
from xq.execution.orders import OrderState, can_move, client_order_id
from xq.live.loop import tick
from xq.live.plan import legs, target
from xq.risk.gate import check
from xq.risk.limits import Situation
from xq.types import OrderRequest, OrderStatus, OrderType, Side, Symbol

PRICES = st.decimals(min_value=37_000, max_value=43_000, places=2)
MONEY = st.decimals(min_value=0, max_value=200_000, places=2)
POSITIONS = st.decimals(min_value=-5, max_value=5, places=3)
QUANTITIES = st.decimals(min_value="0.001", max_value=5, places=3)
SYMBOLS = st.sampled_from([SPOT, PERPETUAL])
AT_VENUE = {OrderState.of(status) for status in OrderStatus} - {OrderState.REJECTED}


@st.composite
def situations(draw: Callable[..., Decimal], symbol: Symbol = SPOT) -> Situation:
    return Situation(
        instrument=instrument(symbol),
        now_ms=7_205_000,
        price=draw(PRICES),
        price_ms=7_205_000,
        worst_price=draw(PRICES),
        reference=draw(PRICES),
        bar_ms=3_600_000,
        last_closed_ms=3_600_000,
        position=draw(POSITIONS),
        equity=draw(MONEY),
        cash=draw(MONEY),
        other_notional=draw(MONEY),
        recent_orders=int(draw(st.integers(0, 40))),
    )


@given(situation=situations(), side=st.sampled_from(Side), quantity=QUANTITIES)
def test_what_the_gate_lets_pass_keeps_every_limit(
    situation: Situation, side: Side, quantity: Decimal
) -> None:
    bounds = limits(max_leverage=Decimal(2))
    request = OrderRequest(SPOT, side, OrderType.MARKET, quantity, "xq-1")
    after = situation.position + side.sign * quantity
    try:
        approved = check(request, situation, bounds)
    except OrderRefused:
        shrinks = abs(after) <= abs(situation.position) and after * situation.position >= 0
        assert not shrinks, "a way out was blocked"
        return
    if approved.reducing:
        assert abs(after) < abs(situation.position)
        return
    assert quantity * situation.price <= bounds.max_order_notional
    assert abs(after) * situation.price <= bounds.max_position_notional
    gross = abs(after) * situation.reference + situation.other_notional
    assert gross <= bounds.max_leverage * situation.equity
    assert situation.worst_price is not None
    for price in (situation.price, situation.worst_price):
        assert abs(price / situation.reference - 1) <= bounds.price_collar
    assert side is Side.BUY
    assert quantity * situation.price <= situation.cash
    assert situation.recent_orders < bounds.max_orders_per_minute


@given(
    situation=situations(),
    name=st.sampled_from(
        ["price", "worst_price", "reference", "equity", "cash", "other_notional", "position"]
    ),
    value=st.sampled_from(["nan", "snan", "inf", "-inf"]),
)
def test_a_number_that_is_none_lets_no_entry_pass(
    situation: Situation, name: str, value: str
) -> None:
    broken = replace(situation, **{name: Decimal(value)})
    request = OrderRequest(SPOT, Side.BUY, OrderType.MARKET, Decimal("0.1"), "xq-1")
    with suppress(OrderRefused):
        assert check(request, broken, limits()).reducing


PARTS = st.tuples(
    st.text(max_size=8),
    st.text(max_size=8),
    st.builds(Symbol, st.text(max_size=4), st.text(max_size=4), st.none() | st.text(max_size=4)),
    st.text(max_size=8),
    st.sampled_from(["open", "close"]),
    st.integers(0, 3),
)


@given(first=PARTS, second=PARTS)
def test_two_decisions_never_share_an_id(
    first: tuple[str, str, Symbol, str, str, int], second: tuple[str, str, Symbol, str, str, int]
) -> None:
    def told(parts: tuple[str, str, Symbol, str, str, int]) -> tuple[str, ...]:
        return tuple(map(str, parts))

    ids = client_order_id(*first), client_order_id(*second)
    assert (ids[0] == ids[1]) == (told(first) == told(second))
    assert all(len(name) <= 36 and set(name) <= _ALPHABET for name in ids)


_ALPHABET = set("-abcdefghijklmnopqrstuvwxyz0123456789")


@given(path=st.lists(st.sampled_from(OrderState), min_size=1, max_size=8))
def test_a_final_state_is_left_only_for_what_the_venue_says(path: list[OrderState]) -> None:
    state = OrderState.INTENT
    for wanted in path:
        if not can_move(state, wanted):
            continue
        assert wanted is state or wanted is not OrderState.INTENT
        if state in AT_VENUE and wanted is not state:
            assert wanted in AT_VENUE or wanted is OrderState.REJECTED
        if state in (OrderState.FILLED, OrderState.REJECTED, OrderState.NOT_SENT):
            assert wanted is state
        state = wanted


@given(
    symbol=SYMBOLS,
    weight=st.floats(-1, 1),
    position=POSITIONS,
    price=st.decimals(min_value=100, max_value=90_000, places=2),
)
def test_legs_lead_to_the_target_and_never_through_more(
    symbol: Symbol, weight: float, position: Decimal, price: Decimal
) -> None:
    rules = instrument(symbol)
    if not symbol.is_contract:
        weight, position = abs(weight), abs(position)
    wanted = target(weight, Decimal(10_000), price, rules)
    found, _ = legs(wanted, position, rules, price, cash=Decimal(10**9))
    now = position
    for leg in found:
        assert leg.quantity > 0
        assert leg.quantity % rules.lot == 0
        after = now + leg.side.sign * leg.quantity
        if leg.reduce_only:
            assert abs(after) < abs(now)
            assert after * now >= 0
        assert min(now, wanted) <= after <= max(now, wanted)
        now = after
    left = abs(now - wanted)
    assert left < rules.lot or left * price < rules.min_notional or left < rules.min_quantity
    assert abs(wanted) * price <= Decimal(10_000)


ACTS = st.sampled_from(["ok", "ok", "ack_lost", "request_lost", "not_sent", "reject", "half"])


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    story=st.lists(st.tuples(st.floats(-1, 1), ACTS, ACTS, st.integers(1, 3)), max_size=6),
    symbol=SYMBOLS,
)
def test_any_story_ends_with_books_venue_and_journal_in_agreement(
    story: list[tuple[float, str, str, int]], symbol: Symbol, tmp_path_factory
) -> None:
    folder: Path = tmp_path_factory.mktemp("story")
    venue = ToyVenue(ManualClock(START_MS), (symbol,))
    with open_journal(journal_path(folder), "toy") as journal:
        for weight, first, second, runs in story:
            venue.script = [first, second]
            wanted = weight if symbol.is_contract else abs(weight)
            table = desk(venue, journal, {symbol: wanted})
            rules = terms((symbol,), limits=limits((symbol,), max_leverage=Decimal(2)))
            for _ in range(runs):
                tick(table, rules)
            next_bar(venue)
        sent = [request.client_id for request in venue.requests]
        assert len(sent) == len(set(sent)), "something was sent twice"
        assert {o.client_id for o in venue.orders} <= set(sent)
        at_venue = {o.client_id: o.filled for o in venue.orders}
        for order in journal.orders():
            assert order.filled == at_venue.get(order.client_id, 0)
        held = venue.held.get(symbol, Decimal(0))
        if journal.books.opening(symbol):
            assert journal.books.position(symbol) == held
        for request in venue.requests:
            assert not (request.reduce_only and not symbol.is_contract)
