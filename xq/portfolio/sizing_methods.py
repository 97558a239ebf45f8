"""How large a position of full conviction is: four methods beside a strategy's own weights.

Each answers with a fraction of equity, 0 or more, by which a strategy's weight (its side and
conviction, -1 to 1) is multiplied before `xq.portfolio.sizing` turns it into a quantity. What
cannot be told is NaN, never a guess: the live loop refuses a weight that is NaN.
"""

import math
from dataclasses import dataclass
from typing import Protocol

NAN = math.nan


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """What is known of a position before it is taken; NaN where nothing is.

    Attributes
    ----------
    price, stop
        Expected entry and stop, quote asset per base.
    volatility
        Standard deviation of returns, per year, a fraction.
    mean
        Expected return above the riskless one, per year, a fraction.
    cost
        Fee and slippage of one fill, a fraction of notional.
    """

    price: float = NAN
    stop: float = NAN
    volatility: float = NAN
    mean: float = NAN
    cost: float = 0.0


class Sizing(Protocol):
    """One method of sizing."""

    def weight(self, facts: EntryFacts) -> float:
        """Fraction of equity, 0 or more; NaN if the facts do not tell."""


@dataclass(frozen=True, slots=True)
class FixedFraction:
    """The same fraction of equity in every position.

    Vince (1990), Portfolio Management Formulas, calls it fixed fractional trading.

    Examples
    --------
    >>> FixedFraction(0.25).weight(EntryFacts())
    0.25
    """

    fraction: float

    def weight(self, facts: EntryFacts) -> float:  # noqa: ARG002
        """The fraction itself."""
        return self.fraction if _is(self.fraction, 0.0) else NAN


@dataclass(frozen=True, slots=True)
class VolatilityTarget:
    """As much as makes the position as volatile as wanted.

    ``target / volatility``, at most ``cap``. Moreira & Muir (2017), Volatility-Managed Portfolios,
    J. Finance 72(4); Harvey et al. (2018), The Impact of Volatility Targeting. A market that does
    not move at all is a dead feed, not a free lunch: NaN.

    Examples
    --------
    >>> VolatilityTarget(0.2, cap=1.0).weight(EntryFacts(volatility=0.8))
    0.25
    >>> VolatilityTarget(0.2, cap=1.0).weight(EntryFacts(volatility=0.1))
    1.0
    """

    target: float
    cap: float

    def weight(self, facts: EntryFacts) -> float:
        """Fraction of equity."""
        if not (_is(self.target, 0.0) and _is(self.cap, 0.0) and facts.volatility > 0.0):
            return NAN
        return min(self.target / facts.volatility, self.cap)


@dataclass(frozen=True, slots=True)
class Kelly:
    """A fraction of what makes wealth grow fastest in the long run.

    ``fraction × mean / volatility²``, at most ``cap``; nothing when the mean is not positive. Kelly
    (1956), BSTJ 35(4), in the continuous form of Merton (1969) and Thorp (2006). The whole of it
    overbets as soon as the mean is estimated; half keeps three quarters of the growth.

    Examples
    --------
    >>> round(Kelly(0.5, cap=1.0).weight(EntryFacts(mean=0.32, volatility=0.8)), 9)
    0.25
    >>> Kelly(0.5, cap=1.0).weight(EntryFacts(mean=-0.1, volatility=0.8))
    0.0
    """

    fraction: float
    cap: float

    def weight(self, facts: EntryFacts) -> float:
        """Fraction of equity."""
        known = math.isfinite(facts.mean) and facts.volatility > 0.0
        if not (_is(self.fraction, 0.0) and _is(self.cap, 0.0) and known):
            return NAN
        full = facts.mean / facts.volatility / facts.volatility
        return min(max(self.fraction * full, 0.0), self.cap)


@dataclass(frozen=True, slots=True)
class RiskPerTrade:
    """As much as loses a set fraction of equity when the stop is hit, costs of both fills included.

    ``risk / (|price - stop| / price + cost × (1 + stop / price))``, at most ``cap``. Tharp (2006),
    Trade Your Way to Financial Freedom, 2nd ed., risks 1 to 2 percent. A gap beyond the stop loses
    more.

    Examples
    --------
    >>> round(RiskPerTrade(0.01, cap=1.0).weight(EntryFacts(price=100.0, stop=95.0)), 9)
    0.2
    >>> RiskPerTrade(0.02, cap=1.0).weight(EntryFacts(price=100.0, stop=99.0))
    1.0
    """

    risk: float
    cap: float

    def weight(self, facts: EntryFacts) -> float:
        """Fraction of equity."""
        known = _is(self.risk, 0.0) and _is(self.cap, 0.0) and _is(facts.cost, 0.0)
        if not (known and facts.price > 0.0 and facts.stop > 0.0 and facts.price != facts.stop):
            return NAN
        away = facts.stop / facts.price
        if not math.isfinite(away):
            return NAN
        return min(self.risk / (abs(1.0 - away) + facts.cost * (1.0 + away)), self.cap)


def _is(value: float, least: float) -> bool:
    return math.isfinite(value) and value >= least
