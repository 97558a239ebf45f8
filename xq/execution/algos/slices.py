"""A schedule: when how much of a parent is released, and by when it must be done."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate
from random import Random

from xq.execution.algos.children import ZERO
from xq.execution.algos.plan import Plan, Scheduled


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the parent.

    Attributes
    ----------
    release_ms, end_ms
        When it may be sent, and by when it must be done.
    quantity
        Base asset, whole lots; may be 0.
    """

    release_ms: int
    end_ms: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Schedule:
    """All slices of a parent; their quantities sum to its own, exactly.

    Attributes
    ----------
    interval_ms
        Length of a slice; they differ by a millisecond at most.
    """

    slices: tuple[Slice, ...]
    interval_ms: int

    @property
    def largest(self) -> Decimal:
        """The largest slice."""
        return max(part.quantity for part in self.slices)

    def released(self, now_ms: int) -> Decimal:
        """What may have been sent by now."""
        return sum((p.quantity for p in self.slices if p.release_ms <= now_ms), ZERO)

    def due(self, now_ms: int) -> Decimal:
        """What must have been done by now."""
        return sum((p.quantity for p in self.slices if p.end_ms <= now_ms), ZERO)

    def end_of(self, ts_ms: int) -> int:
        """When the slice ends in which a moment lies; the last one's end after all of them."""
        ends = (part.end_ms for part in self.slices if part.end_ms > ts_ms)
        return next(ends, self.slices[-1].end_ms)


@lru_cache(maxsize=256)
def schedule_of(plan: Plan, how: Scheduled) -> Schedule:
    """The slices of a plan, the same after every restart.

    The bounds between slices move at random by half the size jitter of the smaller neighbour, so
    each slice stays within the jitter of its share, and what is released within half of the larger
    one's jitter of the schedule (and one lot).

    Examples
    --------
    >>> from xq.execution.algos.plan import Scheduled
    >>> from xq.types import Instrument, Side, Symbol
    >>> rules = Instrument(Symbol("BTC", "USDT"), *map(Decimal, ["1", "1", "1", "0", "0", "0"]))
    >>> twap = Scheduled(weights=(1.0, 1.0, 1.0))
    >>> plan = Plan("p", Side.BUY, Decimal(10), rules, twap, start_ms=0, end_ms=3000)
    >>> [(part.release_ms, int(part.quantity)) for part in schedule_of(plan, twap).slices]
    [(0, 3), (1000, 3), (2000, 4)]
    """
    count = len(how.weights)
    lots = int(plan.quantity / plan.instrument.lot)
    bounds = [int(bound * lots) for bound in _bounds(how, plan.seed)]
    span = 0 if plan.end_ms is None else plan.end_ms - plan.start_ms
    edges = [plan.start_ms + span * number // count for number in range(count + 1)]
    late = _draws(plan.seed, "time", count)
    slices = (
        Slice(
            release_ms=start + int((end - start) * how.time_jitter * chance),
            end_ms=end,
            quantity=(above - below) * plan.instrument.lot,
        )
        for start, end, below, above, chance in zip(
            edges, edges[1:], bounds, bounds[1:], late, strict=False
        )
    )
    return Schedule(tuple(slices), span // count)


def _bounds(how: Scheduled, seed: int) -> list[Fraction]:
    """Cumulative shares from 0 to 1, those between slices moved at random; exact."""
    weights = [Fraction(weight) for weight in how.weights]
    total = sum(weights, Fraction(0))
    shares = [weight / total for weight in weights]
    sums = list(accumulate(shares, initial=Fraction(0)))
    jitter = Fraction(how.size_jitter)
    chances = _draws(seed, "size", len(shares))
    moved = [
        bound + (2 * Fraction(chance) - 1) * jitter * min(before, after) / 2
        for bound, before, after, chance in zip(
            sums[1:-1], shares, shares[1:], chances, strict=False
        )
    ]
    return [sums[0], *moved, sums[-1]]


def _draws(seed: int, what: str, count: int) -> list[float]:
    chance = Random(f"{seed}:{what}")  # noqa: S311 - a schedule, not a secret
    return [chance.random() for _ in range(count)]
