"""Simulate a strategy over stored bars."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xq.api import backtest_inputs as inputs
from xq.api.backtest_bars import Block, Reading
from xq.api.backtest_gaps import listed, missing_of
from xq.api.backtest_inputs import Market, Span
from xq.api.backtest_notes import of_length, of_orders
from xq.api.feature_inputs import with_block
from xq.api.universe import market_for, settled, told
from xq.api.workspace import Workspace
from xq.errors import NoData

if TYPE_CHECKING:
    from xq.api.backtest_replay import Engine, Traded
    from xq.api.backtest_world import World
    from xq.backtest.result import BacktestResult, Overfit, Provenance
    from xq.backtest.simulation import Funding, Simulation
    from xq.bars import Bars
    from xq.lake.reader import Lake
    from xq.strategy.sandbox import Evaluation, Evaluator

LAW_ROWS = 24
"""Rows asked again before every run."""

ENGINE_VERSION = 4
"""Part of a run's identity; raised when the same inputs may give other numbers."""


@dataclass(frozen=True, slots=True)
class BacktestRequest:
    """What to simulate; costs, cash and rules come from the configuration.

    Attributes
    ----------
    symbols, timeframe
        None takes those of ``[collect]``; ``*/USDT`` is a universe, see `xq.api.universe`.
    params
        Outrank ``[strategy.<name>]``; text is read as the parameter's type.
    deposits
        Epoch ms and quote asset brought in then; negative is taken out. No part of the profit.
    latency_ms
        From a decision to its order in the book, of strategies that answer events; None is 100.
    engine, decide
        See `xq.api.backtest_replay.engine_of`.
    lives
        Of ``symbols`` that were found as a universe before, so that a run comes out again.
    """

    strategy: str = "trend_following"
    symbols: tuple[str, ...] | None = None
    timeframe: str | None = None
    span: Span = field(default_factory=Span)
    params: Mapping[str, object] = field(default_factory=dict)
    deposits: tuple[tuple[int, float], ...] = ()
    latency_ms: int | None = None
    engine: str = "vector"
    decide: str = "ahead"
    lives: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def backtest(ws: Workspace, request: BacktestRequest) -> "BacktestResult":
    """Weights under the law, then the account through all bars; on record as a trial.

    Raises
    ------
    UsageError
        Unknown strategy, parameter, timeframe; contradictory range; a refused value.
    DataError
        Nothing stored, a gap, a corrupt file or trial ledger.
    StrategyError
        The strategy is broken or breaks the law.
    """
    from xq.api.trials import record_run

    result = simulated(ws, request)
    record_run(ws, result)
    return result


def simulated(ws: Workspace, request: BacktestRequest) -> "BacktestResult":
    """As `backtest`, but no trial: a run made again, or one on record under another name."""
    from xq.api.backtest_market import backtest_market
    from xq.api.backtest_replay import ENGINES, require_one_engine
    from xq.api.market_tape import is_market_strategy, refuse_latency

    if request.engine != ENGINES[0]:
        require_one_engine(ws, request.strategy, f"--engine {request.engine}")
    if is_market_strategy(ws, request.strategy):
        return backtest_market(ws, request)
    refuse_latency(request.strategy, request.latency_ms)
    return prepare(ws, request).result()


def prepare(ws: Workspace, request: BacktestRequest) -> "Prepared":
    """Bars, and weights under the law. Raises as `backtest` does."""
    from xq.api.backtest_replay import engine_of
    from xq.strategy.sandbox import Evaluator, StrategySpec

    market = market_for(ws, request)
    params = {**ws.config.strategy.get(request.strategy, {}), **request.params}
    spec = StrategySpec(ws.strategies, request.strategy, params)
    with Evaluator.start(spec, clock=ws.clock) as evaluator:  # loads while the lake is read
        from xq.lake.reader import Lake

        lake = Lake(ws.lake)
        reading = Reading(ws, lake, market, lambda: evaluator.declaration.lookback)
        block = reading.block(request.span)
        block = with_block(lake, market.exchange, block, evaluator.declaration.inputs)
        engine = engine_of(request, spec, block, ws)
        evaluation = _weights(evaluator, block, ws.seed)
    return Prepared(ws, lake, market, block, evaluation, request, engine)


def _weights(evaluator: "Evaluator", block: Block, seed: int) -> "Evaluation":
    try:
        return evaluator.run(block.bars, rows=LAW_ROWS, seed=seed)
    except NoData as error:
        told = "; ".join([error.message, *block.notes])
        raise NoData(told, where=error.where, hint=error.hint) from None


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything known once the weights are there."""

    ws: Workspace
    lake: "Lake"
    market: Market
    block: Block
    evaluation: "Evaluation"
    request: BacktestRequest
    engine: "Engine"

    @property
    def lead(self) -> int:
        """Bars before the range that decide in it: the last closes already do."""
        return min(self.ws.config.backtest.delay, self.block.start)

    def world(self) -> "World":
        """Costs, rules and conditions from the lead on."""
        from xq.api.backtest_world import WorldOf

        start = self.block.start
        found = WorldOf(self.ws, self.lake, self.market, self.block.bars, start - self.lead, start)
        return found.found(self.evaluation.exits, self.request.deposits)

    def traded(self, world: "World", funding: "Funding | None") -> "Traded":
        """What is simulated, from the lead on."""
        from xq.api.backtest_replay import Traded

        bars, first = self.block.bars, self.block.start - self.lead
        traded = Traded(
            self.evaluation.weights[first:],
            bars.slice(first, len(bars)),
            world.costs,
            world.rules,
            None if funding is None else funding.slice(first, len(bars)),
            world.conditions,
        )
        return settled(traded, self.market.lives)

    def result(self) -> "BacktestResult":
        """The account through all bars, and what there is to say of it."""
        from xq.api.backtest_benchmark import benchmark_of
        from xq.backtest import identity
        from xq.backtest.hold import buy_and_hold
        from xq.backtest.measure import measure
        from xq.backtest.result import BacktestResult, Law
        from xq.metrics.returns import total_return, yearly_bars
        from xq.portfolio.accounting import round_trips

        block, settings, lead = self.block, self.ws.config.backtest, self.lead
        world = self.world()
        funding, settlements = self.funding()
        bars = block.bars.slice(block.start, len(block.bars))
        simulated = self.engine.simulate(self.traded(world, funding))
        run = simulated.simulation.after(lead)
        stressed = self.engine.once_more(self.traded(world.stressed(), funding)).after(lead)
        costs, cash = world.costs, world.rules.initial_cash
        trips = round_trips(run.fills, bars.close[-1], len(bars) - 1)
        ends = int(bars.ts[0]), bars.timeframe.end(int(bars.ts[-1]))
        facts = self._facts(self._data_hash(funding), world, bars)
        run_id = identity.run_id(facts)
        missing = missing_of(self.lake, self.market, bars)
        return BacktestResult(
            run_id=run_id,
            strategy=self.evaluation.declaration.name,
            params=dict(self.evaluation.declaration.parameters),
            exchange=self.market.exchange,
            data_hash=facts["data"],
            bars=bars,
            simulation=run,
            trips=trips,
            metrics=measure(run, trips, yearly_bars(len(bars), *ends)),
            costs=costs,
            rules=world.rules,
            law=Law(
                checked_rows=len(self.evaluation.checked_rows),
                lookback=self.evaluation.lookback,
                thin_margins=len(self.evaluation.thin_margins),
            ),
            data=self._provenance(bars, settlements),
            overfit=self._overfit(run_id, bars, run),
            hold=buy_and_hold(bars, costs, cash),
            stressed_return=total_return(stressed.growth, cash),
            benchmark=benchmark_of(self.lake, self.market, bars, costs, cash, settings.benchmark),
            world=world.told,
            facts=facts,
            missing={item.symbol: (item.ours, item.venue) for item in missing},
            notes=(
                *self._notes(bars, run, settlements),
                *simulated.notes,
                *listed(missing, self.market, settings.gaps),
                *world.notes,
            ),
            printed=self.evaluation.printed,
        )

    def funding(self) -> tuple["Funding | None", dict[str, int]]:
        """What contracts pay in the bars, and how many settlements of each symbol are known."""
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

    def _facts(self, data_hash: str, world: "World", bars: "Bars") -> dict[str, Any]:
        """Everything that decides the outcome, as plain values."""
        from xq import __version__
        from xq.backtest import identity

        return {
            "strategy": self.evaluation.declaration.name,
            "source": identity.source_hash(self.evaluation.files),
            "params": dict(self.evaluation.declaration.parameters),
            "market": [self.market.exchange, *self.market.symbols, str(self.market.timeframe)],
            "read_from": int(self.block.bars.ts[0]),
            "start": int(bars.ts[0]),
            "end": bars.timeframe.end(int(bars.ts[-1])),
            "decides_from": self.lead,
            "data": data_hash,
            "world": identity.conditions_hash(world.conditions),
            "costs": {name: getattr(world.costs, name) for name in world.costs.__slots__},
            "rules": {name: getattr(world.rules, name) for name in world.rules.__slots__},
            "settings": self.ws.config.backtest.model_dump(mode="json"),
            "deposits": [list(item) for item in self.request.deposits],
            "seed": self.ws.seed,
            "versions": {"xq": __version__, "engine": ENGINE_VERSION},
            **self.market.facts,
            **self.engine.facts,
        }

    def _provenance(self, bars: "Bars", settlements: dict[str, int]) -> "Provenance":
        from xq.backtest.result import Provenance

        text, synthetic = inputs.label(self.market, bars.timeframe.end(int(bars.ts[-1])))
        return Provenance(text, synthetic, self.block.start, settlements)

    def _overfit(self, run_id: str, bars: "Bars", run: "Simulation") -> "Overfit":
        from xq.api.trial_days import daily, overfit_of

        days = daily(run_id, bars.known_at, run.growth, run.initial_cash)
        return overfit_of(self.ws, self.evaluation.declaration.name, self.market, days)

    def _notes(self, bars: "Bars", run: "Simulation", settlements: dict[str, int]) -> "list[str]":
        notes = [*self.block.notes, *told(self.market, bars.ts, bars.close)]
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
        return [*notes, *of_length(bars), *of_orders(bars, run, self.request.deposits)]
