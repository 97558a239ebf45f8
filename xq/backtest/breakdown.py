"""A run's result by calendar and by regime of the market."""

from dataclasses import dataclass

import numpy as np

from xq.backtest.simulation import Simulation
from xq.bars import Bars
from xq.timeframe import DAY_MS, HOUR_MS, MONDAY_OFFSET_MS

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
REGIME_DAYS = 20
LEAST_BARS = 20


@dataclass(frozen=True, slots=True)
class Part:
    """What a run did in one part of its time.

    Attributes
    ----------
    total_return
        Of that part's bars alone, compounded, as a fraction; deposits are no profit.
    positive
        Share of its bars that gained.
    exposure
        Share of its bars with a position at the close.
    """

    name: str
    bars: int
    total_return: float
    positive: float
    exposure: float


def breakdowns(bars: Bars, run: Simulation) -> dict[str, list[Part]]:
    """Parts by ``month``, ``weekday``, ``hour`` (bars below a day), ``volatility`` and ``trend``.

    Volatility terciles and trend are those of the equally weighted market over the 20 days before
    each bar opened; bars before that are in none of them.
    """
    names = {"month": _months(bars.ts), "weekday": _weekdays(bars.ts)}
    if bars.timeframe.ms < DAY_MS:
        names["hour"] = _hours(bars.ts)
    names |= _regimes(bars)
    equity = np.concatenate(([run.initial_cash], run.growth))
    alive = equity[:-1] > 0.0
    change = np.divide(equity[1:], equity[:-1], out=np.ones(len(alive)), where=alive)
    held = (run.positions != 0.0).any(axis=1)
    return {key: _parts(labels, change, held) for key, labels in names.items()}


def _parts(
    labels: tuple[np.ndarray, tuple[str, ...]], change: np.ndarray, held: np.ndarray
) -> list[Part]:
    """``labels`` are the number of each row's part, -1 for none, and the parts' names."""
    found = []
    for number, name in enumerate(labels[1]):
        rows = labels[0] == number
        count = int(rows.sum())
        if count:
            found.append(
                Part(
                    name,
                    count,
                    float(np.prod(change[rows])) - 1.0,
                    float(np.mean(change[rows] > 1.0)),
                    float(np.mean(held[rows])),
                )
            )
    return found


def _months(ts: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    months = ts.astype("datetime64[ms]").astype("datetime64[M]")
    names, number = np.unique(months, return_inverse=True)
    return number, tuple(str(name) for name in names)


def _weekdays(ts: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    return (ts - MONDAY_OFFSET_MS) // DAY_MS % 7, WEEKDAYS


def _hours(ts: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    return ts // HOUR_MS % 24, tuple(f"{hour:02d}" for hour in range(24))


def _regimes(bars: Bars) -> dict[str, tuple[np.ndarray, tuple[str, ...]]]:
    window = max(round(REGIME_DAYS * DAY_MS / bars.timeframe.ms), LEAST_BARS)
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = np.diff(np.log(bars.close), axis=0)
    known = np.isfinite(moves)
    market = np.where(known, moves, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    past, square = (np.concatenate(([0.0], np.cumsum(part))) for part in (market, market**2))
    volatility, trend = np.full(len(bars), np.nan), np.full(len(bars), np.nan)
    row = np.arange(window + 1, len(bars))
    trend[row] = past[row - 1] - past[row - 1 - window]
    volatility[row] = square[row - 1] - square[row - 1 - window]
    return {
        "volatility": (_terciles(volatility), ("calm", "usual", "wild")),
        "trend": (np.where(np.isnan(trend), -1, np.where(trend > 0, 0, 1)), ("rising", "falling")),
    }


def _terciles(values: np.ndarray) -> np.ndarray:
    finite = np.isfinite(values)
    number = np.full(len(values), -1)
    if finite.any():
        edges = np.quantile(values[finite], (1 / 3, 2 / 3))
        number[finite] = np.searchsorted(edges, values[finite], side="left")
    return number
