"""One trial of a sweep: weights of one set of parameters to figures and daily returns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from xq.backtest.conditions import NOTHING, Conditions
from xq.backtest.listing import BY_HAND, Delistings
from xq.backtest.simulation import Funding, Rules, Simulation
from xq.backtest.vector import simulate
from xq.bars import Bars
from xq.errors import XqError
from xq.metrics import drawdown, returns, trades
from xq.metrics.daily import DAYS_PER_YEAR, last_of_days
from xq.metrics.returns import NAN, bar_returns
from xq.portfolio.costs import Costs
from xq.strategy.sandbox import DEADLINE_S
from xq.strategy.sets import SetsEvaluator, Weighed

FIGURES = (
    "daily_sharpe_ratio", "total_return", "calmar_ratio", "daily_sortino_ratio", "max_drawdown",
    "turnover", "exposure", "fills", "fees",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What all trials of a sweep share, the bars apart.

    Attributes
    ----------
    first, start
        Rows of the bars at which the simulation and the run begin.
    funding, conditions, ends
        From row ``first`` on.
    seed
        Of the rows that the law asks again.
    """

    folder: Path
    strategy: str
    first: int
    start: int
    costs: Costs
    rules: Rules
    funding: Funding | None = None
    conditions: Conditions = NOTHING
    ends: Delistings = BY_HAND
    seed: int = 0
    deadline_s: float = DEADLINE_S


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Sets of parameters with the numbers of their trials."""

    numbers: tuple[int, ...]
    sets: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What came of one trial.

    Attributes
    ----------
    figures
        By name, see `FIGURES`. Empty if it was refused.
    returns
        (D,) daily returns; empty if it was refused.
    error
        Why it was refused.
    """

    number: int
    params: Mapping[str, Any]
    figures: Mapping[str, float] = field(default_factory=dict)
    returns: np.ndarray = field(default_factory=lambda: np.empty(0))
    checked_rows: int = 0
    error: XqError | None = None


class Trials:
    """Runs batches of trials one after the other; use it as a context, or `close` it."""

    def __init__(self, scene: Scene, bars: Bars) -> None:
        self._scene, self._seen = scene, bars.slice(scene.first, len(bars))
        self._known = scene.ends.bars(self._seen)
        self._lead = scene.start - scene.first
        self._nights = last_of_days(self._known.known_at[self._lead :])
        self._evaluator = SetsEvaluator(scene.folder, scene.strategy, deadline_s=scene.deadline_s)
        self._evaluator.give(bars)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill the strategy's process."""
        self._evaluator.close()

    def run(self, batch: Batch) -> list[Outcome]:
        """Every trial's outcome, in their order."""
        seeds = [self._scene.seed + number for number in batch.numbers]
        answers = self._evaluator.weigh(batch.sets, seeds)
        return [
            self._outcome(number, params, answer)
            for number, params, answer in zip(batch.numbers, batch.sets, answers, strict=True)
        ]

    def _outcome(
        self, number: int, params: Mapping[str, Any], answer: Weighed | XqError
    ) -> Outcome:
        if isinstance(answer, XqError):
            return Outcome(number, dict(params), error=answer)
        values = dict(answer.declared.values)
        try:
            run = self.simulated(answer)
        except XqError as error:
            return Outcome(number, values, error=error)
        daily = bar_returns(run.growth[self._nights], run.initial_cash)
        return Outcome(number, values, figures(run, daily), daily, answer.checked_rows)

    def simulated(self, answer: Weighed) -> Simulation:
        """The account of one set of parameters."""
        scene, exits = self._scene, answer.declared.exits
        chosen = {} if exits is None else {name: getattr(exits, name) for name in exits.__slots__}
        return simulate(
            scene.ends.weights(answer.weights[scene.first :], self._seen),
            self._known,
            scene.costs,
            replace(scene.rules, **chosen),
            scene.funding,
            scene.conditions,
        ).after(self._lead)


def figures(run: Simulation, daily: np.ndarray) -> dict[str, float]:
    """Key figures of a trial; NaN where one cannot be computed."""
    growth, cash = run.growth, run.initial_cash
    years = max(len(daily), 1) / DAYS_PER_YEAR
    depth = drawdown.max_drawdown(growth, cash)
    annual = returns.annual_return(growth, cash, len(growth) / years)
    return {
        "daily_sharpe_ratio": returns.sharpe_ratio(daily, DAYS_PER_YEAR),
        "total_return": returns.total_return(growth, cash),
        "calmar_ratio": annual / -depth if depth else NAN,
        "daily_sortino_ratio": returns.sortino_ratio(daily, DAYS_PER_YEAR),
        "max_drawdown": depth,
        "turnover": trades.turnover(run.fills.notional, run.equity),
        "exposure": trades.exposure(run.positions),
        "fills": float(len(run.fills)),
        "fees": float(np.sum(run.fills.fee)),
    }


def batches(todo: Sequence[tuple[int, Mapping[str, Any]]], bars: Bars, workers: int) -> list[Batch]:
    """Trials in batches: small enough for memory, and ever smaller so that all workers end as one.

    Examples
    --------
    >>> from xq.timeframe import Timeframe
    >>> bars = Bars.of(Timeframe.parse("1h"), ["A/B"], [0], open=[1], close=[1])
    >>> [len(one.sets) for one in batches([(n, {}) for n in range(100)], bars, workers=2)]
    [25, 19, 14, 11, 8, 6, 5, 3, 3, 2, 1, 1, 1, 1]
    """
    room = max(1, min(64_000_000 // max(8 * bars.close.size, 1), 32))
    parts = []
    while todo:
        size = min(room, -(-len(todo) // (2 * workers)))
        parts.append(todo[:size])
        todo = todo[size:]
    return [Batch(tuple(n for n, _ in part), tuple(p for _, p in part)) for part in parts]
