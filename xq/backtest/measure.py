"""From a simulation to the numbers of a result."""

from dataclasses import dataclass, fields

import numpy as np

from xq.backtest.simulation import Simulation
from xq.metrics import drawdown, returns, trades
from xq.portfolio.accounting import RoundTrips


@dataclass(frozen=True, slots=True)
class Metrics:
    """Key figures of one run; fractions, not percent, and quote asset for money.

    Attributes
    ----------
    total_return, annual_return, volatility, sharpe_ratio, sortino_ratio
        See `xq.metrics.returns`.
    calmar_ratio, max_drawdown
        See `xq.metrics.drawdown`; the drawdown is at most 0.
    win_rate, profit_factor, expectancy, round_trips
        Closed round trips, see `xq.metrics.trades`.
    turnover, exposure
        See `xq.metrics.trades`.
    fees, slippage, funding
        What was paid, quote asset; funding received is negative.
    final_equity
        Quote asset.
    """

    total_return: float
    annual_return: float
    volatility: float
    sharpe_ratio: float
    sortino_ratio: float
    calmar_ratio: float
    max_drawdown: float
    win_rate: float
    profit_factor: float
    expectancy: float
    round_trips: int
    turnover: float
    exposure: float
    fees: float
    slippage: float
    funding: float
    final_equity: float

    def as_dict(self) -> dict[str, float | int | None]:
        """Plain values in the order above; what is not a number is None."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: None if value != value else value for name, value in values.items()}


def measure(simulation: Simulation, trips: RoundTrips, bars_per_year: float) -> Metrics:
    """Every key figure of a run.

    Parameters
    ----------
    trips
        The simulation's round trips, open ones included (they are not counted).
    """
    equity, start = simulation.growth, simulation.initial_cash  # deposits are no profit
    bar_returns = returns.bar_returns(equity, start)
    fills = simulation.fills
    pnl = trips.closed_pnl
    return Metrics(
        total_return=returns.total_return(equity, start),
        annual_return=returns.annual_return(equity, start, bars_per_year),
        volatility=returns.volatility(bar_returns, bars_per_year),
        sharpe_ratio=returns.sharpe_ratio(bar_returns, bars_per_year),
        sortino_ratio=returns.sortino_ratio(bar_returns, bars_per_year),
        calmar_ratio=drawdown.calmar_ratio(equity, start, bars_per_year),
        max_drawdown=drawdown.max_drawdown(equity, start),
        win_rate=trades.win_rate(pnl),
        profit_factor=trades.profit_factor(pnl),
        expectancy=trades.expectancy(pnl),
        round_trips=len(pnl),
        turnover=trades.turnover(fills.notional, simulation.equity),
        exposure=trades.exposure(simulation.positions),
        fees=float(np.sum(fills.fee)),
        slippage=float(np.sum(fills.slippage)),
        funding=float(np.sum(simulation.funding)),
        final_equity=float(simulation.equity[-1]) if len(equity) else start,
    )
