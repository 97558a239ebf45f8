"""Models of slippage: small objects that turn what a market was like into the cost of a fill.

Each answers with two numbers per bar: ``base + impact × √quantity`` is the fraction of price by
which a market order of that quantity (base asset) fills worse than the price it aimed at.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from xq.errors import UsageError

ModelName = Literal["fixed", "half_spread", "square_root"]
DAYS_OF_STATISTICS = 1.0
LEAST_BARS = 30


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What a market was like before each bar opened; (T, N), NaN where nothing tells.

    Attributes
    ----------
    spread
        Best ask less best bid, as a fraction of price.
    volatility
        Standard deviation of a day's log return.
    volume
        Base asset traded in a day.
    """

    spread: np.ndarray
    volatility: np.ndarray
    volume: np.ndarray


class SlippageModel(Protocol):
    """Answers ``(base, impact)``, both (T, N)."""

    def terms(self, evidence: Evidence) -> tuple[np.ndarray, np.ndarray]:
        """Fraction of price, and fraction of price per √(base asset); NaN where unknown."""
        ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same fraction of price for any fill."""

    rate: float

    def terms(self, evidence: Evidence) -> tuple[np.ndarray, np.ndarray]:
        """See `SlippageModel`."""
        return np.full(evidence.spread.shape, self.rate), np.zeros(evidence.spread.shape)


@dataclass(frozen=True, slots=True)
class HalfSpread:
    """Crossing from the middle to the other side of the book, whatever the size."""

    def terms(self, evidence: Evidence) -> tuple[np.ndarray, np.ndarray]:
        """See `SlippageModel`."""
        return evidence.spread / 2.0, np.zeros(evidence.spread.shape)


@dataclass(frozen=True, slots=True)
class SquareRootImpact:
    """Half the spread and Y·σ·√(Q/V) (Donier & Bonart 2015; Sato & Kanazawa 2024).

    Attributes
    ----------
    coefficient
        Y, about 1; `xq.portfolio.slippage_fit.refit` finds it from own fills.

    Examples
    --------
    A hundredth of a day's volume at 4 % daily volatility costs 0.4 % and half the spread:

    >>> evidence = Evidence(*(np.array([[value]]) for value in (0.0002, 0.04, 10_000.0)))
    >>> base, impact = SquareRootImpact().terms(evidence)
    >>> round(float((base + impact * 100.0**0.5)[0, 0]), 6)
    0.0041
    """

    coefficient: float = 1.0

    def terms(self, evidence: Evidence) -> tuple[np.ndarray, np.ndarray]:
        """See `SlippageModel`."""
        with np.errstate(divide="ignore", invalid="ignore"):
            impact = self.coefficient * evidence.volatility / np.sqrt(evidence.volume)
        return evidence.spread / 2.0, np.where(evidence.volume > 0.0, impact, np.nan)


def model_of(name: str, rate: float, coefficient: float) -> SlippageModel:
    """The model of that name.

    Raises
    ------
    UsageError
        If there is none.
    """
    known: dict[str, SlippageModel] = {
        "fixed": Fixed(rate),
        "half_spread": HalfSpread(),
        "square_root": SquareRootImpact(coefficient),
    }
    if name not in known:
        raise UsageError(f"no slippage model named {name!r}", hint=f"one of {' '.join(known)}")
    return known[name]
