"""Buying and holding: what a strategy has to beat."""

import numpy as np

from xq.bars import Bars
from xq.portfolio.costs import Costs


def buy_and_hold(bars: Bars, costs: Costs, cash: float) -> np.ndarray:
    """(T,) equity of splitting the cash equally and buying every symbol at its first open.

    The same fee and slippage as the strategy's are paid once; nothing is sold. A symbol's share
    stays cash until it has a bar, and keeps its last price where one is missing.

    Examples
    --------
    >>> from xq.timeframe import Timeframe
    >>> bars = Bars.of(Timeframe.parse("1h"), ["A/B"], [0, 3600000], open=[2.0, 3.0], close=[3, 4])
    >>> buy_and_hold(bars, Costs(), 100.0).tolist()
    [150.0, 200.0]
    """
    share = cash / len(bars.symbols)
    equity = np.zeros(len(bars))
    for j in range(len(bars.symbols)):
        opens, closes = bars.open[:, j], bars.close[:, j]
        first = int(np.argmax(np.isfinite(opens)))
        if not np.isfinite(opens[first]):
            equity += share
            continue
        price = costs.fill_price(float(opens[first]), 1)
        quantity = share / (price * (1.0 + costs.fee))
        equity[:first] += share
        equity[first:] += quantity * last_known(closes[first:])
    return equity


def last_known(values: np.ndarray) -> np.ndarray:
    """Replace NaN by the last number before it.

    Examples
    --------
    >>> last_known(np.array([np.nan, 1.0, np.nan])).tolist()
    [nan, 1.0, 1.0]
    """
    missing = np.isnan(values)
    if not missing.any():
        return values
    index = np.where(missing, 0, np.arange(len(values)))
    np.maximum.accumulate(index, out=index)
    return np.asarray(values[index])
