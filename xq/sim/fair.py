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
from xq.sim.tapes import HOUR, Tapes
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
    read = _hours if timeframe.ms >= HOUR_MS else _minutes
    days = range(first_ms // DAY_MS, until_ms // DAY_MS + 1)
    fine = np.concatenate([read(tapes, item, price, day, now_ms) for day in days])
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


def _hours(tapes: Tapes, item: SimInstrument, price: Price, day: int, now_ms: int) -> np.ndarray:
    if now_ms < (day + 1) * DAY_MS - 1:
        return resample(_minutes(tapes, item, price, day, now_ms), HOUR)
    end_ms = (day + 1) * DAY_MS - 1
    key = ("1h", price, item.id, day)
    return tapes.fair.get(key, lambda: resample(_make(tapes, item, price, day, end_ms), HOUR), len)


def _minutes(tapes: Tapes, item: SimInstrument, price: Price, day: int, now_ms: int) -> np.ndarray:
    end_ms = (day + 1) * DAY_MS - 1
    if now_ms < end_ms:
        return _make(tapes, item, price, day, now_ms)
    key = (price, item.id, day)
    return tapes.fair.get(key, lambda: _make(tapes, item, price, day, end_ms), len)


def _make(tapes: Tapes, item: SimInstrument, price: Price, day: int, until_ms: int) -> np.ndarray:
    path = tapes.path(item.base, day)
    opens = day * DAY_MS + np.arange(DAY_MS // MINUTE_MS) * MINUTE_MS
    bends = (opens, opens + (MINUTE_MS - 1), path.ts, path.ts - 1, [until_ms])
    ts = np.sort(np.concatenate(bends), kind="stable")  # runs in order, merged
    ts = ts[(ts >= opens[0]) & (ts <= until_ms)]
    level = _levels(tapes, item, price, ts)
    ticks = np.rint(np.exp(level) * 10**item.price_digits / item.tick_units).astype(np.int64)
    units = np.maximum(ticks, 1) * item.tick_units
    minutes = ts // MINUTE_MS
    starts = np.flatnonzero(np.diff(minutes, prepend=minutes[0] - 1))
    ends = np.append(starts[1:], len(ts))
    bars = np.zeros((len(starts), WIDTH), dtype=np.int64)
    bars[:, TIME] = minutes[starts] * MINUTE_MS
    bars[:, OPEN] = units[starts]
    bars[:, HIGH] = np.maximum.reduceat(units, starts)
    bars[:, LOW] = np.minimum.reduceat(units, starts)
    bars[:, CLOSE] = units[ends - 1]
    return bars
