"""Trailing stop: follows the price on the favourable side, never back."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from xq.execution.algos.children import Child
from xq.execution.algos.plan import Plan, TrailingStop
from xq.execution.algos.progress import Progress
from xq.execution.algos.view import MarketView
from xq.execution.algos.wishes import Wanted, Wish, crossing
from xq.types import OrderType, Side


def follow(plan: Plan, extreme: Decimal | None, last: Decimal) -> Decimal | None:
    """The most favourable price so far, ``last`` included; None until a trailing stop is active.

    A sell follows the highest price, a buy the lowest.
    """
    if not isinstance(plan.how, TrailingStop):
        return None
    better = max if plan.side is Side.SELL else min
    if extreme is not None:
        return better(extreme, last)
    activation = plan.how.activation
    active = activation is None or better(last, activation) == last
    return last if active else None


def stop_level(plan: Plan, how: TrailingStop, extreme: Decimal) -> Decimal:
    """Where the stop stands, a whole tick, on the far side.

    Examples
    --------
    >>> from xq.types import Instrument, Symbol
    >>> rules = Instrument(Symbol("A", "B"), *map(Decimal, ["0.5", "1", "1", "0", "0", "0"]))
    >>> how = TrailingStop(distance=Decimal("0.01"))
    >>> plan = Plan("p", Side.SELL, Decimal(1), rules, how, start_ms=0)
    >>> stop_level(plan, how, Decimal(1033))
    Decimal('1022.5')
    """
    level = extreme * (1 + plan.side.sign * how.distance)
    rounding = ROUND_FLOOR if plan.side is Side.SELL else ROUND_CEILING
    tick = plan.instrument.tick
    return (level / tick).to_integral_value(rounding) * tick


def trailing_stop(
    plan: Plan,
    how: TrailingStop,
    progress: Progress,
    view: MarketView,
) -> Wanted:
    """Keep the stop where it belongs, or cross once it is met.

    It is moved by cancelling and, when that is certain, placing anew: both at once could fill twice
    and a change in place is not known to every venue.
    """
    if progress.extreme is None:
        return Wish.HOLD
    level = stop_level(plan, how, progress.extreme)
    if progress.live:
        standing = progress.children[progress.live[0]].child
        return Wish.WITHDRAW if _gains(plan, how, standing, level) else Wish.HOLD
    is_met = (view.last - level) * plan.side.sign >= 0
    if is_met or progress.filled > 0:
        return crossing(plan, plan.quantity)
    if not how.at_venue:
        return Wish.HOLD
    return Child(
        plan.side,
        OrderType.STOP_MARKET,
        plan.quantity,
        stop_price=level,
        reduce_only=plan.reduce_only,
    )


def _gains(plan: Plan, how: TrailingStop, standing: Child, level: Decimal) -> bool:
    """Whether the stop stands so far behind that moving it is worth a moment without it."""
    if standing.stop_price is None:  # a market order on its way
        return False
    gain = (standing.stop_price - level) * plan.side.sign
    return gain > 0 and gain >= how.step * how.distance * level
