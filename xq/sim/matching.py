"""Matching: a taker walks the depth; a resting order waits for the tape to trade through it.

The depth is regenerated at every instant, so an order leaves no mark on it. A resting order fills
whole, at its own price, when a trade prints beyond that price: at the price itself others were
first in the queue.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from xq.sim.exact import ZERO, affordable
from xq.sim.feed import Feed
from xq.sim.records import SimOrder
from xq.types import Side


@dataclass(frozen=True, slots=True)
class Execution:
    """Part of an order done at one price."""

    price: Decimal
    quantity: Decimal


Level = tuple[Decimal, Decimal]


def walk(
    levels: Sequence[Level], side: Side, quantity: Decimal, limit: Decimal | None = None
) -> tuple[Execution, ...]:
    """What a taker gets from the opposite side of the book, best price first.

    Parameters
    ----------
    levels
        (price, quantity) of the opposite side, best first.
    limit
        Worst acceptable price; None for a market order.

    Examples
    --------
    >>> asks = [(Decimal(10), Decimal(1)), (Decimal(11), Decimal(5))]
    >>> [(str(e.price), str(e.quantity)) for e in walk(asks, Side.BUY, Decimal(3))]
    [('10', '1'), ('11', '2')]
    >>> [str(e.quantity) for e in walk(asks, Side.BUY, Decimal(3), Decimal("10.5"))]
    ['1']
    """
    done: list[Execution] = []
    left = quantity
    for price, size in levels:
        if left <= 0 or (limit is not None and not _acceptable(side, price, limit)):
            break
        taken = min(left, size)
        if taken > 0:
            done.append(Execution(price, taken))
            left -= taken
    return tuple(done)


def walk_quote(levels: Sequence[Level], quote: Decimal, lot: Decimal) -> tuple[Execution, ...]:
    """What an amount of quote asset buys or fetches, never more than it, in whole lots.

    Examples
    --------
    >>> asks = [(Decimal(10), Decimal(1)), (Decimal(20), Decimal(5))]
    >>> [str(e.quantity) for e in walk_quote(asks, Decimal(25), Decimal("0.1"))]
    ['1', '0.7']
    """
    done: list[Execution] = []
    left = quote
    for price, size in levels:
        taken = min(size, affordable(left, price, lot))
        if taken <= 0:
            break
        done.append(Execution(price, taken))
        left -= price * taken
        if taken < size:
            break
    return tuple(done)


def merged(
    book: tuple[Sequence[Level], Sequence[Level]], orders: Iterable[SimOrder], limit: int
) -> tuple[list[Level], list[Level]]:
    """(bids, asks) of outside levels and resting orders, best first."""
    sides = []
    for side, levels in zip((Side.BUY, Side.SELL), book, strict=True):
        sizes = dict(levels)
        for order in orders:
            if order.side is side:
                sizes[order.price] = sizes.get(order.price, ZERO) + order.remaining
        ranked = sorted(sizes.items(), reverse=side is Side.BUY)
        sides.append(ranked[:limit])
    return sides[0], sides[1]


def total_quantity(executions: Iterable[Execution]) -> Decimal:
    """Base asset done."""
    return sum((item.quantity for item in executions), ZERO)


def total_quote(executions: Iterable[Execution]) -> Decimal:
    """Notional done."""
    return sum((item.price * item.quantity for item in executions), ZERO)


def opposite(side: Side, book: tuple[Sequence[Level], Sequence[Level]]) -> Sequence[Level]:
    """The side of (bids, asks) that a taker of ``side`` meets."""
    bids, asks = book
    return asks if side is Side.BUY else bids


def would_take(side: Side, price: Decimal, levels: Sequence[Level]) -> bool:
    """Whether a limit order at ``price`` meets the best level of the opposite side."""
    return bool(levels) and _acceptable(side, levels[0][0], price)


def is_through(order: SimOrder, low: Decimal, high: Decimal) -> bool:
    """Whether trades between ``low`` and ``high`` went beyond a resting order's price."""
    return low < order.price if order.side is Side.BUY else high > order.price


def first_through(
    feed: Feed, orders: Sequence[SimOrder], start_ms: int, end_ms: int
) -> tuple[int, tuple[SimOrder, ...]] | None:
    """The next moment at which resting orders of one market fill.

    Parameters
    ----------
    orders
        Resting orders of one symbol, any order.

    Returns
    -------
    The time, in (start_ms, end_ms], and the orders done at that time in price-time priority;
    None if the tape stays away from all of them.
    """
    if not orders:
        return None
    symbol = orders[0].symbol
    low, high = feed.price_range(symbol, start_ms, end_ms)
    if not any(is_through(order, low, high) for order in orders):
        return None
    tick = feed.instrument(symbol).instrument.tick
    times = []
    for side in Side:
        prices = [order.price * side.sign for order in orders if order.side is side]
        if not prices:
            continue
        beyond = max(prices) * side.sign - tick * side.sign
        trade = feed.first_reach(
            symbol, beyond, above=side is Side.SELL, start_ms=start_ms, end_ms=end_ms
        )
        if trade is not None:
            times.append(trade.ts)
    if not times:
        return None
    moment = min(times)
    low, high = feed.price_range(symbol, start_ms, moment)
    done = [order for order in orders if is_through(order, low, high)]
    return moment, tuple(sorted(done, key=_priority))


def _priority(order: SimOrder) -> tuple[Decimal, int]:
    return (-order.price * order.side.sign, order.id)


def _acceptable(side: Side, price: Decimal, limit: Decimal) -> bool:
    return price <= limit if side is Side.BUY else price >= limit
