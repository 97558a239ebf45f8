"""How far a round trip went against and for its holder before it ended.

Sweeney (1997), Maximum Adverse Excursion. A fill at a bar's open is met by the whole range of that
bar; of the bar in which the position ends only the exit price counts, because how much of that
bar's range came before the exit is not known from bars.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Excursions:
    """One row per round trip, fractions of the entry price.

    Attributes
    ----------
    adverse
        (K,) MAE, at most 0.
    favourable
        (K,) MFE, at least 0.
    """

    adverse: np.ndarray
    favourable: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """When and at which prices positions were held, all (K,).

    Attributes
    ----------
    symbol
        Column of the symbol.
    direction
        +1 long, -1 short.
    entry_row, exit_row
        Bars of the first and the last fill.
    """

    symbol: np.ndarray
    direction: np.ndarray
    entry_row: np.ndarray
    exit_row: np.ndarray
    entry_price: np.ndarray
    exit_price: np.ndarray


def excursions(high: np.ndarray, low: np.ndarray, held: Held) -> Excursions:
    """Deepest loss and highest gain on the way, by high and low of the bars in between.

    Parameters
    ----------
    high, low
        (T, N) quote per base; NaN where a symbol has no bar: not counted.

    Examples
    --------
    Long from 100 in the first bar, sold at 105 in the third:

    >>> one = lambda value: np.array([value])
    >>> held = Held(one(0), one(1), one(0), one(2), one(100.0), one(105.0))
    >>> high, low = np.array([[104.0], [110.0], [120.0]]), np.array([[97.0], [99.0], [90.0]])
    >>> found = excursions(high, low, held)
    >>> found.adverse.round(9).tolist(), found.favourable.round(9).tolist()
    ([-0.03], [0.1])
    """
    adverse, favourable = np.zeros(len(held.symbol)), np.zeros(len(held.symbol))
    for k in range(len(held.symbol)):
        column, rows = held.symbol[k], slice(held.entry_row[k], held.exit_row[k])
        entry, leaving = held.entry_price[k], held.exit_price[k]
        lowest = np.fmin.reduce(low[rows, column], initial=min(entry, leaving))
        highest = np.fmax.reduce(high[rows, column], initial=max(entry, leaving))
        moves = sorted(
            (held.direction[k] * (lowest / entry - 1), held.direction[k] * (highest / entry - 1))
        )
        adverse[k], favourable[k] = moves
    return Excursions(adverse, favourable)
