"""The seven kill switches at their thresholds, and with input that cannot be trusted.

350 boundary cases and 70 injections; each goes all the way from facts to what the gate lets pass.
"""

from dataclasses import replace
from decimal import Decimal

import pytest
from support.switch_cases import NOW, Case, boundary_cases
from support.switch_injections import healthy, injections
from support.toy_venue import SPOT, instrument, limits

from xq.errors import OrderRefused
from xq.risk.gate import check
from xq.risk.judge import judge
from xq.risk.latch import Latches
from xq.risk.limits import Situation
from xq.risk.readings import Readings
from xq.risk.switches import DEFAULT_RULES, Action, Cause, Switch, Trip
from xq.types import OrderRequest, OrderType, Side

BOUNDARIES = list(boundary_cases())
INJECTIONS = list(injections())


def judged(case: Case) -> tuple[Trip, ...]:
    """With the reading of the case among healthy ones of the other switches."""
    readings = Readings(**(healthy() | {case.switch.value: case.reading}))
    return judge(readings, DEFAULT_RULES, NOW)


def passes(side: Side, tripped: tuple[Switch, ...]) -> bool:
    """Whether the gate lets an order of one leave an account that holds one."""
    one = Decimal(1)
    situation = Situation(
        instrument(SPOT), NOW, one, NOW, one, one, 0, 0, one, Decimal(10**4), Decimal(10**4),
        Decimal(0), 0, tripped=tripped,
    )  # fmt: skip
    roomy = replace(situation, instrument=replace(situation.instrument, min_notional=one))
    try:
        check(OrderRequest(SPOT, side, OrderType.MARKET, one, "xq-1"), roomy, limits())
    except OrderRefused as refusal:
        if "kill switch is tripped" not in refusal.message:
            raise
        return False
    return True


def test_every_number_is_there() -> None:
    assert len(BOUNDARIES) == len({case.name for case in BOUNDARIES}) == 350
    assert len(INJECTIONS) == len({case.name for case in INJECTIONS}) == 70
    for switch in Switch:
        assert sum(case.switch is switch for case in BOUNDARIES) == 50
        assert sum(case.switch is switch for case in INJECTIONS) == 10


def test_healthy_readings_trip_nothing() -> None:
    assert judge(Readings(**healthy()), DEFAULT_RULES, NOW) == ()
    assert passes(Side.BUY, ())


@pytest.mark.parametrize("case", BOUNDARIES, ids=lambda case: case.name)
def test_a_switch_trips_at_its_threshold_and_not_before(case: Case) -> None:
    trips = judged(case)
    assert [(trip.switch, trip.cause) for trip in trips] == (
        [(case.switch, Cause.LIMIT)] if case.trips else []
    )
    tripped = Latches.fresh().after(trips).tripped
    assert passes(Side.BUY, tripped) is not case.trips
    assert passes(Side.SELL, tripped), "a way out was blocked"


@pytest.mark.parametrize("case", INJECTIONS, ids=lambda case: case.name)
def test_what_cannot_be_trusted_stops_entries(case: Case) -> None:
    (trip,) = judged(case)
    assert (trip.switch, trip.cause, trip.value) == (case.switch, Cause.BLIND, None)
    assert "is not known: " in trip.reason
    assert not trip.reason.endswith(": ")
    tripped = Latches.fresh().after([trip]).tripped
    assert not passes(Side.BUY, tripped)
    assert passes(Side.SELL, tripped), "a way out was blocked"


@pytest.mark.parametrize("case", INJECTIONS[::10], ids=lambda case: case.name)
def test_the_blind_never_flatten(case: Case) -> None:
    rules = {s: replace(rule, action=Action.FLATTEN) for s, rule in DEFAULT_RULES.items()}
    readings = Readings(**(healthy() | {case.switch.value: case.reading}))
    (trip,) = judge(readings, rules, NOW)
    assert trip.action is Action.CANCEL
