"""What became of a parent: completion, slippage against arrival, implementation shortfall."""

from dataclasses import dataclass
from decimal import Decimal

from xq.execution.algos.children import ZERO
from xq.execution.algos.plan import Plan
from xq.execution.algos.progress import Progress


@dataclass(frozen=True, slots=True)
class Completion:
    """The values of a report; costs are positive when they hurt.

    Attributes
    ----------
    completion
        Share of the quantity that was done.
    arrival, average
        Middle of the market when the parent began, mean fill price; None before.
    slippage
        (average − arrival) / arrival, signed by the side; None before the first fill.
    execution_cost, opportunity_cost
        Quote asset: what was done against arrival, what was not done against the price at the end
        (Perold 1988).
    shortfall
        Both and the fees.
    participation
        Own quantity over what the market traded meanwhile; None if nothing was observed.
    children, failed
        How many were sent, and how many of them never stood at the venue.
    ended
        Why it is over; empty while it is not.
    """

    completion: Decimal
    arrival: Decimal | None
    average: Decimal | None
    slippage: Decimal | None
    execution_cost: Decimal
    opportunity_cost: Decimal
    shortfall: Decimal
    participation: Decimal | None
    children: int
    failed: int
    ended: str


def completion(plan: Plan, progress: Progress, price: Decimal, fees: Decimal = ZERO) -> Completion:
    """Sum up a parent.

    Parameters
    ----------
    price
        Middle of the market now, or at the end.
    fees
        Of all its fills, quote asset.

    Examples
    --------
    Bought 6 of 10 at 101 and 102 after an arrival at 100; the price is 105 now:

    >>> from dataclasses import replace
    >>> from xq.execution.algos.children import Child
    >>> from xq.execution.algos.plan import Iceberg
    >>> from xq.types import Instrument, OrderType, Side, Symbol
    >>> rules = Instrument(Symbol("A", "B"), *map(Decimal, ["1", "1", "1", "0", "0", "0"]))
    >>> ice = Iceberg(Decimal(102), Decimal(10))
    >>> plan = Plan("p", Side.BUY, Decimal(10), rules, ice, 0)
    >>> sent = Progress(arrival=Decimal(100)).with_child(
    ...     Child(Side.BUY, OrderType.LIMIT, Decimal(10), price=Decimal(102)), 0)
    >>> done = sent.with_fill(0, "a", Decimal(101), Decimal(3), 1)
    >>> done = done.with_fill(0, "b", Decimal(102), Decimal(3), 1)
    >>> found = completion(plan, done, Decimal(105), fees=Decimal(2))
    >>> found.completion, found.slippage, int(found.execution_cost), int(found.opportunity_cost)
    (Decimal('0.6'), Decimal('0.015'), 9, 20)
    >>> int(found.shortfall)
    31
    """
    arrival, average = progress.arrival, progress.average_price
    sign = plan.side.sign
    executed = missed = ZERO
    slippage = None
    if arrival is not None:
        missed = sign * (price - arrival) * progress.remaining(plan.quantity)
    if arrival is not None and average is not None:
        told = sum((record.fill_quantity for record in progress.children), ZERO)
        executed = sign * (average - arrival) * told
        slippage = sign * (average - arrival) / arrival
    return Completion(
        completion=progress.filled / plan.quantity,
        arrival=arrival,
        average=average,
        slippage=slippage,
        execution_cost=executed,
        opportunity_cost=missed,
        shortfall=executed + missed + fees,
        participation=progress.filled / progress.observed if progress.observed else None,
        children=len(progress.children),
        failed=sum(record.has_failed for record in progress.children),
        ended=progress.ended,
    )
