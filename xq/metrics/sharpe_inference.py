"""How long a record must be, and the Sharpe test of 2026 beside those of 2012 and 2014.

Sharpe ratios are *per bar*, never annualised; kurtosis is 3 for a normal distribution. The forms of
2012 and 2014 (`xq.metrics.overfit`) take the variance of the Sharpe ratio at the observed value,
that of 2026 at the value of the null hypothesis, with the autocorrelation ``rho`` of the returns
and with the variance that the best of K trials has: the best of many varies less than one does.

López de Prado, Lipton & Zoonekynd (2026), Sharpe Ratio Inference: A New Standard for Reporting and
Decision-Making, SSRN 5520741; Bailey & López de Prado (2012), The Sharpe Ratio Efficient Frontier,
Journal of Risk 15(2), for the minimum track record; Bailey, Borwein, López de Prado & Zhu (2014),
Pseudo-Mathematics and Financial Charlatanism, Notices of the AMS 61(5), for the backtest.
"""

import math
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np

from xq.metrics.overfit import expected_maximum, moments
from xq.metrics.returns import NAN, sharpe_ratio

_NORMAL = NormalDist()
_GRID = np.linspace(-12.0, 12.0, 2401)


@dataclass(frozen=True, slots=True)
class Shape:
    """What the variance of a Sharpe ratio depends on besides the ratio itself.

    Attributes
    ----------
    skewness, kurtosis
        Moment ratios, ddof 0; kurtosis not excess.
    autocorrelation
        Of the returns at lag 1, taken for an AR(1).
    """

    skewness: float = 0.0
    kurtosis: float = 3.0
    autocorrelation: float = 0.0


def shape_of(returns: np.ndarray) -> Shape:
    """Moments and autocorrelation of returns; NaN if they do not vary.

    Examples
    --------
    >>> shape_of(np.array([-1.0, 0.0, 1.0])).kurtosis
    1.5
    """
    return Shape(*moments(returns), autocorrelation(returns))


def autocorrelation(returns: np.ndarray) -> float:
    """Sample autocorrelation at lag 1 (denominator over all bars, so that it stays within ±1).

    NaN for fewer than three bars or if returns do not vary.

    Examples
    --------
    >>> autocorrelation(np.array([1.0, -1.0, 1.0, -1.0]))
    -0.75
    """
    if len(returns) < 3:
        return NAN
    centred = returns - np.mean(returns)
    variance = float(np.sum(centred**2))
    return float(np.sum(centred[1:] * centred[:-1])) / variance if variance > 0.0 else NAN


@cache
def maximum_variance(trials: int) -> float:
    """Variance of the largest of so many independent standard normals.

    Summed over a grid, which is exact to 1e-12 for any number; the reference code's Gauss–Hermite
    rule is to 1e-10 for fifty and a third too small for a million.

    Examples
    --------
    >>> round(maximum_variance(1), 9), round(maximum_variance(2), 9)  # 1 and 1 - 1 / pi
    (1.0, 0.681690114)
    """
    below = np.array([_NORMAL.cdf(z) for z in _GRID.tolist()])
    density = trials * np.exp(-(_GRID**2) / 2.0) * below ** (trials - 1)
    density /= np.sum(density)
    mean = float(np.sum(density * _GRID))
    return float(np.sum(density * (_GRID - mean) ** 2))


def sharpe_variance(sharpe: float, bars: int, shape: Shape = Shape(), trials: int = 1) -> float:
    """Asymptotic variance of a Sharpe ratio, of the best of ``trials`` if there were several.

    NaN where the expansion gives no positive number (a heavy left tail at a low ratio).

    Examples
    --------
    >>> round(sharpe_variance(0.036 / 0.079, 24, Shape(-2.448, 10.164)) ** 0.5, 3)
    0.329
    """
    rho = shape.autocorrelation
    if not -1.0 < rho < 1.0 or bars < 1:
        return NAN
    first, second = rho / (1.0 - rho), rho**2 / (1.0 - rho**2)
    spread = (
        (1.0 + 2.0 * first)
        - (1.0 + first + second) * shape.skewness * sharpe
        + (1.0 + 2.0 * second) * (shape.kurtosis - 1.0) / 4.0 * sharpe**2
    )
    return spread / bars * maximum_variance(trials) if spread > 0.0 else NAN


def probabilistic_sharpe_2026(
    sharpe: float, bars: int, shape: Shape = Shape(), benchmark: float = 0.0, trials: int = 1
) -> float:
    """One minus the p-value of "the true Sharpe ratio is ``benchmark``".

    Examples
    --------
    The hedge fund of 2012, where the older form gives 0.913:

    >>> fund = Shape(-2.448, 10.164)
    >>> round(probabilistic_sharpe_2026(0.036 / 0.079, 24, fund), 3)
    0.987
    >>> round(probabilistic_sharpe_2026(0.036 / 0.079, 24, fund, benchmark=0.1), 3)
    0.939
    """
    variance = sharpe_variance(benchmark, bars, shape, trials)
    if not variance > 0.0:
        return NAN
    return _NORMAL.cdf((sharpe - benchmark) / math.sqrt(variance))


def deflated_sharpe_2026(returns: np.ndarray, trials: int) -> float:
    """Deflated Sharpe ratio of ``returns``, the best of so many trials on the same data.

    The benchmark is what the best of so many independent trials without skill reaches on average,
    the variance is that of the best, both under the null. The form of 2014 takes the spread of the
    trials' own ratios instead: it grows when several settings find the same edge, which then counts
    against them, and shrinks when they are alike, which lets luck pass.

    Parameters
    ----------
    returns
        (T,) of this run.
    trials
        How many were made, this one included; related ones count fully, which is cautious.

    Examples
    --------
    >>> returns = np.random.default_rng(5).normal(0.001, 0.01, 500)
    >>> [round(deflated_sharpe_2026(returns, trials), 2) for trials in (1, 2, 50)]
    [0.99, 0.98, 0.47]
    """
    shape = shape_of(returns)
    chance = sharpe_variance(0.0, len(returns), shape)
    benchmark = expected_maximum(chance, trials)
    return probabilistic_sharpe_2026(sharpe_ratio(returns), len(returns), shape, benchmark, trials)


def minimum_track_record(
    sharpe: float,
    shape: Shape = Shape(),
    benchmark: float = 0.0,
    confidence: float = 0.95,
) -> float:
    """Bars after which this Sharpe ratio would be above the benchmark, in the form of 2012.

    Infinite if it is not above the benchmark.

    Examples
    --------
    Years of daily returns until 2 a year is told from 1 a year:

    >>> round(minimum_track_record(2 / 250**0.5, benchmark=1 / 250**0.5) / 250, 2)
    2.73
    """
    if not sharpe > benchmark:
        return NAN if sharpe != sharpe else math.inf
    spread = 1.0 - shape.skewness * sharpe + (shape.kurtosis - 1.0) / 4.0 * sharpe**2
    return 1.0 + spread * (_NORMAL.inv_cdf(confidence) / (sharpe - benchmark)) ** 2


def minimum_track_record_2026(
    sharpe: float,
    shape: Shape = Shape(),
    benchmark: float = 0.0,
    confidence: float = 0.95,
) -> float:
    """Bars after which this Sharpe ratio would be above the benchmark, variance under the null.

    Infinite if it is not above the benchmark.

    Examples
    --------
    >>> round(minimum_track_record_2026(0.036 / 0.079, Shape(-2.448, 10.164)), 3)
    13.029
    """
    if not sharpe > benchmark:
        return NAN if sharpe != sharpe else math.inf
    variance = sharpe_variance(benchmark, 1, shape)
    return variance * (_NORMAL.inv_cdf(confidence) / (sharpe - benchmark)) ** 2


def minimum_backtest_years(trials: int, sharpe: float = 1.0) -> float:
    """Years of data below which the best of so many trials without skill shows that ratio.

    Parameters
    ----------
    sharpe
        Per year.

    Examples
    --------
    >>> [round(minimum_backtest_years(n), 2) for n in (7, 45, 1000)]
    [1.92, 5.0, 10.6]
    """
    return (expected_maximum(1.0, trials) / sharpe) ** 2
