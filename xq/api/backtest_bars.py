"""The bars of a run with the past its first decision needs, fetched where the lake lacks it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xq.api.backtest_gaps import read_bars
from xq.api.backtest_inputs import Market, Span, stored_range
from xq.api.workspace import Workspace
from xq.clock import iso
from xq.errors import NoData, UsageError, XqError
from xq.timeframe import DAY_MS

if TYPE_CHECKING:
    from xq.bars import Bars
    from xq.lake.reader import Lake
    from xq.timeframe import Timeframe


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Bars with the warm-up in front.

    Attributes
    ----------
    start
        Row of the first bar of the run.
    notes
        What a person should know about how the bars were found.
    """

    bars: "Bars"
    start: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads the bars of one run.

    Attributes
    ----------
    lookback
        Called once the bars are needed; bars that one decision depends on.
    """

    ws: Workspace
    lake: "Lake"
    market: Market
    lookback: Callable[[], int]

    def block(self, span: Span) -> Block:
        """Bars of the range and, before it, as many as one decision depends on.

        A run over everything stored begins with the first bar that has its warm-up before it.

        Raises
        ------
        DataError
            See `Lake.bars`.
        UsageError
            If the range begins after the newest bar, or nothing is stored of an exchange that
            does not exist.
        """
        try:
            found = self._found(span)
        except NoData:
            self._refuse_unknown_exchange()
            raise
        return replace(found, notes=(*found.notes, *self._derived()))

    def _refuse_unknown_exchange(self) -> None:
        """Where nothing is stored of an exchange, its name may be mistyped."""
        from xq.lake.inspect import recorded
        from xq.venues.registry import profile

        name = self.market.exchange
        if all(dataset.exchange != name for dataset in recorded(self.lake.root, "ohlcv")):
            profile(name)

    def _found(self, span: Span) -> Block:
        if span.read_from_ms is not None:
            bars = self._bars(span.read_from_ms, span.until_ms)
            return Block(bars, int(bars.ts.searchsorted(span.since_ms or 0)))
        if span.is_everything:
            return self._everything(span.until_ms)
        since = self._since(span)
        if since is None:  # nothing is stored: let the lake say so
            return Block(self._bars(None, None), 0)
        return self._range(since, span.until_ms)

    def _everything(self, until_ms: int | None) -> Block:
        bars = self._bars(None, until_ms)
        lookback = self.lookback()
        if len(bars) > lookback:
            return Block(bars, lookback)
        first = int(bars.ts[0])
        notes = self._fetch(first, lookback)
        bars = self._bars(None, until_ms)
        start = int((bars.ts < first).sum())
        return Block(bars, lookback if start < lookback < len(bars) else start, notes)

    def _range(self, since: int, until_ms: int | None) -> Block:
        lookback = self.lookback()
        notes = self._fetch(since, lookback)
        stored = [stored_range(self.lake, self.market, symbol) for symbol in self.market.symbols]
        self._refuse_beyond(since, stored)
        begun = min if self.market.lives else max  # of a universe some are listed later
        oldest = begun((start for start, _ in filter(None, stored)), default=since)
        warm = min(since, max(oldest, self.market.timeframe.shift(since, -lookback)))
        bars = self._bars(warm, until_ms)
        start = int((bars.ts < since).sum())
        if start >= len(bars):
            self._bars(since, until_ms)  # raises: nothing in the range itself
            raise UsageError(f"the range begins after the newest bar, found {iso(since)}")
        return Block(bars, start, notes)

    def _refuse_beyond(self, since: int, stored: "Sequence[tuple[int, int] | None]") -> None:
        """A range after the newest bar is of a time to come, or of bars not collected yet."""
        from xq.lake.hints import collect_command, short
        from xq.lake.layout import Dataset

        for symbol, there in zip(self.market.symbols, stored, strict=True):
            if there is None or since < there[1]:
                continue
            dataset = Dataset("ohlcv", self.market.exchange, symbol, self._stored(symbol).name)
            ahead = since > self.ws.clock.now_ms()
            raise NoData(
                f"no {self.market.timeframe} bars of {symbol} stored from {short(since)} on: "
                f"they end at {short(there[1])}" + ", and that time is to come" * ahead,
                where=str(dataset),
                hint="xq data ls" if ahead else collect_command(dataset, there[1]),
            )

    def _since(self, span: Span) -> int | None:
        bar = self.market.timeframe
        if span.since_ms is not None:
            return bar.ceil(span.since_ms)
        until = span.until_ms
        if until is None:
            stored = (stored_range(self.lake, self.market, name) for name in self.market.symbols)
            until = max((end for _, end in filter(None, stored)), default=None)
        return None if until is None else bar.ceil(until - round((span.days or 0) * DAY_MS))

    def _fetch(self, before_ms: int, bars: int) -> tuple[str, ...]:
        """Bring the warm-up from the venue; a note if that fails, for it may not be needed."""
        from xq.api.collect import warm_up

        lacking = [name for name in self.market.symbols if self._lacks(name, before_ms, bars)]
        if not lacking:
            return ()
        try:
            for symbol in lacking:
                stored, bar = self._stored(symbol), self.market.timeframe
                warm_up(
                    self.ws,
                    [symbol],
                    stored.name,
                    before_ms=before_ms,
                    bars=stored.count(bar.shift(before_ms, -bars), before_ms),
                    exchange=self.market.exchange,
                )
        except XqError as error:
            return (f"earlier bars for the warm-up could not be fetched: {error.message}",)
        return ()

    def _stored(self, symbol: str) -> "Timeframe":
        """The timeframe a symbol's bars are read from."""
        market = self.market
        finer = self.lake.derived_from(market.exchange, symbol, market.timeframe)
        return market.timeframe if finer is None else finer

    def _derived(self) -> tuple[str, ...]:
        made = {self._stored(symbol).name for symbol in self.market.symbols}
        made -= {self.market.timeframe.name}
        if not made:
            return ()
        return (f"{self.market.timeframe} bars are derived from stored {' '.join(sorted(made))}",)

    def _lacks(self, symbol: str, before_ms: int, bars: int) -> bool:
        from xq.lake.coverage import Coverage
        from xq.lake.layout import Dataset
        from xq.lake.ranges import Range, subtract

        stored = stored_range(self.lake, self.market, symbol)
        wanted = self.market.timeframe.shift(before_ms, -bars)
        listed = self.market.lives.get(symbol, (wanted, 0))[0]
        if stored is None or stored[0] <= max(wanted, listed):
            return False
        dataset = Dataset("ohlcv", self.market.exchange, symbol, self._stored(symbol).name)
        asked = Coverage(self.lake.root).covered(dataset)
        return bool(subtract([Range(wanted, min(stored[0], before_ms))], asked))

    def _bars(self, start_ms: int | None, end_ms: int | None) -> "Bars":
        gaps = self.ws.config.backtest.gaps
        return read_bars(self.lake, self.market, start_ms, end_ms, gaps)
