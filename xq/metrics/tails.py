"""The ends of the distribution of returns: what the worst bars cost.

Both quantities are historical (no normal distribution is assumed) and stand as returns: a value at
risk of -0.03 is a loss of three percent. A NaN among the returns makes the answer NaN.
"""

import numpy as np

from xq.metrics.returns import NAN

TAIL = 0.05


def value_at_risk(returns: np.ndarray, tail: float = TAIL) -> float:
    """The return that a share ``tail`` of the bars does not reach; NaN without bars.

    The quantile is interpolated linearly (Hyndman & Fan 1996, type 7).

    Examples
    --------
    >>> value_at_risk(np.array([-0.04, -0.02, 0.0, 0.01, 0.03]), tail=0.25)
    -0.02
    """
    return float(np.quantile(returns, tail)) if len(returns) else NAN


def expected_shortfall(returns: np.ndarray, tail: float = TAIL) -> float:
    """Mean of the worst returns, as many as lie below the value at risk and at least one.

    Acerbi & Tasche (2002), On the coherence of expected shortfall, JBF 26(7). Also called
    conditional value at risk. NaN without bars.

    Examples
    --------
    >>> round(expected_shortfall(np.array([-0.04, -0.02, 0.0, 0.01, 0.03]), tail=0.25), 9)
    -0.03
    """
    if not len(returns) or np.isnan(returns).any():
        return NAN
    count = int((len(returns) - 1) * tail) + 1
    return float(np.mean(np.partition(returns, count - 1)[:count]))


def tail_ratio(returns: np.ndarray, tail: float = TAIL) -> float:
    """Size of the upper quantile over that of the lower; above 1 the gains reach further.

    NaN without bars or if the lower quantile is zero.

    Examples
    --------
    >>> tail_ratio(np.array([-0.02, -0.01, 0.0, 0.02, 0.04]), tail=0.25)
    2.0
    """
    if not len(returns):
        return NAN
    low, high = (float(value) for value in np.quantile(returns, [tail, 1.0 - tail]))
    return abs(high) / abs(low) if low != 0.0 else NAN
