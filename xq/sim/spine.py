"""Daily and hourly levels of every coin: regimes, trends and what coins have in common.

A market is calm, rising, falling or turbulent for days on end. BTC moves by the regime; every other
coin moves with BTC and on its own. Where BTC's history was recorded, its levels are the recorded
ones. Levels are natural logarithms of the price in quote asset, at UTC day and hour edges.
"""

import math
from enum import IntEnum
from functools import cache
from zlib import crc32

import numpy as np

from xq.sim.history import PRICE_DIGITS, hourly_bars, recorded_trades
from xq.sim.instruments import LISTED_MS, REPLAY_START_MS, TRADES_START_MS, Profile, profile
from xq.sim.tape import CLOSE, OPEN, minute_bars
from xq.timeframe import DAY_MS

LISTED_DAY = LISTED_MS // DAY_MS
FIRST_DAY = LISTED_DAY - 1  # one day more, so that the first listed minute has a price before it
REPLAY_DAY = REPLAY_START_MS // DAY_MS
ANCHOR_DAY = TRADES_START_MS // DAY_MS

_CHUNK = 512  # days generated together after the anchor
_REVERSION = 0.002  # per day, toward the price of the table: keeps decades within reason


class Regime(IntEnum):
    """What kind of day it is."""

    CALM = 0
    RISING = 1
    FALLING = 2
    TURBULENT = 3


# Per regime: chance to stay another day, drift of BTC per day, factor on volatility, on turnover.
STAY = (0.90, 0.93, 0.92, 0.82)
DRIFT = (0.0, 0.007, -0.007, 0.0)
AGITATION = (0.55, 0.85, 0.95, 2.1)
TURNOVER = (0.7, 1.1, 1.15, 2.0)
# Where a regime that ends goes: cumulative chances over CALM, RISING, FALLING, TURBULENT.
_NEXT = (
    (0.0, 0.45, 0.85, 1.0),
    (0.45, 0.45, 0.70, 1.0),
    (0.40, 0.65, 0.65, 1.0),
    (0.45, 0.72, 1.0, 1.0),
)


def generator(seed: int, name: str, index: int) -> np.random.Generator:
    """The random numbers of one named series at one place; the same on every machine."""
    return np.random.default_rng((seed, crc32(name.encode()), index))


class Spine:
    """Levels of all coins for one seed, made on demand and only ever extended.

    Examples
    --------
    >>> spine = Spine(7)
    >>> round(math.exp(spine.level("BTC", ANCHOR_DAY)), 2)
    42283.58
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._regimes: list[Regime] = []
        self._bitcoin: list[float] = []  # level at the start of each day, one more than regimes
        self._own: dict[str, list[float]] = {}  # per coin: level that BTC's move does not explain
        self._begin()

    def regime(self, day: int) -> Regime:
        """The regime of a UTC day, counted from 1970."""
        self._reach(day)
        return self._regimes[day - FIRST_DAY]

    def level(self, base: str, day: int) -> float:
        """Log price at the start of a day."""
        self._reach(day)
        bitcoin = self._bitcoin[day - FIRST_DAY]
        if base == "BTC":
            return bitcoin
        coin = profile(base)
        moved = bitcoin - self._bitcoin[ANCHOR_DAY - FIRST_DAY]
        return math.log(coin.price) + coin.beta * moved + self._own_level(base, day)

    def hours(self, base: str, day: int) -> np.ndarray:
        """Log price at the 25 hour edges of a day, float64 (25,)."""
        if base == "BTC":
            return self._bitcoin_hours(day)
        coin = profile(base)
        bitcoin = self._bitcoin_hours(day)
        swing = coin.beta * (bitcoin - np.linspace(bitcoin[0], bitcoin[-1], 25))
        line = np.linspace(self.level(base, day), self.level(base, day + 1), 25)
        hours: np.ndarray = line + swing + self._wiggle(coin, day, 24)
        return hours

    def _begin(self) -> None:
        """Everything up to the anchor: recorded days, and backwards from the first of them."""
        count = ANCHOR_DAY - FIRST_DAY
        returns = self._walk_regimes(0, count)
        recorded = recorded_edges()[::24].tolist()
        levels = [recorded[0]]
        for step in reversed(returns[: REPLAY_DAY - FIRST_DAY]):
            levels.append(levels[-1] - step)
        self._bitcoin = levels[:0:-1] + recorded

    def _reach(self, day: int) -> None:
        """Make sure the level at the end of ``day`` exists."""
        anchor = math.log(profile("BTC").price)
        while len(self._bitcoin) < day - FIRST_DAY + 2:
            chunk = 1 + (len(self._regimes) - (ANCHOR_DAY - FIRST_DAY)) // _CHUNK
            for step in self._walk_regimes(chunk, _CHUNK):
                last = self._bitcoin[-1]
                self._bitcoin.append(last + step - _REVERSION * (last - anchor))

    def _walk_regimes(self, chunk: int, count: int) -> list[float]:
        """Append ``count`` days of regimes; return BTC's log returns on them."""
        rng = generator(self._seed, "regime", chunk)
        chances, shocks = rng.random((count, 2)).tolist(), rng.standard_normal(count).tolist()
        current = self._regimes[-1] if self._regimes else Regime.CALM
        returns = []
        for (leave, target), shock in zip(chances, shocks, strict=True):
            if leave >= STAY[current]:
                current = Regime(sum(target >= edge for edge in _NEXT[current]))
            self._regimes.append(current)
            volatility = profile("BTC").volatility * AGITATION[current]
            returns.append(DRIFT[current] + volatility * shock)
        return returns

    def _own_level(self, base: str, day: int) -> float:
        if base not in self._own:
            self._own[base] = self._own_past(base)
        own = self._own[base]
        volatility = profile(base).volatility
        while len(own) < day - FIRST_DAY + 2:
            start = len(own) - 1
            chunk = 1 + (start - (ANCHOR_DAY - FIRST_DAY)) // _CHUNK
            self._reach(FIRST_DAY + start + _CHUNK)
            shocks = generator(self._seed, f"level {base}", chunk).standard_normal(_CHUNK).tolist()
            for offset, shock in enumerate(shocks):
                scale = volatility * AGITATION[self._regimes[start + offset]]
                own.append(own[-1] * (1 - _REVERSION) + scale * shock)
        return own[day - FIRST_DAY]

    def _own_past(self, base: str) -> list[float]:
        """Own levels up to the anchor, where they are zero by definition of the price table."""
        count = ANCHOR_DAY - FIRST_DAY
        shocks = generator(self._seed, f"level {base}", 0).standard_normal(count).tolist()
        volatility = profile(base).volatility
        levels = [0.0]
        for day in reversed(range(count)):
            scale = volatility * AGITATION[self._regimes[day]]
            levels.append(levels[-1] * (1 - _REVERSION) - scale * shocks[day])
        return levels[::-1]

    def _bitcoin_hours(self, day: int) -> np.ndarray:
        if REPLAY_DAY <= day < ANCHOR_DAY:
            first = (day - REPLAY_DAY) * 24
            return recorded_edges()[first : first + 25]
        start = recorded_minutes()[::60] if day == ANCHOR_DAY else self.level("BTC", day)
        known = np.atleast_1d(np.asarray(start))
        steps = 25 - len(known)
        line = np.linspace(known[-1], self.level("BTC", day + 1), steps + 1)
        wiggle = self._wiggle(profile("BTC"), day, steps)
        return np.concatenate((known[:-1], line + wiggle))

    def _wiggle(self, coin: Profile, day: int, steps: int) -> np.ndarray:
        """A random path over ``steps`` hours that starts and ends at zero, float64 (steps + 1,)."""
        rng = generator(self._seed, f"hours {coin.base}", day)
        scale = coin.volatility * AGITATION[self.regime(day)] / math.sqrt(24)
        walk = np.concatenate(([0.0], np.cumsum(rng.standard_normal(steps))))
        return scale * (walk - np.linspace(0.0, walk[-1], steps + 1))

    def day_volatility(self, base: str, day: int) -> float:
        """Standard deviation of the coin's log return on that day, BTC's part included."""
        coin, bitcoin = profile(base), profile("BTC")
        shared = 0.0 if base == "BTC" else coin.beta * bitcoin.volatility
        return math.hypot(coin.volatility, shared) * AGITATION[self.regime(day)]


@cache
def recorded_edges() -> np.ndarray:
    """Log price of BTC at each hour edge from `REPLAY_DAY` to `ANCHOR_DAY`, float64 (6769,)."""
    return _edges(hourly_bars())


@cache
def recorded_minutes() -> np.ndarray:
    """Log price of BTC at each minute edge of the recorded trades, float64 (361,)."""
    return _edges(minute_bars(recorded_trades()))


def _edges(bars: np.ndarray) -> np.ndarray:
    """Log prices at the edges of bars, not to be written to: they are shared."""
    units = np.concatenate((bars[:1, OPEN], bars[:, CLOSE]))
    edges: np.ndarray = np.log(units / 10.0**PRICE_DIGITS)
    edges.flags.writeable = False
    return edges
