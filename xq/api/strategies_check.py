"""``xq strategies check``: the stored bars, the law over them, and what is asked beyond it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from xq.api.strategies import NEWEST_BARS, CheckReport, CheckRequest, CheckRow
from xq.api.workspace import Workspace
from xq.errors import StrategyError
from xq.timeframe import DAY_MS, Timeframe
from xq.types import Symbol

if TYPE_CHECKING:
    from xq.bars import Bars
    from xq.strategy.examination import Check
    from xq.strategy.sandbox import Evaluation, Evaluator, StrategySpec


@dataclass(frozen=True, slots=True)
class Checking:
    """One strategy before its questions.

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
        from xq.strategy.sandbox import Evaluator, StrategySpec

        spec = StrategySpec(self.ws.strategies, self.request.name, self.request.parameters)
        with Evaluator.start(
            spec, deadline_s=self.request.seconds, clock=self.ws.clock
        ) as evaluator:
            bars = _bars(self.ws, self.request, evaluator)
            checks, evaluation = self._checks(evaluator, spec, bars)
            report = self._report(evaluator, bars, checks, evaluation)
        return report, next((found.error for found in checks if found.error), None)

    def _checks(
        self, evaluator: "Evaluator", spec: "StrategySpec", bars: "Bars"
    ) -> "tuple[list[Check], Evaluation | None]":
        from xq.strategy.corners import check_corners, corners, law_on
        from xq.strategy.examination import Check, Examination

        seed, clock = self.ws.seed, self.ws.clock
        declared = evaluator.declaration
        try:
            evaluation = evaluator.run(bars, rows=self.request.rows or "all", seed=seed)
        except StrategyError as error:
            return [Check("law", "fails", finding=error.message, error=error)], None
        asked = 2 * len(evaluation.checked_rows) * len(bars.symbols)
        law = Check("law", "holds", asked, thin_margins=len(evaluation.thin_margins))
        where = str(self.ws.strategies / f"{spec.name}.py")
        beyond = Examination(evaluator, bars, evaluation.weights, self.until, clock, where, seed)
        edges = corners(declared.declared, declared.parameters)
        law_there = law_on(bars, clock, seed)
        last = check_corners(spec, edges, law_there, f"{len(bars)} bars", self.until, clock)
        return [law, *beyond.checks(), last], evaluation

    def _report(
        self,
        evaluator: "Evaluator",
        bars: "Bars",
        checks: "Sequence[Check]",
        evaluation: "Evaluation | None",
    ) -> CheckReport:
        declared = evaluator.declaration
        seconds = {} if evaluation is None else {
            "weights": round(evaluation.seconds.weights, 3),
            "law": round(evaluation.seconds.law, 3),
        }  # fmt: skip
        thin = () if evaluation is None else evaluation.thin_margins
        return CheckReport(
            strategy=declared.name,
            title=declared.title,
            parameters=dict(declared.parameters),
            exchange=exchange_of(self.ws, self.request),
            symbols=bars.symbols,
            timeframe=bars.timeframe.name,
            start=moment(int(bars.ts[0])),
            end=moment(int(bars.known_at[-1])),
            bars=len(bars),
            lookback=declared.lookback,
            checked=0 if evaluation is None else len(evaluation.checked_rows),
            checks=tuple(told(found) for found in checks),
            thin_margins=tuple(moment(found.ts_ms) for found in thin),
            seconds=seconds,
            printed=evaluator.printed,
        )


def told(found: "Check") -> CheckRow:
    """A check as it is shown."""
    rows = tuple(moment(ts_ms) for ts_ms in found.rows)
    return CheckRow(found.name, found.result, found.asked, found.finding, rows, found.thin_margins)


def _bars(ws: Workspace, request: CheckRequest, evaluator: "Evaluator") -> "Bars":
    """Stored bars of the range, with the inputs that the strategy declares."""
    from xq.api.feature_inputs import begun, with_inputs
    from xq.lake.reader import Lake

    declared = evaluator.declaration
    bars = _stored(ws, request, declared.lookback)
    bars = with_inputs(Lake(ws.lake), exchange_of(ws, request), bars, declared.inputs)
    return bars.slice(begun(bars), len(bars))


def _stored(ws: Workspace, request: CheckRequest, lookback: int) -> "Bars":
    from xq.lake.reader import Lake

    symbols = symbols_of(ws, request.symbols)
    timeframe = Timeframe.parse(request.timeframe or ws.config.collect.timeframe)
    bars = Lake(ws.lake).bars(
        exchange_of(ws, request),
        symbols,
        timeframe,
        request.since_ms,
        request.until_ms,
        gaps="flag",
    )
    if request.days is not None:
        first = int((bars.known_at <= bars.known_at[-1] - request.days * DAY_MS).sum())
        return bars.slice(max(first - lookback + 1, 0), len(bars))
    if request.since_ms is None and request.until_ms is None:
        return bars.slice(max(len(bars) - NEWEST_BARS, 0), len(bars))
    return bars


def exchange_of(ws: Workspace, request: CheckRequest) -> str:
    """Whose data is meant."""
    return request.exchange or ws.config.exchange.name


def symbols_of(ws: Workspace, given: Sequence[str]) -> tuple[str, ...]:
    """The symbols named, unified, or the first of the configuration."""
    names = given or ws.config.collect.symbols[:1]
    return tuple(dict.fromkeys(str(Symbol.parse(name)) for name in names))


def moment(ts_ms: int) -> datetime:
    """Epoch ms as a time with its zone."""
    return datetime.fromtimestamp(ts_ms / 1000, UTC)
