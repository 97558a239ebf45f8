"""The law as pure functions: which rows to ask again, and what their answers prove."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xq.bars import Bars
from xq.clock import iso
from xq.errors import BadWeights, LookAhead, NoData, ShortWarmUp

TOLERANCE = 1e-9
"""Window and full run may differ by this much of a weight; prefix and full run not at all."""


@dataclass(frozen=True, slots=True)
class ThinMargin:
    """A weight that rounding alone decides: moving prices by a billionth flips it."""

    ts_ms: int
    symbol: str
    full: float
    window: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two answers to the same question part: row and column, and both weights."""

    row: int
    column: int
    full: float
    again: float


def choose(weights: np.ndarray, bars: Bars, lookback: int, count: int, seed: int) -> list[int]:
    """Rows to ask again, ascending: the ends, the best decisions, changes, others at random.

    A leak that pays does so at the decisions that gained most on the bar after them; one that is
    used in few bars would be missed by chance alone.

    Parameters
    ----------
    weights
        ``(T, N)`` of the full run.
    count
        How many; all rows after the warm-up if there are no more than that.
    """
    first, end = lookback - 1, len(weights)
    if end - first <= count:
        return list(range(first, end))
    chance = np.random.default_rng(seed)
    before, after = weights[first:-1], weights[first + 1 :]
    same = (before == after) | (np.isnan(before) & np.isnan(after))
    changed = np.flatnonzero(~same.all(axis=1)) + first + 1
    picked = {first, end - 1}
    losses = -_gains(before, bars.close[first:])
    picked |= set((np.argpartition(losses, count // 3)[: count // 3] + first).tolist())
    changed = changed[~np.isin(changed, sorted(picked))]
    picked |= set(_some(chance, changed, min(count // 3, len(changed), count - len(picked))))
    rest = np.delete(np.arange(first, end), [row - first for row in picked])
    return sorted(picked | set(_some(chance, rest, count - len(picked))))


def few(
    weights: np.ndarray, changes: np.ndarray, lookback: int, count: int, seed: int
) -> list[int]:
    """A handful of rows to ask again where many runs are checked: cheaper than `choose`.

    Half of them are the decisions that gained most, the others are drawn at random.

    Parameters
    ----------
    changes
        ``(T - 1, N)`` of `next_changes`.
    """
    first, end = lookback - 1, len(weights)
    if end - first <= count:
        return list(range(first, end))
    known = weights[first:-1]
    if not np.isfinite(known).all():
        known = np.nan_to_num(known)
    gains = known - known.mean(axis=0)
    gains *= changes[first:]
    earned = gains.sum(axis=1) if gains.shape[1] > 1 else gains[:, 0]
    picked: set[int] = set()
    for _ in range(count // 2):
        best = int(np.argmax(earned))
        earned[best] = -np.inf
        picked.add(best + first)
    chance = np.random.default_rng(seed)
    while len(picked) < count:
        picked.add(int(chance.integers(first, end)))
    return sorted(picked)


def next_changes(bars: Bars) -> np.ndarray:
    """``(T - 1, N)`` fractions by which each close changes on the bar after it, NaN as 0."""
    change = bars.close[1:] / bars.close[:-1] - 1.0
    return np.asarray(np.nan_to_num(change, posinf=0.0, neginf=0.0))


def _gains(weights: np.ndarray, close: np.ndarray) -> np.ndarray:
    """What each row's deviation from the mean weight earned on the bar after it, NaN as nothing."""
    known = np.nan_to_num(weights)
    change = np.nan_to_num(close[1:] / close[:-1] - 1.0, posinf=0.0, neginf=0.0)
    return np.asarray(((known - known.mean(axis=0)) * change).sum(axis=1))


def _some(chance: np.random.Generator, rows: np.ndarray, count: int) -> list[int]:
    chosen: list[int] = chance.choice(rows, size=max(count, 0), replace=False).tolist()
    return chosen


def check_bars(bars: Bars, lookback: int, inputs: Sequence[str], path: Path) -> None:
    """Refuse bars that a strategy cannot answer for.

    Raises
    ------
    NoData
        Fewer bars than the lookback, or a declared input is missing.
    """
    missing = [name for name in inputs if name not in bars.extra]
    if missing:
        raise NoData(
            f"{path.stem} needs {', '.join(missing)} beside the bars",
            where=str(path),
            hint="xq data ls",
        )
    if len(bars) < lookback:
        raise NoData(
            f"{path.stem} needs {lookback} bars for its first weight, found {len(bars)}",
            where=f"{' '.join(bars.symbols)} {bars.timeframe}",
            hint=f"xq collect --symbol {bars.symbols[0]} --timeframe {bars.timeframe} "
            "with more --days",
        )


def check_values(weights: np.ndarray, bars: Bars, lookback: int, where: str) -> None:
    """Refuse infinities anywhere, and NaN where the symbol has traded for a whole lookback.

    Raises
    ------
    BadWeights
        Naming the first bar and symbol concerned.
    """
    if np.isfinite(weights[lookback - 1 :]).all() and not np.isinf(weights[: lookback - 1]).any():
        return
    infinite = np.isinf(weights)
    if infinite.any():
        raise BadWeights(
            f"weights must be finite, found {_at(infinite, weights, bars)}",
            where=where,
            hint="guard the division",
        )
    untradable = ~np.isfinite(bars.close)
    row = np.arange(len(weights)).reshape(-1, 1)
    last_hole = np.maximum.accumulate(np.where(untradable, row, -1), axis=0)
    missing = np.isnan(weights) & (row - last_hole >= lookback)
    if missing.any():
        raise BadWeights(
            f"no weight after warm-up, found {_at(missing, weights, bars)}",
            where=where,
            hint=f"NaN is legal in the first {lookback - 1} bars and without a close; "
            "a longer lookback, or 0 for flat",
        )


def _at(mask: np.ndarray, weights: np.ndarray, bars: Bars) -> str:
    row, column = (int(index[0]) for index in np.nonzero(mask))
    return f"{weights[row, column]} for {bars.symbols[column]} at {iso(int(bars.ts[row]))}"


def prefix_differences(
    weights: np.ndarray, rows: Sequence[int], tails: np.ndarray
) -> list[Difference]:
    """Where the last rows of prefixes are not bit for bit those of the full run.

    Parameters
    ----------
    tails
        ``(len(rows), K, N)``: the last K rows of the answer to the bars up to each row.
    """
    found = []
    for row, tail in zip(rows, tails, strict=True):
        depth = min(len(tail), row + 1)
        full, again = weights[row + 1 - depth : row + 1], tail[len(tail) - depth :]
        different = ~((full == again) | (np.isnan(full) & np.isnan(again)))
        for at, column in zip(*np.nonzero(different), strict=True):
            found.append(
                Difference(
                    row + 1 - depth + int(at),
                    int(column),
                    float(full[at, column]),
                    float(again[at, column]),
                )
            )
            break
    return found


def window_differences(
    weights: np.ndarray, rows: Sequence[int], answers: np.ndarray
) -> list[Difference]:
    """Where the answer to the last ``lookback`` bars is not the full run's, within 1e-9.

    Parameters
    ----------
    answers
        ``(len(rows), N)``.
    """
    full = weights[list(rows)]
    close = np.abs(full - answers) <= TOLERANCE
    different = ~(close | (np.isnan(full) & np.isnan(answers)))
    return [
        Difference(rows[at], int(column), float(full[at, column]), float(answers[at, column]))
        for at, column in zip(*np.nonzero(different), strict=True)
    ]


def is_thin(difference: Difference, shaken: np.ndarray) -> bool:
    """Whether prices moved by a billionth bring the window to the full run's weight.

    Parameters
    ----------
    shaken
        ``(n, N)`` answers to the same window, its values moved at random by 1e-9 of themselves.
    """
    answers = shaken[:, difference.column]
    return bool(np.any(np.abs(answers - difference.full) <= TOLERANCE))


def look_ahead(difference: Difference, bars: Bars, where: str) -> LookAhead:
    """The refusal for a weight that changed when later bars were cut off."""
    rounding = abs(difference.full - difference.again) <= 1e-12
    return LookAhead(
        f"the weight of {_place(difference, bars)} is {difference.full:.12g} with the bars after "
        f"it and {difference.again:.12g} without them",
        where=where,
        hint="rounding depends on the number of rows: avoid matrix products over time"
        if rounding
        else "use only rows up to t: no shift(-n), no mean, min or rank over the whole array",
    )


def short_warm_up(difference: Difference, lookback: int, bars: Bars, where: str) -> ShortWarmUp:
    """The refusal for a weight that needs more bars than declared."""
    return ShortWarmUp(
        f"the weight of {_place(difference, bars)} is {difference.full:.12g} with all bars before "
        f"it and {difference.again:.12g} with the last {lookback} alone",
        where=where,
        hint="a longer lookback: the sum of the memories (ta.ema.memory(n), …) of what it chains",
    )


def _place(difference: Difference, bars: Bars) -> str:
    return f"{bars.symbols[difference.column]} at {iso(int(bars.ts[difference.row]))}"
