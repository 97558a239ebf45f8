"""``xq strategies check`` of a strategy on events: on the recorded market."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xq.api.strategies import CheckRequest
from xq.api.strategies_check import Checking, Extent, Held, exchange_of, moment, symbols_of
from xq.api.workspace import Workspace
from xq.errors import UsageError

if TYPE_CHECKING:
    from xq.strategy.corners import Law
    from xq.strategy.market_sandbox import MarketTrial
    from xq.strategy.market_tape import Tape
    from xq.strategy.sandbox import Evaluator, StrategySpec

EVENTS = 256
"""About so many events are asked again, unless told otherwise."""

_CORNER_EVENTS = 5_000
_CORNER_ROWS = 16


@dataclass(frozen=True, slots=True)
class MarketGround:
    """`Ground` of a strategy on events."""

    asked: Checking
    trial: "MarketTrial"

    @classmethod
    def of(cls, asked: Checking, evaluator: "Evaluator") -> "MarketGround":
        """The record of the range."""
        from xq.strategy.market_sandbox import MarketTrial

        where = str(asked.ws.strategies / f"{asked.request.name}.py")
        return cls(asked, MarketTrial(evaluator, _tape(asked.ws, asked.request), where))

    @property
    def name(self) -> str:
        """The record, of which corners meet a part."""
        return "the record"

    @property
    def extent(self) -> Extent:
        """From the first event to the last."""
        tape = self.trial.tape
        start, end = moment(int(tape.ts[0])), moment(int(tape.ts[-1]))
        return Extent((tape.symbol,), "events", start, end, events=len(tape))

    def hold(self) -> Held:
        """Events asked again, each from its own windows alone. Raises `StrategyError`."""
        from xq.strategy.examination import Check
        from xq.strategy.market_examination import MarketExamination

        ws = self.asked.ws
        found = self.trial.run(self.asked.request.rows or EVENTS, ws.seed)
        beyond = MarketExamination(self.trial, found.targets, self.asked.until, ws.clock, ws.seed)
        law = Check("law", "holds", len(found.checked))
        return Held(law, beyond.checks(), len(found.checked), windows=found.windows)

    def law(self) -> "Law":
        """On the beginning of the record."""
        from xq.strategy.market_sandbox import evaluate_market

        ws, part = self.asked.ws, self.trial.tape.prefix(_CORNER_EVENTS)

        def asked(spec: "StrategySpec", seconds: float) -> int:
            found = evaluate_market(
                spec, part, rows=_CORNER_ROWS, seed=ws.seed, deadline_s=seconds, clock=ws.clock
            )
            return len(found.checked)

        return asked


def _tape(ws: Workspace, request: CheckRequest) -> "Tape":
    """The record of one symbol."""
    from xq.api.backtest_inputs import Span
    from xq.api.market_tape import tape_of
    from xq.lake.reader import Lake

    symbols = symbols_of(ws, request.symbols)
    if len(symbols) != 1:
        raise UsageError(f"expected one symbol for events, found {' '.join(symbols)}")
    given = (request.since_ms, request.until_ms, request.days)
    span = Span(*given) if any(value is not None for value in given) else Span(days=1.0)
    return tape_of(Lake(ws.lake), exchange_of(ws, request), symbols[0], span)
