"""Rows of one kind of market data from a venue's REST interface, as tables of the lake."""

import threading
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from xq.collect.fetch import Advance, Source, Wanted, fetch, fetch_pages
from xq.collect.task import Task
from xq.errors import VenueRefused
from xq.lake import arrays
from xq.lake.ranges import Range
from xq.lake.schema import TIMESTAMP, kind_of
from xq.timeframe import HOUR_MS

if TYPE_CHECKING:
    from xq.venues.ccxt_market import CcxtMarket

_BARS = ("ohlcv", "mark", "index")
_NAMES = ("open", "high", "low", "close", "volume")
_FUNDING_PAGE = 1000
_TRADES_PAGE = 1000
_INTEREST_PAGE = 500


class Feeds:
    """What a venue is asked for, kind by kind.

    Attributes
    ----------
    at_once
        Pages of one symbol that are asked for together.
    """

    def __init__(self, source: Source, advance: Advance, stop: threading.Event) -> None:
        self._source = source
        self._advance = advance
        self._stop = stop
        self.at_once = 1

    @property
    def forgets(self) -> bool:
        """Whether the venue is known to keep some kinds for a while only, as Binance does."""
        market = self._source.fast
        return market is not None and market.has_pages

    def rows(self, task: Task, piece: Range) -> pa.Table:
        """Every row the venue has in ``piece``, in any order.

        Raises
        ------
        VenueError
            If it cannot be asked, or has no such data.
        """
        if task.kind in _BARS:
            return bar_table(self._bars(task, piece), task.kind)
        market = self._source.fast
        if market is None:
            raise VenueRefused(f"{task.exchange} was not opened for {task.kind}")
        if task.kind == "funding":
            table = _funding(market, task, piece)
        elif task.kind == "trades":
            table = self._trades(market, task, piece)
        else:
            table = self._open_interest(market, task, piece)
        self._advance(piece.bars(task.timeframe) if task.kind == "funding" else 0)
        return table

    def _bars(self, task: Task, piece: Range) -> np.ndarray:
        market = self._source.fast
        if market is not None and market.has_pages:
            wanted = Wanted(task.symbol, task.timeframe, piece, task.kind)
            return fetch_pages(market, wanted, self._advance, at_once=self.at_once, stop=self._stop)
        if task.kind == "ohlcv":
            return fetch(self._source, task.symbol, task.timeframe, piece, self._advance)
        raise VenueRefused(f"{task.exchange} is not known to have {task.kind} price bars")

    def _trades(self, market: "CcxtMarket", task: Task, piece: Range) -> pa.Table:
        """By time to the first trade of the piece, from there by id.

        A millisecond may hold more trades than a page, so time alone would not get past it.
        """
        told, at = piece.start_ms, piece.start_ms
        page = market.trades(task.symbol, at, None, _TRADES_PAGE)
        while not page and at + HOUR_MS < piece.end_ms:
            at += HOUR_MS
            page = market.trades(task.symbol, at, None, _TRADES_PAGE)
        # A full page of a time window may be its last trades instead of its first.
        while page and len(page) == _TRADES_PAGE and page[0][1] > at and page[0][0] > 0:
            page = market.trades(task.symbol, at, max(page[0][0] - _TRADES_PAGE, 0), _TRADES_PAGE)
        parts = [_trade_table([])]
        while page:
            parts.append(_trade_table([r for r in page if piece.start_ms <= r[1] < piece.end_ms]))
            told = self._tell(task, told, min(page[-1][1], piece.end_ms))
            if page[-1][1] >= piece.end_ms:
                break
            page = market.trades(task.symbol, 0, page[-1][0] + 1, _TRADES_PAGE)
        self._tell(task, told, piece.end_ms)
        return pa.concat_tables(parts)

    def _open_interest(self, market: "CcxtMarket", task: Task, piece: Range) -> pa.Table:
        rows: list[tuple[int, float, float]] = []
        step, at = task.timeframe.ms, piece.start_ms
        while at < piece.end_ms:
            end = min(at + _INTEREST_PAGE * step, piece.end_ms)
            found = market.open_interest(task.symbol, task.timeframe, at, end)
            fresh = [row for row in found if at <= row[0] < end]
            rows += fresh
            after = fresh[-1][0] + step if fresh else end  # a short answer is asked on
            self._advance((after - at) // step)
            at = after
        ts, quantity, notional = zip(*rows, strict=True) if rows else ((), (), ())
        schema = kind_of("open_interest").schema
        return pa.table([pa.array(ts, TIMESTAMP), quantity, notional], schema=schema)

    def _tell(self, task: Task, told: int, now: int) -> int:
        steps = (now - told) // task.timeframe.ms
        self._advance(steps)
        return told + steps * task.timeframe.ms


def bar_table(rows: np.ndarray, kind: str) -> pa.Table:
    """float64 (n, 6) as bars of the lake; prices that are not traded have no volume."""
    names = _NAMES if kind == "ohlcv" else _NAMES[:4]
    columns = {name: arrays.column(rows[:, place]) for place, name in enumerate(names, start=1)}
    return pa.table({"ts": arrays.column(rows[:, 0].astype(np.int64)), **columns})


def _funding(market: "CcxtMarket", task: Task, piece: Range) -> pa.Table:
    rows: list[tuple[int, float, float | None]] = []
    at = piece.start_ms
    while at < piece.end_ms:
        page = market.funding(task.symbol, at, _FUNDING_PAGE)
        fresh = [(ts, float(rate), float(mark) or None) for ts, rate, mark in page if ts >= at]
        rows += [row for row in fresh if row[0] < piece.end_ms]
        if not fresh:
            break
        at = fresh[-1][0] + 1
    ts, rate, mark = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        {
            "ts": pa.array(ts, TIMESTAMP),
            "rate": pa.array(rate, pa.float64()),
            "mark_price": pa.array(mark, pa.float64()),
        }
    )


def _trade_table(rows: list[tuple[int, int, float, float, str]]) -> pa.Table:
    ids, ts, price, quantity, side = zip(*rows, strict=True) if rows else ((),) * 5
    return pa.table(
        {
            "ts": pa.array(ts, TIMESTAMP),
            "id": pa.array(ids, pa.int64()),
            "price": pa.array(price, pa.float64()),
            "quantity": pa.array(quantity, pa.float64()),
            "side": pa.array(side, pa.string()),
        },
        schema=kind_of("trades").schema,
    )
