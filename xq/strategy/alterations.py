"""The same bars told differently: what may change the weights, and what may not."""

from collections.abc import Callable, Sequence
from types import MappingProxyType

import numpy as np

from xq.bars import FIELDS, Bars

PRICES = ("open", "high", "low", "close")
_PRICE_INPUTS = ("mark", "index")
_OTHER_INPUTS = ("funding", "open_interest")

Change = Callable[[str, np.ndarray], np.ndarray]


def reordered(bars: Bars, order: Sequence[int]) -> Bars:
    """The columns in another order.

    Examples
    --------
    >>> from xq.timeframe import Timeframe
    >>> bars = Bars.of(Timeframe.parse("1h"), ["A/C", "B/C"], [0], close=[[1.0, 2.0]])
    >>> reordered(bars, [1, 0]).symbols, reordered(bars, [1, 0]).close.tolist()
    (('B/C', 'A/C'), [[2.0, 1.0]])
    """
    columns = list(order)
    symbols = tuple(bars.symbols[column] for column in columns)
    return _told(bars, lambda _name, values: values[:, columns], symbols)


def has_known_unit(name: str) -> bool:
    """Whether a further input's unit follows from its name; that of a stored feature does not.

    Examples
    --------
    >>> [name for name in ("close@4h", "funding", "rsi_14@4h") if has_known_unit(name)]
    ['close@4h', 'funding']
    """
    field, _, coarser = name.partition("@")
    return field in FIELDS if coarser else name in (*_PRICE_INPUTS, *_OTHER_INPUTS)


def rescaled(bars: Bars, factors: np.ndarray) -> Bars:
    """Prices in another unit, volumes and rates as they are.

    Parameters
    ----------
    factors
        ``(N,)``: what each symbol's prices are multiplied by.
    """
    return _told(bars, lambda name, values: values * factors if _is_price(name) else values)


def another_future(bars: Bars, row: int, columns: Sequence[int], seed: int) -> Bars:
    """Everything after ``row`` replaced in some columns by a path that did not happen.

    The path goes on from the bar at ``row``; its bars are legal, its volumes shuffled.
    """
    after = np.s_[row + 1 :]
    chance = np.random.default_rng(seed)
    count = len(bars) - row - 1
    walk = np.exp(np.cumsum(chance.normal(0, 0.02, (count, len(columns))), axis=0))
    order = chance.permutation(count)

    def changed(name: str, values: np.ndarray) -> np.ndarray:
        told = values.copy()
        for at, column in enumerate(columns):
            later = values[after, column]
            if _is_price(name):
                told[after, column] = later * walk[:, at]
            else:
                told[after, column] = later[order]
        return told

    return _told(bars, changed)


def halves(bars: Bars) -> Bars:
    """One symbol's first and second half of time side by side, as two symbols."""
    count = len(bars) // 2
    first, second = bars.slice(0, count), bars.slice(len(bars) - count, len(bars))
    name = bars.symbols[0]

    def both(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return np.hstack([one[:, :1], other[:, :1]])

    extra = {name: both(first.extra[name], second.extra[name]) for name in bars.extra}
    return Bars(
        timeframe=bars.timeframe,
        symbols=(name, f"{name} later"),
        ts=first.ts,
        extra=MappingProxyType(extra),
        **{field: both(getattr(first, field), getattr(second, field)) for field in FIELDS},
    )


def _told(bars: Bars, change: Change, symbols: tuple[str, ...] | None = None) -> Bars:
    return Bars(
        timeframe=bars.timeframe,
        symbols=symbols or bars.symbols,
        ts=bars.ts,
        extra=MappingProxyType({n: change(n, values) for n, values in bars.extra.items()}),
        **{name: change(name, getattr(bars, name)) for name in FIELDS},
    )


def _is_price(name: str) -> bool:
    field, _, coarser = name.partition("@")
    return field in PRICES if coarser else name in (*PRICES, *_PRICE_INPUTS)
