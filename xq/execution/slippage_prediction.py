"""What an order will cost before it is sent: the book as far as it is shown, the law beyond it.

Slippage is measured from the middle of the book, as a fraction of it, positive when it costs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from xq.errors import NoData, UsageError
from xq.portfolio.slippage import Evidence, SlippageModel
from xq.portfolio.slippage_fit import LEAST_FILLS
from xq.types import Book, Side

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Walk:
    """A market order's way through a snapshot of the book, exact.

    Attributes
    ----------
    filled
        Base asset; less than asked for if the levels shown hold less.
    notional
        Quote asset, without fees.
    worst
        Price of the last level reached; 0 if nothing is shown.
    """

    filled: Decimal
    notional: Decimal
    worst: Decimal

    @property
    def average(self) -> Decimal:
        """Mean price; 0 if nothing is filled."""
        return self.notional / self.filled if self.filled else ZERO


def walk(side: Side, quantity: Decimal, book: Book) -> Walk:
    """Take a quantity from the other side of a book, best price first.

    Examples
    --------
    >>> from xq.types import Symbol
    >>> asks = ((Decimal(100), Decimal(1)), (Decimal(102), Decimal(5)))
    >>> walk(Side.BUY, Decimal(2), Book(Symbol("A", "B"), (), asks, 0)).average
    Decimal('101')
    """
    left, notional, worst = quantity, ZERO, ZERO
    for price, size in book.asks if side is Side.BUY else book.bids:
        if left <= 0:
            break
        part = min(left, size)
        left, notional, worst = left - part, notional + part * price, price
    return Walk(quantity - left, notional, worst)


def middle(book: Book) -> Decimal:
    """Half way between the best prices.

    Raises
    ------
    NoData
        If a side is empty.
    """
    if not (book.bids and book.asks):
        raise NoData("the book has an empty side", where=str(book.symbol))
    return (book.bids[0][0] + book.asks[0][0]) / 2


@dataclass(frozen=True, slots=True)
class Market:
    """What a market was like lately; see `xq.portfolio.slippage.Evidence`.

    Attributes
    ----------
    spread
        Fraction of price.
    volatility
        Standard deviation of a day's log return.
    volume
        Base asset traded in a day.
    """

    spread: float
    volatility: float
    volume: float


def lately(evidence: Evidence) -> Market:
    """The newest row of `xq.portfolio.slippage_evidence.from_bars`, of its first symbol.

    Examples
    --------
    >>> day = np.array([[1.0], [2.0]])
    >>> lately(Evidence(spread=day / 1000, volatility=day / 100, volume=day * 10))
    Market(spread=0.002, volatility=0.02, volume=20.0)
    """
    columns = (evidence.spread, evidence.volatility, evidence.volume)
    return Market(*(float(column[-1, 0]) for column in columns))


@dataclass(frozen=True, slots=True)
class Residuals:
    """By how much own orders of the past were worse than predicted.

    Attributes
    ----------
    low, middle, high
        Quantiles, fractions of price.
    coverage
        Share of orders that fall between ``low`` and ``high``.
    orders
        How many they rest on.
    """

    low: float
    middle: float
    high: float
    coverage: float
    orders: int


@dataclass(frozen=True, slots=True)
class Prediction:
    """Expected slippage and the range that it stays within with ``coverage``.

    Attributes
    ----------
    shown
        Share of the quantity that the book shows; the rest is by the model.
    """

    expected: float
    low: float
    high: float
    shown: float


def predict(
    side: Side,
    quantity: Decimal,
    *,
    book: Book | None,
    market: Market,
    model: SlippageModel,
    residuals: Residuals | None = None,
) -> Prediction:
    """Predict the slippage of one market order.

    What the book shows is walked, level by level. What lies beyond it costs what the last level
    does, or what the model says of the whole quantity if that is more. Without a book it is the
    model.

    Parameters
    ----------
    residuals
        Of own orders; without them the range is the expected value alone.

    Raises
    ------
    NoData
        If neither the book nor the model can tell.

    Examples
    --------
    >>> from xq.portfolio.slippage import SquareRootImpact
    >>> calm = Market(spread=0.0002, volatility=0.04, volume=10_000.0)
    >>> told = predict(Side.BUY, Decimal(100), book=None, market=calm, model=SquareRootImpact())
    >>> round(told.expected, 6), told.shown
    (0.0041, 0.0)
    """
    if quantity <= 0:
        raise UsageError(f"quantity must be positive, found {quantity}")
    modelled = _modelled(float(quantity), market, model)
    if book is None:
        expected, shown = modelled, 0.0
    else:
        walked = walk(side, quantity, book)
        expected, shown = _beyond(side, quantity, walked, middle(book), modelled)
    if not math.isfinite(expected):
        raise NoData("neither book nor history tells what this order will cost")
    if residuals is None:
        return Prediction(expected, expected, expected, shown)
    low, high = expected + residuals.low, expected + residuals.high
    return Prediction(expected + residuals.middle, low, high, shown)


def _modelled(quantity: float, market: Market, model: SlippageModel) -> float:
    values = (market.spread, market.volatility, market.volume)
    base, impact = model.terms(Evidence(*(np.array([[value]]) for value in values)))
    return float(base[0, 0] + impact[0, 0] * math.sqrt(quantity))


def _beyond(
    side: Side, quantity: Decimal, walked: Walk, mid: Decimal, modelled: float
) -> tuple[float, float]:
    """Mean of what is shown and of what is not, and the share shown."""
    shown = float(walked.filled / quantity)
    if not walked.filled:
        return modelled, 0.0
    seen = float(side.sign * (walked.average / mid - 1))
    if shown == 1.0:
        return seen, shown
    last = float(side.sign * (walked.worst / mid - 1))
    return shown * seen + (1.0 - shown) * max(last, modelled), shown


def residuals_of(
    predicted: Sequence[float], observed: Sequence[float], coverage: float = 0.9
) -> Residuals:
    """Quantiles of what own orders cost beyond their prediction (split conformal, Lei et al. 2018).

    Of n + 1 exchangeable orders the next falls between them with at least that probability.

    Raises
    ------
    NoData
        With fewer than 200 orders.

    Examples
    --------
    >>> found = residuals_of([0.0] * 200, [number / 200 for number in range(200)])
    >>> round(found.low, 3), round(found.high, 3), found.orders
    (0.045, 0.95, 200)
    """
    if not 0.0 < coverage < 1.0:
        raise UsageError(f"coverage must be between 0 and 1, found {coverage}")
    errors = np.sort(np.asarray(observed, dtype=float) - np.asarray(predicted, dtype=float))
    errors = errors[np.isfinite(errors)]
    count = len(errors)
    if count < LEAST_FILLS:
        raise NoData(f"a range of slippage needs {LEAST_FILLS} own orders, found {count}")
    tail = (1.0 - coverage) / 2.0
    low = max(math.floor((count + 1) * tail) - 1, 0)
    high = min(math.ceil((count + 1) * (1.0 - tail)) - 1, count - 1)
    return Residuals(
        float(errors[low]), float(np.median(errors)), float(errors[high]), coverage, count
    )


def pinball(quantile: float, predicted: Sequence[float], observed: Sequence[float]) -> float:
    """Mean pinball loss of a predicted quantile (Koenker & Bassett 1978); less is better.

    Examples
    --------
    >>> pinball(0.9, [1.0, 1.0], [2.0, 0.0])
    0.5
    """
    error = np.asarray(observed, dtype=float) - np.asarray(predicted, dtype=float)
    return float(np.mean(np.maximum(quantile * error, (quantile - 1.0) * error)))
