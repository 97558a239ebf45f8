"""Latched switches: they stay tripped until a person re-arms them and says why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from xq.errors import UsageError
from xq.risk.switches import Action, Cause, Switch, Trip

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Rearm:
    """Somebody letting a switch watch anew."""

    at_ms: int
    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class SwitchState:
    """One switch: what it is tripped on, and the last time it was re-armed."""

    switch: Switch
    trip: Trip | None = None
    rearmed: Rearm | None = None

    @property
    def since_ms(self) -> int:
        """Facts up to this time no longer count towards a loss, streak or drawdown."""
        return self.rearmed.at_ms if self.rearmed else 0

    def latch(self, trip: Trip) -> "SwitchState":
        """The state after a trip: the first one stays, unless a later one demands more."""
        if self.trip is not None and trip.action.gravity <= self.trip.action.gravity:
            return self
        return replace(self, trip=trip)

    def rearm(self, reason: str, who: str, now_ms: int) -> "SwitchState":
        """The state after a person let it watch anew.

        Raises
        ------
        UsageError
            If it is not tripped, or nobody or nothing is said.
        """
        if self.trip is None:
            raise UsageError(f"{self.switch} is not tripped", hint="xq risk status")
        words, person = _said("reason", reason), _said("name", who)
        return SwitchState(self.switch, None, Rearm(max(now_ms, self.trip.at_ms), person, words))


@dataclass(frozen=True, slots=True)
class Latches:
    """All seven switches at one moment.

    Examples
    --------
    >>> from decimal import Decimal
    >>> trip = by_hand(Switch.DRAWDOWN, "news", "ann", 1_000)
    >>> latches = Latches.fresh().after([trip])
    >>> latches.tripped, latches.action
    ((<Switch.DRAWDOWN: 'drawdown'>,), <Action.CANCEL: 'cancel'>)
    >>> latches.rearm(Switch.DRAWDOWN, "over", "ann", 2_000).tripped
    ()
    """

    states: tuple[SwitchState, ...]

    @classmethod
    def fresh(cls) -> "Latches":
        """Nothing has ever tripped: for an account that is traded for the first time."""
        return cls(tuple(SwitchState(switch) for switch in Switch))

    @classmethod
    def restored(cls, stored: Iterable[SwitchState], now_ms: int) -> "Latches":
        """What was stored; a switch that is missing from it is tripped, for it may have been."""
        known = {state.switch: state for state in stored}
        return cls(tuple(known.get(switch) or _lost(switch, now_ms) for switch in Switch))

    def of(self, switch: Switch) -> SwitchState:
        """One switch."""
        return next(state for state in self.states if state.switch is switch)

    @property
    def tripped(self) -> tuple[Switch, ...]:
        """Those that stop entries, in the order of `Switch`."""
        return tuple(state.switch for state in self.states if state.trip)

    @property
    def action(self) -> Action | None:
        """The gravest demand of those tripped."""
        demands = [state.trip.action for state in self.states if state.trip]
        return max(demands, key=lambda action: action.gravity, default=None)

    def after(self, trips: Iterable[Trip]) -> "Latches":
        """The latches once these have tripped; those tripped before stay so."""
        latches = self
        for trip in trips:
            latches = latches._with(latches.of(trip.switch).latch(trip))
        return latches

    def rearm(self, switch: Switch, reason: str, who: str, now_ms: int) -> "Latches":
        """The latches with one re-armed; see `SwitchState.rearm`."""
        return self._with(self.of(switch).rearm(reason, who, now_ms))

    def changes(self, later: "Latches") -> tuple[SwitchState, ...]:
        """The later states that differ from these: what has to be stored, and told."""
        pairs = zip(self.states, later.states, strict=True)
        return tuple(new for old, new in pairs if new != old)

    def _with(self, changed: SwitchState) -> "Latches":
        return Latches(tuple(changed if s.switch is changed.switch else s for s in self.states))


class LatchStore(Protocol):
    """Where latches survive a restart; raises `StorageFailed`, and then nothing may be entered."""

    def switch_states(self) -> Sequence[SwitchState]:
        """What is stored; empty only for a journal in which no switch was ever kept."""

    def keep_switches(self, changed: Sequence[SwitchState]) -> None:
        """Store changed states and their events in one commit, on the disk before it returns."""


def by_hand(
    switch: Switch, reason: str, who: str, now_ms: int, action: Action = Action.CANCEL
) -> Trip:
    """A trip that a person asks for.

    Raises
    ------
    UsageError
        If nobody or nothing is said.
    """
    words, person = _said("reason", reason), _said("name", who)
    return Trip(switch, Cause.HAND, action, now_ms, words, who=person)


def _lost(switch: Switch, now_ms: int) -> SwitchState:
    reason = f"{switch.value.replace('_', ' ')} is not known: its stored state is missing"
    return SwitchState(switch, Trip(switch, Cause.BLIND, Action.CANCEL, now_ms, reason))


def _said(what: str, text: str) -> str:
    words = " ".join(text.split())
    if not any(sign.isalnum() for sign in words) or len(words) > LONGEST_REASON:
        raise UsageError(
            f"expected a {what} of 1 to {LONGEST_REASON} characters, found {words[:40]!r}",
            hint='--reason "what was found, and why it is safe to go on"',
        )
    return words
