"""What a backtest is about and reads beside bars: range, market, funding, provenance."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xq.api.venues import SIMULATED
from xq.api.when import check_range, epoch_ms
from xq.clock import iso
from xq.errors import UsageError
from xq.timeframe import Timeframe
from xq.types import Symbol

if TYPE_CHECKING:
    from xq.backtest.funding import Settlements
    from xq.bars import Bars
    from xq.lake.reader import Lake
    from xq.sim.instruments import SimInstrument


@dataclass(frozen=True, slots=True)
class Span:
    """Which bars a run is about; None is the end of what is stored.

    Attributes
    ----------
    since_ms, until_ms
        Half-open range of bar opens, epoch ms.
    days
        Instead of ``since_ms``: counted back from ``until_ms`` or the newest stored bar.
    read_from_ms
        With ``since_ms``: the very first bar that was read before, so that a run comes out again.
    """

    since_ms: int | None = None
    until_ms: int | None = None
    days: float | None = None
    read_from_ms: int | None = None

    def __post_init__(self) -> None:
        check_range(self.since_ms, self.until_ms, self.days)

    @classmethod
    def of(cls, since: str | None, until: str | None, days: float | None) -> "Span":
        """From texts as people write times.

        Raises
        ------
        UsageError
            If a text is no time, or the options contradict each other.
        """
        return cls(
            None if since is None else epoch_ms(since),
            None if until is None else epoch_ms(until),
            days,
        )

    @property
    def is_everything(self) -> bool:
        """Whether all stored bars are meant."""
        return self.since_ms is None and self.days is None


@dataclass(frozen=True, slots=True)
class Market:
    """The series a run is about.

    Attributes
    ----------
    lives
        Of a universe (`xq.api.universe`): from when to when each symbol was listed, epoch ms.
        Empty where symbols were named by hand.
    notes
        What a person should know about how the universe was found.
    """

    exchange: str
    symbols: tuple[str, ...]
    timeframe: Timeframe
    lives: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def facts(self) -> dict[str, Any]:
        """What of the universe decides the outcome of a run, as plain values."""
        return {"universe": {k: list(v) for k, v in self.lives.items()}} if self.lives else {}


def stored_range(lake: "Lake", market: Market, symbol: str) -> tuple[int, int] | None:
    """First and end time of the bars there are of one symbol, from the files' footers."""
    from xq.lake import columns, layout
    from xq.lake.layout import Dataset

    bar = market.timeframe
    finer = lake.derived_from(market.exchange, symbol, bar) or bar
    dataset = Dataset("ohlcv", market.exchange, symbol, finer.name)
    periods = layout.periods(lake.root, dataset)
    if not periods:
        return None
    ends = [layout.period_range(period) for period in (periods[0], periods[-1])]
    leaves = [leaf for end in ends for leaf in layout.leaves(lake.root, dataset, end)]
    if not leaves:
        return None
    first, last = columns.footer(leaves[0].path), columns.footer(leaves[-1].path)
    start, end = bar.ceil(first.first_ms), bar.floor(finer.end(last.last_ms))
    return (start, end) if start < end else None


def read_funding(lake: "Lake", market: Market, bars: "Bars") -> "list[Settlements]":
    """Stored funding of every symbol, in their order; empty where none is stored.

    Raises
    ------
    CorruptFile
        If a file cannot be read.
    """
    import numpy as np

    from xq.backtest.funding import Settlements
    from xq.lake.layout import Dataset

    start, end = int(bars.ts[0]), bars.timeframe.end(int(bars.ts[-1]))
    found = []
    for symbol in market.symbols:
        table = lake.table(Dataset("funding", market.exchange, symbol), start, end)
        marks = table["mark_price"].to_numpy()
        found.append(
            Settlements(
                ts=table["ts"].cast("int64").to_numpy(),
                rate=table["rate"].to_numpy(),
                mark_price=np.asarray(marks, dtype=np.float64),
            )
        )
    return found


def label(market: Market, end_ms: int) -> tuple[str, bool]:
    """Where the prices come from, for people, and whether any of them is invented."""
    if market.exchange not in SIMULATED:
        return f"recorded on {market.exchange}", False
    begins = [item.synthetic_from_ms for item in _simulated(market)]
    if all(begin and begin >= end_ms for begin in begins):
        return "recorded history, replayed by the simulated venue", False
    if all(begins):
        return f"simulated venue: recorded until {iso(min(begins))}, synthetic from there", True
    return "simulated venue: synthetic prices, invented by xq", True


def _simulated(market: Market) -> list["SimInstrument"]:
    from xq.sim.instruments import Face, instruments

    known = {
        str(item.instrument.symbol): item
        for face in (Face.SPOT, Face.FUTURES)
        for item in instruments(face)
    }
    return [known[symbol] for symbol in market.symbols if symbol in known]


ANY = "*"
"""In place of a base asset: a universe, see `xq.api.universe`."""


def market_of(
    exchange: str, symbols: tuple[str, ...], timeframe: str, *, universe: bool = False
) -> Market:
    """Check the names of a market.

    Raises
    ------
    UsageError
        If a symbol is no symbol, is named twice, is a universe where none is known, or the
        timeframe does not exist.
    """
    parsed = [Symbol.parse(symbol) for symbol in symbols]
    unified = tuple(map(str, parsed))
    if not universe and any(symbol.base == ANY for symbol in parsed):
        raise UsageError(
            f"no universes here, found {' '.join(unified)}",
            hint="name the symbols; xq data ls lists what is stored",
        )
    if len(set(unified)) < len(unified):
        raise UsageError(f"a symbol is named twice, found {' '.join(unified)}")
    return Market(exchange, unified, Timeframe.parse(timeframe))
