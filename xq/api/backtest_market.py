"""Simulate a market strategy over recorded trades and books."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xq.api import backtest_inputs as inputs
from xq.api.backtest_notes import of_length
from xq.api.market_tape import LEVELS, pinned, recorded_tape
from xq.api.workspace import Workspace
from xq.clock import iso
from xq.errors import BadWeights, UsageError

if TYPE_CHECKING:
    from xq.api.backtest import BacktestRequest
    from xq.api.backtest_inputs import Market, Span
    from xq.backtest.market import MarketRun
    from xq.backtest.market_account import MarketTerms
    from xq.backtest.result import BacktestResult, Overfit
    from xq.backtest.simulation import Simulation
    from xq.bars import Bars
    from xq.lake.reader import Lake
    from xq.strategy.market_sandbox import MarketEvaluation
    from xq.strategy.market_tape import Tape

ENGINE_VERSION = 1
"""Part of a run's identity; raised when the same inputs may give other numbers."""

LATENCY_MS = 100
_DEADLINE_S = 600.0
_MAINTENANCE = 0.005


def backtest_market(ws: Workspace, request: "BacktestRequest") -> "BacktestResult":
    """Targets under the law, then the account through all events, filled by the recorded book.

    Figures are taken at the closes of bars of ``request.timeframe``, one second where it is None.

    Raises
    ------
    UsageError
        More than one symbol, an unknown parameter, contradictory range, a refused value.
    DataError
        No book or no trades stored, a corrupt file.
    StrategyError
        The strategy is broken or breaks the law.
    """
    from xq.lake.reader import Lake
    from xq.strategy.market_sandbox import evaluate_market
    from xq.strategy.sandbox import StrategySpec

    config = ws.config
    market = inputs.market_of(
        config.exchange.name,
        config.collect.symbols[:1] if request.symbols is None else request.symbols,
        request.timeframe or "1s",
    )
    if len(market.symbols) != 1:
        raise UsageError(f"expected one symbol for events, found {' '.join(market.symbols)}")
    _refuse_settings(ws, request)
    lake = Lake(ws.lake)
    span = pinned(lake, market.exchange, market.symbols[0], request.span)
    tape = recorded_tape(lake, market.exchange, market.symbols[0], span.since_ms, span.until_ms)
    params = {**config.strategy.get(request.strategy, {}), **request.params}
    spec = StrategySpec(ws.strategies, request.strategy, params)
    evaluation = evaluate_market(spec, tape, seed=ws.seed, deadline_s=_DEADLINE_S, clock=ws.clock)
    latency_ms = LATENCY_MS if request.latency_ms is None else request.latency_ms
    return _Run(ws, lake, market, span, tape, evaluation, latency_ms).result()


def _refuse_settings(ws: Workspace, request: "BacktestRequest") -> None:
    """What bars have and events have not is refused, not left out."""
    settings = ws.config.backtest
    if request.deposits:
        raise UsageError("deposits are for strategies on bars", where=request.strategy)
    if settings.delay != 1:
        raise UsageError(
            f"backtest.delay counts opens of bars, found {settings.delay}",
            where=request.strategy,
            hint=f"xq backtest --strategy {request.strategy} --latency 500",
        )
    if settings.benchmark not in ("hold", "none"):
        raise UsageError(
            f"expected hold or none as the benchmark of events, found {settings.benchmark}",
            where=request.strategy,
            hint=f"xq backtest --strategy {request.strategy} --benchmark hold",
        )


@dataclass(frozen=True, slots=True)
class _Run:
    ws: Workspace
    lake: "Lake"
    market: "Market"
    span: "Span"
    tape: "Tape"
    evaluation: "MarketEvaluation"
    latency_ms: int

    def result(self) -> "BacktestResult":
        from xq.backtest import identity
        from xq.backtest.hold import buy_and_hold
        from xq.backtest.market import run
        from xq.backtest.market_bars import bars_of, simulation_of
        from xq.backtest.measure import measure
        from xq.backtest.result import BacktestResult, Benchmark, Law, Provenance
        from xq.backtest.simulation import Rules
        from xq.backtest.stress import STRESS
        from xq.metrics.returns import total_return, yearly_bars
        from xq.portfolio.accounting import round_trips
        from xq.portfolio.costs import Costs

        terms = self._terms()
        self._refuse_weights()
        settings = self.ws.config.backtest
        bars, last = bars_of(self.tape, self.market.timeframe)
        settlements = self._settlements(bars)
        done = run(self.tape, self.evaluation.targets, terms, settlements)
        simulation = simulation_of(done, bars, last, terms.initial_cash)
        dear = replace(terms, fee=terms.fee * STRESS)  # what the book costs is recorded
        again = run(self.tape, self.evaluation.targets, dear, settlements)
        stressed = simulation_of(again, bars, last, terms.initial_cash)
        costs = Costs(terms.fee, 0.0)
        trips = round_trips(simulation.fills, bars.close[-1], len(bars) - 1)
        ends = int(bars.ts[0]), bars.timeframe.end(int(bars.ts[-1]))
        data_hash = self._data_hash(settlements)
        facts = self._facts(data_hash, terms)
        run_id = identity.run_id(facts)
        declared, windows = self.evaluation.declaration, self.evaluation.windows
        longest = round(max(windows, default=0.0) * 1000)
        hold = buy_and_hold(bars, costs, terms.initial_cash)
        return BacktestResult(
            run_id=run_id,
            strategy=declared.name,
            params=dict(declared.parameters),
            exchange=self.market.exchange,
            data_hash=data_hash,
            bars=bars,
            simulation=simulation,
            trips=trips,
            metrics=measure(simulation, trips, yearly_bars(len(bars), *ends)),
            costs=costs,
            rules=Rules(
                initial_cash=terms.initial_cash,
                max_leverage=settings.max_leverage,
                maintenance=terms.maintenance,
                stop_loss=terms.stop_loss,
                take_profit=terms.take_profit,
                trailing_stop=terms.trailing_stop,
            ),
            law=Law(len(self.evaluation.checked), -(-longest // bars.timeframe.ms) + 1, 0),
            data=Provenance(
                f"{len(self.tape):,} trades and book changes of {self.market.exchange}", False, 0,
                {self.market.symbols[0]: len(settlements)} if self._margined else {},
            ),
            overfit=self._overfit(run_id, simulation, bars),
            stressed_return=total_return(stressed.equity, terms.initial_cash),
            hold=hold,
            benchmark=Benchmark("hold", hold) if settings.benchmark == "hold" else None,
            world=self._world(),
            facts=facts,
            notes=(*self._notes(done, terms, len(settlements)), *of_length(bars)),
        )  # fmt: skip

    def _overfit(self, run_id: str, simulation: "Simulation", bars: "Bars") -> "Overfit":
        from xq.api.trial_days import daily, overfit_of

        name = self.evaluation.declaration.name
        days = daily(run_id, bars.known_at, simulation.equity, simulation.initial_cash)
        return overfit_of(self.ws, name, self.market, days)

    @property
    def _margined(self) -> bool:
        from xq.backtest.vector import is_margined

        return is_margined(self.market.symbols)

    def _terms(self) -> "MarketTerms":
        from xq.backtest.market_account import MarketTerms

        exits = self.evaluation.declaration.exits
        if exits is not None and exits.max_bars is not None:
            raise UsageError(
                "a market strategy has no bars to count: exits.max_bars is not for it",
                where=self.evaluation.declaration.name,
            )
        settings = self.ws.config.backtest
        terms = MarketTerms(
            initial_cash=settings.initial_cash,
            fee=settings.fee,
            latency_ms=self.latency_ms,
            maintenance=_MAINTENANCE if self._margined else 0.0,
        )
        if exits is None:
            return terms
        return replace(
            terms,
            stop_loss=exits.stop_loss,
            take_profit=exits.take_profit,
            trailing_stop=exits.trailing_stop,
        )

    def _refuse_weights(self) -> None:
        import numpy as np

        targets = self.evaluation.targets[~np.isnan(self.evaluation.targets)]
        most = self.ws.config.backtest.max_leverage if self._margined else 1.0
        low = -most if self._margined else 0.0
        wrong = targets[(targets > most + 1e-9) | (targets < low - 1e-9)]
        if len(wrong):
            raise BadWeights(
                f"expected weights from {low:g} to {most:g}, found {wrong[0]:g}",
                where=self.evaluation.declaration.name,
                hint="backtest.max_leverage, on contracts" if self._margined
                else "spot holds no more than its cash and nothing short",
            )  # fmt: skip

    def _settlements(self, bars: "Bars") -> list[tuple[int, float]]:
        if not self._margined:
            return []
        [paid] = inputs.read_funding(self.lake, self.market, bars)
        return list(zip(paid.ts.tolist(), paid.rate.tolist(), strict=True))

    def _world(self) -> dict[str, str]:
        """What was applied, and where it comes from."""
        told = {
            "delay": f"{self.latency_ms} ms from decision to book",
            "slippage": f"what the walk through the recorded book cost, {LEVELS} levels deep",
            "filters": "none applied",
        }
        if self._margined:
            told["liquidation"] = f"mid of the recorded book, at {_MAINTENANCE:.1%} of the notional"
        return told

    def _data_hash(self, settlements: list[tuple[int, float]]) -> str:
        import numpy as np

        from xq.lake.hashing import hash_columns

        columns = {"ts": self.tape.ts, "values": self.tape.values.ravel()}
        if settlements:
            columns["funding"] = np.array(settlements, dtype=np.float64).ravel()
        return hash_columns(columns)

    def _facts(self, data_hash: str, terms: "MarketTerms") -> dict[str, Any]:
        """Everything that decides the outcome, as plain values."""
        from xq import __version__
        from xq.backtest import identity

        declared = self.evaluation.declaration
        return {
            "strategy": declared.name,
            "source": identity.source_hash(self.evaluation.files),
            "params": dict(declared.parameters),
            "market": [self.market.exchange, *self.market.symbols, str(self.market.timeframe)],
            "since": self.span.since_ms,
            "until": self.span.until_ms,
            "data": data_hash,
            "latency_ms": self.latency_ms,
            "terms": {name: getattr(terms, name) for name in terms.__slots__},
            "settings": self.ws.config.backtest.model_dump(mode="json"),
            "seed": self.ws.seed,
            "versions": {"xq": __version__, "events": ENGINE_VERSION},
        }

    def _notes(self, done: "MarketRun", terms: "MarketTerms", settled: int) -> list[str]:
        import numpy as np

        from xq.strategy.market_tape import FRESH

        notes = [
            f"orders take from the recorded book, {LEVELS} levels deep, {terms.latency_ms} ms "
            "after the decision; slippage is what that cost against the mid"
        ]
        breaks = int((self.tape.kind == FRESH).sum()) - 1
        if breaks:
            notes.append(f"the record of the book broke off or began anew {breaks} times")
        if done.short_of_book:
            notes.append(f"{done.short_of_book} orders found less than their size in the book")
        if done.unfilled:
            notes.append(f"{done.unfilled} orders were on their way when the record ended")
        targets = np.abs(self.evaluation.targets)
        most = float(np.nanmax(targets)) if not np.isnan(targets).all() else 0.0
        if terms.stop_loss is not None and most > 0.0:
            notes.append(
                f"a stop of {terms.stop_loss:.0%} on {most:g} times equity loses "
                f"{terms.stop_loss * most:.1%} of it"
            )
        if self._margined and not settled:
            notes.append(f"no funding of {self.market.symbols[0]} is stored, none was applied")
        if done.ruin is not None:
            at = iso(int(self.tape.ts[done.ruin]))
            notes.append(f"the account was liquidated at {at}")
        return notes
