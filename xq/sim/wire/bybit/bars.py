"""Bars as Bybit has them: lists of text, newest first."""

from typing import Any

from xq.sim.fair import Price
from xq.sim.instruments import SimInstrument
from xq.sim.refusal import Reason, Refusal
from xq.sim.wire.bybit.asks import LINEAR, Ask, Looker
from xq.sim.wire.slices import Slices, bars, price_bars
from xq.timeframe import Timeframe

_USUAL, _MOST = 200, 1000
_INTERVALS = {
    "1": "1m", "3": "3m", "5": "5m", "15": "15m", "30": "30m", "60": "1h", "120": "2h",
    "240": "4h", "360": "6h", "720": "12h", "D": "1d", "W": "1w",
}  # fmt: skip


def interval(word: str) -> Timeframe:
    """The timeframe of Bybit's word; months have no fixed length and are refused.

    Examples
    --------
    >>> interval("60").name, interval("D").name
    ('1h', '1d')
    """
    if word not in _INTERVALS:
        raise Refusal(Reason.BAD_INTERVAL)
    return Timeframe.parse(_INTERVALS[word])


def traded(ask: Ask) -> Slices[dict[str, Any]]:
    """Bars of trades."""
    market, rows = yield from _rows(ask, None)
    digits, lots = market.price_digits, market.quantity_digits
    table = [
        [str(int(row[0])), *_prices(row, digits), f"{row[5]:.{lots}f}", f"{row[7]:.8f}"]
        for row in reversed(rows)
    ]
    return {"symbol": market.id, "category": LINEAR, "list": table}


def fair(price: Price) -> Looker:
    """Bars of the mark or index price."""

    def handler(ask: Ask) -> Slices[dict[str, Any]]:
        market, rows = yield from _rows(ask, price)
        table = [[str(int(row[0])), *_prices(row, market.price_digits)] for row in reversed(rows)]
        return {"symbol": market.id, "category": LINEAR, "list": table}

    return handler


def premium(ask: Ask) -> Slices[dict[str, Any]]:
    """Bars of how far the mark price is above the index, as a fraction of it."""
    market, marks = yield from _rows(ask, Price.MARK)
    _, indexes = yield from _rows(ask, Price.INDEX)
    table = []
    for mark, index in zip(reversed(marks), reversed(indexes), strict=True):
        ends = [mark[at] / index[at] - 1 for at in (1, 4)]
        values = [ends[0], max(ends), min(ends), ends[1]]
        table.append([str(int(mark[0])), *(f"{value:.6f}" for value in values)])
    return {"symbol": market.id, "category": LINEAR, "list": table}


def _prices(row: list[float], digits: int) -> list[str]:
    return [f"{price:.{digits}f}" for price in row[1:5]]


def _rows(ask: Ask, price: Price | None) -> Slices[tuple[SimInstrument, list[list[float]]]]:
    """Bars oldest first: from ``start`` on, or the newest up to ``end``."""
    ask.only_linear()
    market = ask.market()
    timeframe = interval(ask.params.required("interval"))
    limit = ask.params.limit(_USUAL, _MOST, capped=True)
    start, end = ask.params.integer("start"), ask.params.integer("end")
    if start is not None and end is not None:
        if start > end:
            raise Refusal(Reason.TIMES_REVERSED)
        newest = timeframe.floor(min(end, ask.now_ms))
        start = max(start, newest - (limit - 1) * timeframe.ms)
    asked = market.id, timeframe, (start, end), limit, ask.now_ms
    if price is None:
        found = yield from bars(ask.feed, *asked)
    else:
        found = yield from price_bars(ask.feed, price, *asked)
    rows: list[list[float]] = found.tolist()
    return market, rows
