"""Laws of readings and latches, on any facts."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from support.switch_cases import BTC, ETH, NOW

from xq.risk.judge import judge
from xq.risk.latch import Latches
from xq.risk.measure_equity import EquityAt, Flow, daily_loss, drawdown
from xq.risk.measure_market import ModelForecast, disagreement
from xq.risk.measure_trades import Call, api_errors, losing_streak
from xq.risk.readings import Reading, Readings, Span
from xq.risk.round_trips import TripTerms, round_trips
from xq.risk.switches import DAY_MS, DEFAULT_RULES, Action, Cause, Switch, Trip
from xq.timeframe import Timeframe
from xq.types import Fill, Side

D = Decimal
CENTS = st.integers(1, 10**9).map(lambda n: D(n) / 100)
MOVES = st.integers(-(10**8), 10**8).map(lambda n: D(n) / 100)
TIMES = st.integers(NOW - 2 * DAY_MS, NOW)
POINTS = st.lists(
    st.builds(EquityAt, TIMES, CENTS), min_size=1, max_size=8, unique_by=lambda p: p.ts_ms
)
FLOWS = st.lists(st.tuples(TIMES, MOVES), max_size=4).map(
    lambda rows: [Flow(str(n), ts, amount) for n, (ts, amount) in enumerate(rows)]
)
SPAN = Span(NOW, DAY_MS)


def of_equity(points: Sequence[EquityAt], flows: Sequence[Flow]) -> tuple[object, object]:
    return daily_loss(points, flows, SPAN).value, drawdown(points, flows, Span(NOW)).value


@given(start=CENTS, flows=FLOWS, times=st.lists(TIMES, min_size=1, max_size=8, unique=True))
def test_money_moved_in_and_out_is_neither_profit_nor_loss(
    start: Decimal, flows: list[Flow], times: list[int]
) -> None:
    start += sum((abs(flow.amount) for flow in flows), D(0))  # it never runs dry
    points = [
        EquityAt(ts, start + sum((f.amount for f in flows if f.ts_ms <= ts), D(0))) for ts in times
    ]
    assert of_equity(points, flows) == (0, 0)


@given(points=POINTS, flows=FLOWS, deposit=CENTS, ts=TIMES)
def test_a_deposit_heals_no_loss_of_the_day(
    points: list[EquityAt], flows: list[Flow], deposit: Decimal, ts: int
) -> None:
    later = [replace(p, equity=p.equity + deposit * (p.ts_ms >= ts)) for p in points]
    moved = [*flows, Flow("new", ts, deposit)]
    assert daily_loss(later, moved, SPAN).value == daily_loss(points, flows, SPAN).value


@given(rows=st.lists(CENTS, min_size=2, max_size=8), at=st.integers(0, 7), factor=st.integers(2, 9))
def test_a_deposit_heals_no_drawdown(rows: list[Decimal], at: int, factor: int) -> None:
    """The same returns on more money are the same drawdown."""
    plain = [EquityAt(NOW - 100 + n, equity) for n, equity in enumerate(rows)]
    larger = [replace(p, equity=p.equity * (factor if n >= at else 1)) for n, p in enumerate(plain)]
    flows = []
    if 0 < at < len(rows):  # what was there when the deposit came, and the deposit itself
        flows = [Flow("f", plain[at].ts_ms, rows[at] * (factor - 1))]
    expected, found = drawdown(plain, [], Span(NOW)).value, drawdown(larger, flows, Span(NOW)).value
    assert expected is not None
    assert found is not None
    if at == 0 or at >= len(rows):
        assert found == expected
        return
    # The step of the deposit counts what was earned on it as well: never less of a fall from
    # there on than the plain account shows.
    after = drawdown(plain[at:], [], Span(NOW)).value
    assert after is not None
    assert found <= after + D("1e-11")


@given(points=POINTS, flows=FLOWS, seed=st.integers(0, 99))
def test_the_order_of_facts_is_no_fact(
    points: list[EquityAt], flows: list[Flow], seed: int
) -> None:
    mixed, moved = points * 2, flows * 2  # read twice, in any order
    Random(seed).shuffle(mixed)
    Random(seed).shuffle(moved)
    assert of_equity(mixed, moved) == of_equity(points, flows)


@given(points=POINTS, flows=FLOWS)
def test_a_drawdown_is_a_fraction_and_nothing_but(
    points: list[EquityAt], flows: list[Flow]
) -> None:
    value = drawdown(points, flows, Span(NOW)).value
    assert value is not None
    assert -1 <= value <= 0
    scaled = [replace(p, equity=p.equity * 8) for p in points]
    more = drawdown(scaled, [replace(f, amount=f.amount * 8) for f in flows], Span(NOW)).value
    assert more is not None
    assert abs(value - more) <= D("1e-11")


@st.composite
def fills(draw: Callable[..., object]) -> list[Fill]:
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from([BTC, ETH]),
                st.sampled_from(Side),
                st.integers(1, 4),
                st.integers(90, 110),
                st.integers(0, 5),
            ),
            max_size=14,
        )
    )
    return [
        Fill(symbol, str(n), "", side, D(price), D(size), D(fee) / 10, "USDT", NOW - 50 + n // 2)
        for n, (symbol, side, size, price, fee) in enumerate(rows)  # type: ignore[arg-type, misc]  # drawn by position
    ]


@given(found=fills())
def test_round_trips_and_what_is_open_are_all_the_money(found: list[Fill]) -> None:
    trips = round_trips(found, TripTerms())
    for symbol in (BTC, ETH):
        own = [fill for fill in found if fill.symbol == symbol]
        held = sum((f.side.sign * f.quantity for f in own), D(0))
        if held:
            continue
        money = sum((-f.side.sign * f.quantity * f.price - f.fee for f in own), D(0))
        earned = sum((trip.pnl for trip in trips if trip.symbol == symbol), D(0))
        assert abs(earned - money) <= D("1e-9")


@given(found=fills(), seed=st.integers(0, 99))
def test_the_order_in_which_fills_are_read_is_no_fact(found: list[Fill], seed: int) -> None:
    mixed = found * 2
    Random(seed).shuffle(mixed)
    assert round_trips(mixed, TripTerms()) == round_trips(found, TripTerms())
    read = losing_streak(mixed, TripTerms(), NOW, Span(NOW))
    assert read == losing_streak(found, TripTerms(), NOW, Span(NOW))
    assert read.value is not None
    assert 0 <= read.value <= len(round_trips(found, TripTerms()))


@given(log=st.lists(st.builds(Call, TIMES, st.booleans()), max_size=60), seed=st.integers(0, 99))
def test_an_error_rate_is_that_of_the_window(log: list[Call], seed: int) -> None:
    mixed = list(log)
    Random(seed).shuffle(mixed)
    read = api_errors(mixed, SPAN)
    inside = [call for call in log if call.ts_ms > NOW - DAY_MS]
    assert read.samples == len(inside)
    assert read.value is not None
    assert round(read.value * max(len(inside), 1)) == sum(call.failed for call in inside)


@given(weights=st.lists(MOVES, min_size=2, max_size=5), scale=st.integers(1, 9))
def test_disagreement_knows_neither_size_nor_side(weights: list[Decimal], scale: int) -> None:
    def of(values: list[Decimal]) -> Decimal:
        told = [ModelForecast(str(n), NOW, {BTC: value}) for n, value in enumerate(values)]
        names = [forecast.model for forecast in told]
        value = disagreement(told, names, Timeframe.parse("1h"), NOW).value
        assert value is not None
        return value

    plain = of(weights)
    assert 0 <= plain <= 1
    assert abs(of([-scale * weight for weight in weights]) - plain) <= D("1e-20")
    assert of([abs(weight) for weight in weights]) == 0
    assert of([*weights, *[-weight for weight in weights]]) in (0, 1)


READINGS = st.builds(
    Reading,
    st.none()
    | st.decimals(allow_nan=True, allow_infinity=True)
    | CENTS
    | st.sampled_from([D("9e24"), D("-9e24"), D("1e-30"), D("snan"), D("9e999999")]),
    st.none() | st.integers(NOW - 10**5, NOW + 10**4),
    st.none() | st.integers(-3, 50),
)


@given(found=st.fixed_dictionaries({}, optional={s.value: READINGS for s in Switch}))
def test_judging_never_raises_and_trips_whatever_it_does_not_know(
    found: dict[str, Reading],
) -> None:
    trips = {trip.switch: trip for trip in judge(Readings(**found), DEFAULT_RULES, NOW)}
    for switch in Switch:
        reading = found.get(switch.value)
        if reading is None or reading.as_of_ms is None:
            assert trips[switch].cause is Cause.BLIND
        elif switch not in trips:
            assert NOW - 60_000 <= reading.as_of_ms <= NOW + 1_000
            few = reading.samples is not None and reading.samples < 20
            assert few or (reading.value is not None and reading.value.is_finite())


@given(
    level=st.decimals(min_value=0, max_value=1, places=6),
    step=st.decimals(min_value=0, max_value=1, places=6),
    switch=st.sampled_from([s for s in Switch if s is not Switch.LOSING_STREAK]),
)
def test_worse_is_never_better(level: Decimal, step: Decimal, switch: Switch) -> None:
    sign = -1 if switch is Switch.DRAWDOWN else 1
    unit = DEFAULT_RULES[switch].threshold
    low, high = sorted(min(v * 2 * unit, D(1) if unit < 1 else v * 2 * unit) for v in (level, step))

    def trips(value: Decimal) -> bool:
        reading = {switch.value: Reading(sign * value, NOW, samples=100)}
        found = judge(Readings(**reading), DEFAULT_RULES, NOW)
        return any(trip.switch is switch for trip in found)

    assert trips(high) or not trips(low)


TRIPS = st.builds(
    Trip,
    st.sampled_from(Switch),
    st.sampled_from(Cause),
    st.sampled_from(Action),
    st.integers(0, 99),
    st.just("because"),
)


@given(story=st.lists(st.lists(TRIPS, max_size=3) | st.sampled_from(Switch), max_size=12))
def test_only_a_person_opens_a_latch(story: list[list[Trip] | Switch]) -> None:
    latches, tripped = Latches.fresh(), set[Switch]()
    for step in story:
        if isinstance(step, list):
            later = latches.after(step)
            gravest = latches.action
            tripped |= {trip.switch for trip in step}
            assert (
                gravest is None or later.action is None or (later.action.gravity >= gravest.gravity)
            )
        elif step in tripped:
            later = latches.rearm(step, "seen", "ann", 100)
            tripped -= {step}
        else:
            continue
        changed = {state.switch for state in latches.changes(later)}
        assert {s.switch for s in later.states if s != latches.of(s.switch)} == changed
        assert Latches.restored(later.states, 0) == later
        latches = later
        assert set(latches.tripped) == tripped
