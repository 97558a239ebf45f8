"""A workspace with seeded bars and the strategies of this repository."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa

from xq.lake.layout import Dataset
from xq.lake.writer import LakeWriter
from xq.timeframe import HOUR_MS

STRATEGIES = Path(__file__).resolve().parents[2] / "strategies"
START_MS = 1_672_531_200_000  # 2023-01-01


def bars_table(rows: int, *, seed: int = 1, start_ms: int = START_MS) -> pa.Table:
    """Hourly bars of a seeded random walk."""
    random = np.random.default_rng(seed)
    close = 20_000 * np.exp(np.cumsum(random.normal(0.0002, 0.006, rows)))
    opens = np.concatenate(([20_000.0], close[:-1])) * np.exp(random.normal(0, 0.0005, rows))
    high = np.maximum(opens, close) * np.exp(np.abs(random.normal(0, 0.002, rows)))
    low = np.minimum(opens, close) * np.exp(-np.abs(random.normal(0, 0.002, rows)))
    ts = pa.array(start_ms + np.arange(rows) * HOUR_MS).cast(pa.timestamp("ms", "UTC"))
    fields = {"open": opens, "high": high, "low": low, "close": close, "volume": np.ones(rows)}
    return pa.table({"ts": ts, **fields})


def store(
    folder: Path, table: pa.Table, *, exchange: str = "binance", symbol: str = "BTC/USDT"
) -> None:
    """Put hourly bars into the workspace's lake."""
    LakeWriter(folder / "data").upsert(Dataset("ohlcv", exchange, symbol, "1h"), table)


def workspace(folder: Path, *, rows: int = 1500, config: str = "") -> Path:
    """A workspace with bars of BTC/USDT."""
    (folder / "xq.toml").write_text(config, encoding="utf-8")
    shutil.copytree(STRATEGIES, folder / "strategies")
    store(folder, bars_table(rows))
    return folder
