"""The seven kill switches: their words, their rules, and what one of them tripping says."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

DAY_MS = 86_400_000


class Switch(StrEnum):
    """What is watched."""

    DAILY_LOSS = "daily_loss"
    LOSING_STREAK = "losing_streak"
    VOLATILITY = "volatility"
    API_ERRORS = "api_errors"
    DISAGREEMENT = "disagreement"
    DRAWDOWN = "drawdown"
    LEVERAGE = "leverage"


class Action(StrEnum):
    """What a tripped switch demands, each with all that stands before it."""

    STOP_ENTRIES = "stop_entries"
    CANCEL = "cancel"  # resting orders that may add exposure; protective stops stay
    FLATTEN = "flatten"

    @property
    def gravity(self) -> int:
        """0 for the mildest."""
        return list(Action).index(self)


class Cause(StrEnum):
    """Why a switch tripped."""

    LIMIT = "limit"  # the reading reached the threshold
    BLIND = "blind"  # there is no reading that can be trusted
    HAND = "hand"  # a person pulled it


@dataclass(frozen=True, slots=True)
class SwitchRule:
    """When a switch trips, and what it demands then.

    Attributes
    ----------
    threshold
        A reading that reaches it trips. Quote asset (daily loss), round trips (streak), a multiple
        of equity (leverage), otherwise a fraction; positive, also for the drawdown.
    window_ms
        How far back the reading looks; None: to the last re-arm. Nothing for readings of a moment.
    max_age_ms
        Oldest reading that can be trusted.
    """

    threshold: Decimal
    window_ms: int | None = None
    action: Action = Action.CANCEL
    enabled: bool = True
    max_age_ms: int = 60_000


@dataclass(frozen=True, slots=True)
class Trip:
    """One switch tripping.

    Attributes
    ----------
    value, threshold
        The reading and the rule's threshold; None where there was none to trust.
    reason
        In words, for people.
    who
        The person, when it was tripped by hand.
    """

    switch: Switch
    cause: Cause
    action: Action
    at_ms: int
    reason: str
    value: Decimal | None = None
    threshold: Decimal | None = None
    who: str | None = None


LEAST_SAMPLES: Mapping[Switch, int] = MappingProxyType(
    {Switch.API_ERRORS: 20, Switch.DISAGREEMENT: 2}
)
"""Calls, and declared forecasts, below which a switch has nothing to judge."""

Rules = Mapping[Switch, SwitchRule]

DEFAULT_RULES: Rules = MappingProxyType(
    {
        Switch.DAILY_LOSS: SwitchRule(Decimal(500), DAY_MS),
        Switch.LOSING_STREAK: SwitchRule(Decimal(5)),
        Switch.VOLATILITY: SwitchRule(Decimal("0.05"), 3_600_000),
        Switch.API_ERRORS: SwitchRule(Decimal("0.1"), 300_000),
        Switch.DISAGREEMENT: SwitchRule(Decimal("0.5")),
        Switch.DRAWDOWN: SwitchRule(Decimal("0.15")),
        Switch.LEVERAGE: SwitchRule(Decimal(10)),
    }
)
