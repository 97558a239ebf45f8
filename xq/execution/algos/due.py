"""When a parent must be stepped next."""

from xq.execution.algos.plan import Plan, Scheduled
from xq.execution.algos.progress import Progress
from xq.execution.algos.slices import schedule_of

LONGEST_MS = 60_000


def due_in(plan: Plan, progress: Progress, now_ms: int, every_ms: int) -> int:
    """Milliseconds until a parent has something to do.

    A schedule of which nothing stands and nothing is overdue waits for its next release, a minute
    at most; everything else is looked at as often as it is told.

    Parameters
    ----------
    every_ms
        How often what rests, or follows the market, is looked at.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from xq.types import Instrument, Side, Symbol
    >>> rules = Instrument(Symbol("BTC", "USDT"), *map(Decimal, ["1", "1", "1", "0", "0", "0"]))
    >>> twap = Scheduled(weights=(1.0, 1.0))
    >>> plan = Plan("p", Side.BUY, Decimal(10), rules, twap, start_ms=30_000, end_ms=90_000)
    >>> due_in(plan, Progress(), 0, 1_000), due_in(plan, Progress(), 30_000, 1_000)
    (30000, 1000)
    """
    busy = progress.live or progress.stop or progress.failures
    if not isinstance(plan.how, Scheduled) or plan.end_ms is None or busy:
        return every_ms
    schedule = schedule_of(plan, plan.how)
    if schedule.released(now_ms) > progress.committed:
        return every_ms
    moments = (part.release_ms for part in schedule.slices if part.release_ms > now_ms)
    due_ms = min(next(moments, plan.end_ms), plan.end_ms)
    return min(max(due_ms - now_ms, every_ms), LONGEST_MS)
