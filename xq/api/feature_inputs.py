"""Stored features beside the bars of a strategy that names them in ``inputs``."""

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from xq.errors import NoData
from xq.timeframe import Timeframe

if TYPE_CHECKING:
    import numpy as np

    from xq.api.backtest_bars import Block
    from xq.bars import Bars
    from xq.lake.reader import Lake


def with_features(lake: "Lake", exchange: str, bars: "Bars", inputs: Sequence[str]) -> "Bars":
    """The bars with stored features in `Bars.extra`, each as of the time it was known.

    ``rsi_14`` is that of the bars' own length, ``rsi_14@4h`` that of the newest bar of four hours
    that has closed. A value that is not stored is NaN and never an older one.

    Raises
    ------
    NoData
        If a symbol has no value of that name within the bars.
    """
    import numpy as np

    if not inputs:
        return bars
    joined = {}
    for name in inputs:
        lines = [_line(lake, exchange, bars, symbol, name) for symbol in bars.symbols]
        joined[name] = np.ascontiguousarray(np.column_stack(lines))
    return replace(bars, extra=MappingProxyType({**bars.extra, **joined}))


def begun(bars: "Bars") -> int:
    """The first row at which every joined input has a value, or 0."""
    import numpy as np

    if not bars.extra:
        return 0
    known = np.all([np.isfinite(values).all(axis=1) for values in bars.extra.values()], axis=0)
    return int(known.argmax())


def with_block(lake: "Lake", exchange: str, block: "Block", inputs: Sequence[str]) -> "Block":
    """As `with_features`, of a run's bars; it begins where its inputs do.

    Raises
    ------
    NoData
        As `with_features`.
    """
    from xq.clock import iso

    bars = with_features(lake, exchange, block.bars, inputs)
    late = begun(bars)
    notes = block.notes
    if late > block.start:
        notes += (f"{', '.join(inputs)} begin at {iso(int(bars.ts[late]))}, and so does the run",)
    start = max(block.start - late, 0)
    return replace(block, bars=bars.slice(late, len(bars)), start=start, notes=notes)


def _line(lake: "Lake", exchange: str, bars: "Bars", symbol: str, name: str) -> "np.ndarray":
    import numpy as np
    import pyarrow.compute as pc

    from xq.lake.layout import Dataset

    feature, _, length = name.partition("@")
    bar = Timeframe.parse(length) if length else bars.timeframe
    wanted = bar.open_of(bar.number(bars.known_at) - 1)
    dataset = Dataset("features", exchange, symbol, bar.name)
    rows = lake.table(dataset, int(wanted[0]), int(wanted[-1]) + 1)
    rows = rows.filter(pc.equal(rows["name"], feature))
    if not len(rows):
        raise NoData(
            f"no {feature} is stored within the bars",
            where=str(dataset),
            hint=f"xq indicators {feature.replace('_', ':')} --symbol {symbol} "
            f"--timeframe {bar.name} --store",
        )
    times, values = rows["ts"].cast("int64").to_numpy(), rows["value"].to_numpy()
    places = np.searchsorted(times, wanted).clip(max=len(times) - 1)
    return np.where(times[places] == wanted, values[places], np.nan)
