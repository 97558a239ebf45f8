"""``xq strategies check`` on stored bars."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xq.api.strategies import NEWEST_BARS, CheckRequest
from xq.api.strategies_check import Checking, Extent, Held, exchange_of, moment, symbols_of
from xq.api.workspace import Workspace
from xq.timeframe import DAY_MS, Timeframe

if TYPE_CHECKING:
    from xq.bars import Bars
    from xq.strategy.corners import Law
    from xq.strategy.sandbox import Evaluator


@dataclass(frozen=True, slots=True)
class BarGround:
    """`Ground` of a strategy on bars."""

    asked: Checking
    evaluator: "Evaluator"
    bars: "Bars"

    @classmethod
    def of(cls, asked: Checking, evaluator: "Evaluator") -> "BarGround":
        """Stored bars of the range, with the inputs that the strategy declares."""
        return cls(asked, evaluator, _bars(asked.ws, asked.request, evaluator))

    @property
    def name(self) -> str:
        """How many bars."""
        return f"{len(self.bars)} bars"

    @property
    def extent(self) -> Extent:
        """From the first bar to the end of the last."""
        bars = self.bars
        return Extent(
            bars.symbols,
            bars.timeframe.name,
            moment(int(bars.ts[0])),
            moment(int(bars.known_at[-1])),
            bars=len(bars),
            lookback=self.evaluator.declaration.lookback,
        )

    def hold(self) -> Held:
        """Rows asked again, each with its own lookback alone. Raises `StrategyError`."""
        from xq.strategy.examination import Check, Examination

        ws, bars, rows = self.asked.ws, self.bars, self.asked.request.rows
        found = self.evaluator.run(bars, rows=rows or "all", seed=ws.seed)
        where = str(ws.strategies / f"{self.asked.request.name}.py")
        beyond = Examination(
            self.evaluator, bars, found.weights, self.asked.until, ws.clock, where, ws.seed
        )
        again = 2 * len(found.checked_rows) * len(bars.symbols)
        return Held(
            Check("law", "holds", again, thin_margins=len(found.thin_margins)),
            beyond.checks(),
            len(found.checked_rows),
            tuple(moment(margin.ts_ms) for margin in found.thin_margins),
            {"weights": round(found.seconds.weights, 3), "law": round(found.seconds.law, 3)},
        )

    def law(self) -> "Law":
        """On the same bars."""
        from xq.strategy.corners import law_on

        return law_on(self.bars, self.asked.ws.clock, self.asked.ws.seed)


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
