"""Universes as of the time: ``*/USDT`` is every symbol that was listed at any time of a run."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xq.api.backtest_inputs import ANY, Market, Span, market_of, stored_range
from xq.clock import iso
from xq.errors import NoData, UsageError
from xq.timeframe import DAY_MS
from xq.types import Symbol

if TYPE_CHECKING:
    from xq.api.backtest import BacktestRequest
    from xq.api.backtest_replay import Traded
    from xq.api.workspace import Workspace
    from xq.backtest.listing import Delistings
    from xq.bars import Bars
    from xq.lake.reader import Lake

_FOREVER = 4_102_444_800_000  # 2100: what venues state for contracts without an end, or later
_BEGINS = ("onboardDate", "launchTime")
_ENDS = ("deliveryDate", "deliveryTime")
_TRADING = "TRADING"
_LISTED = {_TRADING, "PENDING_TRADING", "PRELAUNCH", "PRE_TRADING", "POST_TRADING",
           "AUCTION_MATCH", "END_OF_DAY", "HALT"}  # fmt: skip
"""Statuses under which a symbol can trade again; ``BREAK`` is what Binance leaves delisted ones."""


@dataclass(frozen=True, slots=True)
class Life:
    """When a symbol was listed, epoch ms.

    Attributes
    ----------
    first_look_ms
        When its listing was first looked at; None if no history of it is stored.
    """

    symbol: str
    start_ms: int
    end_ms: int
    first_look_ms: int | None


def market_for(ws: "Workspace", request: "BacktestRequest") -> Market:
    """The market a request names, its universe found.

    Raises
    ------
    UsageError
        See `market_of`; for a universe beside other symbols.
    NoData
        If no bars of the universe are stored in the range.
    """
    from xq.lake.reader import Lake

    config = ws.config
    symbols = config.collect.symbols if request.symbols is None else request.symbols
    timeframe = config.collect.timeframe if request.timeframe is None else request.timeframe
    market = market_of(config.exchange.name, symbols, timeframe, universe=True)
    if request.lives:
        return replace(market, lives=request.lives)
    wanted = [Symbol.parse(symbol) for symbol in market.symbols]
    if all(symbol.base != ANY for symbol in wanted):
        return market
    if len(wanted) > 1:
        raise UsageError(
            f"a universe stands alone, found {' '.join(market.symbols)}",
            hint=f"--symbol '{ANY}/{wanted[0].quote}'",
        )
    if request.decide != "ahead":
        raise UsageError(
            f"a universe needs weights decided ahead, found --decide {request.decide}: "
            "positions in delisted symbols are closed by the run"
        )
    return _found(Lake(ws.lake), market, wanted[0], request.span)


def _found(lake: "Lake", market: Market, wanted: Symbol, span: Span) -> Market:
    names = _named(lake, market.exchange, wanted, "ohlcv")
    lives = [life for name in names if (life := _life(lake, market, name)) is not None]
    stored = {life.symbol: stored_range(lake, market, life.symbol) for life in lives}
    newest = max((found[1] for found in stored.values() if found), default=0)
    until = newest if span.until_ms is None else span.until_ms
    since = span.since_ms
    if since is None:
        since = 0 if span.days is None else until - round(span.days * DAY_MS)
    inside = [life for life in lives if _meets(stored[life.symbol], since, until)]
    if not inside:
        raise NoData(
            f"no {market.timeframe} bars of {wanted} are stored in the range",
            where=market.exchange,
            hint="xq data ls",
        )
    listed = _named(lake, market.exchange, wanted, "instruments")
    begin = max(since, min(found[0] for found in stored.values() if found))
    return replace(
        market,
        symbols=tuple(life.symbol for life in inside),
        lives={life.symbol: (life.start_ms, life.end_ms) for life in inside},
        notes=tuple(_notes(wanted, inside, begin, sorted(set(listed) - set(stored)))),
    )


def _meets(stored: tuple[int, int] | None, since: int, until: int) -> bool:
    return stored is not None and stored[0] < until and stored[1] > since


def _named(lake: "Lake", exchange: str, wanted: Symbol, kind: str) -> list[str]:
    from xq.lake import inspect

    found = set()
    for dataset in inspect.recorded(lake.root, kind):
        if dataset.exchange == exchange and dataset.symbol is not None:
            symbol = Symbol.parse(dataset.symbol)
            if (symbol.quote, symbol.settle) == (wanted.quote, wanted.settle):
                found.add(dataset.symbol)
    return sorted(found)


def _life(lake: "Lake", market: Market, symbol: str) -> Life | None:
    """From the history of its listing; what that does not say is taken from the stored bars."""
    from xq.lake.layout import Dataset

    stored = stored_range(lake, market, symbol)
    if stored is None:
        return None
    table = lake.table(Dataset("instruments", market.exchange, symbol))
    if not table.num_rows:
        return Life(symbol, *stored, None)
    newest: dict[str, Any] = json.loads(table["filters"][-1].as_py() or "{}")
    begin = _time(newest, _BEGINS)
    ended = str(newest.get("status", _TRADING)).upper() not in _LISTED
    ended = ended or _time(newest, _ENDS) is not None
    return Life(
        symbol,
        stored[0] if begin is None else begin,
        stored[1] if ended else _FOREVER,  # its listing ends some time before we see that it did
        int(table["ts"].cast("int64")[0].as_py()),
    )


def _time(details: Mapping[str, Any], names: Iterable[str]) -> int | None:
    told = [int(details[name]) for name in names if str(details.get(name, "")).isdigit()]
    return next((value for value in told if 0 < value < _FOREVER), None)


def _notes(wanted: Symbol, lives: list[Life], begin_ms: int, absent: list[str]) -> list[str]:
    said = [f"universe {wanted}: {len(lives)} symbols listed at some time of the run"]
    unknown = [life.symbol for life in lives if life.first_look_ms is None]
    looks = [life.first_look_ms for life in lives if life.first_look_ms is not None]
    if unknown:
        said.append(
            f"survivorship: no history of the listing of {' '.join(unknown)} is stored; the first "
            "and last stored bars stand for listing and delisting, and what was never collected "
            "is missing"
        )
    if looks and min(looks) > begin_ms:
        said.append(
            f"survivorship: listings are known from {iso(min(looks))[:10]} on; what was delisted "
            "before is in the universe only where its bars are stored"
        )
    if absent:
        said.append(f"survivorship: {' '.join(absent)} was listed, but no bars of it are stored")
    return said


def settled(traded: "Traded", lives: Mapping[str, tuple[int, int]]) -> "Traded":
    """What the engines see, see `xq.backtest.listing`."""
    ends = ends_of(traded.bars, lives, traded.rules.delay)
    weights = ends.weights(traded.weights, traded.bars)
    return replace(traded, weights=weights, bars=ends.bars(traded.bars))


def ends_of(bars: "Bars", lives: Mapping[str, tuple[int, int]], delay: int) -> "Delistings":
    """Which symbols of a universe are delisted in the bars."""
    from xq.backtest.listing import BY_HAND, Delistings

    if not lives:
        return BY_HAND
    gone = delistings(bars.ts, bars.close, bars.symbols, lives)
    return Delistings({bars.symbols.index(name): row for name, row in gone.items()}, delay)


def delistings(
    ts: Any, close: Any, symbols: tuple[str, ...], lives: Mapping[str, tuple[int, int]]
) -> dict[str, int]:
    """Last row of every symbol whose listing ended before the bars do.

    Examples
    --------
    >>> import numpy as np
    >>> close = np.array([[1.0, 2.0], [1.0, np.nan], [1.0, np.nan]])
    >>> delistings(np.arange(3), close, ("A/B", "C/B"), {"A/B": (0, 3), "C/B": (0, 1)})
    {'C/B': 0}
    """
    import numpy as np

    found = {}
    for column, symbol in enumerate(symbols):
        rows = np.flatnonzero(np.isfinite(close[:, column]))
        if not len(rows) or symbol not in lives or rows[-1] == len(ts) - 1:
            continue
        last = int(rows[-1])
        if lives[symbol][1] <= ts[last + 1]:
            found[symbol] = last
    return found


def told(market: Market, ts: Any, close: Any) -> list[str]:
    """Sentences about a run's universe; none about symbols named by hand."""
    gone = delistings(ts, close, market.symbols, market.lives)
    said = list(market.notes)
    if gone:
        names = ", ".join(f"{symbol} {iso(int(ts[row]))}" for symbol, row in gone.items())
        said.append(f"delisted in the run, positions closed at the last close: {names}")
    return said
