"""Simulate a strategy over stored bars."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xq.api import backtest_inputs as inputs
from xq.api.backtest_bars import Block, Reading
from xq.api.backtest_gaps import treated_gaps
from xq.api.backtest_inputs import Market, Span
from xq.api.feature_inputs import with_block
from xq.api.workspace import Workspace
from xq.errors import NoData

if TYPE_CHECKING:
    from pathlib import Path

    from xq.backtest.result import BacktestResult, Overfit, Provenance
    from xq.backtest.simulation import Funding, Rules
    from xq.bars import Bars
    from xq.lake.reader import Lake
    from xq.portfolio.costs import Costs
    from xq.strategy.sandbox import Evaluation, Evaluator

LAW_ROWS = 24
"""Rows asked again before every run."""

ENGINE_VERSION = 1
"""Part of a run's identity; raised when the same inputs may give other numbers."""


@dataclass(frozen=True, slots=True)
class BacktestRequest:
    """What to simulate; costs, cash and rules come from the configuration.

    Attributes
    ----------
    symbols, timeframe
        None takes those of ``[collect]``.
    params
        Outrank ``[strategy.<name>]``; text is read as the parameter's type.
    latency_ms
        From a decision to its order in the book; of strategies that answer events.
    """

    strategy: str = "trend_following"
    symbols: tuple[str, ...] | None = None
    timeframe: str | None = None
    span: Span = field(default_factory=Span)
    params: Mapping[str, object] = field(default_factory=dict)
    latency_ms: int = 100


def backtest(ws: Workspace, request: BacktestRequest) -> "BacktestResult":
    """Weights under the law, then the account through all bars.

    Raises
    ------
    UsageError
        Unknown strategy, parameter, timeframe; contradictory range; a refused value.
    DataError
        Nothing stored, a gap, a corrupt file.
    StrategyError
        The strategy is broken or breaks the law.
    """
    from xq.api.backtest_market import backtest_market, is_market_strategy
    from xq.strategy.sandbox import Evaluator, StrategySpec

    if is_market_strategy(ws, request.strategy):
        return backtest_market(ws, request)
    config = ws.config
    market = inputs.market_of(
        config.exchange.name,
        config.collect.symbols if request.symbols is None else request.symbols,
        config.collect.timeframe if request.timeframe is None else request.timeframe,
    )
    params = {**config.strategy.get(request.strategy, {}), **request.params}
    spec = StrategySpec(ws.strategies, request.strategy, params)
    with Evaluator.start(spec, clock=ws.clock) as evaluator:  # loads while the lake is read
        from xq.lake.reader import Lake

        lake = Lake(ws.lake)
        reading = Reading(ws, lake, market, lambda: evaluator.declaration.lookback)
        block = reading.block(request.span)
        block = with_block(lake, market.exchange, block, evaluator.declaration.inputs)
        evaluation = _weights(evaluator, block, ws.seed)
    return _Run(ws, lake, market, block, evaluation).result()


def _weights(evaluator: "Evaluator", block: Block, seed: int) -> "Evaluation":
    try:
        return evaluator.run(block.bars, rows=LAW_ROWS, seed=seed)
    except NoData as error:
        told = "; ".join([error.message, *block.notes])
        raise NoData(told, where=error.where, hint=error.hint) from None


def write_report(result: "BacktestResult", path: "Path") -> None:
    """Write the HTML page of a run, whole or not at all.

    Raises
    ------
    StorageFailed
        If the file cannot be written.
    """
    from xq.backtest.report import page
    from xq.lake.disk import write_whole

    write_whole(path, page(result).encode())


@dataclass(frozen=True, slots=True)
class _Run:
    """Everything known once the weights are there."""

    ws: Workspace
    lake: "Lake"
    market: Market
    block: Block
    evaluation: "Evaluation"

    def result(self) -> "BacktestResult":
        from xq.backtest.hold import buy_and_hold
        from xq.backtest.measure import measure
        from xq.backtest.result import BacktestResult, Law
        from xq.backtest.vector import simulate
        from xq.metrics.returns import yearly_bars
        from xq.portfolio.accounting import round_trips
        from xq.portfolio.costs import Costs

        settings = self.ws.config.backtest
        costs, rules = Costs(settings.fee, settings.slippage), self._rules()
        funding, settlements = self._funding()
        lead = 1 if self.block.start else 0  # the last close before the range already decides
        first = self.block.start - lead
        bars = self.block.bars.slice(self.block.start, len(self.block.bars))
        run = simulate(
            self.evaluation.weights[first:],
            self.block.bars.slice(first, len(self.block.bars)),
            costs,
            rules,
            None if funding is None else funding.slice(first, len(self.block.bars)),
        ).after(lead)
        trips = round_trips(run.fills, bars.close[-1], len(bars) - 1)
        ends = int(bars.ts[0]), bars.timeframe.end(int(bars.ts[-1]))
        metrics = measure(run, trips, yearly_bars(len(bars), *ends))
        data_hash = self._data_hash(funding)
        run_id = self._run_id(data_hash, costs, rules)
        return BacktestResult(
            run_id=run_id,
            strategy=self.evaluation.declaration.name,
            params=dict(self.evaluation.declaration.parameters),
            exchange=self.market.exchange,
            data_hash=data_hash,
            bars=bars,
            simulation=run,
            trips=trips,
            metrics=metrics,
            costs=costs,
            rules=rules,
            law=Law(
                checked_rows=len(self.evaluation.checked_rows),
                lookback=self.evaluation.lookback,
                thin_margins=len(self.evaluation.thin_margins),
            ),
            data=self._provenance(bars, settlements),
            overfit=self._overfit(run_id, run.equity, rules.initial_cash),
            hold=buy_and_hold(bars, costs, rules.initial_cash),
            notes=tuple(self._notes(bars, run.ruin_row, settlements)),
        )

    def _rules(self) -> "Rules":
        from xq.backtest.simulation import Rules

        settings = self.ws.config.backtest
        exits = self.evaluation.exits
        chosen = {} if exits is None else {name: getattr(exits, name) for name in exits.__slots__}
        return Rules(
            initial_cash=settings.initial_cash,
            rebalance_band=settings.rebalance_band,
            max_leverage=settings.max_leverage,
            lots=inputs.lots(self.market),
            **chosen,
        )

    def _funding(self) -> tuple["Funding | None", dict[str, int]]:
        from xq.backtest.funding import on_bars
        from xq.backtest.vector import is_margined

        if not is_margined(self.market.symbols):
            return None, {}
        paid = inputs.read_funding(self.lake, self.market, self.block.bars)
        begin = int(self.block.bars.ts[self.block.start])
        counts = {
            symbol: int((item.ts >= begin).sum())
            for symbol, item in zip(self.market.symbols, paid, strict=True)
        }
        return on_bars(self.block.bars, paid), counts

    def _data_hash(self, funding: "Funding | None") -> str:
        from xq.lake.hashing import hash_bars, hash_columns

        bars = hash_bars(self.block.bars)
        if funding is None or not (funding.at_open.any() or funding.inside.any()):
            return bars
        paid = hash_columns({"at_open": funding.at_open.ravel(), "inside": funding.inside.ravel()})
        return hash_columns({bars: funding.at_open[:0].ravel(), paid: funding.inside[:0].ravel()})

    def _run_id(self, data_hash: str, costs: "Costs", rules: "Rules") -> str:
        from xq import __version__
        from xq.backtest import identity

        facts: dict[str, Any] = {
            "strategy": self.evaluation.declaration.name,
            "source": identity.source_hash(self.evaluation.files),
            "params": dict(self.evaluation.declaration.parameters),
            "market": [self.market.exchange, *self.market.symbols, str(self.market.timeframe)],
            "start": int(self.block.bars.ts[self.block.start]),
            "data": data_hash,
            "costs": [costs.fee, costs.slippage],
            "rules": {name: getattr(rules, name) for name in rules.__slots__},
            "versions": [__version__, ENGINE_VERSION],
        }
        return identity.run_id(facts)

    def _provenance(self, bars: "Bars", settlements: dict[str, int]) -> "Provenance":
        from xq.backtest.result import Provenance

        text, synthetic = inputs.label(self.market, bars.timeframe.end(int(bars.ts[-1])))
        return Provenance(text, synthetic, self.block.start, settlements)

    def _overfit(self, run_id: str, equity: Any, start: float) -> "Overfit":
        import numpy as np

        from xq.api.runs import trial_sharpes
        from xq.backtest.result import Overfit
        from xq.metrics import overfit
        from xq.metrics.returns import bar_returns, sharpe_ratio

        returns = bar_returns(equity, start)
        name = self.evaluation.declaration.name
        others = trial_sharpes(self.ws, name, self.market, without=run_id)
        sharpes = np.array([*others, sharpe_ratio(returns)])
        return Overfit(
            trials=len(sharpes),
            probabilistic_sharpe_ratio=overfit.deflated_from(returns, sharpes[-1:]),
            deflated_sharpe_ratio=overfit.deflated_from(returns, sharpes),
        )

    def _notes(
        self, bars: "Bars", ruin_row: int | None, settlements: dict[str, int]
    ) -> "list[str]":
        from xq.clock import iso

        notes = [*self.block.notes, *treated_gaps(bars, self.ws.config.backtest.gaps)]
        missing = self.evaluation.lookback - 1 - self.block.start
        if missing > 0:
            notes.append(
                f"the first {min(missing, len(bars))} of {len(bars)} bars are warm-up without a "
                "position; no earlier bars are stored"
            )
        without = [symbol for symbol, count in settlements.items() if not count]
        if without:
            notes.append(f"no funding of {' '.join(without)} is stored, none was applied")
        if self.evaluation.thin_margins:
            notes.append(
                f"{len(self.evaluation.thin_margins)} checked weights are decided by rounding alone"
            )
        if ruin_row is not None:
            notes.append(f"the account was liquidated in the bar of {iso(int(bars.ts[ruin_row]))}")
        return notes
