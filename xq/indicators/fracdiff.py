"""Fractional differencing over a fixed width (FFD), and the least order that looks stationary."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xq.errors import UsageError
from xq.indicators.indicator import LENGTH_LIMIT, Parameter, indicator
from xq.indicators.unit_root import UnitRoot, unit_root

ORDER = Parameter("order", 0.4, 0.01, 2.0)
ORDERS = tuple(round(0.05 * n, 2) for n in range(21))
CUT = Parameter("cut", 1e-4, 1e-5, 0.1)


def weights(order: float, cut: float = 1e-4) -> np.ndarray:
    """Weights of the newest value, the one before it, and so on, down to ``cut`` in size.

    ``w_0 = 1, w_k = -w_{k-1} (order - k + 1) / k``, the binomial series of ``(1 - B)^order``.

    Raises
    ------
    UsageError
        If more than `LENGTH_LIMIT` values would be needed.

    References
    ----------
    Hosking 1981, Biometrika 68(1); fixed width: Lopez de Prado 2018, Advances in Financial Machine
    Learning, sec. 5.5.

    Examples
    --------
    >>> weights(0.5, cut=0.05).tolist()
    [1.0, -0.5, -0.125, -0.0625]
    >>> weights(1.0).tolist()
    [1.0, -1.0]
    """
    found = [1.0]
    while True:
        k = len(found)
        following = -found[-1] * (order - k + 1) / k
        if abs(following) < cut:
            return np.array(found)
        if k == LENGTH_LIMIT:
            raise UsageError(
                f"expected at most {LENGTH_LIMIT} weights above {cut:g}, "
                f"found more at order {order:g}",
                hint="a higher order or a larger cut",
            )
        found.append(following)


def _memory(order: float, cut: float) -> int:
    return len(weights(order, cut))


@indicator(
    inputs=("close",),
    parameters=(ORDER, CUT),
    memory=_memory,
    units="log price",
    source="Hosking 1981; Lopez de Prado 2018, sec. 5.5",
    convention="of the logarithm; weights below cut are left out",
)
def frac_diff(close: np.ndarray, order: float, cut: float) -> np.ndarray:
    """Fractionally differenced logarithm of the price."""
    return differenced(np.log(close), weights(order, cut))


def differenced(series: np.ndarray, used: np.ndarray) -> np.ndarray:
    """``(T,)`` weighted sums of each value and those before it; NaN until all weights apply.

    Every value is one sum of products, in one order: the same bits on any prefix or window.

    Examples
    --------
    >>> differenced(np.array([1.0, 2.0, 4.0]), np.array([1.0, -1.0])).tolist()
    [nan, 1.0, 2.0]
    """
    result = np.full(len(series), np.nan)
    if len(series) >= len(used):
        result[len(used) - 1 :] = np.correlate(series, used[::-1], mode="valid")
    return result


@dataclass(frozen=True, slots=True)
class Order:
    """The least order at which a unit root is rejected, with all that the answer hangs on.

    Attributes
    ----------
    order
        None where no order tried was enough.
    test
        The test at that order, or at the last one tried: statistic, critical value, lags, rule.
    cut, width
        Of the weights used.
    rows
        Of the training fold.
    correlation
        Between the differenced series and the one before.
    """

    order: float | None
    test: UnitRoot
    cut: float
    width: int
    rows: int
    correlation: float

    def __str__(self) -> str:
        found = "no order" if self.order is None else f"order {self.order:g}"
        return (
            f"{found}: ADF {self.test.statistic:.3f} against {self.test.critical:.3f} at 5 %, "
            f"{self.test.lags} lags by {self.test.rule}, cut {self.cut:g}, width {self.width}, "
            f"{self.rows} rows, correlation {self.correlation:.3f}"
        )


def least_order(
    train: np.ndarray,
    *,
    cut: float = 1e-4,
    rule: str = "aic",
    lags: int | None = None,
    orders: Sequence[float] = ORDERS,
) -> Order:
    """The least order at which the augmented Dickey-Fuller test rejects at 5 %.

    Give it the training fold only, as logarithms of prices: an order chosen with later rows has
    seen them. The answer depends on how lags are chosen, so that it is part of it.

    Parameters
    ----------
    rule, lags
        See `xq.indicators.unit_root.unit_root`.
    orders
        Tried in ascending order.

    Raises
    ------
    UsageError
        If the fold is too short for the widest order tried, or is not finite.

    Examples
    --------
    >>> walk = np.cumsum(np.random.default_rng(1).normal(size=2000))
    >>> found = least_order(walk, cut=1e-3, rule="fixed", lags=1)
    >>> found.order, found.test.rule
    (0.2, 'fixed')
    """
    series = np.array(train, dtype=np.float64)
    if series.ndim != 1 or not np.isfinite(series).all():
        raise UsageError("expected one series of finite logarithms of prices")
    for order in sorted(orders):
        used = weights(order, cut)
        plain = differenced(series, used)[len(used) - 1 :]
        test = unit_root(plain, rule=rule, lags=lags)
        kept = series[len(used) - 1 :]
        correlation = float(np.corrcoef(plain, kept)[0, 1])
        found = Order(order, test, cut, len(used), len(series), correlation)
        if test.rejected:
            return found
    return Order(None, test, cut, len(used), len(series), correlation)
