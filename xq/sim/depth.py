"""A synthetic order book around the last trade.

No book was recorded with the replayed trades, so this one is invented, and the venue says so where
it shows it. Its proportions come from a recording of BTC/USDT spot (1,000 levels a side) beside the
trades of the same minutes: the median spread is one tick, levels lie 0.35 basis points apart on
average, the best level holds about 60 mean trades and the others about 5, with a heavy tail. The
mean trade is that of the replayed tape, 1,240 USDT, and shrinks with the market's turnover.
"""

import math
from decimal import Decimal
from functools import lru_cache

import numpy as np

from xq.sim.instruments import SimInstrument, profile
from xq.sim.spine import generator
from xq.sim.tape import decimal_of

MEAN_TRADE = 1_240.0  # USDT, 184,850 recorded trades
LEVEL_GAP = 3.5e-5  # mean distance of levels, as a fraction of price
BEST_TRADES = 60.0  # mean size of the best level, in mean trades
LEVEL_TRADES = 5.0  # of the others
MAX_LEVELS = 5_000

_BEST_SPREAD = 0.8  # standard deviations of the log of a level's size
_LEVEL_SPREAD = 1.8
_GAP, _SIZE = 0, 1

Units = tuple[np.ndarray, np.ndarray]


@lru_cache(maxsize=256)
def depth(
    item: SimInstrument, seed: int, second: int, best_bid: int, limit: int
) -> tuple[Units, Units]:
    """Bids and asks, best first, as (price, quantity) in units, int64.

    The same for a whole second around the same price; fewer levels are a prefix of more. Bids end
    where prices would stop being positive.
    """
    levels = min(limit, MAX_LEVELS)
    tick = item.tick_units
    sides = []
    for sign, name in ((-1, "bids"), (1, "asks")):
        rng = generator(seed, f"{name} {item.instrument.symbol}", second)
        shocks = rng.standard_normal((levels, 2))
        best = best_bid if sign < 0 else best_bid + tick
        price = best + sign * tick * _distances(item, best, shocks[:, _GAP])
        quantity = _sizes(item, best, shocks[:, _SIZE])
        keep = price > 0
        sides.append((price[keep], quantity[keep]))
    return sides[0], sides[1]


def _distances(item: SimInstrument, best: int, shocks: np.ndarray) -> np.ndarray:
    """Ticks from the best price, ascending from 0, int64."""
    gap = max(_gap_ticks(item, best) - 1.0, 0.0)
    steps = 1 + np.floor(gap * shocks**2).astype(np.int64)
    steps[:1] = 0
    distances: np.ndarray = np.cumsum(steps)
    return distances


def _sizes(item: SimInstrument, best: int, shocks: np.ndarray) -> np.ndarray:
    """Quantity of each level in units, at least one lot, int64."""
    thin = math.sqrt(item.profile.turnover / profile("BTC").turnover)
    crowd = max(1.0, 1.0 / _gap_ticks(item, best))  # a coarse tick gathers several levels
    mean = MEAN_TRADE * thin * crowd * 10**item.price_digits / best
    spread = np.full(len(shocks), _LEVEL_SPREAD)
    trades = np.full(len(shocks), LEVEL_TRADES)
    spread[:1], trades[:1] = _BEST_SPREAD, BEST_TRADES
    quantity = mean * trades * np.exp(spread * shocks - spread**2 / 2)
    lots = np.ceil(quantity * 10**item.quantity_digits / item.lot_units).astype(np.int64)
    sizes: np.ndarray = lots * item.lot_units
    return sizes


def _gap_ticks(item: SimInstrument, best: int) -> float:
    """Mean distance of levels in ticks; below 1 where the tick is coarse."""
    sparse = math.sqrt(math.sqrt(profile("BTC").turnover / item.profile.turnover))
    return LEVEL_GAP * sparse * best / item.tick_units


def levels_of(
    item: SimInstrument, price: np.ndarray, quantity: np.ndarray
) -> list[tuple[Decimal, Decimal]]:
    """Prices and quantities in units as (price, quantity) pairs."""
    digits, places = item.price_digits, item.quantity_digits
    return [
        (decimal_of(level, digits), decimal_of(size, places))
        for level, size in zip(price.tolist(), quantity.tolist(), strict=True)
    ]
