"""What the lake has recorded of one market, as a tape of events."""

from bisect import bisect_left
from dataclasses import replace
from typing import TYPE_CHECKING

from xq.api.workspace import Workspace
from xq.errors import NoData, UsageError
from xq.timeframe import DAY_MS

if TYPE_CHECKING:
    from xq.api.backtest_inputs import Span
    from xq.lake.reader import Lake
    from xq.strategy.market_tape import Tape

LEVELS = 10


def is_market_strategy(ws: Workspace, name: str) -> bool:
    """Whether a strategy of the workspace answers events; False where there is none of the name."""
    from xq.strategy.load import find
    from xq.strategy.market import answers_events

    path = find(ws.strategies).get(name)
    return path is not None and answers_events(path)


def refuse_latency(strategy: str, latency_ms: int | None) -> None:
    """Refuse to a strategy on bars what only events have.

    Raises
    ------
    UsageError
        If a latency was asked for.
    """
    if latency_ms is not None:
        raise UsageError(
            f"a latency in ms is for strategies on events, {strategy} decides at bars",
            hint=f"xq backtest --strategy {strategy} --delay 2",
        )


def pinned(lake: "Lake", exchange: str, symbol: str, span: "Span") -> "Span":
    """The span with days counted back from the last recorded event."""
    if span.days is None:
        return span
    ts = recorded_tape(lake, exchange, symbol, span.since_ms, span.until_ms).ts
    first = bisect_left(ts, int(ts[-1]) - round(span.days * DAY_MS))
    return replace(span, since_ms=int(ts[first]), days=None)


def tape_of(lake: "Lake", exchange: str, symbol: str, span: "Span") -> "Tape":
    """The recorded tape of a range; errors as below."""
    known = pinned(lake, exchange, symbol, span)
    return recorded_tape(lake, exchange, symbol, known.since_ms, known.until_ms)


def recorded_tape(
    lake: "Lake",
    exchange: str,
    symbol: str,
    since_ms: int | None = None,
    until_ms: int | None = None,
) -> "Tape":
    """Trades and book of a market by the venue's clock, from the first known book on.

    Raises
    ------
    NoData
        If no book, or no trade beside it, is stored in the range.
    CorruptFile
        If a file cannot be read.
    """
    import numpy as np
    import pyarrow.compute as pc

    from xq.lake import arrays
    from xq.lake.book_states import book_states
    from xq.lake.layout import Dataset
    from xq.strategy.market_tape import merged

    books = book_states(lake, exchange, symbol, since_ms, until_ms, levels=LEVELS)
    dataset = Dataset("trades", exchange, symbol)
    rows = lake.table(dataset, int(books.ts[0]), int(books.ts[-1]) + 1)
    if not rows.num_rows:
        raise NoData(
            f"no trade of {symbol} is stored beside its book",
            where=str(dataset),
            hint=f"xq collect --kind trades --symbol {symbol}, or xq data import --kind trades",
        )
    bought = pc.equal(rows["side"], "buy").to_numpy()
    prices, quantities = (arrays.numbers(rows[name]) for name in ("price", "quantity"))
    levels = (books.bid_price, books.bid_quantity, books.ask_price, books.ask_quantity)
    return merged(
        symbol,
        (arrays.times(rows["ts"]), prices, quantities, bought),
        (books.ts, np.hstack(levels), books.fresh),
    )
