"""How likely a Sharpe ratio is luck: PSR and DSR.

Bailey & López de Prado (2012), The Sharpe Ratio Efficient Frontier, Journal of Risk 15(2); (2014),
The Deflated Sharpe Ratio, JPM 40(5). Sharpe ratios here are *per bar*, never annualised; skewness
and kurtosis are the plain moment ratios (ddof 0), kurtosis 3 for a normal distribution.

López de Prado, Lipton & Zoonekynd (2026, SSRN 5520741) evaluate the variance under the null
instead, which gives higher values on the same data; these are the 2012 and 2014 forms.
"""

import math
from statistics import NormalDist

import numpy as np

from xq.metrics.returns import NAN, sharpe_ratio

EULER_MASCHERONI = 0.5772156649015329
_NORMAL = NormalDist()


def moments(returns: np.ndarray) -> tuple[float, float]:
    """Skewness and kurtosis (not excess); NaN if returns do not vary.

    Examples
    --------
    >>> moments(np.array([-1.0, 0.0, 1.0]))
    (0.0, 1.5)
    """
    centred = returns - np.mean(returns) if len(returns) else returns
    variance = float(np.mean(centred**2)) if len(returns) else 0.0
    if variance == 0.0:
        return NAN, NAN
    skewness = float(np.mean(centred**3)) / variance**1.5
    return skewness, float(np.mean(centred**4)) / variance**2


def probabilistic_sharpe(
    sharpe: float, bars: int, skewness: float, kurtosis: float, benchmark: float = 0.0
) -> float:
    """Probability that the true Sharpe ratio exceeds a benchmark (2012, eq. 9).

    Parameters
    ----------
    sharpe, benchmark
        Per bar.
    bars
        Number of returns behind ``sharpe``.

    Examples
    --------
    The paper's hedge fund, 24 monthly returns:

    >>> round(probabilistic_sharpe(0.458, 24, -2.448, 10.164), 3)
    0.913
    """
    spread = 1.0 - skewness * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2
    if bars < 2 or not spread > 0.0:
        return NAN
    return _NORMAL.cdf((sharpe - benchmark) * math.sqrt((bars - 1) / spread))


def expected_maximum(variance: float, trials: int) -> float:
    """Sharpe ratio that the best of so many trials without skill reaches on average (2014, eq. 1).

    Parameters
    ----------
    variance
        Of the trials' Sharpe ratios, per bar.

    Examples
    --------
    >>> round(expected_maximum(1.0, 10), 3), round(expected_maximum(1.0, 1000), 3)
    (1.575, 3.255)
    >>> expected_maximum(1.0, 1)
    0.0
    """
    if trials < 2:
        return 0.0
    nearest = _NORMAL.inv_cdf(1.0 - 1.0 / trials)
    farther = _NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    mixed = (1.0 - EULER_MASCHERONI) * nearest + EULER_MASCHERONI * farther
    return math.sqrt(variance) * mixed


def deflated_sharpe(
    sharpe: float,
    bars: int,
    skewness: float,
    kurtosis: float,
    variance: float,
    trials: int,
) -> float:
    """Probability that the Sharpe ratio is real, given how many trials were made (2014, eq. 2).

    Examples
    --------
    The paper's example: 2.5 a year from 1,250 days, best of 100 trials.

    >>> round(deflated_sharpe(2.5 / 250**0.5, 1250, -3.0, 10.0, 0.5 / 250, 100), 4)
    0.9004
    """
    return probabilistic_sharpe(
        sharpe, bars, skewness, kurtosis, expected_maximum(variance, trials)
    )


def deflated_from(returns: np.ndarray, trial_sharpes: np.ndarray) -> float:
    """Deflated Sharpe ratio of ``returns``, one of several trials on the same data.

    Parameters
    ----------
    returns
        (T,) of this run.
    trial_sharpes
        (N,) Sharpe ratios per bar of every trial, this one included; NaN ones count as trials
        but not towards the variance.
    """
    skewness, kurtosis = moments(returns)
    known = trial_sharpes[np.isfinite(trial_sharpes)]
    variance = float(np.var(known, ddof=1)) if len(known) > 1 else 0.0
    return deflated_sharpe(
        sharpe_ratio(returns), len(returns), skewness, kurtosis, variance, len(trial_sharpes)
    )
