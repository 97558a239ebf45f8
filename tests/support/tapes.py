"""Small tapes of one market, and market strategies written into a plugin folder."""

from pathlib import Path
from textwrap import dedent, indent

import numpy as np

from xq.strategy.market_tape import Tape, merged
from xq.strategy.sandbox import StrategySpec

_HEADER = '''\
"""A market plugin of a test."""

from xq import Exits, MarketStrategy, param
'''


def market_plugin(
    folder: Path, body: str, *, name: str = "subject", module: str = "", attributes: str = "",
    windows: str = "(1.0, 5.0)",
) -> StrategySpec:  # fmt: skip
    """Write a plugin whose on_market is ``body``."""
    folder.mkdir(exist_ok=True)
    text = f"""{_HEADER}
{dedent(module)}

class Subject(MarketStrategy):
{indent(dedent(attributes) or "pass", "    ")}

    @property
    def windows(self):
        return {windows}

    def on_market(self, state):
{indent(dedent(body), "        ")}
"""
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return StrategySpec(folder, name)


def walk_tape(events: int = 3000, seed: int = 1, *, levels: int = 3, step_ms: int = 40) -> Tape:
    """A book that wanders by ticks of a tenth, with trades between its changes."""
    chance = np.random.default_rng(seed)
    ts = 1_700_000_000_000 + np.cumsum(chance.integers(0, 2 * step_ms, events))
    is_trade = chance.random(events) < 0.5
    is_trade[0] = False
    count = int((~is_trade).sum())
    bid = 100.0 + np.cumsum(chance.integers(-1, 2, count)) / 10
    away = np.arange(levels) / 10
    prices = (bid[:, None] - away, bid[:, None] + 0.1 + away)
    sizes = (chance.integers(1, 50, (count, levels)) / 8 for _ in range(2))
    book = np.hstack([part for pair in zip(prices, sizes, strict=True) for part in pair])
    fresh = np.zeros(count, dtype=bool)
    fresh[0] = True
    many = events - count
    trades = (ts[is_trade], chance.normal(100, 1, many).round(1),
              chance.integers(1, 100, many) / 16, chance.random(many) < 0.5)  # fmt: skip
    return merged("ABC/USDT:USDT", trades, (ts[~is_trade], book, fresh))


def tape_of(rows: list[tuple[int, float, float]], *, size: float = 10.0) -> Tape:
    """Book changes of one level: time, bid, ask."""
    ts = np.array([row[0] for row in rows], dtype=np.int64)
    bids, asks = (np.array([row[n] for row in rows]) for n in (1, 2))
    sizes = np.full(len(rows), size)
    fresh = np.arange(len(rows)) == 0
    nothing = np.empty(0)
    return merged(
        "ABC/USDT:USDT",
        (np.empty(0, dtype=np.int64), nothing, nothing, nothing),
        (ts, np.column_stack([bids, sizes, asks, sizes]), fresh),
    )
