"""Readings of an account: daily loss, drawdown, leverage. Deposits and withdrawals are no profit.

An equity of time t holds every cash flow up to and at t. What an account earned between two times
is the change of its equity less deposits plus withdrawals, as a fraction of what was there to earn
it: the earlier equity and the deposits (Dietz 1966, flows valued at the edges).
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from xq.risk.readings import Reading, Span, blind, is_number, rounded
from xq.types import Account

_ZERO, _ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True, slots=True)
class EquityAt:
    """Equity of the account, quote asset, at a venue time."""

    ts_ms: int
    equity: Decimal


@dataclass(frozen=True, slots=True)
class Flow:
    """Money moved in (positive) or out by its owner, quote asset, at a venue time.

    Attributes
    ----------
    id
        The venue's; one told twice counts once.
    """

    id: str
    ts_ms: int
    amount: Decimal


def daily_loss(points: Sequence[EquityAt], flows: Sequence[Flow], span: Span) -> Reading:
    """What was lost since the UTC day began, quote asset, open positions and funding included.

    The day's start is worth what the last point up to midnight says, or the first one after it,
    whichever shows the larger loss.

    Examples
    --------
    >>> points = [EquityAt(0, Decimal(10_000)), EquityAt(60_000, Decimal(14_400))]
    >>> deposit = Flow("1", 30_000, Decimal(5_000))
    >>> daily_loss(points, [deposit], Span(60_000, 86_400_000)).value
    Decimal('600')
    """
    problem = _broken(points, flows, span)
    if problem:
        return blind(problem, _newest_ms(points))
    start_ms = span.period_start_ms
    newest = min(points, key=lambda p: (-p.ts_ms, p.equity))
    before = [p for p in points if p.ts_ms <= start_ms]
    after = [p for p in points if p.ts_ms > start_ms]
    bases = []
    if before:
        bases.append(max(before, key=lambda p: (p.ts_ms, p.equity)))
    if after:
        bases.append(min(after, key=lambda p: (p.ts_ms, -p.equity)))
    moved = _Moved(flows)
    losses = [
        base.equity + sum(moved.between(base.ts_ms, newest.ts_ms)) - newest.equity for base in bases
    ]
    return Reading(max(losses), newest.ts_ms)


def drawdown(points: Sequence[EquityAt], flows: Sequence[Flow], span: Span) -> Reading:
    """Fall from the highest value of the window, fraction, at most 0; to 12 places.

    The value of a unit of the account, to which flows add and from which they take units, as of a
    fund. It starts with the last point up to the window's start.

    Examples
    --------
    >>> points = [EquityAt(n, Decimal(equity)) for n, equity in enumerate([1_000, 900, 1_800])]
    >>> drawdown(points, [Flow("1", 2, Decimal(900))], Span(2)).value
    Decimal('-0.100000000000')
    """
    problem = _broken(points, flows, span)
    if problem:
        return blind(problem, _newest_ms(points))
    path, moved = _path(points, span.start_ms), _Moved(flows)
    unit = _ONE if path[0].equity >= 0 else _ZERO
    peak = unit
    for earlier, later in pairwise(path):
        unit *= _growth(earlier, later, moved)
        peak = max(peak, unit)
    fall = unit / peak - _ONE if peak > 0 else -_ONE
    return Reading(min(rounded(fall), _ZERO), path[-1].ts_ms)


def leverage(account: Account | None) -> Reading:
    """Gross exposure of all positions at their marks over equity.

    Examples
    --------
    >>> from xq.types import Position, Symbol
    >>> long = Position(Symbol("BTC", "USDT", "USDT"), Decimal(1), mark_price=Decimal(30_000))
    >>> leverage(Account((), (long,), Decimal(10_000), 5)).value
    Decimal('3')
    """
    if account is None:
        return blind("there is no account")
    gross = _ZERO
    for position in account.positions:
        if not is_number(position.quantity):
            return blind(f"the position of {position.symbol} is {position.quantity}", account.ts)
        if position.quantity == 0:
            continue
        if not is_number(position.mark_price) or position.mark_price <= 0:
            return blind(f"{position.symbol} has no mark to value it at", account.ts)
        gross += abs(position.quantity) * position.mark_price
    if gross == 0:
        return Reading(_ZERO, account.ts)
    if not is_number(account.equity) or account.equity <= 0:
        return blind(f"equity is {account.equity}, positions are open", account.ts)
    return Reading(gross / account.equity, account.ts)


def _broken(points: Sequence[EquityAt], flows: Sequence[Flow], span: Span) -> str:
    if not points:
        return "no equity is known"
    for point in points:
        if not is_number(point.equity):
            return f"an equity is {point.equity}"
    for flow in flows:
        if not is_number(flow.amount):
            return f"cash flow {flow.id} is {flow.amount}"
        if span.is_future(flow.ts_ms):
            return f"cash flow {flow.id} is dated in the future"
    amounts = {(flow.id, flow.amount, flow.ts_ms) for flow in flows}
    if len(amounts) != len({flow.id for flow in flows}):
        return "a cash flow is told in two ways"
    return ""


def _newest_ms(points: Sequence[EquityAt]) -> int | None:
    return max((point.ts_ms for point in points), default=None)


class _Moved:
    """Flows in order of time, each id once."""

    def __init__(self, flows: Iterable[Flow]) -> None:
        ordered = sorted({flow.id: flow for flow in flows}.values(), key=lambda flow: flow.ts_ms)
        self._times = [flow.ts_ms for flow in ordered]
        self._amounts = [flow.amount for flow in ordered]

    def between(self, start_ms: int, end_ms: int) -> Sequence[Decimal]:
        """Amounts after a time and up to another."""
        first, last = bisect_right(self._times, start_ms), bisect_right(self._times, end_ms)
        return self._amounts[first:last]


def _path(points: Sequence[EquityAt], start_ms: int) -> list[EquityAt]:
    """One point a time (of several the lowest), from the last up to the start on."""
    ordered = sorted(points, key=lambda point: (point.ts_ms, point.equity))
    first = max((p.ts_ms for p in ordered if p.ts_ms <= start_ms), default=ordered[0].ts_ms)
    one_a_time = {point.ts_ms: point for point in reversed(ordered) if point.ts_ms >= first}
    return list(reversed(one_a_time.values()))


def _growth(earlier: EquityAt, later: EquityAt, moved: _Moved) -> Decimal:
    amounts = moved.between(earlier.ts_ms, later.ts_ms)
    paid_in = sum((amount for amount in amounts if amount > 0), _ZERO)
    paid_out = -sum((amount for amount in amounts if amount < 0), _ZERO)
    base = earlier.equity + paid_in
    if base <= 0:
        return _ONE  # nothing was at stake; what turns up without a deposit is no profit
    return max((later.equity + paid_out) / base, _ZERO)
