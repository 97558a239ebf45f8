"""Bars of a recorded price, found across its days."""

import numpy as np

from xq.sim.market_series import Series
from xq.sim.tape import CLOSE, KLINE_COLUMNS, OPEN, TIME, VOLUME, klines, resample
from xq.timeframe import Timeframe

_NONE = np.empty((0, len(KLINE_COLUMNS)))
_CLOSE_TIME = 6  # column of klines


def bars_of(
    series: Series,
    timeframe: Timeframe,
    span: tuple[int | None, int | None],
    limit: int,
    now_ms: int,
) -> np.ndarray:
    """The first ``limit`` bars of a span, both ends inclusive, or the last where it has no start.

    float64 (n, 11), columns `xq.sim.tape.KLINE_COLUMNS`. Holes are passed over.
    """
    start_ms, end_ms = span
    until = now_ms if end_ms is None else min(end_ms, now_ms)
    first = timeframe.floor(series.span.start_ms)
    last = timeframe.floor(min(until, series.span.end_ms - 1))
    forward = start_ms is not None
    if start_ms is not None:
        first = max(first, timeframe.ceil(start_ms))
    parts: list[np.ndarray] = []
    missing = limit
    while missing > 0 and first <= last:
        length = (missing - 1) * timeframe.ms
        if forward:
            begin, end = first, min(first + length, last)
            first = end + timeframe.ms
        else:
            begin, end = max(last - length, first), last
            last = begin - timeframe.ms
        parts.append(_between(series, timeframe, begin, end, now_ms))
        missing -= len(parts[-1])
    return np.concatenate([_NONE, *(parts if forward else parts[::-1])])


def _between(
    series: Series, timeframe: Timeframe, first_ms: int, last_ms: int, now_ms: int
) -> np.ndarray:
    """The bars that open at ``first_ms`` to ``last_ms``."""
    until = min(last_ms + timeframe.ms - 1, now_ms)
    days = series.days(first_ms, until)
    if not days:
        return _NONE
    rows = np.concatenate([series.rows(number, now_ms, timeframe) for number in days])
    begin, end = np.searchsorted(rows[:, TIME], (first_ms, until + 1))
    bars = resample(rows[begin:end], timeframe)
    units = series.grid
    table = klines(bars, timeframe, units.price_digits, units.quantity_digits)
    for number in days:
        day = series.day(number)
        if day.bar == timeframe and len(table):
            closed = np.isin(table[:, 0], day.bars[:, TIME]) & (table[:, _CLOSE_TIME] <= now_ms)
            stored = day.stored[np.searchsorted(day.bars[:, TIME], table[closed, 0])]
            table[closed, OPEN : CLOSE + 1] = stored[:, :4]
            table[closed, VOLUME] = stored[:, 4]
    return table
