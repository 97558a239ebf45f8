"""``xq strategies check``: the law on stored data, and what is asked beyond it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from xq.api.strategies import CheckReport, CheckRequest, CheckRow
from xq.api.workspace import Workspace
from xq.errors import StrategyError
from xq.types import Symbol

if TYPE_CHECKING:
    from xq.strategy.corners import Law
    from xq.strategy.examination import Check
    from xq.strategy.sandbox import Evaluator, StrategySpec


@dataclass(frozen=True, slots=True)
class Extent:
    """What a strategy is checked on; see `CheckReport` for the fields."""

    symbols: tuple[str, ...]
    timeframe: str
    start: datetime
    end: datetime
    bars: int = 0
    lookback: int = 0
    events: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """A strategy that passed the law; see `CheckReport` for the other fields.

    Attributes
    ----------
    beyond
        What is asked then, one check after another.
    """

    law: "Check"
    beyond: "Iterable[Check]"
    checked: int
    thin_margins: tuple[datetime, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    windows: tuple[float, ...] = ()


class Ground(Protocol):
    """Stored data of one kind, and how a strategy is asked on it."""

    @property
    def name(self) -> str:
        """What it is, in a finding."""

    @property
    def extent(self) -> Extent:
        """From when to when, and of what."""

    def hold(self) -> Held:
        """Hold the strategy against the law. Raises `StrategyError`."""

    def law(self) -> "Law":
        """The law as every corner of the parameters meets it."""


class Preparing(Protocol):
    """Makes the ground of a strategy that has loaded."""

    def __call__(self, asked: "Checking", evaluator: "Evaluator") -> Ground:
        """Raises `DataError` where too little is stored."""


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
    prepare: Preparing

    def report(self) -> tuple[CheckReport, StrategyError | None]:
        """Ask everything; the report and the first failure."""
        from xq.strategy.sandbox import Evaluator, StrategySpec

        name, seconds = self.request.name, self.request.seconds
        spec = StrategySpec(self.ws.strategies, name, self.request.parameters)
        with Evaluator.start(spec, deadline_s=seconds, clock=self.ws.clock) as evaluator:
            ground = self.prepare(self, evaluator)
            checks, held = self._checks(evaluator, spec, ground)
            report = self._report(evaluator, ground.extent, checks, held)
        return report, next((found.error for found in checks if found.error), None)

    def _checks(
        self, evaluator: "Evaluator", spec: "StrategySpec", ground: Ground
    ) -> "tuple[list[Check], Held | None]":
        from xq.strategy.corners import check_corners, corners
        from xq.strategy.examination import Check

        declared = evaluator.declaration
        try:
            held = ground.hold()
        except StrategyError as error:
            return [Check("law", "fails", finding=error.message, error=error)], None
        edges = corners(declared.declared, declared.parameters)
        last = check_corners(spec, edges, ground.law(), ground.name, self.until, self.ws.clock)
        return [held.law, *held.beyond, last], held

    def _report(
        self,
        evaluator: "Evaluator",
        extent: Extent,
        checks: "Sequence[Check]",
        held: Held | None,
    ) -> CheckReport:
        declared = evaluator.declaration
        return CheckReport(
            strategy=declared.name,
            title=declared.title,
            parameters=dict(declared.parameters),
            exchange=exchange_of(self.ws, self.request),
            symbols=extent.symbols,
            timeframe=extent.timeframe,
            start=extent.start,
            end=extent.end,
            bars=extent.bars,
            lookback=extent.lookback,
            checked=0 if held is None else held.checked,
            checks=tuple(told(found) for found in checks),
            thin_margins=() if held is None else held.thin_margins,
            seconds={} if held is None else held.seconds,
            printed=evaluator.printed,
            events=extent.events,
            windows=() if held is None else held.windows,
        )


def told(found: "Check") -> CheckRow:
    """A check as it is shown."""
    rows = tuple(moment(ts_ms) for ts_ms in found.rows)
    return CheckRow(found.name, found.result, found.asked, found.finding, rows, found.thin_margins)


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
