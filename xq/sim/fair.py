"""Mark and index price of perpetuals over time: the bars of what margin and funding are counted in.

The index moves with every trade of the coin and starts anew at each hour's edge, the basis is a
line between settlements; so a bar's extremes lie where either of them bends, or just before.
"""

from decimal import Decimal
from enum import StrEnum
from functools import partial

import numpy as np

from xq.sim.instruments import SimInstrument
from xq.sim.lookup import nearest
from xq.sim.tape import CLOSE, HIGH, LOW, OPEN, TIME, WIDTH, resample
from xq.sim.tapes import Tapes
from xq.timeframe import DAY_MS, HOUR_MS, MINUTE_MS, Timeframe


class Price(StrEnum):
    """Prices that are not traded."""

    MARK = "mark"
    INDEX = "index"


def fair_bars(
    tapes: Tapes,
    item: SimInstrument,
    price: Price,
    timeframe: Timeframe,
    edges: tuple[int, int],
    now_ms: int,
) -> np.ndarray:
    """Bars that open at ``edges[0]`` to ``edges[1]`` as they stand at ``now_ms``, int64 (n, 10).

    Columns as `xq.sim.tape`; volumes are 0. Open and close are what `SimMarket.mark_price` or
    `index_price` tell at the bar's first and last millisecond.
    """
    first_ms, last_ms = edges
    until_ms = min(timeframe.end(last_ms) - 1, now_ms)
    step_ms = HOUR_MS if timeframe.ms >= HOUR_MS else MINUTE_MS
    days = range(first_ms // DAY_MS, until_ms // DAY_MS + 1)
    fine = np.concatenate([_day(tapes, item, price, (day, step_ms), now_ms) for day in days])
    begin, end = np.searchsorted(fine[:, TIME], (first_ms, until_ms + 1))
    return resample(fine[begin:end], timeframe)


def mark_extremes(
    tapes: Tapes, item: SimInstrument, start_ms: int, end_ms: int
) -> tuple[Decimal, Decimal]:
    """Lowest and highest mark price of a perpetual in [start_ms, end_ms]."""
    found = []
    for day in range(start_ms // DAY_MS, end_ms // DAY_MS + 1):
        first_ms, last_ms = day * DAY_MS, (day + 1) * DAY_MS - 1
        if start_ms <= first_ms and last_ms <= end_ms:
            key = ("extremes", item.id, day)
            levels = tapes.fair.get(key, partial(_bounds, tapes, item, (first_ms, last_ms)), len)
        else:
            levels = _bounds(tapes, item, (max(first_ms, start_ms), min(last_ms, end_ms)))
        found.append(levels)
    low, high = min(pair[0] for pair in found), max(pair[1] for pair in found)
    return nearest(float(low), item), nearest(float(high), item)


def _bounds(tapes: Tapes, item: SimInstrument, within: tuple[int, int]) -> np.ndarray:
    """Lowest and highest level of a perpetual's mark price in a part of one day, float64 (2,)."""
    first_ms, last_ms = within
    moves = tapes.path(item.base, first_ms // DAY_MS).ts
    moves = moves[slice(*np.searchsorted(moves, (first_ms, last_ms + 2)))]
    hours = np.arange(first_ms // HOUR_MS, last_ms // HOUR_MS + 2) * HOUR_MS
    bends = (moves, moves - 1, hours, hours - 1, within)
    ts = np.sort(np.concatenate(bends), kind="stable")  # runs in order, merged
    level = _levels(tapes, item, Price.MARK, ts[(ts >= first_ms) & (ts <= last_ms)])
    return np.array([level.min(), level.max()])


def _levels(tapes: Tapes, item: SimInstrument, price: Price, ts: np.ndarray) -> np.ndarray:
    """Log prices at ascending moments of one day, float64."""
    level = tapes.path(item.base, int(ts[0]) // DAY_MS).levels(ts)
    return level + tapes.basis(item.base).at(ts) if price is Price.MARK else level


def _day(
    tapes: Tapes, item: SimInstrument, price: Price, place: tuple[int, int], now_ms: int
) -> np.ndarray:
    """The bars of ``place``, a day and their length, as they stand at ``now_ms``."""
    end_ms = (place[0] + 1) * DAY_MS - 1
    if now_ms < end_ms:
        return _make(tapes, item, price, place, now_ms)
    key = (price, item.id, place)
    return tapes.fair.get(key, lambda: _make(tapes, item, price, place, end_ms), len)


def _make(
    tapes: Tapes, item: SimInstrument, price: Price, place: tuple[int, int], until_ms: int
) -> np.ndarray:
    day, step_ms = place
    path = tapes.path(item.base, day)
    opens = np.arange(day * DAY_MS, min((day + 1) * DAY_MS, until_ms + 1), step_ms)
    moved = path.ts[: np.searchsorted(path.ts, until_ms, side="right")]
    ends = np.minimum(opens + (step_ms - 1), until_ms)
    ts = np.concatenate((opens, ends, moved, moved - 1))
    ts.sort(kind="stable")  # four runs in order already
    ts = ts[np.searchsorted(ts, opens[0]) :]
    level = _levels(tapes, item, price, ts)
    starts = np.searchsorted(ts, opens)
    bars = np.zeros((len(opens), WIDTH), dtype=np.int64)
    bars[:, TIME] = opens
    bars[:, OPEN] = _units(level[starts], item)
    bars[:, HIGH] = _units(np.maximum.reduceat(level, starts), item)
    bars[:, LOW] = _units(np.minimum.reduceat(level, starts), item)
    bars[:, CLOSE] = _units(level[np.append(starts[1:], len(ts)) - 1], item)
    return bars


def _units(level: np.ndarray, item: SimInstrument) -> np.ndarray:
    """Log prices as the nearest positive multiples of the tick, in units, int64."""
    ticks = np.rint(np.exp(level) * 10**item.price_digits / item.tick_units).astype(np.int64)
    units: np.ndarray = np.maximum(ticks, 1) * item.tick_units
    return units
