"""What a run is compared with."""

from typing import TYPE_CHECKING

from xq.api.backtest_inputs import Market, market_of
from xq.errors import NoData

if TYPE_CHECKING:
    import numpy as np

    from xq.backtest.result import Benchmark
    from xq.bars import Bars
    from xq.lake.reader import Lake
    from xq.portfolio.costs import Costs


def benchmark_of(
    lake: "Lake", market: Market, bars: "Bars", costs: "Costs", cash: float, name: str
) -> "Benchmark | None":
    """``hold`` the run's symbols, hold another symbol, or ``none``; costs are the run's own.

    Raises
    ------
    DataError
        If the other symbol has no bars in the range.
    UsageError
        If the name is none of these.
    """
    from xq.backtest.hold import buy_and_hold
    from xq.backtest.result import Benchmark

    if name == "none":
        return None
    if name == "hold":
        return Benchmark(name, buy_and_hold(bars, costs, cash))
    other = market_of(market.exchange, (name,), market.timeframe.name)
    end_ms = bars.timeframe.end(int(bars.ts[-1]))
    theirs = lake.bars(
        other.exchange, other.symbols, other.timeframe, int(bars.ts[0]), end_ms, gaps="flag"
    )
    return Benchmark(other.symbols[0], _on(bars, theirs, buy_and_hold(theirs, costs, cash), cash))


def _on(bars: "Bars", theirs: "Bars", equity: "np.ndarray", cash: float) -> "np.ndarray":
    """The other symbol's equity at the closes of the run; cash until it has a bar."""
    import numpy as np

    at = np.searchsorted(theirs.ts, bars.ts, side="right") - 1
    if at[-1] < 0:
        raise NoData(f"no bars of {theirs.symbols[0]} in the range", hint="xq data ls")
    return np.where(at < 0, cash, equity[np.maximum(at, 0)])
