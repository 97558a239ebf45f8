"""The seeded market between the hourly levels: when trades happen, at what price, how large.

Each UTC day is made on its own from the seed, so any minute of any day costs the same and asking in
another order changes nothing. A coin's path is shared by its spot market and its perpetual.
"""

import math
from dataclasses import dataclass

import numpy as np

from xq.sim.basis import Basis
from xq.sim.instruments import SimInstrument, profile
from xq.sim.spine import ANCHOR_DAY, LISTED_DAY, TURNOVER, Spine, generator, recorded_minutes
from xq.sim.tape import Tape
from xq.timeframe import DAY_MS, HOUR_MS, MINUTE_MS

_MINUTES = DAY_MS // MINUTE_MS
_SIZE_SPREAD = 1.6  # standard deviation of the log of a trade's size
_CONTRACT_TURNOVER = 2.5  # perpetuals trade more than spot
_CONTRACT_NOISE = 2e-5  # how far a perpetual strays from its basis, as a fraction of price
_FOLLOW = 0.3  # how much more likely takers are to trade with the last move than against it


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """One coin's fair price over one UTC day.

    Attributes
    ----------
    ts
        (n,) int64, epoch ms, not decreasing; every minute holds at least one.
    level
        (n,) float64, log price.
    hours
        (25,) float64, log price at the hour edges.
    """

    day: int
    ts: np.ndarray
    level: np.ndarray
    hours: np.ndarray

    def __len__(self) -> int:
        return len(self.ts)

    def at(self, ts_ms: int) -> float:
        """Log price known at a moment of the day."""
        return self.around(ts_ms)[2]

    def around(self, ts_ms: int) -> tuple[int, int, float]:
        """From when until before when the log price is what it is at a moment, and that price."""
        hour = (ts_ms - self.day * DAY_MS) // HOUR_MS
        after = int(np.searchsorted(self.ts, ts_ms, side="right"))
        edge_ms = self.day * DAY_MS + hour * HOUR_MS
        until_ms = edge_ms + HOUR_MS
        if after < len(self.ts):
            until_ms = min(until_ms, int(self.ts[after]))
        if after == 0 or self.ts[after - 1] < edge_ms:
            return edge_ms, until_ms, float(self.hours[hour])
        return int(self.ts[after - 1]), until_ms, float(self.level[after - 1])

    def levels(self, ts: np.ndarray) -> np.ndarray:
        """Log prices at moments of the day, float64; at an hour's edge that edge's level."""
        hour, inside = np.divmod(ts - self.day * DAY_MS, HOUR_MS)
        row = np.searchsorted(self.ts, ts, side="right") - 1
        moved = (row >= 0) & (self.ts[np.maximum(row, 0)] >= ts - inside) & (inside > 0)
        levels: np.ndarray = np.where(moved, self.level[np.maximum(row, 0)], self.hours[hour])
        return levels


def day_path(spine: Spine, seed: int, base: str, day: int) -> Path:
    """The path of one coin on one day: a random walk in trade time, tied to the hourly levels."""
    rng = generator(seed, f"path {base}", day)
    count = profile(base).trades
    ts = _times(rng, day, count)
    hours = spine.hours(base, day)
    knots = day * DAY_MS + np.arange(25) * HOUR_MS
    levels = hours
    if base == "BTC" and day == ANCHOR_DAY:
        recorded = recorded_minutes()
        knots = np.concatenate((knots[0] + np.arange(len(recorded)) * MINUTE_MS, knots[7:]))
        levels = np.concatenate((recorded, hours[7:]))
    step = spine.day_volatility(base, day) / math.sqrt(count)
    walk = np.concatenate(([0.0], np.cumsum(rng.standard_normal(count)) * step))
    miss = levels - walk[np.searchsorted(ts, knots)]
    return Path(day, ts, walk[1:] + np.interp(ts, knots, miss), hours)


def day_tape(spine: Spine, seed: int, item: SimInstrument, basis: Basis | None, path: Path) -> Tape:
    """The trades of one market on one day, as many as its profile says."""
    count = item.profile.trades
    rng = generator(seed, f"tape {item.instrument.symbol}", path.day)
    level = path.level
    if basis is not None:
        noise = _CONTRACT_NOISE * rng.standard_normal(count)
        level = level + basis.at(path.ts) + noise
    tick = item.tick_units
    ticks = np.floor(np.exp(level) * (10**item.price_digits / tick)).astype(np.int64)
    move = np.sign(np.diff(level, prepend=level[0]))
    taker_sold = rng.random(count) >= 0.5 + 0.5 * _FOLLOW * move
    price = np.maximum(ticks, 2) * tick + np.where(taker_sold, 0, tick)
    first_id = (path.day - LISTED_DAY) * count + 1
    return Tape(
        ts=path.ts,
        price=price,
        quantity=_quantities(rng, item, spine, path),
        taker_sold=taker_sold,
        raw=np.arange(first_id, first_id + count + 1),
        first_id=first_id,
    )


def _times(rng: np.random.Generator, day: int, count: int) -> np.ndarray:
    """When the trades of a day happen: in bursts, more in some hours, never none in a minute."""
    moods = np.exp(0.5 * rng.standard_normal(25))
    clock = np.arange(_MINUTES) / 60.0
    rhythm = 1.0 + 0.35 * np.cos((clock - 15.0) * (2 * math.pi / 24))  # busiest at 15:00 UTC
    weight = np.interp(clock, np.arange(25), moods) * rhythm * rng.standard_exponential(_MINUTES)
    spare = count - _MINUTES
    shares = np.cumsum(weight)
    counts = 1 + np.diff(np.rint(shares * (spare / shares[-1])), prepend=0.0).astype(np.int64)
    minutes = np.repeat(np.arange(_MINUTES), counts)
    inside = (rng.random(count) * MINUTE_MS).astype(np.int64)
    times: np.ndarray = day * DAY_MS + np.sort(minutes * MINUTE_MS + inside)
    return times


def _quantities(
    rng: np.random.Generator, item: SimInstrument, spine: Spine, path: Path
) -> np.ndarray:
    """How much each trade is of, int64 (n,), at least one lot; the day's mean fits its turnover."""
    turnover = item.profile.turnover * TURNOVER[spine.regime(path.day)]
    if item.contract:
        turnover *= _CONTRACT_TURNOVER
    lot = item.lot_units
    mean = turnover / len(path.ts) / math.exp(path.hours[0])
    median = mean / math.exp(_SIZE_SPREAD**2 / 2) * 10**item.quantity_digits / lot
    lots = np.exp(_SIZE_SPREAD * rng.standard_normal(len(path.ts))) * median
    quantities: np.ndarray = np.ceil(lots).astype(np.int64) * lot
    return quantities
