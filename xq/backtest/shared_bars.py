"""Bars as one block of memory that many processes read: a mapped file, or one array."""

from pathlib import Path
from types import MappingProxyType

import numpy as np

from xq.bars import FIELDS, Bars
from xq.strategy.block import Layout
from xq.timeframe import Timeframe


def block_of(bars: Bars) -> np.ndarray:
    """The bars as bytes."""
    layout = Layout.of(bars)
    block = np.empty(layout.size, np.uint8)
    layout.write(bars, block)
    return block


def write(bars: Bars, path: Path) -> None:
    """The bars as a file to be mapped."""
    path.parent.mkdir(parents=True, exist_ok=True)
    block_of(bars).tofile(path)


def mapped(layout: Layout, path: Path) -> Bars:
    """Bars whose arrays are views of a file's pages, which all readers share."""
    return viewed(layout, np.memmap(path, np.uint8, "r"))


def viewed(layout: Layout, block: np.ndarray) -> Bars:
    """Bars whose arrays are read-only views of a block made by `block_of`.

    Examples
    --------
    >>> bars = Bars.of(Timeframe.parse("1h"), ["A/B"], [0, 3600000], open=[1, 2], close=[2, 3])
    >>> viewed(Layout.of(bars), block_of(bars)).close.tolist()
    [[2.0], [3.0]]
    """
    rows, width = layout.rows, len(layout.symbols)
    names = (*FIELDS, *layout.extra)
    values = block[8 * rows :].view(np.float64).reshape(len(names), rows, width)
    values.flags.writeable = False
    times = block[: 8 * rows].view(np.int64)
    times.flags.writeable = False
    arrays = dict(zip(names, values, strict=True))
    extra = {name: arrays.pop(name) for name in layout.extra}
    return Bars(
        timeframe=Timeframe.parse(layout.timeframe),
        symbols=tuple(layout.symbols),
        ts=times,
        extra=MappingProxyType(extra),
        **arrays,
    )
