"""What the lake has recorded of one market, as a tape of events."""

from typing import TYPE_CHECKING

from xq.errors import NoData

if TYPE_CHECKING:
    from xq.lake.reader import Lake
    from xq.strategy.market_tape import Tape

LEVELS = 10


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
