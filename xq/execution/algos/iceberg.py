"""Iceberg: a large limit order of which only a part is shown."""

from xq.execution.algos.plan import Iceberg, Plan
from xq.execution.algos.progress import Progress
from xq.execution.algos.sizes import drawn, smallest_order
from xq.execution.algos.wishes import Wanted, Wish, resting


def iceberg(plan: Plan, how: Iceberg, progress: Progress) -> Wanted:
    """Rest with what is shown; when it is gone, with the next part, at the end of the queue."""
    if progress.live:
        return Wish.HOLD
    number = len(progress.children)
    shown = max(
        drawn(how.display, how.jitter, plan.instrument.lot, plan.seed, number),
        smallest_order(plan.instrument, how.price, plan.reduce_only),
    )
    return resting(plan, shown, how.price)
