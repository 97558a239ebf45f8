"""The coefficient of the square-root law from one's own fills."""

from dataclasses import dataclass

import numpy as np

from xq.errors import NoData

LEAST_FILLS = 200


@dataclass(frozen=True, slots=True)
class Fit:
    """A coefficient found by least squares through the origin.

    Attributes
    ----------
    coefficient
        Y of `xq.portfolio.slippage.SquareRootImpact`; at least 0.
    error
        Its standard error.
    fills
        How many it rests on.
    """

    coefficient: float
    error: float
    fills: int


def refit(
    slippage: np.ndarray, half_spread: np.ndarray, volatility: np.ndarray, share: np.ndarray
) -> Fit:
    """Fit Y in slippage = half spread + Y·σ·√(Q/V).

    Parameters
    ----------
    slippage
        (F,) fraction of price by which each fill was worse than the price aimed at.
    half_spread, volatility
        (F,) as in `xq.portfolio.slippage.Evidence` at each fill; rows with NaN are left out.
    share
        (F,) quantity over a day's volume.

    Raises
    ------
    NoData
        With fewer than 200 fills: an impact is smaller than the noise of a single one.

    Examples
    --------
    >>> share = np.linspace(1e-6, 1e-3, 200)
    >>> found = refit(0.0001 + 0.8 * 0.04 * np.sqrt(share), np.full(200, 0.0001),
    ...               np.full(200, 0.04), share)
    >>> round(found.coefficient, 9), found.fills
    (0.8, 200)
    """
    root = volatility * np.sqrt(share)
    excess = slippage - half_spread
    known = np.isfinite(root) & np.isfinite(excess) & (root > 0.0)
    count = int(known.sum())
    if count < LEAST_FILLS:
        raise NoData(
            f"the impact of own orders needs {LEAST_FILLS} fills, found {count}",
            hint="xq config explain backtest.slippage_coefficient",
        )
    x, y = root[known], excess[known]
    weight = float(x @ x)
    slope = float(x @ y) / weight
    rest = y - slope * x
    error = float(np.sqrt(rest @ rest / (count - 1) / weight))
    return Fit(max(slope, 0.0), error, count)
