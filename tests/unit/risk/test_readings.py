"""Readings: the edges of their windows, and what their definitions say by hand."""

from dataclasses import replace
from decimal import Decimal

import pytest
from support.switch_cases import BTC, DAY, ETH, FIVE, HOUR, NOW, account, bars, calls, points, trip

from xq.risk.judge import judge
from xq.risk.measure_equity import Flow, daily_loss, drawdown, leverage
from xq.risk.measure_market import CloseAt, disagreement, volatility
from xq.risk.measure_trades import Call, api_errors, losing_streak
from xq.risk.readings import Reading, Readings, Span, rounded
from xq.risk.round_trips import TripTerms, round_trips
from xq.risk.switches import DAY_MS, DEFAULT_RULES, Cause, Switch, SwitchRule, Trip
from xq.types import Fill, Side, Symbol

D = Decimal
SPOT = Symbol.parse("BTC/USDT")


def alone(switch: Switch, reading: Reading | None, now_ms: int = NOW) -> tuple[Trip, ...]:
    off = {s: replace(rule, enabled=False) for s, rule in DEFAULT_RULES.items()}
    rules = off | {switch: DEFAULT_RULES[switch]}
    return judge(Readings(**{switch.value: reading}), rules, now_ms)


@pytest.mark.parametrize(
    ("age_ms", "trusted"),
    [(0, True), (60_000, True), (60_001, False), (-1_000, True), (-1_001, False)],
)
@pytest.mark.parametrize("switch", list(Switch))
def test_a_reading_is_trusted_from_a_second_ahead_to_its_age(
    switch: Switch, age_ms: int, trusted: bool
) -> None:
    trips = alone(switch, Reading(D(0), NOW - age_ms, samples=100))
    assert (trips == ()) is trusted
    assert all(trip.cause is Cause.BLIND for trip in trips)


@pytest.mark.parametrize("value", [None, "nan", "snan", "inf", "-inf", "1e25", 0.0, "0", True])
@pytest.mark.parametrize("switch", list(Switch))
def test_only_numbers_are_readings(switch: Switch, value: object) -> None:
    given = D(value) if isinstance(value, str) and value != "0" else value
    (trip,) = alone(switch, Reading(given, NOW, samples=100))  # type: ignore[arg-type]
    assert trip.cause is Cause.BLIND


@pytest.mark.parametrize("bad", ["0", "-1", "nan", "inf"])
def test_a_threshold_must_be_a_positive_number(bad: str) -> None:
    rules = DEFAULT_RULES | {Switch.LEVERAGE: SwitchRule(D(bad))}
    sound = {s.value: Reading(D(0), NOW, samples=100) for s in Switch}
    (trip,) = judge(Readings(**sound), rules, NOW)
    assert trip.switch is Switch.LEVERAGE
    assert "threshold must be a positive number" in trip.reason


def test_a_switch_without_a_rule_trips_and_one_switched_off_does_not() -> None:
    off = {s: replace(rule, enabled=False) for s, rule in DEFAULT_RULES.items()}
    assert judge(Readings(), off, NOW) == ()
    del off[Switch.DRAWDOWN]
    (trip,) = judge(Readings(), off, NOW)
    assert trip.reason == "drawdown is not known: it has no rule"


@pytest.mark.parametrize(("switch", "least"), [(Switch.API_ERRORS, 20), (Switch.DISAGREEMENT, 2)])
def test_few_samples_are_not_judged(switch: Switch, least: int) -> None:
    assert alone(switch, Reading(D(1), NOW, samples=least - 1)) == ()
    assert alone(switch, Reading(None, NOW, samples=0)) == ()
    (trip,) = alone(switch, Reading(D(1), NOW, samples=least))
    assert trip.cause is Cause.LIMIT


def test_nineteen_failures_are_not_judged_and_twenty_are() -> None:
    assert alone(Switch.API_ERRORS, api_errors(calls(19, 19), Span(NOW, 300_000))) == ()
    assert alone(Switch.API_ERRORS, api_errors(calls(20, 20), Span(NOW, 300_000)))
    assert alone(Switch.API_ERRORS, api_errors([], Span(NOW, 300_000))) == ()


@pytest.mark.parametrize(("age_ms", "counts"), [(299_999, True), (300_000, False), (0, True)])
def test_calls_at_the_edge_of_the_window(age_ms: int, counts: bool) -> None:
    reading = api_errors([Call(NOW - age_ms, True)], Span(NOW, 300_000))
    assert reading.samples == int(counts)


@pytest.mark.parametrize(
    ("now_ms", "loss"),
    [
        (DAY - 1, "700"),  # still the day before: all of it
        (DAY, "0"),  # the new day begins at midnight itself
        (DAY + 1, "0"),
        (DAY + DAY_MS - 1, "0"),
    ],
)
def test_a_day_begins_at_midnight_utc(now_ms: int, loss: str) -> None:
    known = points((DAY - 3_600_000, 10_000), (DAY - DAY_MS, 10_000), (now_ms, 9_300))
    known += points((DAY, 9_300)) if now_ms >= DAY else []
    assert daily_loss(known, [], Span(now_ms, DAY_MS)).value == D(loss)


def test_a_loss_while_nobody_looked_counts_and_a_gain_does_not_hide_one() -> None:
    away = points((DAY - 9 * DAY_MS, 10_000), (DAY + 60_000, 9_000), (NOW, 9_000))
    assert daily_loss(away, [], Span(NOW, DAY_MS)).value == 1_000
    gained = points((DAY - 9 * DAY_MS, 10_000), (DAY + 60_000, 12_000), (NOW, 11_300))
    assert daily_loss(gained, [], Span(NOW, DAY_MS)).value == 700


def test_a_day_is_counted_anew_from_a_re_arm() -> None:
    known = points((DAY, 10_000), (NOW - 60_000, 9_400), (NOW, 9_300))
    assert daily_loss(known, [], Span(NOW, DAY_MS)).value == 700
    assert daily_loss(known, [], Span(NOW, DAY_MS, since_ms=NOW - 30_000)).value == 100


@pytest.mark.parametrize(
    ("rows", "flows", "expected"),
    [
        ([10_000], [], "0"),
        ([0, 0], [], "0"),
        ([0, 1_000, 900], [(1, 1_000)], "-0.1"),  # an empty account that is funded
        ([10_000, 0], [], "-1"),
        ([10_000, -50], [], "-1"),
        ([10_000, 0, 5_000], [(1, -10_000), (2, 5_000)], "0"),  # emptied and funded again
        ([10_000, 0, 5_000], [(2, 5_000)], "-1"),  # lost, and funded again
        ([-5, 1_000], [(1, 1_005)], "-1"),
        ([10_000, 9_000, 18_000, 16_200], [(2, 9_000)], "-0.19"),
        ([10_000, 9_000, 4_500, 4_050], [(2, -4_500)], "-0.19"),
        ([1_000, 9_000], [(1, 9_000)], "-0.1"),  # lost on the deposit, in one step
        ([10_000, 900], [(1, -9_000)], "-0.01"),
    ],
)
def test_drawdowns_by_hand(rows: list[int], flows: list[tuple[int, int]], expected: str) -> None:
    known = points(*((DAY + at, equity) for at, equity in enumerate(rows)))
    moved = [Flow(str(at), DAY + at, D(amount)) for at, amount in flows]
    reading = drawdown(known, moved, Span(DAY + len(rows) - 1))
    assert reading.value == D(expected)


def test_a_drawdown_looks_back_no_further_than_its_window() -> None:
    known = points((DAY, 10_000), (DAY + 10, 8_000), (DAY + 20, 7_600))
    assert drawdown(known, [], Span(DAY + 20, 20)).value == D("-0.24")
    assert drawdown(known, [], Span(DAY + 20, 10)).value == D("-0.05")
    assert drawdown(known, [], Span(DAY + 20, None, DAY + 10)).value == D("-0.05")


def test_nothing_held_is_no_leverage_whatever_the_equity() -> None:
    assert leverage(account(0)).value == 0
    assert leverage(account("-5", (BTC, 0))).value == 0


def test_volatility_is_that_of_one_bar_at_least() -> None:
    series = bars([0.02, 0.03, -0.04], bar=HOUR)
    for window_ms, value in ((None, "0.04"), (HOUR.ms - 1, "0.04"), (2 * HOUR.ms, "0.05")):
        assert volatility({BTC: series}, HOUR, Span(NOW, window_ms)).value == D(value)


def test_a_bar_that_opens_when_another_closes_is_not_yet_closed() -> None:
    series = [*bars([0.0] * 24, bar=HOUR), CloseAt(NOW, 200.0)]
    assert volatility({BTC: series}, HOUR, Span(NOW, DAY_MS)).value == 0
    later = volatility({BTC: series}, HOUR, Span(NOW + HOUR.ms, DAY_MS))
    assert later.value is not None
    assert later.value > D("0.6")


def test_volatility_is_as_fresh_as_its_oldest_market() -> None:
    old = bars([0.0] * 12, last_open_ms=NOW - 3 * FIVE.ms)
    read = volatility({BTC: bars([0.0] * 12), ETH: old}, FIVE, Span(NOW, HOUR.ms))
    assert read.as_of_ms == NOW - FIVE.ms


def test_one_declared_forecast_has_nobody_to_disagree_with() -> None:
    assert alone(Switch.DISAGREEMENT, disagreement([], ("only",), HOUR, NOW)) == ()
    assert alone(Switch.DISAGREEMENT, disagreement([], (), HOUR, NOW)) == ()


def fill(number: int, side: Side, price: str, quantity: str, fee: str, asset: str) -> Fill:
    return Fill(SPOT, str(number), "", side, D(price), D(quantity), D(fee), asset, number)


def test_a_fee_in_the_base_asset_and_the_crumbs_it_leaves() -> None:
    fills = [
        fill(1, Side.BUY, "100", "1", "0.0015", "BTC"),
        fill(2, Side.SELL, "110", "0.998", "0.1", "USDT"),
    ]
    assert round_trips(fills, TripTerms()) == ()  # 0.0005 is held still
    (found,) = round_trips(fills, TripTerms(lots={SPOT: D("0.001")}))
    assert found.pnl == D("-100") + D("109.78") - D("0.1") + D("0.0005") * 110


def test_a_fee_in_another_asset_is_worth_what_it_is_told() -> None:
    fills = [
        fill(1, Side.BUY, "100", "1", "0.01", "BNB"),
        fill(2, Side.SELL, "105", "1", "0", "BNB"),
    ]
    (found,) = round_trips(fills, TripTerms(fee_prices={"BNB": D(600)}))
    assert found.pnl == D(-1)


def test_what_was_held_before_the_first_fill() -> None:
    sale = fill(1, Side.SELL, "90", "2", "0", "USDT")
    (found,) = round_trips([sale], TripTerms(openings={SPOT: (D(2), D(100))}))
    assert found.pnl == D(-20)


def test_a_fill_read_twice_counts_once_and_ids_are_numbers() -> None:
    rows = [
        replace(fill(5, Side.BUY, "100", "1", "0", "USDT"), fill_id="9"),
        replace(fill(5, Side.SELL, "99", "1", "0", "USDT"), fill_id="10"),
    ]
    (found,) = round_trips([*rows, *reversed(rows)], TripTerms())
    assert found.pnl == D(-1)


def test_a_streak_forgets_what_is_older_than_its_window_or_re_arm() -> None:
    fills = [f for number in range(6) for f in trip(number, BTC, "-1")]
    closed = DAY + 3 * 60_000 + 1  # the fourth
    assert losing_streak(fills, TripTerms(), NOW, Span(NOW)).value == 6
    assert losing_streak(fills, TripTerms(), NOW, Span(NOW, NOW - closed)).value == 2
    assert losing_streak(fills, TripTerms(), NOW, Span(NOW, NOW - closed + 1)).value == 3
    assert losing_streak(fills, TripTerms(), NOW, Span(NOW, None, closed)).value == 2


@pytest.mark.parametrize(("ahead_ms", "taken"), [(1_000, True), (1_001, False)])
def test_a_fact_may_be_dated_a_second_ahead(ahead_ms: int, taken: bool) -> None:
    ahead = NOW + ahead_ms
    found = (
        daily_loss(points((NOW, 5)), [Flow("f", ahead, D(1))], Span(NOW, DAY_MS)),
        api_errors([Call(ahead, False)], Span(NOW, 300_000)),
        losing_streak([], TripTerms(), ahead, Span(NOW)),
    )
    assert [reading.value is not None for reading in found] == [taken] * 3


@pytest.mark.parametrize("size", ["1e15", "1e16", "1e24"])
def test_very_large_amounts_are_left_as_they_are(size: str) -> None:
    assert rounded(D(size)) == D(size)


def test_a_whole_lot_is_held_and_less_is_flat() -> None:
    bought = fill(1, Side.BUY, "100", "1", "0", "USDT")
    for sold, closed in (("0.999", 0), ("0.9991", 1), ("1", 1)):
        fills = [bought, fill(2, Side.SELL, "110", sold, "0", "USDT")]
        assert len(round_trips(fills, TripTerms(lots={SPOT: D("0.001")}))) == closed
