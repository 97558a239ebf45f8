"""Ways to vary a saved run that run its strategy again."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xq.api.montecarlo_paths import Draw, Paths
from xq.api.runs import SavedRun
from xq.api.workspace import Workspace
from xq.errors import NoData, UsageError

if TYPE_CHECKING:
    import numpy as np

    from xq.backtest.result import BacktestResult
    from xq.strategy.parameters import Parameter

JITTER = 0.1
"""Largest move of a parameter, as a share of its value."""

_LAW_ROWS = 4


def jitter(draw: Draw) -> Paths:
    """Parameters moved by up to a tenth (whole numbers by at least one), each set run anew."""
    import numpy as np

    from xq.backtest.montecarlo import Outcomes

    ws, run = draw.ws, draw.run
    base = _again(ws, run, run.params)
    ranges = _numbers(ws, run.strategy)
    figures, refused = [], 0
    for _ in range(draw.count):
        moved = {name: _near(item, run.params[name], draw.rng) for name, item in ranges.items()}
        params = {**run.params, **moved}
        try:
            figures.append(_figures(_again(ws, run, params)))
        except UsageError:
            refused += 1
        draw.tick()
    if not figures:
        raise UsageError(f"{run.strategy} refused all {refused} sets of parameters near its own")
    notes = [*_changed(run, base)]
    if refused:
        notes.append(f"{refused} sets of parameters were refused by the strategy")
    columns = {name: np.array([one[name] for one in figures]) for name in figures[0]}
    return Paths(Outcomes(**columns), _figures(base), notes=tuple(notes))


def synthetic(draw: Draw) -> Paths:
    """The strategy run on invented prices of the same law."""
    import numpy as np

    from xq.backtest.montecarlo import Outcomes, synthetic_bars
    from xq.backtest.vector import simulate
    from xq.metrics.bootstrap import block_length
    from xq.strategy.sandbox import Evaluator, StrategySpec

    ws, run = draw.ws, draw.run
    base = _again(ws, run, run.params)
    bars, start = base.bars, base.rules.initial_cash
    if not np.isfinite(bars.close).all() or len(bars) < 11:
        raise NoData(
            "synthetic prices need at least 11 bars of every symbol without a hole",
            where=f"run {run.run_id}",
        )
    block = draw.block
    if block is None:
        moves = np.diff(np.log(bars.close), axis=0)
        lengths = [block_length(np.abs(column)) for column in moves.T]
        block = max((length for length in lengths if length == length), default=1.0)
    figures = []
    spec = StrategySpec(ws.strategies, run.strategy, run.params)
    with Evaluator.start(spec, clock=ws.clock) as evaluator:
        if evaluator.declaration.inputs:
            told = ", ".join(evaluator.declaration.inputs)
            raise UsageError(f"{run.strategy} needs {told}; synthetic paths have only prices")
        lead = evaluator.declaration.lookback
        for _ in range(draw.count):
            made = synthetic_bars(bars, len(bars) + lead, block, draw.rng)
            weights = evaluator.run(made, rows=_LAW_ROWS, seed=ws.seed).weights
            account = simulate(weights, made, base.costs, base.rules).after(lead)
            figures.append(_of_curve(made.known_at[lead:], account.equity, start))
            draw.tick()
    columns = {name: np.array([one[name] for one in figures]) for name in figures[0]}
    notes = _changed(run, base)
    if base.data.funding_settlements:
        notes = (*notes, "synthetic prices have no funding")
    return Paths(Outcomes(**columns), _figures(base), block, notes)


def _numbers(ws: Workspace, strategy: str) -> "dict[str, Parameter]":
    from xq.strategy.sandbox import discover

    listed = {item.name: item.parameters for item in discover(ws.strategies)}
    found = {name: item for name, item in listed[strategy].items() if item.kind in ("int", "float")}
    if not found:
        raise UsageError(f"{strategy} has no number to move", hint="xq strategies list")
    return found


def _near(item: "Parameter", value: float, rng: "np.random.Generator") -> float:
    whole = item.kind == "int"
    reach = max(abs(value) * JITTER, 1.0 if whole else 0.0)
    low = value - reach if item.low is None else max(value - reach, item.low)
    high = value + reach if item.high is None else min(value + reach, item.high)
    moved = rng.uniform(low, high)
    return round(moved) if whole else float(moved)


def _again(ws: Workspace, run: SavedRun, params: dict[str, Any]) -> "BacktestResult":
    from xq.api.backtest import BacktestRequest, simulated
    from xq.api.backtest_inputs import Span

    exchange = ws.config.exchange.model_copy(update={"name": run.exchange})
    config = ws.config.model_copy(update={"exchange": exchange})
    there = replace(ws, loaded=replace(ws.loaded, config=config))
    request = BacktestRequest(
        strategy=run.strategy,
        symbols=tuple(run.symbols),
        timeframe=run.timeframe,
        span=Span(run.start_ts, run.end_ts),
        params=params,
    )
    return simulated(there, request)


def _changed(run: SavedRun, again: "BacktestResult") -> tuple[str, ...]:
    if again.run_id == run.run_id:
        return ()
    return ("strategy, bars or configuration changed since the run was saved; observed is as now",)


def _figures(result: "BacktestResult") -> dict[str, float]:
    run = result.simulation
    return _of_curve(result.bars.known_at, run.equity, run.initial_cash)


def _of_curve(known_at: "np.ndarray", equity: "np.ndarray", start: float) -> dict[str, float]:
    from xq.metrics.daily import DAYS_PER_YEAR, daily_returns
    from xq.metrics.drawdown import max_drawdown
    from xq.metrics.returns import sharpe_ratio, total_return

    return {
        "total_return": total_return(equity, start),
        "daily_sharpe_ratio": sharpe_ratio(daily_returns(known_at, equity, start), DAYS_PER_YEAR),
        "max_drawdown": max_drawdown(equity, start),
    }
