"""Prices inside bars: finer stored bars for exits, mark prices for margin."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xq.api.backtest_inputs import Market

if TYPE_CHECKING:
    import numpy as np

    from xq.backtest.conditions import Path
    from xq.bars import Bars
    from xq.lake.reader import Lake
    from xq.timeframe import Timeframe


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """What is known of prices inside bars.

    Attributes
    ----------
    exits, liquidation
        What exits and liquidation were judged on, for people.
    """

    path: "Path | None"
    marks: "Path | None"
    exits: str
    liquidation: str


PESSIMISTIC = "the bar's own high and low, the adverse one first"


def inside(lake: "Lake", market: Market, bars: "Bars", *, finer: bool, margined: bool) -> Inside:
    """The finest stored bars inside the bars of a run, and mark prices on the same rows.

    Parameters
    ----------
    finer
        Whether finer bars are wanted at all.
    """
    length = _finest(lake, market) if finer else None
    path, exits = None, PESSIMISTIC
    if length is not None:
        path, whole = _path(lake, market, bars, length)
        exits = f"{length} bars, one after the other, in {whole:,} of {len(bars):,} bars"
        if whole < len(bars):
            exits += f"; elsewhere {PESSIMISTIC}"
    if not margined:
        return Inside(path, None, exits, "")
    marks, told = _marks(lake, market, bars, path, length)
    return Inside(path, marks, exits, told)


def _finest(lake: "Lake", market: Market) -> "Timeframe | None":
    """The shortest stored length that divides the bars, for every symbol; None if there is none."""
    from xq.timeframe import Timeframe

    stored: dict[str, set[str]] = {symbol: set() for symbol in market.symbols}
    for item in _stored(lake, market, "ohlcv"):
        stored[item[0]].add(item[1])
    common = set.intersection(*stored.values())
    lengths = [Timeframe.parse(name) for name in common]
    fitting = [item for item in lengths if item.divides(market.timeframe)]
    fitting = [item for item in fitting if item.ms < market.timeframe.ms]
    return min(fitting, key=lambda item: item.ms, default=None)


def _stored(lake: "Lake", market: Market, kind: str) -> list[tuple[str, str]]:
    from xq.lake import layout

    return [
        (item.symbol, item.timeframe)
        for item in layout.datasets(lake.root, kind)
        if item.exchange == market.exchange and item.symbol in market.symbols and item.timeframe
    ]


def _path(lake: "Lake", market: Market, bars: "Bars", length: "Timeframe") -> "tuple[Path, int]":
    """Finer bars where a bar has all of them, else the bar itself."""
    import numpy as np

    from xq.backtest.conditions import Path
    from xq.errors import NoData

    end_ms = bars.timeframe.end(int(bars.ts[-1]))
    try:
        fine = lake.bars(
            market.exchange, market.symbols, length, int(bars.ts[0]), end_ms, gaps="flag"
        )
    except NoData:
        return Path(np.arange(len(bars) + 1), bars.open, bars.high, bars.low), 0
    low = np.searchsorted(fine.ts, bars.ts)
    high = np.searchsorted(fine.ts, bars.timeframe.end(bars.ts))
    priced = np.concatenate(([0], np.cumsum(np.isfinite(fine.close).sum(axis=1))))
    wanted = (bars.timeframe.end(bars.ts) - bars.ts) // length.ms
    traded = np.isfinite(bars.close).sum(axis=1)
    whole = (high - low == wanted) & (priced[high] - priced[low] == wanted * traded)
    counts = np.where(whole, high - low, 1)
    first = np.concatenate(([0], np.cumsum(counts)))
    begins = np.where(whole, low, len(fine) + np.arange(len(bars)))
    index = np.repeat(begins - first[:-1], counts) + np.arange(first[-1])

    def joined(name: str) -> "np.ndarray":
        return np.asarray(np.concatenate((getattr(fine, name), getattr(bars, name)))[index])

    return Path(first, joined("open"), joined("high"), joined("low")), int(whole.sum())


def _marks(
    lake: "Lake", market: Market, bars: "Bars", path: "Path | None", length: "Timeframe | None"
) -> "tuple[Path | None, str]":
    """Mark prices on the rows of the path, last prices where there is none."""
    import numpy as np

    from xq.backtest.conditions import Path
    from xq.lake.layout import Dataset

    bar = length or bars.timeframe
    own = Path(np.arange(len(bars) + 1), bars.open, bars.high, bars.low)
    rows = own if path is None else path
    ts = _row_times(bars, rows, bar)
    prices: dict[str, Any] = {name: getattr(rows, name).copy() for name in ("open", "high", "low")}
    found = total = 0
    for column, symbol in enumerate(market.symbols):
        dataset = Dataset("mark", market.exchange, symbol, bar.name)
        table = lake.table(dataset, int(bars.ts[0]), bars.timeframe.end(int(bars.ts[-1])))
        known = table["ts"].cast("int64").to_numpy()
        at = np.searchsorted(known, ts)
        hit = (at < len(known)) & (
            known[np.minimum(at, len(known) - 1)] == ts if len(known) else False
        )
        for name, values in prices.items():
            values[hit, column] = table[name].to_numpy()[at[hit]]
        found, total = found + int(hit.sum()), total + int(np.isfinite(rows.open[:, column]).sum())
    if not found:
        coarser = sorted({length for _, length in _stored(lake, market, "mark")})
        why = f"are stored at {' '.join(coarser)} only" if coarser else "are not stored"
        return None, f"last prices ({bar}); mark prices {why}"
    told = f"mark prices ({bar})"
    if found < total:
        told += f" in {found:,} of {total:,} bars, last prices elsewhere"
    return Path(rows.first, **prices), told


def _row_times(bars: "Bars", rows: "Path", bar: "Timeframe") -> "np.ndarray":
    """(P,) open times of a path; -1 where a row is a whole bar that a finer length cannot mark."""
    import numpy as np

    counts = np.diff(rows.first)
    step = np.arange(rows.first[-1]) - np.repeat(rows.first[:-1], counts)
    times = np.repeat(bars.ts, counts) + step * bar.ms
    coarse = np.repeat((counts == 1) & (bar.ms < bars.timeframe.ms), counts)
    return np.where(coarse, -1, times)
