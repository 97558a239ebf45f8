"""``xq strategies check`` of a strategy on events: the recorded market, its law, and beyond it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xq.api.strategies import CheckReport, CheckRequest
from xq.api.strategies_check import exchange_of, moment, symbols_of, told
from xq.api.workspace import Workspace
from xq.errors import StrategyError, UsageError

if TYPE_CHECKING:
    from xq.strategy.corners import Law
    from xq.strategy.examination import Check
    from xq.strategy.market_sandbox import MarketEvaluation, MarketTrial
    from xq.strategy.market_tape import Tape
    from xq.strategy.sandbox import Evaluator, StrategySpec

EVENTS = 256
"""About so many events are asked again, unless told otherwise."""

_CORNER_EVENTS = 5_000
_CORNER_ROWS = 16


@dataclass(frozen=True, slots=True)
class MarketChecking:
    """One strategy on events before its questions.

    Attributes
    ----------
    until
        Monotonic second after which nothing more is asked.
    """

    ws: Workspace
    request: CheckRequest
    until: float

    def report(self) -> tuple[CheckReport, StrategyError | None]:
        """Ask everything; the report and the first failure."""
        from xq.strategy.market_sandbox import MarketTrial
        from xq.strategy.sandbox import Evaluator, StrategySpec

        name, seconds = self.request.name, self.request.seconds
        spec = StrategySpec(self.ws.strategies, name, self.request.parameters)
        tape = self._tape()
        with Evaluator.start(spec, deadline_s=seconds, clock=self.ws.clock) as evaluator:
            trial = MarketTrial(evaluator, tape, str(self.ws.strategies / f"{name}.py"))
            checks, evaluation = self._checks(trial, spec)
            report = self._report(evaluator, tape, checks, evaluation)
        return report, next((found.error for found in checks if found.error), None)

    def _tape(self) -> "Tape":
        from xq.api.backtest_inputs import Span
        from xq.api.market_tape import tape_of
        from xq.lake.reader import Lake

        request = self.request
        symbols = symbols_of(self.ws, request.symbols)
        if len(symbols) != 1:
            raise UsageError(f"expected one symbol for events, found {' '.join(symbols)}")
        given = (request.since_ms, request.until_ms, request.days)
        span = Span(*given) if any(value is not None for value in given) else Span(days=1.0)
        return tape_of(Lake(self.ws.lake), exchange_of(self.ws, request), symbols[0], span)

    def _checks(
        self, trial: "MarketTrial", spec: "StrategySpec"
    ) -> "tuple[list[Check], MarketEvaluation | None]":
        from xq.strategy.corners import check_corners, corners
        from xq.strategy.examination import Check
        from xq.strategy.market_examination import MarketExamination

        seed, clock, tape = self.ws.seed, self.ws.clock, trial.tape
        declared = trial.evaluator.declaration
        try:
            evaluation = trial.run(self.request.rows or EVENTS, seed)
        except StrategyError as error:
            return [Check("law", "fails", finding=error.message, error=error)], None
        law = Check("law", "holds", len(evaluation.checked))
        beyond = MarketExamination(trial, evaluation.targets, self.until, clock, seed)
        edges = corners(declared.declared, declared.parameters)
        last = check_corners(spec, edges, self._law(tape), "the record", self.until, clock)
        return [law, *beyond.checks(), last], evaluation

    def _law(self, tape: "Tape") -> "Law":
        from xq.strategy.market_sandbox import evaluate_market

        part, seed, clock = tape.prefix(_CORNER_EVENTS), self.ws.seed, self.ws.clock

        def asked(spec: "StrategySpec", seconds: float) -> int:
            found = evaluate_market(
                spec, part, rows=_CORNER_ROWS, seed=seed, deadline_s=seconds, clock=clock
            )
            return len(found.checked)

        return asked

    def _report(
        self, evaluator: "Evaluator", tape: "Tape", checks: "list[Check]",
        evaluation: "MarketEvaluation | None",
    ) -> CheckReport:  # fmt: skip
        declared = evaluator.declaration
        return CheckReport(
            strategy=declared.name,
            title=declared.title,
            parameters=dict(declared.parameters),
            exchange=exchange_of(self.ws, self.request),
            symbols=(tape.symbol,),
            timeframe="events",
            start=moment(int(tape.ts[0])),
            end=moment(int(tape.ts[-1])),
            bars=0,
            lookback=0,
            checked=0 if evaluation is None else len(evaluation.checked),
            checks=tuple(told(found) for found in checks),
            thin_margins=(),
            seconds={},
            printed=evaluator.printed,
            events=len(tape),
            windows=() if evaluation is None else evaluation.windows,
        )
