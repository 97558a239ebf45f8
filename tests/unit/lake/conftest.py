"""Small lakes for the tests of this room."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from xq.lake.layout import Dataset
from xq.lake.schema import KINDS

Rows = Callable[..., pa.Table]
HOUR = 3_600_000
START = 1_704_067_200_000  # 2024-01-01


@pytest.fixture
def hourly() -> Dataset:
    return Dataset("ohlcv", "binance", "BTC/USDT", "1h")


@pytest.fixture
def rows() -> Rows:
    """True bars at the given hours after 2024-01-01; ``price`` shifts their values."""

    def build(hours: Sequence[int], *, price: float = 100.0, step: int = HOUR) -> pa.Table:
        at = np.asarray(hours, dtype=np.int64)
        close = price + at.astype(float) / 7
        columns = {
            "ts": at * step + START,
            "open": close - 0.5,
            "high": close + 1,
            "low": close - 1,
            "close": close,
            "volume": np.ones(len(at)),
        }
        arrays = [pa.array(values) for values in columns.values()]
        arrays[0] = arrays[0].cast(pa.timestamp("ms", "UTC"))
        return pa.Table.from_arrays(arrays, schema=KINDS["ohlcv"].schema)

    return build


@pytest.fixture
def files() -> Callable[[Path], dict[str, bytes]]:
    """Every data file below a root with its bytes."""

    def read(root: Path) -> dict[str, bytes]:
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*.parquet"))
            if ".xq" not in path.parts
        }

    return read
