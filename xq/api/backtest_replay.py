"""Which engine simulates a backtest, and how the two are held against each other."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from xq.api.workspace import Workspace
from xq.clock import iso
from xq.errors import UsageError, XqError, unknown

if TYPE_CHECKING:
    import numpy as np

    from xq.api.backtest import BacktestRequest
    from xq.api.backtest_bars import Block
    from xq.backtest.conditions import Conditions
    from xq.backtest.simulation import Funding, Rules, Simulation
    from xq.backtest.verify import Friction
    from xq.bars import Bars
    from xq.portfolio.costs import Costs
    from xq.strategy.sandbox import StrategySpec

ENGINES = ("vector", "replay")
DECIDES = ("ahead", "each-bar")
AHEAD = DECIDES[0]


@dataclass(frozen=True, slots=True, eq=False)
class Traded:
    """What an engine is given; the first row may lie before the run's range and only decides."""

    weights: "np.ndarray"
    bars: "Bars"
    costs: "Costs"
    rules: "Rules"
    funding: "Funding | None"
    conditions: "Conditions"

    @property
    def all(self) -> "tuple[Any, ...]":
        """In the order in which the engines take them."""
        return self.weights, self.bars, self.costs, self.rules, self.funding, self.conditions


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """A run, and what a reader should know of it: one sentence each."""

    simulation: "Simulation"
    notes: tuple[str, ...] = ()


class Engine(Protocol):
    """What simulates a run; ``facts`` are its part of the run's identity."""

    @property
    def facts(self) -> dict[str, Any]:
        """Plain values."""

    def simulate(self, traded: Traded) -> Simulated:
        """One account through all bars."""

    def once_more(self, traded: Traded) -> "Simulation":
        """The same weights in another world."""


def engine_of(
    request: "BacktestRequest", spec: "StrategySpec", block: "Block", ws: Workspace
) -> Engine:
    """The engine that a request names.

    ``vector`` computes all bars in one pass. ``replay`` lets the live loop trade on the simulated
    venue, order by order; with ``decide`` ``each-bar`` it asks the strategy again at every bar, as
    live, in place of taking its weights from one pass (``ahead``).

    Raises
    ------
    UsageError
        For an unknown engine or mode, or ``each-bar`` without a replay.
    """
    if request.engine not in ENGINES:
        raise unknown("engine", request.engine, ENGINES)
    if request.decide not in DECIDES:
        raise unknown("way to decide", request.decide, DECIDES)
    if request.engine == "replay":
        return Replaying(spec, block, ws, request.decide)
    if request.decide != AHEAD:
        raise UsageError(
            f"the vector engine decides ahead, found --decide {request.decide}",
            hint="--engine replay --decide each-bar",
        )
    return Vector()


def require_one_engine(ws: Workspace, strategy: str, option: str) -> None:
    """Refuse an option that chooses engines for strategies that answer events: they have one.

    Raises
    ------
    UsageError
        Naming the option.
    """
    from xq.api.market_tape import is_market_strategy

    if is_market_strategy(ws, strategy):
        raise UsageError(
            f"{strategy} answers events, which one engine simulates; found {option}",
            hint=f"xq backtest --strategy {strategy}",
        )


class Vector:
    """`xq.backtest.vector.simulate`."""

    facts: dict[str, Any] = {}  # noqa: RUF012 - never changed

    def simulate(self, traded: Traded) -> Simulated:
        """One pass over all bars."""
        return Simulated(self.once_more(traded))

    def once_more(self, traded: Traded) -> "Simulation":
        """One pass over all bars."""
        from xq.backtest.vector import simulate

        return simulate(*traded.all)


class Replaying:
    """`xq.backtest.replay.replay`."""

    def __init__(self, spec: "StrategySpec", block: "Block", ws: Workspace, decide: str) -> None:
        self._spec, self._block, self._ws, self._decide = spec, block, ws, decide
        self.facts: dict[str, Any] = {"engine": "replay", "decide": decide}

    def simulate(self, traded: Traded) -> Simulated:
        """The live loop on stored bars."""
        from xq.backtest.replay import replay

        if self._decide == AHEAD:
            replayed = replay(*traded.all)
        else:
            with self._asking(traded.bars) as decide:
                replayed = replay(*traded.all, decide=decide)
        woken = (
            f"replay: the live loop was woken at {replayed.ticks:,} of {len(traded.bars):,} bars"
        )
        return Simulated(replayed.simulation, (woken, *_problems(replayed.problems)))

    def once_more(self, traded: Traded) -> "Simulation":
        """The live loop, told the weights."""
        from xq.backtest.replay import replay

        return replay(*traded.all).simulation

    def _asking(self, bars: "Bars") -> Any:
        """A strategy process that is asked bar by bar, with the bars that live would have."""
        from contextlib import contextmanager

        from xq.strategy.sandbox import Evaluator

        whole, lead = self._block.bars, len(self._block.bars) - len(bars)

        @contextmanager
        def process() -> Any:
            with Evaluator.start(self._spec, clock=self._ws.clock) as evaluator:
                lookback = evaluator.declaration.lookback

                def decide(row: int) -> "np.ndarray":
                    end = lead + row + 1
                    window = whole.slice(end - lookback, end)
                    weights = evaluator.run(window, rows=1, seed=self._ws.seed).weights
                    newest: np.ndarray = weights[-1]
                    return newest

                yield decide

        return process()


def _problems(found: "tuple[tuple[int, XqError], ...]") -> tuple[str, ...]:
    if not found:
        return ()
    bar_ms, first = found[0]
    return (
        f"replay: {len(found)} orders were refused, the first at {iso(bar_ms)}: {first.message}",
    )


def verify(ws: Workspace, request: "BacktestRequest") -> "tuple[Friction, ...]":
    """Run both engines, without frictions and with each of them alone.

    Raises
    ------
    XqError
        As `xq.api.backtest.backtest`.
    """
    from xq.api.backtest import prepare
    from xq.backtest.verify import verify as compare

    require_one_engine(ws, request.strategy, "--verify")
    prepared = prepare(ws, request)
    funding, _ = prepared.funding()
    return compare(*prepared.traded(prepared.world(), funding).all)


def require_explained(rows: "tuple[Friction, ...]") -> None:
    """Refuse a difference between the engines that nothing explains: one of them is wrong.

    Raises
    ------
    XqError
        Naming the friction and what is left over.
    """
    from xq.backtest.verify import TOLERANCE

    for row in rows:
        if not row.is_explained:
            raise XqError(
                f"the engines differ by {row.residual:.3g} of equity that nothing explains, "
                f"at most {TOLERANCE:g} is rounding",
                where=f"friction: {row.name}",
                hint="report it with the command line and the bars",
            )
