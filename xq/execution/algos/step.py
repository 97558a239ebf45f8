"""One step of a parent order: what to do now, and the state to write down before it is done.

The caller writes ``Step.progress`` down, then carries out ``Step.actions``, then feeds what it
learns through `Progress.with_order` and `Progress.with_fill`. Killed anywhere in between it finds
the child's intent written down and asks the venue what became of it.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from xq.execution.algos.children import ZERO, Action, Cancel, Child, ChildRecord, Place
from xq.execution.algos.iceberg import iceberg
from xq.execution.algos.plan import Deadline, Iceberg, Plan, Pov, Scheduled
from xq.execution.algos.pov import pov
from xq.execution.algos.progress import Progress
from xq.execution.algos.scheduled import scheduled
from xq.execution.algos.sizes import sized, smallest_order
from xq.execution.algos.trailing_stop import follow, trailing_stop
from xq.execution.algos.view import MarketView
from xq.execution.algos.wishes import Wanted, Wish, crossing
from xq.execution.orders import OrderState
from xq.types import OrderType, TimeInForce

CANCEL_AGAIN_MS = 5_000
FIRST_PAUSE_MS, LONGEST_PAUSE_MS = 1_000, 60_000
MOST_REFUSALS = 5
MOST_LAST_ORDERS = 5


@dataclass(frozen=True, slots=True)
class Step:
    """What to do, and the state after it."""

    actions: tuple[Action, ...]
    progress: Progress


def step(plan: Plan, progress: Progress, view: MarketView | None, now_ms: int) -> Step:
    """Decide what a parent does next.

    Parameters
    ----------
    view
        The market; None if nothing is known of it. Without a usable one nothing is sent, but
        cancels are.
    now_ms
        Venue time; it may jump.

    Returns
    -------
    Step
        At most one action; none while a child's fate is unknown.

    Examples
    --------
    >>> from xq.types import Instrument, Side, Symbol
    >>> rules = Instrument(Symbol("BTC", "USDT"), *map(Decimal, ["1", "1", "1", "0", "0", "0"]))
    >>> twap = Scheduled(weights=(1.0, 1.0))
    >>> plan = Plan("p", Side.BUY, Decimal(10), rules, twap, start_ms=0, end_ms=60_000)
    >>> view = MarketView(0, *map(Decimal, ["99", "101", "100", "0", "0"]))
    >>> first = step(plan, Progress(), view, 0)
    >>> [(place.number, int(place.child.quantity)) for place in first.actions]
    [(0, 5)]
    >>> step(plan, first.progress, view, 0).actions  # what became of it is not known yet
    ()
    """
    if progress.is_frozen:
        return Step((), progress)
    if view is not None and (
        now_ms < plan.start_ms or not view.is_usable(now_ms, progress.known_ms)
    ):
        view = None
    if view is not None and not progress.ended:
        progress = _noticed(plan, progress, view)
    progress = _judged(plan, progress)
    if progress.live:
        return _with_live(plan, progress, view, now_ms)
    if progress.ended:
        return Step((), progress)
    over = progress.stop or _over(plan, progress, now_ms)
    if over:
        return Step((), replace(progress, ended=over))
    if view is None or _is_paused(plan, progress, now_ms):
        return Step((), progress)
    return _place(plan, progress, view, now_ms)


def _noticed(plan: Plan, progress: Progress, view: MarketView) -> Progress:
    """What of the market is remembered."""
    return replace(
        progress,
        arrival=view.middle if progress.arrival is None else progress.arrival,
        observed=max(progress.observed, view.traded),
        extreme=follow(plan, progress.extreme, view.last),
    )


def _judged(plan: Plan, progress: Progress) -> Progress:
    """Whether what happened forbids to go on."""
    if progress.committed > plan.quantity:
        return progress.stopped("more stands or is filled than was asked for")
    refused = [record for record in progress.failures if record.state is OrderState.REJECTED]
    if len(refused) >= MOST_REFUSALS:
        return progress.stopped(f"refused {len(refused)} times in a row: {refused[0].reason}")
    return progress


def _with_live(plan: Plan, progress: Progress, view: MarketView | None, now_ms: int) -> Step:
    """Leave what stands at the venue, or cancel it."""
    number = progress.live[0]
    record = progress.children[number]
    goes_on = not (progress.ended or progress.stop)
    if goes_on and (_crosses(record.child) or _stays(plan, progress, view, now_ms)):
        return Step((), progress)
    if _was_asked(record, now_ms):
        return Step((), progress)
    return Step((Cancel(number),), progress.with_cancel(number, now_ms))


def _stays(plan: Plan, progress: Progress, view: MarketView | None, now_ms: int) -> bool:
    return not _is_late(plan, now_ms) and _asked(plan, progress, view, now_ms) is Wish.HOLD


def _place(plan: Plan, progress: Progress, view: MarketView, now_ms: int) -> Step:
    """Send a child of what is wanted, in whole lots, never more than is left."""
    late = _is_late(plan, now_ms)
    rest = plan.quantity - progress.committed
    wanted = crossing(plan, rest) if late else _asked(plan, progress, view, now_ms)
    if isinstance(wanted, Wish):
        return Step((), progress)
    if plan.reduce_only:
        rest = min(rest, max(-view.position * plan.side.sign, ZERO))
        if rest < plan.instrument.lot:
            return Step((), replace(progress, ended="nothing is left to reduce"))
    least = smallest_order(plan.instrument, _worth(wanted, view), plan.reduce_only)
    if rest < least:
        return Step((), replace(progress, ended="the rest is below the venue's smallest order"))
    most = rest if late else min(rest, _capped(plan, progress))
    size = sized(wanted.quantity, most, rest, least, plan.instrument.lot)
    if size == 0:
        return Step((), progress)
    child = replace(wanted, quantity=size)
    place = Place(len(progress.children), child)
    return Step((place,), progress.with_child(child, now_ms))


def _asked(plan: Plan, progress: Progress, view: MarketView | None, now_ms: int) -> Wanted:
    """What the algorithm wants."""
    how = plan.how
    if view is None:
        return Wish.HOLD
    if isinstance(how, Scheduled):
        return scheduled(plan, how, progress, view, now_ms)
    if isinstance(how, Iceberg):
        return iceberg(plan, how, progress)
    if isinstance(how, Pov):
        return pov(plan, how, progress, view)
    return trailing_stop(plan, how, progress, view)


def _capped(plan: Plan, progress: Progress) -> Decimal:
    """What participation leaves; may be negative."""
    cap = plan.how.rate if isinstance(plan.how, Pov) else plan.cap
    if cap is None:
        return plan.quantity
    return cap * progress.observed - progress.committed


def _over(plan: Plan, progress: Progress, now_ms: int) -> str:
    """Why a parent of which nothing stands is over; empty if it is not."""
    if progress.remaining(plan.quantity) == 0:
        return "complete"
    if not _is_late(plan, now_ms):
        return ""
    stood = [record for record in progress.children if not record.has_failed]
    last = sum(_is_late(plan, record.placed_ms) for record in stood)
    goes_on = plan.deadline is Deadline.MARKET and last < MOST_LAST_ORDERS
    return "" if goes_on else "time is over"


def _is_late(plan: Plan, ts_ms: int) -> bool:
    return plan.end_ms is not None and ts_ms >= plan.end_ms


def _is_paused(plan: Plan, progress: Progress, now_ms: int) -> bool:
    """Whether to wait after failures, longer each time, or between the deadline's orders."""
    if not progress.children:
        return False
    newest, count = progress.children[-1], len(progress.failures)
    if count == 0 and not _is_late(plan, newest.placed_ms):
        return False
    pause = min(FIRST_PAUSE_MS << min(max(count - 1, 0), 10), LONGEST_PAUSE_MS)
    return 0 <= now_ms - newest.placed_ms < pause


def _was_asked(record: ChildRecord, now_ms: int) -> bool:
    return record.cancel_ms is not None and 0 <= now_ms - record.cancel_ms < CANCEL_AGAIN_MS


def _crosses(child: Child) -> bool:
    return child.type is OrderType.MARKET or child.time_in_force is TimeInForce.IOC


def _worth(child: Child, view: MarketView) -> Decimal:
    """The lowest price at which a venue may value the child."""
    prices = (view.bid, child.price, child.stop_price)
    return min(price for price in prices if price is not None)
