"""What a sweep proves: overfitting, deflation, the test against the benchmark, the neighbours."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xq.backtest.result import Overfit
from xq.backtest.sweep_trial import Outcome
from xq.metrics.daily import DAYS_PER_YEAR
from xq.metrics.overfit import deflated_from
from xq.metrics.pbo import pbo
from xq.metrics.reality import RealityCheck, reality_check
from xq.metrics.returns import NAN, sharpe_ratio
from xq.metrics.sharpe_inference import deflated_sharpe_2026

OBJECTIVES = ("daily_sharpe_ratio", "total_return", "calmar_ratio", "daily_sortino_ratio")
_CELLS = 26_000_000  # splits times trials that are ranked at once


@dataclass(frozen=True, slots=True)
class Neighbours:
    """How the trials nearest to the best in parameters did.

    Attributes
    ----------
    count
        Twice the number of swept parameters, or all others if there are fewer.
    mean, worst
        Of their objective.
    stability
        Mean over the best's objective; near 1 is a plateau, near 0 a lucky spike. NaN if the best
        is not above 0.
    """

    count: int
    mean: float
    worst: float
    stability: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """The statistics of a sweep.

    Attributes
    ----------
    best
        Number of the trial with the highest objective; the first of equals.
    trials
        Counted for deflation: those of this sweep and every other on record for the same strategy
        and market.
    probability_of_overfitting, splits
        By CSCV on daily returns; None and 0 with too few days or trials.
    deflated_sharpe_ratio, deflated_sharpe_ratio_2026, probabilistic_sharpe_ratio
        Of the best, daily.
    reality
        White's and Hansen's test against the benchmark; None with too few days.
    """

    best: int
    trials: int
    probability_of_overfitting: float | None
    splits: int
    probabilistic_sharpe_ratio: float
    deflated_sharpe_ratio: float
    deflated_sharpe_ratio_2026: float
    reality: RealityCheck | None
    neighbours: Neighbours | None

    @property
    def overfit(self) -> Overfit:
        """How much of the best trial's Sharpe ratio may be luck."""
        return Overfit(
            self.trials,
            self.probabilistic_sharpe_ratio,
            self.deflated_sharpe_ratio,
            self.deflated_sharpe_ratio_2026,
            self.probability_of_overfitting,
        )


def judge(
    outcomes: Sequence[Outcome], objective: str, hold: np.ndarray, trials: int, seed: int
) -> Judgement:
    """Judge the accepted trials of a sweep.

    Parameters
    ----------
    outcomes
        At least one, all accepted, by number.
    hold
        (D,) daily returns of the benchmark.
    trials
        On record for the strategy and the market, these included.
    """
    best = best_of(outcomes, objective)
    matrix = np.column_stack([one.returns for one in outcomes])
    sharpes = np.array([sharpe_ratio(one.returns) for one in outcomes])
    variance_of = np.concatenate([sharpes, np.full(max(trials - len(sharpes), 0), NAN)])
    splits = splits_for(*matrix.shape)
    enough = len(matrix) >= 10 and len(hold) == len(matrix)
    return Judgement(
        best=best.number,
        trials=max(trials, len(outcomes)),
        probability_of_overfitting=pbo(matrix, splits).probability if splits else None,
        splits=splits,
        probabilistic_sharpe_ratio=deflated_from(best.returns, sharpes[:1]),
        deflated_sharpe_ratio=deflated_from(best.returns, variance_of),
        deflated_sharpe_ratio_2026=deflated_sharpe_2026(best.returns, len(variance_of)),
        reality=reality_check(matrix, hold, seed) if enough else None,
        neighbours=neighbours(outcomes, best, objective),
    )


def best_of(outcomes: Sequence[Outcome], objective: str) -> Outcome:
    """The highest objective; one that is no number is below all others."""
    return max(outcomes, key=lambda one: (_score(one, objective), -one.number))


def splits_for(days: int, trials: int) -> int:
    """Blocks for CSCV: 16, fewer for many trials so that it stays within memory; 0: impossible.

    Examples
    --------
    >>> splits_for(365, 1000), splits_for(365, 10_000), splits_for(40, 1000), splits_for(15, 9)
    (16, 12, 16, 0)
    """
    if trials < 2:
        return 0
    for splits in (16, 14, 12, 10, 8):
        if days >= 2 * splits and math.comb(splits, splits // 2) * trials <= _CELLS:
            return splits
    return 0


def neighbours(outcomes: Sequence[Outcome], best: Outcome, objective: str) -> Neighbours | None:
    """The trials nearest to the best, every number scaled to its range, other values 0 or 1 apart.

    Examples
    --------
    >>> trials = [Outcome(k, {"n": n}, {"daily_sharpe_ratio": s})
    ...           for k, (n, s) in enumerate([(1, 0.1), (2, 0.8), (3, 1.0), (4, 0.6), (9, -1.0)])]
    >>> neighbours(trials, trials[2], "daily_sharpe_ratio")
    Neighbours(count=2, mean=0.7, worst=0.6, stability=0.7)
    """
    names = [name for name in best.params if len({one.params[name] for one in outcomes}) > 1]
    others = [one for one in outcomes if one.number != best.number]
    if not others or not names:
        return None
    spans = {name: _span([one.params[name] for one in outcomes]) for name in names}

    def far(one: Outcome) -> float:
        return math.fsum(_apart(one.params, best.params, name, spans[name]) ** 2 for name in names)

    near = sorted(others, key=lambda one: (far(one), one.number))[: 2 * len(names)]
    scores = [score for one in near if (score := _score(one, objective)) > -math.inf]
    if not scores:
        return None
    mean, top = math.fsum(scores) / len(scores), _score(best, objective)
    return Neighbours(len(scores), mean, min(scores), mean / top if top > 0.0 else NAN)


def yearly_sharpe(daily: np.ndarray) -> float:
    """Annualised Sharpe ratio of daily returns."""
    return sharpe_ratio(daily, DAYS_PER_YEAR)


def _score(one: Outcome, objective: str) -> float:
    score = one.figures[objective]
    return score if score == score else -math.inf


def _span(values: Sequence[Any]) -> float:
    numeric = all(isinstance(value, int | float) for value in values)
    return float(max(values) - min(values)) if numeric else 0.0


def _apart(one: Mapping[str, Any], other: Mapping[str, Any], name: str, span: float) -> float:
    if span == 0.0:
        return float(one[name] != other[name])
    return float(one[name] - other[name]) / span
