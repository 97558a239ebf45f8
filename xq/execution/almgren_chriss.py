"""Optimal execution by Almgren & Chriss, "Optimal execution of portfolio transactions" (2000).

Costs are linear in the rate of trading: a temporary part that each slice pays and a permanent part
that stays in the price. Trading fast costs impact, trading slowly risks the price; the trajectory
is the one of least ``cost + risk_aversion × variance``, in closed form.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

from xq.errors import UsageError


@dataclass(frozen=True, slots=True)
class Impact:
    """What trading costs and the price risks; any unit of time, the same in all.

    Attributes
    ----------
    volatility
        Standard deviation of the price per √time, quote asset (σ).
    temporary
        Quote asset per unit of base asset per time (η).
    permanent
        Quote asset per unit of base asset (γ).
    fixed
        Half the spread and fees, quote asset per unit of base asset (ε).
    """

    volatility: float
    temporary: float
    permanent: float = 0.0
    fixed: float = 0.0

    def __post_init__(self) -> None:
        parts = (self.volatility, self.temporary, self.permanent, self.fixed)
        if not all(0.0 <= part < math.inf for part in parts) or self.temporary == 0.0:
            raise UsageError(
                "impact needs finite numbers of at least 0, and a temporary one above 0"
            )


def impact_of(price: float, spread: float, volatility: float, volume: float) -> Impact:
    """The paper's rule of thumb for a market (section 3.4); time in days.

    Trading a hundredth of a day's volume costs a spread while it lasts, and a tenth of it moves the
    price by a spread for good.

    Parameters
    ----------
    spread
        Best ask less best bid, as a fraction of price.
    volatility
        Standard deviation of a day's return.
    volume
        Base asset traded in a day.

    Examples
    --------
    The paper's stock: 50 dollars, an eighth of spread, 30 % a year, five million shares a day.

    >>> found = impact_of(50.0, 0.125 / 50.0, 0.3 / 250**0.5, 5e6)
    >>> round(found.volatility, 2), found.temporary, found.permanent, found.fixed
    (0.95, 2.5e-06, 2.5e-07, 0.0625)
    """
    wide = price * spread
    if not (wide > 0.0 and 0.0 < volume < math.inf):
        raise UsageError("impact of a market needs its price, spread and volume above 0")
    return Impact(
        price * volatility, wide / (0.01 * volume), wide / (0.1 * volume), fixed=wide / 2.0
    )


@dataclass(frozen=True, slots=True)
class Trajectory:
    """What is left at the end of each slice, and what it costs.

    Attributes
    ----------
    holdings
        N + 1 quantities from the whole to 0.
    cost
        Expected shortfall against the price at the start, quote asset.
    deviation
        Its standard deviation, quote asset.
    half_life
        Time in which holdings fall by e where the end is far; infinite without risk aversion.
    """

    holdings: tuple[float, ...]
    cost: float
    deviation: float
    half_life: float

    @property
    def trades(self) -> tuple[float, ...]:
        """Quantity of each slice, all of one sign; weights for a schedule."""
        return tuple(before - after for before, after in pairwise(self.holdings))


def trajectory(
    quantity: float, horizon: float, slices: int, impact: Impact, risk_aversion: float
) -> Trajectory:
    """The schedule of least expected cost and risk (equations 16 to 20 of the paper).

    Parameters
    ----------
    quantity
        Base asset, positive.
    horizon
        Time for all of it.
    risk_aversion
        λ, per quote asset; 0 spreads evenly.

    Raises
    ------
    UsageError
        If slices are so long that the permanent impact outweighs the temporary one.

    Examples
    --------
    The paper's example, a million shares over five days:

    >>> shares = Impact(volatility=0.95, temporary=2.5e-6, permanent=2.5e-7, fixed=0.0625)
    >>> patient = trajectory(1e6, 5.0, 5, shares, 0.0)
    >>> round(patient.cost), [round(left) for left in patient.holdings]
    (662500, [1000000, 800000, 600000, 400000, 200000, 0])
    >>> averse = trajectory(1e6, 5.0, 5, shares, 1e-6)
    >>> [round(left / 1e6, 3) for left in averse.holdings]
    [1.0, 0.542, 0.29, 0.148, 0.062, 0.0]
    """
    if not (0.0 < quantity < math.inf and 0.0 < horizon < math.inf and slices >= 1):
        raise UsageError("a trajectory needs a positive quantity, horizon and number of slices")
    if not 0.0 <= risk_aversion < math.inf:
        raise UsageError(f"risk aversion must be at least 0, found {risk_aversion}")
    interval = horizon / slices
    temporary = impact.temporary - impact.permanent * interval / 2.0  # η̃
    if temporary <= 0.0:
        raise UsageError("slices are too long for this permanent impact", hint="more slices")
    urgency = _urgency(risk_aversion * impact.volatility**2 / temporary, interval)
    holdings = tuple(
        quantity * _fraction(urgency * horizon, 1.0 - number / slices)
        for number in range(slices + 1)
    )
    return Trajectory(
        holdings,
        expected_cost(holdings, interval, impact),
        deviation(holdings, interval, impact),
        math.inf if urgency == 0.0 else 1.0 / urgency,
    )


def expected_cost(holdings: tuple[float, ...], interval: float, impact: Impact) -> float:
    """Expected shortfall of any schedule, quote asset: ½γX² + εΣ|n| + (η̃/τ)Σn²."""
    trades = [before - after for before, after in pairwise(holdings)]
    temporary = impact.temporary - impact.permanent * interval / 2.0
    return (
        impact.permanent * holdings[0] ** 2 / 2.0
        + impact.fixed * sum(abs(trade) for trade in trades)
        + temporary / interval * sum(trade * trade for trade in trades)
    )


def deviation(holdings: tuple[float, ...], interval: float, impact: Impact) -> float:
    """Standard deviation of any schedule's shortfall, quote asset: σ√(τΣx²)."""
    return impact.volatility * math.sqrt(interval * sum(left * left for left in holdings[1:]))


def _urgency(squared: float, interval: float) -> float:
    """κ of 2(cosh κτ − 1)/τ² = κ̃², as 2·asinh(κ̃τ/2)/τ: exact where κτ is small, too."""
    return 2.0 * math.asinh(math.sqrt(squared) * interval / 2.0) / interval


def _fraction(total: float, share: float) -> float:
    """sinh(total × share) / sinh(total), also where neither fits a float."""
    if total < 1e-8:
        return share
    return (
        math.exp(-total * (1.0 - share))
        * math.expm1(-2.0 * total * share)
        / math.expm1(-2.0 * total)
    )
