"""Returns against those of a benchmark on the same bars.

Both series have the same length; a NaN in either makes the answer NaN. The risk-free rate is 0.
"""

import math

import numpy as np

from xq.metrics.returns import NAN, sharpe_ratio


def beta(returns: np.ndarray, benchmark: np.ndarray) -> float:
    """Slope of the returns on the benchmark's; NaN if the benchmark does not vary.

    Sharpe (1964), Capital Asset Prices, Journal of Finance 19(3).

    Examples
    --------
    >>> round(beta(np.array([0.02, -0.02, 0.04]), np.array([0.01, -0.01, 0.02])), 9)
    2.0
    """
    if len(returns) < 2:
        return NAN
    market = benchmark - np.mean(benchmark)
    variance = float(np.sum(market * market))
    if variance <= len(market) * (1e-14 * float(np.max(np.abs(benchmark)))) ** 2:
        return NAN  # constant: what is left of the variance is rounding
    return float(np.sum(market * (returns - np.mean(returns)))) / variance


def alpha(returns: np.ndarray, benchmark: np.ndarray, bars_per_year: float) -> float:
    """Mean return per year that the benchmark does not explain, not compounded.

    Jensen (1968), The Performance of Mutual Funds, Journal of Finance 23(2).

    Examples
    --------
    >>> returns, benchmark = np.array([0.03, -0.01, 0.05]), np.array([0.01, -0.01, 0.02])
    >>> round(alpha(returns, benchmark, bars_per_year=100.0), 9)
    1.0
    """
    slope = beta(returns, benchmark)
    return (
        float(np.mean(returns) - slope * np.mean(benchmark)) * bars_per_year
        if slope == slope
        else NAN
    )


def information_ratio(returns: np.ndarray, benchmark: np.ndarray, bars_per_year: float) -> float:
    """Sharpe ratio of the difference to the benchmark, per year; NaN if that does not vary.

    Grinold & Kahn (1999), Active Portfolio Management, ch. 5.

    Examples
    --------
    >>> round(information_ratio(np.array([0.03, 0.0]), np.array([0.01, 0.01]), 1.0), 9)
    0.23570226
    """
    return sharpe_ratio(returns - benchmark, bars_per_year)


def tracking_error(returns: np.ndarray, benchmark: np.ndarray, bars_per_year: float) -> float:
    """Standard deviation of the difference to the benchmark, per year; NaN below two bars.

    Examples
    --------
    >>> round(tracking_error(np.array([0.03, 0.0]), np.array([0.01, 0.01]), 1.0), 9)
    0.021213203
    """
    if len(returns) < 2:
        return NAN
    return float(np.std(returns - benchmark, ddof=1)) * math.sqrt(bars_per_year)
