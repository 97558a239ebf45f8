"""Further inputs that a strategy names in ``inputs``, joined as of the time they were known.

``close@4h`` (any field of bars of a coarser timeframe) is the newest such bar that had closed when
the bar itself closed; ``funding`` the newest settled rate, ``mark``, ``index`` and
``open_interest`` the newest value known. Any other name is a stored feature: ``rsi_14`` that of the
bars' own length, ``rsi_14@4h`` that of the newest bar of four hours that has closed; a feature that
is not stored is NaN and never an older one.
"""

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from xq.bars import FIELDS
from xq.errors import NoData, StrategyError
from xq.timeframe import Timeframe

if TYPE_CHECKING:
    import numpy as np

    from xq.api.backtest_bars import Block
    from xq.bars import Bars
    from xq.lake.layout import Dataset
    from xq.lake.reader import Lake

_VALUES = {"mark": "close", "index": "close", "open_interest": "quantity"}


def with_inputs(lake: "Lake", exchange: str, bars: "Bars", inputs: Sequence[str]) -> "Bars":
    """The bars with every declared input in `Bars.extra`, (T, N); NaN where none was known.

    Raises
    ------
    NoData
        If a symbol has nothing of an input within the bars.
    StrategyError
        If an input of bars is not of a coarser timeframe.
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
    """As `with_inputs`, of a run's bars; it begins where its inputs do.

    Raises
    ------
    NoData
        As `with_inputs`.
    """
    from xq.clock import iso

    bars = with_inputs(lake, exchange, block.bars, inputs)
    late = begun(bars)
    notes = block.notes
    if late > block.start:
        notes += (f"{', '.join(inputs)} begin at {iso(int(bars.ts[late]))}, and so does the run",)
    start = max(block.start - late, 0)
    return replace(block, bars=bars.slice(late, len(bars)), start=start, notes=notes)


def _line(lake: "Lake", exchange: str, bars: "Bars", symbol: str, name: str) -> "np.ndarray":
    from xq.lake.layout import Dataset

    field, at, length = name.partition("@")
    own = bars.timeframe.name
    if at and field in FIELDS:
        coarse = Timeframe.parse(length)
        if coarse.ms <= bars.timeframe.ms:
            raise StrategyError(
                f"an input of bars needs a coarser timeframe than {own}, found {name!r}",
                hint=f"bars.{field} is that of {own} already",
            )
        return _newest(lake, bars, Dataset("ohlcv", exchange, symbol, coarse.name), field)
    if name == "funding":
        return _newest(lake, bars, Dataset("funding", exchange, symbol), "rate")
    if name in _VALUES:
        return _newest(lake, bars, Dataset(name, exchange, symbol, own), _VALUES[name])
    bar = Timeframe.parse(length) if at else bars.timeframe
    return _feature(lake, bars, Dataset("features", exchange, symbol, bar.name), field)


def _newest(lake: "Lake", bars: "Bars", dataset: "Dataset", value: str) -> "np.ndarray":
    import numpy as np

    end_ms = bars.timeframe.end(int(bars.ts[-1]))
    table = lake.table(dataset, None, end_ms)
    if not table.num_rows:
        raise lake.nothing(dataset, None, end_ms)
    ts = table["ts"].cast("int64").to_numpy()
    known_at = ts if dataset.bar is None else dataset.bar.end(ts)
    at = np.searchsorted(known_at, bars.known_at, side="right") - 1
    found: np.ndarray = np.where(at >= 0, table[value].to_numpy()[at], np.nan)
    return found


def _feature(lake: "Lake", bars: "Bars", dataset: "Dataset", name: str) -> "np.ndarray":
    import numpy as np
    import pyarrow.compute as pc

    bar = Timeframe.parse(dataset.timeframe or bars.timeframe.name)
    wanted = bar.open_of(bar.number(bars.known_at) - 1)
    rows = lake.table(dataset, int(wanted[0]), int(wanted[-1]) + 1)
    rows = rows.filter(pc.equal(rows["name"], name))
    if not len(rows):
        raise NoData(
            f"no {name} is stored within the bars",
            where=str(dataset),
            hint=f"xq indicators {name.replace('_', ':')} --symbol {dataset.symbol} "
            f"--timeframe {bar.name} --store",
        )
    times, values = rows["ts"].cast("int64").to_numpy(), rows["value"].to_numpy()
    places = np.searchsorted(times, wanted).clip(max=len(times) - 1)
    found: np.ndarray = np.where(times[places] == wanted, values[places], np.nan)
    return found
