"""xq: market data in one lake, honest backtests over it, orders exactly once.

The names below load on first touch, so that ``import xq`` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xq.indicators as indicators
    from xq.bars import Bars as Bars
    from xq.strategy.base import Exits as Exits
    from xq.strategy.base import Strategy as Strategy
    from xq.strategy.base import latch as latch
    from xq.strategy.base import param as param
    from xq.strategy.market import MarketStrategy as MarketStrategy
    from xq.strategy.market_state import MarketState as MarketState
    from xq.timeframe import Timeframe as Timeframe

__version__ = "0.1.0"

_HOMES = {
    "Bars": "xq.bars",
    "Exits": "xq.strategy.base",
    "MarketState": "xq.strategy.market_state",
    "MarketStrategy": "xq.strategy.market",
    "Strategy": "xq.strategy.base",
    "Timeframe": "xq.timeframe",
    "indicators": "xq.indicators",
    "latch": "xq.strategy.base",
    "param": "xq.strategy.base",
}

__all__ = [
    "Bars",
    "Exits",
    "MarketState",
    "MarketStrategy",
    "Strategy",
    "Timeframe",
    "__version__",
    "indicators",
    "latch",
    "param",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'xq' has no attribute {name!r}")
    module = import_module(_HOMES[name])
    return module if name == "indicators" else getattr(module, name)


def __dir__() -> list[str]:
    return list(__all__)
