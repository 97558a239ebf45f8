"""Every figure of a run that is about its days, in one table."""

from dataclasses import dataclass, fields

import numpy as np

from xq.metrics import drawdown, relative, returns, tails
from xq.metrics import sharpe_inference as inference
from xq.metrics.daily import DAYS_PER_YEAR
from xq.metrics.overfit import probabilistic_sharpe


@dataclass(frozen=True, slots=True)
class Statistics:
    """Figures of daily returns; a year has 365 days, ratios are per year, the rest is per day.

    Attributes
    ----------
    days
        With a bar, the first and the last perhaps incomplete.
    sharpe_ratio, sortino_ratio, volatility
        See `xq.metrics.returns`.
    longest_drawdown
        Days below an earlier high; see `xq.metrics.drawdown`, also for the Ulcer index.
    value_at_risk, expected_shortfall, tail_ratio
        At 5 %; see `xq.metrics.tails`.
    best_day, worst_day, winning_days
        Highest and lowest return; share of days above zero.
    skewness, kurtosis, autocorrelation
        Kurtosis is 3 for a normal distribution.
    beta, alpha, information_ratio
        Against the benchmark; see `xq.metrics.relative`.
    probabilistic_sharpe_ratio, probabilistic_sharpe_ratio_2026
        That the true Sharpe ratio is above 0; see `xq.metrics.overfit` and
        `xq.metrics.sharpe_inference`.
    minimum_track_record, minimum_track_record_2026
        Days after which a ratio of this size is told from 0 at 95 %; infinite is None.
    """

    days: int
    sharpe_ratio: float
    sortino_ratio: float
    volatility: float
    longest_drawdown: int
    ulcer_index: float
    value_at_risk: float
    expected_shortfall: float
    tail_ratio: float
    best_day: float
    worst_day: float
    winning_days: float
    skewness: float
    kurtosis: float
    autocorrelation: float
    beta: float
    alpha: float
    information_ratio: float
    probabilistic_sharpe_ratio: float
    probabilistic_sharpe_ratio_2026: float
    minimum_track_record: float
    minimum_track_record_2026: float

    def as_dict(self) -> dict[str, float | int | None]:
        """Plain values in the order above; what is not a finite number is None."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value if np.isfinite(value) else None for name, value in values.items()}


def statistics(days: np.ndarray, benchmark: np.ndarray) -> Statistics:
    """All figures of daily returns beside those of a benchmark.

    Parameters
    ----------
    days, benchmark
        (D,) simple returns of the same days.

    Raises
    ------
    ValueError
        If the lengths differ.

    Examples
    --------
    >>> found = statistics(np.array([0.02, -0.01, 0.02]), np.array([0.01, -0.01, 0.01]))
    >>> found.days, found.worst_day, round(found.beta, 9), found.longest_drawdown
    (3, -0.01, 1.5, 1)
    """
    if len(days) != len(benchmark):
        raise ValueError(f"expected {len(days)} days of the benchmark, found {len(benchmark)}")
    equity = np.cumprod(1.0 + days)
    sharpe, shape = returns.sharpe_ratio(days), inference.shape_of(days)
    some = len(days) > 0
    return Statistics(
        days=len(days),
        sharpe_ratio=sharpe * DAYS_PER_YEAR**0.5,
        sortino_ratio=returns.sortino_ratio(days, DAYS_PER_YEAR),
        volatility=returns.volatility(days, DAYS_PER_YEAR),
        longest_drawdown=drawdown.longest_drawdown(equity, 1.0),
        ulcer_index=drawdown.ulcer_index(equity, 1.0),
        value_at_risk=tails.value_at_risk(days),
        expected_shortfall=tails.expected_shortfall(days),
        tail_ratio=tails.tail_ratio(days),
        best_day=float(np.max(days)) if some else returns.NAN,
        worst_day=float(np.min(days)) if some else returns.NAN,
        winning_days=float(np.mean(days > 0.0)) if some else returns.NAN,
        skewness=shape.skewness,
        kurtosis=shape.kurtosis,
        autocorrelation=shape.autocorrelation,
        beta=relative.beta(days, benchmark),
        alpha=relative.alpha(days, benchmark, DAYS_PER_YEAR),
        information_ratio=relative.information_ratio(days, benchmark, DAYS_PER_YEAR),
        probabilistic_sharpe_ratio=probabilistic_sharpe(
            sharpe, len(days), shape.skewness, shape.kurtosis
        ),
        probabilistic_sharpe_ratio_2026=inference.probabilistic_sharpe_2026(
            sharpe, len(days), shape
        ),
        minimum_track_record=inference.minimum_track_record(sharpe, shape),
        minimum_track_record_2026=inference.minimum_track_record_2026(sharpe, shape),
    )
