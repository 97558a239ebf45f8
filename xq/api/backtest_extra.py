"""Further inputs of a strategy, joined as of the time they were known.

``close@4h`` (any field of bars of a coarser timeframe) is the newest such bar that had closed when
the bar itself closed; ``funding`` the newest settled rate, ``mark``, ``index`` and
``open_interest`` the newest value known, and ``feature:NAME`` a stored feature of the same bars.
"""

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from xq.api.backtest_bars import Block
from xq.api.backtest_inputs import Market
from xq.errors import StrategyError

if TYPE_CHECKING:
    import numpy as np

    from xq.bars import Bars
    from xq.lake.layout import Dataset
    from xq.lake.reader import Lake

_VALUES = {"mark": "close", "index": "close", "open_interest": "quantity"}


def with_inputs(lake: "Lake", market: Market, block: Block, names: tuple[str, ...]) -> Block:
    """The block with every declared input as an extra (T, N) array; NaN before the first value.

    Raises
    ------
    StrategyError
        If a name is none of these.
    DataError
        If nothing of it is stored.
    """
    if not names:
        return block
    extra = dict(block.bars.extra)
    for name in names:
        if name not in extra:
            extra[name] = _input(lake, market, block.bars, name)
    return replace(block, bars=replace(block.bars, extra=MappingProxyType(extra)))


def _input(lake: "Lake", market: Market, bars: "Bars", name: str) -> "np.ndarray":
    import numpy as np

    found = np.full(bars.close.shape, np.nan)
    for column, symbol in enumerate(market.symbols):
        dataset, value, known_later = _source(market, symbol, name)
        end_ms = bars.timeframe.end(int(bars.ts[-1]))
        table = lake.table(dataset, None, end_ms)
        if name.startswith("feature:"):
            table = table.filter(_is(table, name.partition(":")[2]))
        if not table.num_rows:
            raise lake.nothing(dataset, None, end_ms)
        ts = table["ts"].cast("int64").to_numpy()
        known_at = dataset.bar.end(ts) if known_later and dataset.bar is not None else ts
        at = np.searchsorted(known_at, bars.known_at, side="right") - 1
        known = at >= 0
        found[known, column] = table[value].to_numpy()[at[known]]
    return found


def _is(table: "object", name: str) -> "object":
    import pyarrow.compute as pc

    return pc.equal(table["name"], name)  # type: ignore[index]


def _source(market: Market, symbol: str, name: str) -> "tuple[Dataset, str, bool]":
    """Where an input is stored, in which column, and whether it is known at its bar's close."""
    from xq.bars import FIELDS
    from xq.lake.layout import Dataset
    from xq.timeframe import Timeframe

    field, at, length = name.partition("@")
    own = market.timeframe.name
    if at and field in FIELDS:
        coarse = Timeframe.parse(length)
        if coarse.ms <= market.timeframe.ms:
            raise StrategyError(
                f"an input of bars needs a coarser timeframe than {own}, found {name!r}",
                hint=f"bars.{field} is that of {own} already",
            )
        return Dataset("ohlcv", market.exchange, symbol, coarse.name), field, True
    if name == "funding":
        return Dataset("funding", market.exchange, symbol), "rate", False
    if name in _VALUES:
        return Dataset(name, market.exchange, symbol, own), _VALUES[name], True
    if name.startswith("feature:"):
        return Dataset("features", market.exchange, symbol, own), "value", True
    raise StrategyError(
        f"no input named {name!r}",
        hint="close@4h, funding, mark, index, open_interest or feature:NAME",
    )
