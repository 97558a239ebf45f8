"""What was asked: a parent order, its terms, and the way in which it shall be worked."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, with_config

from xq.errors import UsageError
from xq.types import Instrument, Side

MOST_TIME_JITTER = 0.9  # a slice is released before its last tenth: it needs time to be done


class Deadline(StrEnum):
    """What becomes of a rest when the parent's time is over."""

    STOP = "stop"  # it stays undone
    MARKET = "market"  # it crosses the book at once; participation caps no longer bind


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Scheduled:
    """Slices of equal length, each of its share: TWAP, VWAP, Almgren–Chriss.

    Attributes
    ----------
    weights
        Share of each slice, any scale: equal ones make a TWAP, `xq.execution.volume_profile` and
        `xq.execution.almgren_chriss` make the others.
    size_jitter
        Each slice differs from its share by at most this fraction of it (and one lot); below 1.
    time_jitter
        Each slice is released within this first fraction of its time; at most 0.9.
    passive
        Rest at the best price of one's own side until a slice's time is over, then cross.
    """

    weights: tuple[float, ...]
    kind: Literal["twap", "vwap", "almgren_chriss"] = "twap"
    size_jitter: float = 0.0
    time_jitter: float = 0.0
    passive: bool = False

    def __post_init__(self) -> None:
        finite = all(0.0 <= weight < float("inf") for weight in self.weights)
        _require(finite and sum(self.weights) > 0.0, "weights must be finite and not all zero")
        _require(0.0 <= self.size_jitter < 1.0, "size jitter must be in [0, 1)")
        _require(0.0 <= self.time_jitter <= MOST_TIME_JITTER, "time jitter must be in [0, 0.9]")


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Iceberg:
    """One limit order at a time of which only a part is shown; a new one when it is filled.

    Attributes
    ----------
    price
        Limit price at which every child rests.
    display
        Base asset shown at a time.
    jitter
        What is shown differs from ``display`` by at most this fraction of it; below 1.
    """

    price: Decimal
    display: Decimal
    jitter: float = 0.0
    kind: Literal["iceberg"] = "iceberg"

    def __post_init__(self) -> None:
        _require(self.price > 0, "price must be positive")
        _require(self.display > 0, "display must be positive")
        _require(0.0 <= self.jitter < 1.0, "jitter must be in [0, 1)")


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class TrailingStop:
    """A stop that follows the price on the favourable side only, and a market order when met.

    Attributes
    ----------
    distance
        From the most favourable price to the stop, as a fraction of that price; in (0, 1).
    activation
        Price from which it follows: at or above it for a sell, at or below for a buy. None: at
        once.
    step
        The stop is moved only when it improves by this fraction of its distance.
    at_venue
        Keep a stop order resting at the venue, which holds while the service is down; otherwise
        the price is watched here and nothing rests.
    """

    distance: Decimal
    activation: Decimal | None = None
    step: Decimal = Decimal("0.1")
    at_venue: bool = True
    kind: Literal["trailing_stop"] = "trailing_stop"

    def __post_init__(self) -> None:
        _require(0 < self.distance < 1, "distance must be in (0, 1)")
        _require(self.activation is None or self.activation > 0, "activation must be positive")
        _require(self.step >= 0, "step must not be negative")


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Pov:
    """A share of what trades: a child is sent only after the market has traded enough for it.

    Attributes
    ----------
    rate
        Own quantity over the market's, at most 1.
    clip
        Base asset per child.
    jitter
        Each child differs from ``clip`` by at most this fraction of it; below 1.
    """

    rate: Decimal
    clip: Decimal
    jitter: float = 0.0
    kind: Literal["pov"] = "pov"

    def __post_init__(self) -> None:
        _require(0 < self.rate <= 1, "rate must be in (0, 1]")
        _require(self.clip > 0, "clip must be positive")
        _require(0.0 <= self.jitter < 1.0, "jitter must be in [0, 1)")


How = Annotated[Scheduled | Iceberg | TrailingStop | Pov, Field(discriminator="kind")]


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Plan:
    """A parent order. All its children together never exceed it.

    Attributes
    ----------
    parent_id
        Names it; children are ``(parent_id, how.kind, number)``.
    quantity
        Base asset, whole lots.
    start_ms, end_ms
        Venue time; without an end only what has no schedule.
    limit_price
        Crossing orders never pay more (buy) or take less (sell), the deadline's included; None:
        they are market orders.
    cap
        Participation: children never exceed this share of what the market traded since the start.
    reduce_only
        Never adds to a position: a parent whose position is gone is over.
    seed
        Of sizes and times drawn at random, so that others cannot guess them and a restart can.

    Raises
    ------
    UsageError
        If it contradicts itself or the instrument's rules.
    """

    parent_id: str
    side: Side
    quantity: Decimal
    instrument: Instrument
    how: How
    start_ms: int
    end_ms: int | None = None
    deadline: Deadline = Deadline.STOP
    limit_price: Decimal | None = None
    cap: Decimal | None = None
    reduce_only: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        lot = self.instrument.lot
        _require(lot > 0 and self.instrument.tick > 0, "the instrument must have a lot and a tick")
        whole = self.quantity > 0 and self.quantity % lot == 0
        _require(whole, f"quantity must be whole lots of {lot}, found {self.quantity}")
        ends = self.end_ms is None or self.end_ms > self.start_ms
        _require(ends, "the end must be after the start")
        _require(self.cap is None or 0 < self.cap <= 1, "cap must be in (0, 1]")
        limit = self.limit_price
        _require(limit is None or limit > 0, "limit price must be positive")
        prices = (limit, self.how.price if isinstance(self.how, Iceberg) else None)
        _require(
            all(price is None or price % self.instrument.tick == 0 for price in prices),
            f"prices must be whole ticks of {self.instrument.tick}",
        )
        self._suits()

    def _suits(self) -> None:
        how = self.how
        if isinstance(how, Scheduled):
            _require(self.end_ms is not None, f"{how.kind} needs an end")
            span = 0 if self.end_ms is None else self.end_ms - self.start_ms
            _require(span >= len(how.weights), "slices must last at least a millisecond")
        if isinstance(how, TrailingStop):
            _require(self.cap is None, "a trailing stop takes no participation cap")
            _require(self.limit_price is None, "a trailing stop takes no limit price")
        if isinstance(how, Iceberg) and self.limit_price is not None:
            worse = (how.price - self.limit_price) * self.side.sign > 0
            _require(not worse, "an iceberg may not rest beyond its limit price")


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise UsageError(message, hint="xq execute --help")
