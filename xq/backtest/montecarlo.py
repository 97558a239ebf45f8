"""What else could have happened: many paths of the same law, and the spread of their figures.

The default resamples daily returns in blocks (`xq.metrics.bootstrap`). Drawing round trips one by
one, the usual "Monte Carlo" of trading tools, forgets that losses come together: its drawdowns and
intervals are too good (90 % intervals cover 76 % where returns have an autocorrelation of 0.3).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xq.bars import Bars
from xq.metrics.bootstrap import block_length, stationary_bootstrap, stationary_indices
from xq.metrics.daily import DAYS_PER_YEAR

QUANTILES = (0.05, 0.25, 0.50, 0.75, 0.95)


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Figures of many paths, (P,) each; NaN where a figure does not exist.

    Attributes
    ----------
    total_return
        As a fraction.
    daily_sharpe_ratio
        Of daily returns, per year.
    max_drawdown
        At most 0.
    """

    total_return: np.ndarray
    daily_sharpe_ratio: np.ndarray
    max_drawdown: np.ndarray


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure over all paths.

    Attributes
    ----------
    observed
        Of the run itself.
    p05, p25, median, p75, p95
        Quantiles over the paths that have the figure; NaN if none has.
    """

    figure: str
    observed: float
    p05: float
    p25: float
    median: float
    p75: float
    p95: float


def resample(
    days: np.ndarray, paths: int, rng: np.random.Generator, block: float | None = None
) -> tuple[np.ndarray, float]:
    """Paths of daily returns by the stationary bootstrap, and the mean block length used.

    Parameters
    ----------
    block
        Days; None chooses by the returns and, if longer, by their size: volatility clusters.

    Examples
    --------
    >>> days = np.random.default_rng(1).normal(size=300)
    >>> found, block = resample(days, 10, np.random.default_rng(2))
    >>> found.shape, 1.0 <= block < 20.0
    ((10, 300), True)
    """
    if block is None:
        lengths = [block_length(values) for values in (days, np.abs(days))]
        block = max((length for length in lengths if length == length), default=1.0)
    return stationary_bootstrap(days, block, paths, rng), block


def outcomes(returns: np.ndarray) -> Outcomes:
    """Figures of paths of daily returns.

    Parameters
    ----------
    returns
        (P, D) simple returns.

    Examples
    --------
    >>> found = outcomes(np.array([[0.5, -0.5], [0.1, 0.1]]))
    >>> found.total_return.round(9).tolist(), found.max_drawdown.tolist()
    ([-0.25, 0.21], [-0.5, 0.0])
    """
    equity = np.cumprod(1.0 + returns, axis=1)
    return _outcomes(equity, returns)


def shuffled_trades(
    pnl: np.ndarray, start: float, paths: int, rng: np.random.Generator
) -> Outcomes:
    """Figures of round trips drawn one by one with replacement; too good, see above.

    Quantities are those of the run: pnl adds up, an account without money stops. There are no days
    here, so that there is no Sharpe ratio.

    Examples
    --------
    >>> found = shuffled_trades(np.array([10.0]), 100.0, 2, np.random.default_rng(1))
    >>> found.total_return.round(9).tolist()
    [0.1, 0.1]
    """
    drawn = pnl[rng.integers(0, len(pnl), (paths, len(pnl)))]
    equity = 1.0 + np.cumsum(drawn, axis=1) / start
    alive = np.minimum.accumulate(equity, axis=1) > 0.0
    return _outcomes(np.where(alive, equity, 0.0), None)


def synthetic_bars(bars: Bars, rows: int, block: float, rng: np.random.Generator) -> Bars:
    """Invented bars of the same law: whole bars of all symbols drawn in blocks and chained.

    Each drawn bar keeps its move from the close before and its shape; gaps between blocks are the
    gaps that the drawn bars had. Prices begin where the given ones begin.

    Parameters
    ----------
    rows
        How many bars to make.
    block
        Mean length in bars.

    Raises
    ------
    ValueError
        If a symbol lacks a bar in between.

    Examples
    --------
    >>> from xq.timeframe import Timeframe
    >>> ramp = np.array([100.0, 110.0, 121.0])
    >>> bars = Bars.of(Timeframe.parse("1h"), ["BTC/USDT"], np.arange(3) * 3600000, close=ramp)
    >>> made = synthetic_bars(bars, 4, 2.0, np.random.default_rng(1))
    >>> made.close[:, 0].round(6).tolist()
    [110.0, 121.0, 133.1, 146.41]
    """
    if not np.isfinite(bars.close).all():
        raise ValueError("synthetic bars need every symbol in every bar")
    drawn = 1 + stationary_indices(len(bars) - 1, block, -(-rows // (len(bars) - 1)), rng)
    at = drawn.ravel()[:rows]
    before = bars.close[at - 1]
    steps = np.cumprod(bars.close[at] / before, axis=0)
    previous = bars.close[0] * np.vstack([np.ones_like(steps[:1]), steps[:-1]])
    scale = previous / before
    step_ms = bars.timeframe.end(int(bars.ts[0])) - int(bars.ts[0])
    return Bars.of(
        bars.timeframe,
        bars.symbols,
        int(bars.ts[0]) + np.arange(rows) * step_ms,
        open=bars.open[at] * scale,
        high=bars.high[at] * scale,
        low=bars.low[at] * scale,
        close=bars.close[at] * scale,
        volume=bars.volume[at],
    )


def spreads(observed: dict[str, float], found: Outcomes) -> tuple[Spread, ...]:
    """Every figure that some path has, with its quantiles."""
    rows = []
    for name in ("total_return", "daily_sharpe_ratio", "max_drawdown"):
        values = getattr(found, name)
        known = values[np.isfinite(values)]
        if len(known):
            quantiles = (float(value) for value in np.quantile(known, QUANTILES))
            rows.append(Spread(name, observed[name], *quantiles))
    return tuple(rows)


def fan(returns: np.ndarray, quantiles: Sequence[float] = QUANTILES) -> np.ndarray:
    """(Q, D) quantiles of equity at each day, as multiples of the start; for the fan chart.

    Examples
    --------
    >>> fan(np.array([[0.1, 0.0], [0.3, 0.0]]), [0.5]).round(9).tolist()
    [[1.2, 1.2]]
    """
    return np.asarray(np.quantile(np.cumprod(1.0 + returns, axis=1), quantiles, axis=0))


def _outcomes(equity: np.ndarray, returns: np.ndarray | None) -> Outcomes:
    peak = np.maximum(np.maximum.accumulate(equity, axis=1), 1.0)
    sharpe = np.full(len(equity), np.nan)
    if returns is not None and returns.shape[1] > 1:
        deviation = np.std(returns, axis=1, ddof=1)
        varies = deviation > 1e-14 * np.max(np.abs(returns), axis=1)
        np.divide(np.mean(returns, axis=1), deviation, out=sharpe, where=varies)
    return Outcomes(
        total_return=equity[:, -1] - 1.0,
        daily_sharpe_ratio=sharpe * DAYS_PER_YEAR**0.5,
        max_drawdown=np.min(equity / peak - 1.0, axis=1, initial=0.0),
    )
