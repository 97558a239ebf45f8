"""A finished run as the object vectorbt users know."""

from typing import TYPE_CHECKING, Any

import numpy as np

from xq.errors import UsageError

if TYPE_CHECKING:
    from xq.backtest.result import BacktestResult


def portfolio(result: "BacktestResult") -> Any:
    """A `vectorbt.Portfolio` that repeats the run's fills, for its plots and statistics.

    Importing vectorbt takes seconds. The index is UTC without a time zone, with which vectorbt is
    45 times slower.

    Raises
    ------
    UsageError
        If vectorbt cannot hold the run: funding, liquidation, or two fills of a symbol in one bar.
    """
    import pandas as pd
    import vectorbt

    run = result.simulation
    fills = run.fills
    if run.ruin_row is not None or run.funding.any():
        raise UsageError("vectorbt knows neither funding nor liquidation; this run has them")
    places = fills.row * len(result.bars.symbols) + fills.symbol
    if len(np.unique(places)) < len(places):
        raise UsageError("vectorbt holds one order per symbol and bar; this run has two in one")
    size, price, fee = (np.zeros(result.bars.close.shape) for _ in range(3))
    price += np.nan_to_num(result.bars.close, nan=1.0)
    for grid, values in ((size, fills.quantity), (price, fills.price), (fee, fills.fee)):
        grid[fills.row, fills.symbol] = values
    index = pd.DatetimeIndex(result.bars.ts.astype("datetime64[ms]"))
    shared = len(result.bars.symbols) > 1
    return vectorbt.Portfolio.from_orders(
        pd.DataFrame(result.bars.close, index, list(result.bars.symbols)),
        size,
        size_type="amount",
        direction="both",
        price=price,
        fixed_fees=fee,
        init_cash=run.initial_cash,
        group_by=True if shared else None,
        cash_sharing=shared,
        call_seq="auto",
        freq=pd.Timedelta(milliseconds=result.bars.timeframe.ms),
        engine="rust",
    )
