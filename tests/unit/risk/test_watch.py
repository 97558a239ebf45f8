"""One look: every fact that is missing trips its own switches, and re-arms are looked back to."""

from dataclasses import replace
from decimal import Decimal

import pytest
from support.switch_cases import (
    BTC,
    DAY,
    FIVE,
    NOW,
    account,
    bars,
    calls,
    forecasts,
    points,
    trip,
)

from xq.risk.latch import Latches
from xq.risk.switches import DEFAULT_RULES, Cause, Switch
from xq.risk.watch import Facts, look

HEALTHY = Facts(
    timeframe=FIVE,
    account=account(10_000, (BTC, 1)),
    equity=points((DAY, 10_000), (NOW, 10_000)),
    flows=[],
    fills=trip(1, BTC, "5"),
    fills_read_ms=NOW,
    closes={BTC: bars([0.0] * 12)},
    calls=calls(100, 1),
    declared=("m0", "m1"),
    forecasts=forecasts({BTC: Decimal(1)}, {BTC: Decimal(2)}),
)


def tripped(facts: Facts, latches: Latches | None = None) -> list[Switch]:
    return list(look(facts, DEFAULT_RULES, latches or Latches.fresh(), NOW).tripped)


def test_a_healthy_account_trips_nothing() -> None:
    assert tripped(HEALTHY) == []


@pytest.mark.parametrize(
    ("missing", "switches"),
    [
        ({"account": None}, [Switch.LEVERAGE]),
        ({"equity": None}, [Switch.DAILY_LOSS, Switch.DRAWDOWN]),
        ({"equity": []}, [Switch.DAILY_LOSS, Switch.DRAWDOWN]),
        ({"flows": None}, [Switch.DAILY_LOSS, Switch.DRAWDOWN]),
        ({"fills": None}, [Switch.LOSING_STREAK]),
        ({"fills_read_ms": None}, [Switch.LOSING_STREAK]),
        ({"closes": None}, [Switch.VOLATILITY]),
        ({"calls": None}, [Switch.API_ERRORS]),
        ({"forecasts": ()}, [Switch.DISAGREEMENT]),
        ({"declared": (), "forecasts": ()}, []),
        ({"fills": []}, []),
        ({"calls": []}, []),
    ],
)
def test_what_is_not_known_trips(missing: dict[str, object], switches: list[Switch]) -> None:
    latches = look(replace(HEALTHY, **missing), DEFAULT_RULES, Latches.fresh(), NOW)
    assert list(latches.tripped) == switches
    assert all(s.trip.cause is Cause.BLIND for s in latches.states if s.trip is not None)


def test_after_a_re_arm_losses_count_anew_and_states_trip_again() -> None:
    bad = replace(
        HEALTHY,
        equity=points((DAY, 10_000), (NOW - 9, 8_000), (NOW, 8_000)),
        fills=[fill for number in range(5) for fill in trip(number, BTC, "-1")],
        account=account(80, (BTC, 1)),
    )
    latches = look(bad, DEFAULT_RULES, Latches.fresh(), NOW)
    expected = [Switch.DAILY_LOSS, Switch.LOSING_STREAK, Switch.DRAWDOWN, Switch.LEVERAGE]
    assert list(latches.tripped) == expected
    for switch in expected:
        latches = latches.rearm(switch, "seen and understood", "ann", NOW)
    assert tripped(bad, latches) == [Switch.LEVERAGE]


def test_a_switch_without_a_rule_trips() -> None:
    rules = {s: rule for s, rule in DEFAULT_RULES.items() if s is not Switch.VOLATILITY}
    latches = look(HEALTHY, rules, Latches.fresh(), NOW)
    assert latches.tripped == (Switch.VOLATILITY,)
