"""Latched switches: only a person with a reason opens one."""

from dataclasses import replace
from decimal import Decimal

import pytest
from support.switch_cases import NOW
from support.switch_injections import healthy

from xq.errors import UsageError
from xq.risk.judge import judge
from xq.risk.latch import Latches, SwitchState, by_hand
from xq.risk.readings import Readings
from xq.risk.switches import DEFAULT_RULES, Action, Cause, Switch, Trip


def trip(switch: Switch = Switch.DRAWDOWN, action: Action = Action.CANCEL, at_ms: int = 5) -> Trip:
    return Trip(switch, Cause.LIMIT, action, at_ms, "it fell", Decimal("-0.2"), Decimal("0.15"))


def test_the_first_trip_stays_and_only_a_graver_one_replaces_it() -> None:
    first = Latches.fresh().after([trip()])
    assert first.after([trip(at_ms=9)]) == first
    assert first.after([trip(action=Action.STOP_ENTRIES)]) == first
    graver = first.after([trip(action=Action.FLATTEN, at_ms=9)])
    assert graver.action is Action.FLATTEN
    assert [state.switch for state in first.changes(graver)] == [Switch.DRAWDOWN]


def test_health_does_not_open_a_latch() -> None:
    latches = Latches.fresh().after([trip()])
    healed = latches.after(judge(Readings(**healthy()), DEFAULT_RULES, NOW))
    assert healed.tripped == (Switch.DRAWDOWN,)


def test_a_re_arm_opens_one_and_is_remembered() -> None:
    latches = Latches.fresh().after([trip(), trip(Switch.LEVERAGE)])
    open_again = latches.rearm(Switch.DRAWDOWN, " the  feed was\nwrong ", "ann", 70)
    assert open_again.tripped == (Switch.LEVERAGE,)
    state = open_again.of(Switch.DRAWDOWN)
    assert state.rearmed is not None
    assert (state.since_ms, state.rearmed.reason) == (70, "the feed was wrong")


def test_a_clock_that_went_back_does_not_bring_the_past_back() -> None:
    latches = Latches.fresh().after([trip(at_ms=900)]).rearm(Switch.DRAWDOWN, "seen", "ann", 70)
    assert latches.of(Switch.DRAWDOWN).since_ms == 900


@pytest.mark.parametrize("reason", ["", "  ", "...", "x" * 501])
def test_a_re_arm_demands_a_reason(reason: str) -> None:
    latches = Latches.fresh().after([trip()])
    with pytest.raises(UsageError, match="expected a reason"):
        latches.rearm(Switch.DRAWDOWN, reason, "ann", 70)
    with pytest.raises(UsageError, match="expected a name"):
        latches.rearm(Switch.DRAWDOWN, "seen", reason, 70)
    with pytest.raises(UsageError, match="expected a reason"):
        by_hand(Switch.DRAWDOWN, reason, "ann", 70)


def test_a_reason_may_be_long() -> None:
    latches = Latches.fresh().after([trip()])
    assert latches.rearm(Switch.DRAWDOWN, "x" * 500, "a", 70).tripped == ()


def test_what_is_not_tripped_cannot_be_re_armed() -> None:
    with pytest.raises(UsageError, match="drawdown is not tripped"):
        Latches.fresh().rearm(Switch.DRAWDOWN, "seen", "ann", 70)


def test_a_state_that_was_lost_counts_as_tripped() -> None:
    kept = Latches.fresh().after([trip()])
    assert Latches.restored(kept.states, NOW) == kept
    missing = [state for state in kept.states if state.switch is not Switch.LEVERAGE]
    restored = Latches.restored(missing, NOW)
    assert restored.tripped == (Switch.DRAWDOWN, Switch.LEVERAGE)
    assert Latches.restored([], NOW).tripped == tuple(Switch)


def test_a_person_can_pull_any() -> None:
    for switch in Switch:
        pulled = by_hand(switch, "a feeling", "ann", 5, Action.FLATTEN)
        state = SwitchState(switch).latch(pulled)
        assert state.trip is not None
        assert (state.trip.cause, state.trip.who) == (Cause.HAND, "ann")
    assert Latches.fresh().action is None
    assert replace(trip(), switch=Switch.LEVERAGE).switch is Switch.LEVERAGE
