"""Bars that are missing: ours are refused unless told, the venue's own are untradable."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xq.api.backtest_inputs import Market

if TYPE_CHECKING:
    from xq.bars import Bars
    from xq.errors import DataGap
    from xq.lake.ranges import Range
    from xq.lake.reader import Lake


@dataclass(frozen=True, slots=True)
class Missing:
    """Bars of one symbol that are not there.

    Attributes
    ----------
    ours
        Ranges that were never asked for, or lost.
    venue
        Ranges in which the venue itself has none, as the coverage ledger verified: outages, and
        the time before a listing.
    """

    symbol: str
    ours: "tuple[Range, ...]"
    venue: "tuple[Range, ...]"


def read_bars(
    lake: "Lake", market: Market, start_ms: int | None, end_ms: int | None, gaps: str
) -> "Bars":
    """Bars of a run; with ``refuse`` only the venue's own gaps are let through, as no bars.

    Raises
    ------
    DataError
        See `Lake.bars`; of a universe, only what is missing while a symbol was listed counts.
    """
    from xq.errors import DataGap

    def read(choice: str) -> "Bars":
        return lake.bars(
            market.exchange, market.symbols, market.timeframe, start_ms, end_ms,
            gaps=choice,  # type: ignore[arg-type]
        )  # fmt: skip

    try:
        return read(gaps)
    except DataGap as gap:
        bars = read("flag")
        missing = missing_of(lake, market, bars, start_ms, end_ms)
        lacking = [item for item in missing if item.ours]
        if lacking:
            told = _refused(lake, market, bars, lacking[0]) if market.lives else gap
            hint = f"{told.hint}, or --gaps flag (no trades there) or --gaps drop"
            raise DataGap(told.message, where=told.where, hint=hint) from None
        return bars


def _refused(lake: "Lake", market: Market, bars: "Bars", lacking: Missing) -> "DataGap":
    """What is missing of one symbol of a universe while it was listed."""
    from xq.lake import hints
    from xq.lake.layout import Dataset
    from xq.lake.ranges import Range, intersect

    bar, symbol = market.timeframe, lacking.symbol
    finer = lake.derived_from(market.exchange, symbol, bar)
    stored = Dataset("ohlcv", market.exchange, symbol, (finer or bar).name)
    begin, end = market.lives[symbol]
    run = Range(int(bars.ts[0]), bar.end(int(bars.ts[-1])))
    [within] = intersect([run], [Range(bar.floor(begin), end)])
    found = sorted((*lacking.ours, *lacking.venue))
    return hints.bars_missing(
        Dataset("ohlcv", market.exchange, symbol, bar.name), within, found, lacking.venue,
        None if finer is None else stored,
    )  # fmt: skip


def missing_of(
    lake: "Lake",
    market: Market,
    bars: "Bars",
    start_ms: int | None = None,
    end_ms: int | None = None,
) -> list[Missing]:
    """What is missing of every symbol between the ends, or between those of the bars."""
    import numpy as np

    from xq.lake import coverage
    from xq.lake.layout import Dataset
    from xq.lake.ranges import Range, holes, intersect, subtract

    bar = market.timeframe
    first = int(bars.ts[0]) if start_ms is None else bar.ceil(start_ms)
    last = bar.end(int(bars.ts[-1])) if end_ms is None else bar.floor(end_ms)
    found = []
    for column, symbol in enumerate(market.symbols):
        there = bars.ts[np.isfinite(bars.close[:, column])]
        absent = holes(there, bar, Range(first, max(first, last)))
        dataset = Dataset("ohlcv", market.exchange, symbol, bar.name)
        finer = lake.derived_from(market.exchange, symbol, bar)
        if not absent:
            found.append(Missing(symbol, (), ()))
            continue
        made_of = dataset if finer is None else Dataset(
            "ohlcv", market.exchange, symbol, finer.name
        )  # fmt: skip
        known = coverage.load(lake.root, made_of).empty
        if finer is not None:  # of a bar that lacks a part, the parts are asked for
            parts = lake.gaps(made_of, absent[0].start_ms, absent[-1].end_ms)
            known = subtract(absent, subtract(parts, known))
        begin, end = market.lives.get(symbol, (None, None))
        if begin is not None and end is not None:  # nothing is missing of what was not listed
            absent = intersect(absent, [Range(bar.floor(begin), end)])
        ours = subtract(absent, known)
        found.append(Missing(symbol, ours, intersect(absent, known)))
    return found


def listed(missing: list[Missing], market: Market, choice: str) -> list[str]:
    """Sentences about gaps of a run and how they were treated; none if there are none.

    ``flag`` leaves NaN where one symbol has no bar and others have; times at which no symbol has
    a bar are not there in any choice, and nothing is ever filled.
    """
    bar = market.timeframe
    how = "left out" if choice == "drop" else "untradable"
    said = []
    for item in missing:
        for whose, ranges in (("outage of the venue", item.venue), ("gap of ours", item.ours)):
            if ranges:
                count = sum(stretch.bars(bar) for stretch in ranges)
                bars = "1 bar is" if count == 1 else f"{count} bars are"
                more = f" and {len(ranges) - 1} more" if len(ranges) > 1 else ""
                said.append(
                    f"{whose}: {item.symbol} has no bar {ranges[0]}{more}; {bars} {how}, "
                    "nothing was filled"
                )
    return said
