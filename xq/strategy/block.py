"""Bars as one piece of memory that two processes share."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from xq.bars import FIELDS, Bars
from xq.timeframe import Timeframe

_ITEM = 8


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each array lies: times, then every field and extra as ``(T, N)`` float64.

    Attributes
    ----------
    rows
        T.
    extra
        Names of the further arrays, in order.
    """

    timeframe: str
    symbols: Sequence[str]
    rows: int
    extra: Sequence[str]

    @classmethod
    def of(cls, bars: Bars) -> "Layout":
        """The layout of these bars."""
        return cls(bars.timeframe.name, bars.symbols, len(bars), tuple(bars.extra))

    @property
    def size(self) -> int:
        """Bytes of the whole."""
        return _ITEM * self.rows * (1 + self.width * (len(FIELDS) + len(self.extra)))

    @property
    def width(self) -> int:
        """N."""
        return len(self.symbols)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for the way to the other process."""
        return asdict(self)

    def _offsets(self) -> Iterator[tuple[str, int]]:
        start = _ITEM * self.rows
        for name in (*FIELDS, *self.extra):
            yield name, start
            start += _ITEM * self.rows * self.width

    def write(self, bars: Bars, memory: Any) -> None:
        """Copy the bars into a writable buffer of at least `size` bytes."""
        np.frombuffer(memory, np.int64, self.rows)[:] = bars.ts
        for name, start in self._offsets():
            values = bars.extra[name] if name in self.extra else getattr(bars, name)
            target = np.frombuffer(memory, np.float64, self.rows * self.width, start)
            target.reshape(self.rows, self.width)[:] = values

    def read(self, memory: Any, start: int, stop: int) -> Bars:
        """Rows ``start`` to ``stop``, copied: nothing before or after them can be reached.

        The copies are bytes, which nobody can make writable.
        """
        count, width = stop - start, self.width
        size = _ITEM * count * width
        arrays = {}
        for name, offset in self._offsets():
            first = offset + _ITEM * start * width
            block = np.frombuffer(bytes(memory[first : first + size]), np.float64)
            arrays[name] = block.reshape(count, width)
        extra = {name: arrays.pop(name) for name in self.extra}
        return Bars(
            timeframe=Timeframe.parse(self.timeframe),
            symbols=tuple(self.symbols),
            ts=np.frombuffer(bytes(memory[_ITEM * start : _ITEM * stop]), np.int64),
            extra=MappingProxyType(extra),
            **arrays,
        )


def shaken(bars: Bars, seed: int, scale: float = 1e-9) -> Bars:
    """The same bars with every value moved by up to ``scale`` of itself."""
    chance = np.random.default_rng(seed)

    def moved(values: np.ndarray) -> np.ndarray:
        return values * (1 + scale * chance.uniform(-1, 1, values.shape))

    return Bars(
        timeframe=bars.timeframe,
        symbols=bars.symbols,
        ts=bars.ts,
        extra=MappingProxyType({name: moved(values) for name, values in bars.extra.items()}),
        **{name: moved(getattr(bars, name)) for name in FIELDS},
    )
