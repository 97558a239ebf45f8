"""Return and risk per year from an equity curve.

Everywhere: ``equity`` is (T,) in quote asset, one value per bar; ``start`` is the equity before the
first bar; returns are simple, ``r[t] = equity[t] / equity[t-1] - 1`` with ``equity[-1] = start``; a
year has ``bars_per_year`` bars (365 days: crypto has no closing bell) and the risk-free rate is 0.
A ratio without a denominator (flat equity, no loss, no bar) is NaN, never infinite.

Sources: Sharpe (1994), The Sharpe Ratio, JPM 21(1); Sortino & van der Meer (1991), Downside Risk,
JPM 17(4); Young (1991), Calmar Ratio, Futures 20(11). Annualising by the square root of time
assumes uncorrelated returns: Lo (2002), The Statistics of Sharpe Ratios, FAJ 58(4).
"""

import math

import numpy as np

from xq.timeframe import YEAR_MS

NAN = float("nan")


def yearly_bars(bars: int, start_ms: int, end_ms: int) -> float:
    """Bars in 365 days at the rate at which they were seen: fewer than the clock's beside holes.

    Parameters
    ----------
    bars
        How many.
    start_ms, end_ms
        Open of the first and close of the last, epoch ms.

    Examples
    --------
    Half of a day's hours:

    >>> yearly_bars(12, 0, 24 * 3_600_000)
    4380.0
    """
    return YEAR_MS * bars / (end_ms - start_ms)


def bar_returns(equity: np.ndarray, start: float) -> np.ndarray:
    """Simple returns of every bar.

    After ruin (equity 0) there is nothing left to return: 0.

    Examples
    --------
    >>> bar_returns(np.array([110.0, 99.0, 0.0, 0.0]), 100.0).round(9).tolist()
    [0.1, -0.1, -1.0, 0.0]
    """
    before = np.concatenate(([start], equity[:-1]))
    alive = before > 0.0
    if alive.all():
        return np.asarray(equity / before - 1.0)
    returns = np.zeros(len(equity))
    np.divide(equity, before, out=returns, where=alive)
    returns[alive] -= 1.0
    return returns


def total_return(equity: np.ndarray, start: float) -> float:
    """Growth over the whole run, as a fraction. No bar: 0.

    Examples
    --------
    >>> total_return(np.array([110.0, 150.0]), 100.0)
    0.5
    """
    return float(equity[-1]) / start - 1.0 if len(equity) else 0.0


def annual_return(equity: np.ndarray, start: float, bars_per_year: float) -> float:
    """Compound growth per year (CAGR); -1 after ruin, NaN without bars.

    Examples
    --------
    >>> round(annual_return(np.array([105.0, 110.25]), 100.0, bars_per_year=1.0), 12)
    0.05
    """
    if not len(equity):
        return NAN
    growth = float(equity[-1]) / start
    if growth <= 0.0:
        return -1.0
    exponent = math.log(growth) * bars_per_year / len(equity)
    return math.expm1(exponent) if exponent < 700.0 else NAN  # a year of it overflows a float


def volatility(returns: np.ndarray, bars_per_year: float) -> float:
    """Standard deviation of returns (n - 1) per year; NaN for fewer than two bars.

    Examples
    --------
    >>> round(volatility(np.array([0.01, -0.01]), 8760.0), 9)
    1.323631369
    """
    if len(returns) < 2:
        return NAN
    return float(np.std(returns, ddof=1)) * math.sqrt(bars_per_year)


def sharpe_ratio(returns: np.ndarray, bars_per_year: float = 1.0) -> float:
    """Mean return over its standard deviation (n - 1), per year; NaN if returns do not vary.

    Examples
    --------
    >>> round(sharpe_ratio(np.array([0.02, -0.01])), 9)
    0.23570226
    """
    if len(returns) < 2:
        return NAN
    deviation = float(np.std(returns, ddof=1))
    if deviation <= 1e-14 * float(np.max(np.abs(returns))) or deviation == 0.0:
        return NAN  # constant returns: what is left of the deviation is rounding
    return float(np.mean(returns)) / deviation * math.sqrt(bars_per_year)


def sortino_ratio(returns: np.ndarray, bars_per_year: float = 1.0) -> float:
    """Mean return over the root mean square of the losses (over all bars); NaN without a loss.

    Examples
    --------
    >>> round(sortino_ratio(np.array([0.02, -0.01])), 9)
    0.707106781
    """
    if not len(returns):
        return NAN
    losses = np.minimum(returns, 0.0)
    downside = math.sqrt(float(np.mean(losses * losses)))
    if downside == 0.0:
        return NAN
    return float(np.mean(returns)) / downside * math.sqrt(bars_per_year)
