"""Seeded markets for the gate's exam: fifty readings, hidden in the bits of the volume."""

from dataclasses import dataclass

import numpy as np

from xq.bars import Bars
from xq.timeframe import DAY_MS, Timeframe

DAYS = 500
SETTINGS = 50
START_MS = 1_672_531_200_000  # 2023-01-01
_VOLATILITY = 0.03
_SHARPE = 3.0
_STRETCH = 10  # days for which settings of one edge read the same, or something of their own
_SHARED = 0.7  # of the stretches
_STAY = 0.9  # chance that a reading stays what it was from one day to the next


@dataclass(frozen=True, slots=True)
class Kind:
    """What is planted.

    Attributes
    ----------
    name
        For people.
    seen_by
        How many settings earn, each with the planted Sharpe ratio by itself.
    """

    name: str
    seen_by: int


WALK = Kind("random walk", 0)
PLANTED = Kind("planted edge", 5)
LONE = Kind("lone edge", 1)


def market(kind: Kind, seed: int, cost: float = 0.0007) -> Bars:
    """Daily bars; the best setting has the planted Sharpe ratio after ``cost`` per notional."""
    rng = np.random.default_rng([seed, kind.seen_by])
    signs = readings(kind, rng)
    moves = rng.normal(0.0, _VOLATILITY, DAYS)
    if kind.seen_by:
        drift = signs[:, : kind.seen_by].sum(axis=1)
        per_setting = np.mean(drift * signs[:, 0])
        switching = 2.0 * cost * np.mean(signs[1:, 0] != signs[:-1, 0])
        target = _SHARPE / 365**0.5 * _VOLATILITY + switching
        moves[1:] += drift[:-1] * target / per_setting
    price = 20_000.0 * np.cumprod(1.0 + moves)
    opens = np.concatenate(([20_000.0], price[:-1]))
    volume = ((signs > 0).astype(np.int64) << np.arange(SETTINGS)).sum(axis=1)
    return Bars.of(
        Timeframe.parse("1d"),
        ["BTC/USDT:USDT"],
        START_MS + np.arange(DAYS) * DAY_MS,
        open=opens,
        high=np.maximum(opens, price),
        low=np.minimum(opens, price),
        close=price,
        volume=volume.astype(np.float64),
    )


def readings(kind: Kind, rng: np.random.Generator) -> np.ndarray:
    """(days, settings) of ±1, each staying for about ten days; those of one edge correlate by ½."""
    switches = rng.random((DAYS, SETTINGS + 1)) > _STAY
    first = rng.integers(0, 2, SETTINGS + 1)
    drawn = np.where((first + np.cumsum(switches, axis=0)) % 2, 1, -1)
    signs, common = drawn[:, :SETTINGS], drawn[:, SETTINGS:]
    stretch = rng.random((DAYS // _STRETCH, kind.seen_by)).repeat(_STRETCH, axis=0)
    signs[:, : kind.seen_by] = np.where(stretch < _SHARED, common, signs[:, : kind.seen_by])
    return signs
