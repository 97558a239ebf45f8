"""Plugin files and bars for tests of the strategy contract."""

from pathlib import Path
from textwrap import dedent, indent

import numpy as np
import pyarrow.parquet as pq

from xq.bars import Bars
from xq.strategy.sandbox import StrategySpec
from xq.timeframe import Timeframe

_HEADER = '''\
"""A plugin of a test."""

import numpy as np

from xq import Bars, Exits, Strategy, latch, param
from xq import indicators as ta
'''


def plugin(
    folder: Path,
    body: str,
    *,
    name: str = "subject",
    lookback: str = "20",
    module: str = "",
    attributes: str = "",
) -> StrategySpec:
    """Write a plugin whose target_weights is ``body``; ``module`` comes before the class."""
    folder.mkdir(exist_ok=True)
    text = f"""{_HEADER}
{dedent(module)}

class Subject(Strategy):
{indent(dedent(attributes) or "pass", "    ")}

    @property
    def lookback(self):
        return {lookback}

    def target_weights(self, bars):
{indent(dedent(body), "        ")}
"""
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return StrategySpec(folder, name)


def walk(rows: int = 600, symbols: int = 1, seed: int = 11) -> Bars:
    """A seeded random walk with honest highs, lows and volumes."""
    chance = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(chance.normal(0, 0.01, (rows, symbols)), axis=0))
    opened = np.vstack([close[:1], close[:-1]]) * np.exp(chance.normal(0, 0.001, close.shape))
    reach = np.abs(chance.normal(0, 0.003, (2, rows, symbols)))
    return Bars.of(
        Timeframe.parse("1h"),
        [f"C{n}/USDT" for n in range(symbols)],
        np.arange(rows) * 3_600_000,
        open=opened,
        high=np.maximum(opened, close) * (1 + reach[0]),
        low=np.minimum(opened, close) * (1 - reach[1]),
        close=close,
        volume=chance.uniform(1, 100, (rows, symbols)),
    )


def recorded(folder: Path, name: str, timeframe: str, start: int, rows: int) -> Bars:
    """Rows of a file of recorded bars; a negative start counts from the end."""
    table = pq.read_table(folder / "ohlcv" / f"{name}.parquet")
    table = table.slice(start if start >= 0 else table.num_rows + start, rows)
    fields = {n: table[n].to_numpy() for n in ("open", "high", "low", "close", "volume")}
    ts = table["ts"].to_numpy().astype("datetime64[ms]").astype(np.int64)
    return Bars.of(Timeframe.parse(timeframe), ["BTC/USDT"], ts, **fields)
