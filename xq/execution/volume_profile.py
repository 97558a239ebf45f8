"""How a day's volume is spread over its hours, from stored bars: the shares of a VWAP."""

import numpy as np

from xq.bars import Bars
from xq.errors import NoData, UsageError
from xq.timeframe import DAY_MS


def volume_profile(bars: Bars, start_ms: int, end_ms: int, slices: int) -> tuple[float, ...]:
    """Share of the volume expected in each of the equal slices of a time to come; they sum to 1.

    The forecast for a time of day is the mean volume of stored bars at that time (Białkowski,
    Darolles & Le Fol 2008, without their dynamic part); inside a bar volume is even.

    Parameters
    ----------
    bars
        Closed bars of one symbol that divide a day, several days of them.

    Raises
    ------
    UsageError
        If a bar ends after ``start_ms``: a schedule from volume yet to come is no schedule.
    NoData
        If no bar tells of some time of day that is needed, or nothing traded at all.

    Examples
    --------
    Nothing trades in the first half of a day, so the slices around noon are empty and full.

    >>> from xq.timeframe import Timeframe
    >>> half = DAY_MS // 2
    >>> bars = Bars.of(Timeframe.parse("12h"), ["A/B"], [0, half], close=[1.0, 1.0],
    ...                volume=[0.0, 8.0])
    >>> volume_profile(bars, DAY_MS + half // 2, DAY_MS + 3 * half // 2, 2)
    (0.0, 1.0)
    """
    length = bars.timeframe.ms
    if len(bars.symbols) != 1 or DAY_MS % length or slices < 1 or end_ms <= start_ms:
        raise UsageError("a profile needs bars of one symbol that divide a day, and slices of time")
    if len(bars) and int(bars.ts[-1]) + length > start_ms:
        raise UsageError(
            "bars of a volume profile must have ended before the start",
            where=f"{bars.symbols[0]} {bars.timeframe}",
        )
    means = _means(bars, DAY_MS // length)
    edges = np.linspace(start_ms, end_ms, slices + 1)
    first = start_ms // length * length
    knots = np.arange(first, end_ms + length, length)
    density = means[(knots[:-1] % DAY_MS) // length]
    if np.isnan(density).any():
        raise NoData(
            "no stored volume for some time of day",
            where=f"{bars.symbols[0]} {bars.timeframe}",
            hint=f"xq collect --symbol {bars.symbols[0]} --timeframe {bars.timeframe} --days 7",
        )
    volume = np.diff(np.interp(edges, knots, np.concatenate(([0.0], np.cumsum(density)))))
    if volume.sum() <= 0.0:
        raise NoData("nothing traded at that time of day", where=bars.symbols[0])
    return tuple(float(share) for share in volume / volume.sum())


def _means(bars: Bars, per_day: int) -> np.ndarray:
    """Mean volume of each time of day, NaN where no bar tells."""
    slot = (bars.ts % DAY_MS) // bars.timeframe.ms
    volume = bars.volume[:, 0]
    known = np.isfinite(volume)
    count = np.bincount(slot[known], minlength=per_day)
    total = np.bincount(slot[known], weights=volume[known], minlength=per_day)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))
