"""Answers that take long, made in slices between which everybody else is served.

A handler whose answer takes many looks at the market is a generator: it yields after each of them
and returns the answer. What it tells of later markets is of the moment at which it came to them,
as on an exchange that answers from many machines.
"""

from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, TypeVar

from xq.sim.fair import Price
from xq.sim.feed import Feed
from xq.sim.paper import PaperFeed
from xq.sim.wire.streams.outbox import breathe
from xq.timeframe import DAY_MS, Timeframe

if TYPE_CHECKING:
    import numpy as np

_AT_ONCE_MS = 2 * DAY_MS  # of bars between two chances for others

Item = TypeVar("Item")
Value = TypeVar("Value")

Slices = Generator[None, None, Value]
Span = tuple[int | None, int | None]


def whole(slices: Slices[Value]) -> Value:
    """An answer without letting anybody between.

    Examples
    --------
    >>> whole(each([1, 2], str))
    ['1', '2']
    """
    while True:
        try:
            next(slices)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # what the generator returns


async def in_turns(slices: Slices[Value]) -> Value:
    """An answer; everything else that is ready runs between its slices."""
    while True:
        try:
            next(slices)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # what the generator returns
        await breathe()


def each(items: Iterable[Item], answer: Callable[[Item], Value]) -> Slices[list[Value]]:
    """The answer for each item, one in a slice."""
    rows = []
    for item in items:
        rows.append(answer(item))
        yield
    return rows


def is_far(feed: Feed) -> bool:
    """Whether each look at prices is a request to somebody else, so that few are better."""
    return isinstance(feed, PaperFeed)


def bars(
    feed: Feed, symbol: str, timeframe: Timeframe, span: Span, limit: int, now_ms: int
) -> "Slices[np.ndarray]":
    """`Feed.bars`, a few days in a slice."""

    def read(part: Span, count: int) -> "np.ndarray":
        return feed.bars(symbol, timeframe, *part, count, now_ms)

    return _in_pages(feed, read, timeframe, span, limit)


def price_bars(
    feed: Feed,
    price: Price,
    symbol: str,
    timeframe: Timeframe,
    span: Span,
    limit: int,
    now_ms: int,
) -> "Slices[np.ndarray]":
    """`Feed.price_bars`, a few days in a slice."""

    def read(part: Span, count: int) -> "np.ndarray":
        return feed.price_bars(price, symbol, timeframe, part, count, now_ms)

    return _in_pages(feed, read, timeframe, span, limit)


def _in_pages(
    feed: Feed,
    read: "Callable[[Span, int], np.ndarray]",
    timeframe: Timeframe,
    span: Span,
    limit: int,
) -> "Slices[np.ndarray]":
    import numpy as np

    start, end = span
    most = limit if is_far(feed) else max(_AT_ONCE_MS // timeframe.ms, 1)
    parts: list[np.ndarray] = []
    while limit > 0 or not parts:
        count = min(most, limit)
        rows = read((start, end), count)
        parts.append(rows)
        limit -= count
        if len(rows) < count:
            break
        if start is None:
            end = int(rows[0, 0]) - 1 if len(rows) else end
        else:
            start = int(rows[-1, 0]) + 1 if len(rows) else start
        yield
    return np.concatenate(parts if start is not None else parts[::-1])
