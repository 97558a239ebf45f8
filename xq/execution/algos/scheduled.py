"""TWAP, VWAP, Almgren–Chriss: slices over time."""

from xq.execution.algos.plan import Plan, Scheduled
from xq.execution.algos.progress import Progress
from xq.execution.algos.sizes import smallest_order
from xq.execution.algos.slices import Schedule, schedule_of
from xq.execution.algos.view import MarketView
from xq.execution.algos.wishes import Wanted, Wish, crossing, is_reachable, resting, touch

CATCH_UP = 2  # after a pause a child is at most so many times the largest slice …
PER_SLICE = 4  # … and at most so many of them are sent in the time of one


def scheduled(
    plan: Plan, how: Scheduled, progress: Progress, view: MarketView, now_ms: int
) -> Wanted:
    """Cross for what is released; when passive, rest for it and cross for what is overdue."""
    schedule = schedule_of(plan, how)
    if progress.live:
        placed = progress.children[progress.live[0]].placed_ms
        in_its_slice = placed <= now_ms < schedule.end_of(placed)
        return Wish.HOLD if in_its_slice else Wish.WITHDRAW
    released = schedule.released(now_ms) - progress.committed
    overdue = schedule.due(now_ms) - progress.committed
    if released <= 0 or _is_soon(schedule, progress, now_ms):
        return Wish.HOLD
    least = smallest_order(plan.instrument, view.bid, plan.reduce_only)
    most = CATCH_UP * max(schedule.largest, least)
    if how.passive and overdue <= 0:
        return resting(plan, min(released, most), touch(plan, view))
    if not is_reachable(plan, view):
        return Wish.HOLD
    return crossing(plan, min(overdue if how.passive else released, most))


def _is_soon(schedule: Schedule, progress: Progress, now_ms: int) -> bool:
    if not progress.children:
        return False
    since = now_ms - progress.children[-1].placed_ms
    return 0 <= since < schedule.interval_ms // PER_SLICE
