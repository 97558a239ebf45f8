"""What a parent order sees of the market: the book, what traded since its start, what is held."""

from decimal import Decimal

import numpy as np

from xq.execution.algos.view import MarketView
from xq.live.desk import Desk
from xq.live.reconcile import position_of
from xq.timeframe import Timeframe
from xq.types import Account, Book, Symbol

DEPTH = 100
_MOST_BARS = 900
_FRAMES = tuple(map(Timeframe.parse, ("1m", "15m", "1h", "1d")))
_CLOSE, _VOLUME = 4, 5


def view_of(
    symbol: Symbol, start_ms: int, now_ms: int, book: Book, account: Account, desk: Desk
) -> MarketView | None:
    """The market as it was at ``now_ms`` or later; None while a side of the book is empty.

    Parameters
    ----------
    now_ms
        Venue time read before the book and the account were.
    """
    if not (book.bids and book.asks):
        return None
    rows = _bars_since(symbol, start_ms, now_ms, desk)
    if not len(rows):
        return None
    seen = rows[rows[:, 0] >= start_ms]
    return MarketView(
        now_ms,
        book.bids[0][0],
        book.asks[0][0],
        _exact(rows[-1, _CLOSE]),
        sum((_exact(volume) for volume in seen[:, _VOLUME]), Decimal(0)),
        position_of(symbol, account),
    )


def interval_vwap(symbol: Symbol, start_ms: int, end_ms: int, desk: Desk) -> Decimal | None:
    """Mean price of what traded in a time, by its bars' middles and volumes; None if nothing did.

    The bar in which it began counts whole.
    """
    rows = _bars_since(symbol, start_ms, end_ms, desk)
    rows = rows[rows[:, 0] <= end_ms]
    volume = float(rows[:, _VOLUME].sum())
    if volume <= 0.0:
        return None
    typical = rows[:, 2:5].mean(axis=1)
    return _exact(round(float(typical @ rows[:, _VOLUME]) / volume, 8))


def _bars_since(symbol: Symbol, start_ms: int, now_ms: int, desk: Desk) -> np.ndarray:
    """Bars from the one that holds the start on, so long that one request brings them all."""
    frame = next((f for f in _FRAMES if (now_ms - start_ms) // f.ms < _MOST_BARS), _FRAMES[-1])
    since_ms = min(frame.floor(start_ms), frame.floor(now_ms) - frame.ms)
    return desk.market.bars(symbol, frame, since_ms, _MOST_BARS + 2)


def _exact(value: float) -> Decimal:
    return Decimal(repr(float(value)))
