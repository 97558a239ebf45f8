"""POV: a share of what the market trades, never ahead of it."""

from xq.execution.algos.children import ZERO
from xq.execution.algos.plan import Plan, Pov
from xq.execution.algos.progress import Progress
from xq.execution.algos.sizes import drawn, smallest_order
from xq.execution.algos.view import MarketView
from xq.execution.algos.wishes import Wanted, Wish, crossing, is_reachable


def pov(
    plan: Plan,
    how: Pov,
    progress: Progress,
    view: MarketView,
) -> Wanted:
    """Cross for a clip once the market has traded enough for it."""
    if progress.live:
        return Wish.HOLD
    room = max(how.rate * progress.observed - progress.committed, ZERO)
    number = len(progress.children)
    clip = max(
        drawn(how.clip, how.jitter, plan.instrument.lot, plan.seed, number),
        smallest_order(plan.instrument, view.bid, plan.reduce_only),
    )
    if room < min(clip, plan.quantity - progress.committed) or not is_reachable(plan, view):
        return Wish.HOLD
    return crossing(plan, min(clip, room))
