"""How late an order arrives, and what book it finds there: small models with one method each."""

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

import numpy as np

from xq.errors import UsageError
from xq.sim.exact import ZERO
from xq.sim.instruments import SimInstrument

Levels = list[tuple[Decimal, Decimal]]

_LONGEST_MS = 60_000
_WIDEST = 1_000.0  # basis points
_STRONGEST = 100.0
_SPREAD_OF_LOGS = 0.5
_LEVELS = 1_000


class Latency(Protocol):
    """How long an order travels."""

    def delay_ms(self, number: int) -> int:
        """Milliseconds of venue time, of the order of that number."""


class Liquidity(Protocol):
    """What a taker finds."""

    def book(
        self, item: SimInstrument, bids: Levels, asks: Levels, limit: int
    ) -> tuple[Levels, Levels]:
        """The book in place of the feed's, best first."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Every order takes as long.

    Examples
    --------
    >>> Fixed(50).delay_ms(1)
    50
    """

    ms: int

    def delay_ms(self, number: int) -> int:  # noqa: ARG002
        """Milliseconds of venue time."""
        return self.ms


@dataclass(frozen=True, slots=True)
class Sampled:
    """Log-normal around a median: most orders a little faster or slower, few much slower.

    The same seed and number give the same delay, in whatever order they are asked for. Round trips
    are skewed to the right (Mukherjee 1994, "On the dynamics and significance of low frequency
    components of Internet load", found shifted gammas); the log-normal is our choice.

    Examples
    --------
    >>> Sampled(50, seed=7).delay_ms(1) == Sampled(50, seed=7).delay_ms(1)
    True
    """

    median_ms: int
    seed: int
    spread: float = _SPREAD_OF_LOGS

    def delay_ms(self, number: int) -> int:
        """Milliseconds of venue time, at most a minute."""
        draw = np.random.default_rng((self.seed, number)).standard_normal()
        return min(round(self.median_ms * math.exp(self.spread * draw)), _LONGEST_MS)


@dataclass(frozen=True, slots=True)
class Spread:
    """Both sides stand at least so many basis points apart; nothing comes nearer.

    Each side moves by whole ticks away from the middle, sizes as they were.
    """

    basis_points: float

    def book(
        self, item: SimInstrument, bids: Levels, asks: Levels, limit: int
    ) -> tuple[Levels, Levels]:
        """The feed's levels, further apart."""
        if not bids or not asks:
            return bids[:limit], asks[:limit]
        tick = item.instrument.tick
        middle = (bids[0][0] + asks[0][0]) / 2
        wanted = middle * Decimal(repr(self.basis_points)) / 10_000
        missing = max(wanted - (asks[0][0] - bids[0][0]), ZERO)
        steps, rest = divmod(missing, 2 * tick)
        away = (steps + (rest > 0)) * tick
        lower = [(price - away, size) for price, size in bids[:limit] if price > away]
        return lower, [(price + away, size) for price, size in asks[:limit]]


@dataclass(frozen=True, slots=True)
class SquareRoot:
    """The book whose price, once Q of it is taken, has moved by ``strength σ √(Q / V)``.

    σ is the market's daily volatility, V the quantity it trades in a day. A taker of Q pays two
    thirds of that on average. Source: Tóth et al. 2011, "Anomalous price impact and the critical
    nature of liquidity in financial markets", Physical Review X 1, 021006, whose strength is of
    order one.
    """

    strength: float = 1.0

    def book(
        self, item: SimInstrument, bids: Levels, asks: Levels, limit: int
    ) -> tuple[Levels, Levels]:
        """Levels from the feed's best prices on, in place of its own."""
        if not bids or not asks:
            return bids[:limit], asks[:limit]
        count = min(limit, _LEVELS)
        return self._side(item, bids[0][0], -1, count), self._side(item, asks[0][0], 1, count)

    def _side(self, item: SimInstrument, best: Decimal, sign: int, count: int) -> Levels:
        tick, lot = item.instrument.tick, item.instrument.lot
        price = float(best)
        daily = item.profile.turnover / price
        step = max(float(tick) / price, 1e-5)  # relative distance of levels: a basis point's tenth
        ticks = max(round(step * price / float(tick)), 1)
        moves = np.arange(1, count + 1) * ticks * float(tick) / price
        taken = daily * (moves / (self.strength * volatility(item))) ** 2
        lots = np.maximum(np.diff(taken, prepend=0.0) / float(lot), 1.0)
        levels = []
        for number, size in enumerate(lots.tolist()):
            at = best + sign * number * ticks * tick
            if at <= 0:
                break
            levels.append((at, round(size) * lot))
        return levels


def volatility(item: SimInstrument) -> float:
    """Standard deviation of a market's daily log return."""
    own, with_bitcoin = item.profile.volatility, item.profile.beta * 0.016
    return max(own if item.profile.beta == 1.0 else math.hypot(own, with_bitcoin), 0.002)


def latency_of(text: str, seed: int) -> Latency:
    """A latency as people write it: ``50`` (ms) or ``sampled:50`` (a median).

    Raises
    ------
    UsageError
        If it is neither, or longer than a minute.

    Examples
    --------
    >>> latency_of("50", 7), latency_of("sampled:20", 7)
    (Fixed(ms=50), Sampled(median_ms=20, seed=7, spread=0.5))
    """
    kind, _, value = text.strip().rpartition(":")
    if kind not in ("", "sampled") or not value.isdecimal() or int(value) > _LONGEST_MS:
        raise UsageError(
            f"expected a latency of 0 to {_LONGEST_MS} ms, found {text!r}",
            hint="--latency 50, or --latency sampled:50 around a median",
        )
    return Sampled(int(value), seed) if kind else Fixed(int(value))


def liquidity_of(text: str) -> Liquidity:
    """A liquidity as people write it: ``spread:5`` (basis points), ``impact`` or ``impact:1.5``.

    Raises
    ------
    UsageError
        If it is none of these.

    Examples
    --------
    >>> liquidity_of("spread:5"), liquidity_of("impact")
    (Spread(basis_points=5.0), SquareRoot(strength=1.0))
    """
    kind, _, value = text.strip().partition(":")
    try:
        number = float(value) if value else None
    except ValueError:
        number = math.nan
    if kind == "spread" and number is not None and 0 <= number <= _WIDEST:
        return Spread(number)
    if kind == "impact" and (number is None or 0 < number <= _STRONGEST):
        return SquareRoot() if number is None else SquareRoot(number)
    raise UsageError(
        f"expected spread:BASIS_POINTS or impact[:STRENGTH], found {text!r}",
        hint="--liquidity spread:5, or --liquidity impact",
    )
