"""Order flow from best quotes, book levels and trades; pure functions of event arrays.

Rows are updates of a book in the order of the venue's clock. Levels, where there are several, are
columns, the best first. ``fresh`` marks rows that do not follow the row before them (the first row
after a gap, a reset or a new snapshot): nothing is carried across such a row.
"""

from dataclasses import dataclass

import numpy as np

from xq.errors import UsageError
from xq.indicators.indicator import indicator, length
from xq.indicators.rolling import rolling_sum

_IN_CACHE = 16_384


def order_flow(
    bid_price: np.ndarray,
    bid_quantity: np.ndarray,
    ask_price: np.ndarray,
    ask_quantity: np.ndarray,
    fresh: np.ndarray | None = None,
) -> np.ndarray:
    """Order flow imbalance (OFI) that each update of a book brought, base asset.

    What joined the bid or left the ask counts as bought, the reverse as sold. With level columns
    it is the multi-level OFI, a value per level.

    Parameters
    ----------
    bid_price, bid_quantity, ask_price, ask_quantity
        ``(T,)`` best quotes or ``(T, L)`` levels; NaN where a side has no such level.
    fresh
        ``(T,)`` bool; the first row is always fresh.

    Returns
    -------
    array of the same shape
        NaN in fresh rows, and where a level is missing now or was before.

    References
    ----------
    Cont, Kukanov & Stoikov 2014, J. Financial Econometrics 12(1), eq. 4; levels: Xu, Gould &
    Howison 2018, Market Microstructure and Liquidity 4(3-4).

    Examples
    --------
    Three more bid, the ask of four is lifted by one, then a better bid of one appears:

    >>> one, two = np.array([9.0, 9.0, 9.0, 9.5]), np.array([10.0, 10.0, 10.0, 10.0])
    >>> sizes = np.array([5.0, 8.0, 8.0, 1.0]), np.array([4.0, 4.0, 3.0, 3.0])
    >>> order_flow(one, sizes[0], two, sizes[1]).tolist()
    [nan, 3.0, 1.0, 1.0]
    """
    flow = np.empty(bid_price.shape)
    flow[:1] = np.nan
    for first in range(1, len(flow), _IN_CACHE):
        now = slice(first, first + _IN_CACHE)
        before = slice(first - 1, min(first + _IN_CACHE, len(flow)) - 1)
        bids = _joined(bid_price[now], bid_quantity[now], bid_price[before], bid_quantity[before])
        asks = _joined(-ask_price[now], ask_quantity[now], -ask_price[before], ask_quantity[before])
        np.subtract(bids, asks, out=flow[now])
    if fresh is not None:
        flow[np.asarray(fresh, dtype=bool)] = np.nan
    return flow


def _joined(
    price: np.ndarray, quantity: np.ndarray, price_before: np.ndarray, quantity_before: np.ndarray
) -> np.ndarray:
    """What one side gained; a higher price is a better one."""
    joined = quantity * (price >= price_before)
    joined -= quantity_before * (price <= price_before)
    joined += 0.0 * (price - price_before)  # a missing level is no flow of zero
    return np.asarray(joined)


def book_imbalance(bid_quantity: np.ndarray, ask_quantity: np.ndarray) -> np.ndarray:
    """Bids less asks over both, summed over level columns: -1 (only asks) to 1 (only bids).

    NaN where both sides are empty.

    Examples
    --------
    >>> book_imbalance(np.array([3.0]), np.array([1.0])).tolist()
    [0.5]
    """
    bids, asks = _summed(bid_quantity), _summed(ask_quantity)
    return _over(bids - asks, bids + asks)


def weighted_mid(
    bid_price: np.ndarray, bid_quantity: np.ndarray, ask_price: np.ndarray, ask_quantity: np.ndarray
) -> np.ndarray:
    """Mid weighted by the opposite sizes, which is not Stoikov's microprice.

    Examples
    --------
    >>> weighted_mid(np.array([10.0]), np.array([3.0]), np.array([11.0]), np.array([1.0])).tolist()
    [10.75]
    """
    share = _over(np.asarray(bid_quantity), np.asarray(bid_quantity) + ask_quantity)
    return np.asarray(bid_price + share * (ask_price - bid_price))


def trade_imbalance(
    quantity: np.ndarray, bought: np.ndarray, starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Trade-flow imbalance of intervals: bought less sold, and that over their sum.

    Parameters
    ----------
    bought
        Whether the taker bought.
    starts
        ``(K + 1,)`` first row of each interval, and the end of the last.

    Returns
    -------
    tuple of ``(K,)`` arrays
        Base asset, 0 in an interval without a trade; a fraction of the volume, NaN in one.

    Examples
    --------
    >>> trade_imbalance(np.array([1.0, 3.0]), np.array([True, False]), np.array([0, 2, 2]))
    (array([-2.,  0.]), array([-0.5,  nan]))
    """
    signed = np.where(bought, quantity, -np.asarray(quantity))
    net, volume = interval_sums(signed, starts), interval_sums(np.asarray(quantity), starts)
    return net, _over(net, volume)


def interval_sums(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Sums of consecutive rows; an interval with a NaN in it, such as a break, has no sum.

    Parameters
    ----------
    values
        ``(T,)`` or ``(T, L)``.
    starts
        ``(K + 1,)`` ascending, from 0 to T.

    Examples
    --------
    >>> interval_sums(np.array([1.0, 2.0, 4.0]), np.array([0, 2, 2, 3])).tolist()
    [3.0, 0.0, 4.0]
    """
    padded = np.concatenate([values, np.zeros((1, *values.shape[1:]))])
    sums = np.add.reduceat(padded, starts[:-1], axis=0)
    # reduceat takes all the rest in the last interval, and one row where there is none
    if len(starts) > 1:
        sums[-1] = values[starts[-2] : starts[-1]].sum(axis=0)
    sums[np.diff(starts) == 0] = 0.0
    return np.asarray(sums)


def average_depth(
    bid_quantity: np.ndarray, ask_quantity: np.ndarray, starts: np.ndarray
) -> np.ndarray:
    """Mean size of one side over the updates of each interval; NaN without an update.

    Dividing OFI by it is the regressor of Cont, Kukanov & Stoikov 2014, sec. 3.

    Examples
    --------
    >>> average_depth(np.array([1.0, 3.0]), np.array([3.0, 5.0]), np.array([0, 2])).tolist()
    [3.0]
    """
    both = (np.asarray(bid_quantity) + ask_quantity) / 2
    counts = np.diff(starts).reshape(-1, *[1] * (both.ndim - 1)).astype(np.float64)
    return _over(
        interval_sums(both, starts), np.broadcast_to(counts, (len(counts), *both.shape[1:]))
    )


def depth_normalised(flow: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """OFI of intervals over their average depth: how many queues of the book it amounts to.

    Several levels are divided by the mean depth of all of them, so that they stay comparable
    (Cont, Cucuringu & Zhang 2023, eq. 4).

    Examples
    --------
    >>> depth_normalised(np.array([[6.0, 3.0]]), np.array([[2.0, 4.0]])).tolist()
    [[2.0, 1.0]]
    """
    scale = depth if depth.ndim == 1 else depth.mean(axis=1, keepdims=True)
    return _over(flow, np.broadcast_to(scale, flow.shape))


@dataclass(frozen=True, slots=True, eq=False)
class IntegratedFlow:
    """Levels of OFI as one number: their first principal component, weights summing to 1.

    Attributes
    ----------
    weights
        ``(L,)``, of absolute sum 1 and positive in sum.
    explained
        Share of the variance in the first component, of the rows it was fitted on.

    References
    ----------
    Cont, Cucuringu & Zhang 2023, Quantitative Finance 23(10), eq. 6.
    """

    weights: np.ndarray
    explained: float

    @classmethod
    def fit(cls, levels: np.ndarray) -> "IntegratedFlow":
        """Fit on ``(K, L)`` intervals of the training fold and no others.

        Raises
        ------
        UsageError
            With fewer whole rows than levels, or rows without any variance.

        Examples
        --------
        >>> train = np.array([[1.0, 1.0], [-2.0, -2.0], [3.0, 3.0]])
        >>> IntegratedFlow.fit(train).weights.round(12).tolist()
        [0.5, 0.5]
        """
        rows = levels[np.isfinite(levels).all(axis=1)]
        if len(rows) <= levels.shape[1]:
            raise UsageError(
                f"expected more whole intervals than levels, found {len(rows)} of "
                f"{levels.shape[1]} levels"
            )
        _, spread, axes = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
        total = float((spread**2).sum())
        if not total > 0.0:
            raise UsageError("expected order flow that varies, found none")
        first = axes[0] if axes[0].sum() >= 0 else -axes[0]
        return cls(first / np.abs(first).sum(), float(spread[0] ** 2) / total)

    def apply(self, levels: np.ndarray) -> np.ndarray:
        """``(K,)`` integrated OFI of ``(K, L)`` levels; NaN where a level has no value."""
        return np.asarray((levels * self.weights).sum(axis=1))


def _summed(quantity: np.ndarray) -> np.ndarray:
    plain = np.asarray(quantity, dtype=np.float64)
    return plain if plain.ndim == 1 else np.nansum(plain, axis=1)


def _over(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    nothing = np.full(np.shape(above), np.nan)
    return np.asarray(np.divide(above, below, out=nothing, where=below != 0))


@indicator(
    inputs=("volume",),
    parameters=(length(20, low=1),),
    memory=lambda bars: bars + 1,
    units="number",
    source="Gervais, Kaniel & Mingelgrin 2001, J. Finance 56(3)",
    convention="over the average of the bars before, this one excluded",
    undefined="no volume in the bars before",
)
def volume_burst(volume: np.ndarray, bars: int) -> np.ndarray:
    """Volume as a multiple of what was usual just before."""
    usual = np.full(len(volume), np.nan)
    usual[1:] = rolling_sum(volume, bars)[:-1] / bars
    return _over(np.asarray(volume), usual)
