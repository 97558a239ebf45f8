"""Whether the times of a file can be those of bars of one length; pure."""

from math import gcd

import numpy as np

from xq.errors import DataError
from xq.timeframe import DAY_MS, HOUR_MS, MINUTE_MS, MONTH, Timeframe, names

_MONTH_DAYS = (28, 31)
_UNITS = ((DAY_MS, "day"), (HOUR_MS, "hour"), (MINUTE_MS, "minute"), (1000, "second"))


def refuse_finer(ts: np.ndarray, bar: Timeframe, where: str) -> None:
    """Refuse times most of which follow each other faster than the bars.

    Parameters
    ----------
    ts
        (n,) int64 epoch ms in any order.

    Raises
    ------
    DataError
        Naming the length of bar that they look like.
    """
    steps = _steps(ts)
    step = _usual(steps)
    if step is None or len(steps) == 1:
        return
    if bar.is_month:  # they differ in length: those inside one month are shorter
        steps = steps[np.diff(bar.number(np.unique(ts))) == 0]
        if 2 * len(steps) > len(np.unique(ts)) - 1:
            raise _misnamed(_usual(steps) or 0, bar, where)
        return
    if step < bar.ms and 2 * int((steps == step).sum()) > len(steps):
        raise _misnamed(step, bar, where)


def refuse_coarser(ts: np.ndarray, bar: Timeframe, where: str) -> None:
    """Refuse times that would leave a hole between every two bars, all of one pattern.

    Holes of different lengths are a market's own; two bars apart prove nothing, unless whole days.

    Raises
    ------
    DataError
        Naming the length of bar that they look like.

    Examples
    --------
    >>> refuse_coarser(np.array([0, 1, 2]) * DAY_MS, Timeframe.parse("1h"), "btc.csv")
    Traceback (most recent call last):
    xq.errors.DataError: error: the file looks like 1d bars, expected 1h
      where: btc.csv
      hint:  add --timeframe 1d
    """
    steps = _steps(ts)
    if not len(steps):
        return
    common = gcd(*map(int, steps))
    if bar.is_month:
        return
    if _monthly(ts, steps):
        raise _misnamed(Timeframe.parse(MONTH).ms, bar, where)
    if common > bar.ms and common % bar.ms == 0 and (len(steps) > 1 or common % DAY_MS == 0):
        usual = _usual(steps)
        known = {Timeframe.parse(name).ms for name in names()}
        raise _misnamed(usual if usual in known else common, bar, where)


def _steps(ts: np.ndarray) -> np.ndarray:
    return np.diff(np.unique(ts))


def _usual(steps: np.ndarray) -> int | None:
    """The most common step; of equally common ones the shortest."""
    if not len(steps):
        return None
    values, counts = np.unique(steps, return_counts=True)
    return int(values[np.argmax(counts)])


def _monthly(ts: np.ndarray, steps: np.ndarray) -> bool:
    days = steps // DAY_MS
    first = (np.unique(ts).astype("datetime64[ms]").astype("datetime64[D]")
             - np.unique(ts).astype("datetime64[ms]").astype("datetime64[M]"))  # fmt: skip
    inside = (days >= _MONTH_DAYS[0]) & (days <= _MONTH_DAYS[1])
    return len(steps) > 1 and bool(inside.all()) and not first.astype(int).any()


def _misnamed(step: int, bar: Timeframe, where: str) -> DataError:
    fits = [name for name in names() if Timeframe.parse(name).ms == step]
    if fits:
        message = f"the file looks like {fits[0]} bars, expected {bar}"
        return DataError(message, where=where, hint=f"add --timeframe {fits[0]}")
    message = f"the rows are {_length(step)} apart, expected {bar} bars"
    return DataError(message, where=where, hint=f"xq knows {' '.join(names())}")


def _length(step: int) -> str:
    size, unit = next(((size, unit) for size, unit in _UNITS if step % size == 0), (1, "ms"))
    number = step // size
    return f"{number} {unit}{'s' if number != 1 and unit != 'ms' else ''}"
