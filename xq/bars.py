"""A read-only block of closed bars: time down, symbols across."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from xq.timeframe import Timeframe

if TYPE_CHECKING:
    import pandas as pd

FIELDS = ("open", "high", "low", "close", "volume")

_EMPTY: Mapping[str, np.ndarray] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Closed bars of N symbols on one time axis.

    Attributes
    ----------
    ts
        (T,) int64, open time of each bar, epoch ms UTC, strictly increasing.
    symbols
        N unified symbols, the order of the columns.
    open, high, low, close, volume
        (T, N) float64, read-only. Volume in base asset. NaN where a symbol has no bar.
    extra
        Further (T, N) arrays, each joined as of the time it was known.

    Examples
    --------
    >>> bars = Bars.of(Timeframe.parse("1h"), ["BTC/USDT"], [0, 3_600_000], close=[[1.0], [2.0]])
    >>> len(bars), bars.prefix(1).close.tolist(), bars.known_at.tolist()
    (2, [[1.0]], [3600000, 7200000])
    """

    timeframe: Timeframe
    symbols: tuple[str, ...]
    ts: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray
    extra: Mapping[str, np.ndarray] = field(default_factory=lambda: _EMPTY)

    def __post_init__(self) -> None:
        shape = (len(self.ts), len(self.symbols))
        for name in FIELDS:
            array = getattr(self, name)
            if array.shape != shape:
                raise ValueError(f"{name} has shape {array.shape}, expected {shape}")
            array.flags.writeable = False
        for array in self.extra.values():
            array.flags.writeable = False
        self.ts.flags.writeable = False
        if len(self.ts) > 1 and not bool(np.all(np.diff(self.ts) > 0)):
            raise ValueError("bar times must be strictly increasing")

    @classmethod
    def of(
        cls,
        timeframe: Timeframe,
        symbols: Sequence[str],
        ts: Any,
        *,
        close: Any,
        **fields: Any,
    ) -> "Bars":
        """Build from array-likes; open, high and low default to close, volume to 1."""
        closes = _block(close)
        arrays = {name: _block(fields.pop(name, closes)) for name in ("open", "high", "low")}
        volume = _block(fields.pop("volume", np.ones_like(closes)))
        extra = {name: _block(value) for name, value in fields.items()}
        return cls(
            timeframe=timeframe,
            symbols=tuple(symbols),
            ts=np.array(ts, dtype=np.int64),
            close=closes,
            volume=volume,
            extra=MappingProxyType(extra),
            **arrays,
        )

    def __len__(self) -> int:
        return len(self.ts)

    @property
    def known_at(self) -> np.ndarray:
        """(T,) int64: when each bar closed, epoch ms."""
        return self.timeframe.end(self.ts)

    def slice(self, start: int, stop: int) -> "Bars":
        """Rows ``start`` to ``stop`` as views, contiguous in time order."""
        rows = np.s_[max(start, 0) : stop]
        return Bars(
            timeframe=self.timeframe,
            symbols=self.symbols,
            ts=self.ts[rows],
            extra=MappingProxyType({name: value[rows] for name, value in self.extra.items()}),
            **{name: getattr(self, name)[rows] for name in FIELDS},
        )

    def prefix(self, stop: int) -> "Bars":
        """The first ``stop`` rows."""
        return self.slice(0, stop)

    def frame(self, symbol: str) -> "pd.DataFrame":
        """One symbol as pandas: UTC index named ``ts``, columns open to volume, then extras."""
        import pandas as pd

        column = self.symbols.index(symbol)
        index = pd.DatetimeIndex(pd.to_datetime(self.ts, unit="ms", utc=True), name="ts")
        data = {name: getattr(self, name)[:, column].copy() for name in FIELDS}
        data |= {name: value[:, column].copy() for name, value in self.extra.items()}
        return pd.DataFrame(data, index=index)


def _block(value: Any) -> np.ndarray:
    array = np.array(value, dtype=np.float64)
    return array.reshape(-1, 1) if array.ndim == 1 else array
