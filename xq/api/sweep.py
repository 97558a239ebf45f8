"""Try many sets of parameters of a strategy on stored bars."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from xq.api.sweep_run import Tick, accepted, executor_of, refusals, run_all
from xq.api.sweep_scene import Question, Setting, setting_of
from xq.api.trials import Head, Tried, record
from xq.api.workspace import Workspace
from xq.errors import unknown

if TYPE_CHECKING:
    import numpy as np

    from xq.backtest.result import BacktestResult
    from xq.backtest.sweep_judge import Judgement
    from xq.backtest.sweep_trial import Outcome
    from xq.backtest.verdict import Verdict

FOLDER = "sweeps"
Counting = Callable[[int], Any]
"""Told the number of trials; gives the function that is called as they are done."""


@dataclass(frozen=True, slots=True, eq=False)
class SweepResult:
    """One finished sweep.

    Attributes
    ----------
    outcomes
        Every trial by number, refused ones included.
    best
        The best trial as a backtest of its own, under the whole law and at twice the costs; its
        luck is that of the best of all trials.
    days
        (D,) int64, UTC days since 1970 of the trials' returns.
    ledger
        Where the trial ledger stood afterwards.
    """

    sweep_id: str
    strategy: str
    market: str
    method: str
    objective: str
    seed: int
    outcomes: "tuple[Outcome, ...]"
    best: "BacktestResult"
    judgement: "Judgement"
    days: "np.ndarray"
    ledger: Head
    notes: tuple[str, ...]

    @property
    def verdict(self) -> "Verdict":
        """Of the best trial."""
        return self.best.verdict

    @property
    def matrix(self) -> "np.ndarray":
        """(D, N) daily returns of the accepted trials, by number."""
        import numpy as np

        return np.column_stack([one.returns for one in self.outcomes if one.error is None])

    def trials(self) -> list[dict[str, Any]]:
        """One row per accepted trial, best first."""
        rows = [one for one in self.outcomes if one.error is None]
        rows.sort(key=lambda one: (-_ordered(one.figures[self.objective]), one.number))
        return [
            {"trial": one.number, **one.params, **{k: _plain(v) for k, v in one.figures.items()}}
            for one in rows
        ]

    def summary(self) -> dict[str, Any]:
        """Plain values; what is not a number is None."""
        judged = _tree(asdict(self.judgement))
        return {
            "sweep_id": self.sweep_id,
            "strategy": self.strategy,
            "market": self.market,
            "method": self.method,
            "objective": self.objective,
            "seed": self.seed,
            "best": {
                "run_id": self.best.run_id,
                "params": dict(self.best.params),
                "metrics": self.best.metrics.as_dict(),
                "stressed_return": _plain(self.best.stressed_return),
            },
            "statistics": judged,
            "verdict": {"survives": self.verdict.survives, "reasons": list(self.verdict.reasons)},
            "ledger": asdict(self.ledger),
            "refused": len(self.outcomes) - len(self.trials()),
            "notes": list(self.notes),
            "trials": self.trials(),
        }


def sweep(
    ws: Workspace,
    question: Question,
    *,
    workers: int | None = None,
    executor: str = "local",
    address: str | None = None,
    counting: Counting | None = None,
) -> SweepResult:
    """Run every trial and judge what is best among them.

    A sweep that was interrupted goes on where it stopped; the same sweep again runs nothing.

    Parameters
    ----------
    workers
        Processes; None takes all cores.
    executor, address
        ``local``, or ``ray`` and the cluster to join (None: the one that ``RAY_ADDRESS`` names).

    Raises
    ------
    UsageError, DataError, StrategyError
        See `setting_of` and `run_all`.
    """
    from concurrent.futures import ThreadPoolExecutor

    from xq.backtest.identity import run_id
    from xq.backtest.sweep_judge import OBJECTIVES, best_of, judge
    from xq.backtest.sweep_search import search_of

    if question.objective not in OBJECTIVES:
        raise unknown("objective", question.objective, OBJECTIVES, hint="xq sweep --help")
    with executor_of(executor, workers, address) as pool:
        setting = setting_of(ws, question, pool.start)
        _, total = search_of(question.method, setting.space, question.trials, setting.scene.seed)
        sweep_id = run_id({**setting.facts, **_plan(setting, question)})
        folder = ws.state / FOLDER / sweep_id
        tick: Tick | None = None if counting is None else counting(total)
        outcomes = run_all(setting, question, folder, pool, tick)
    found = accepted(outcomes)
    known = record(ws, tried(setting, found, f"sweep {sweep_id}"))
    trials = len(known.of(question.strategy, setting.market_name))
    with ThreadPoolExecutor(1) as aside:  # judged while the best runs, which is in other processes
        judging = aside.submit(
            judge, found, question.objective, setting.hold, trials, setting.scene.seed
        )
        alone = _alone(ws, setting, question, best_of(found, question.objective))
        judgement = judging.result()
    best = replace(alone, overfit=judgement.overfit)
    result = SweepResult(
        sweep_id=sweep_id,
        strategy=question.strategy,
        market=setting.market_name,
        method=question.method,
        objective=question.objective,
        seed=setting.scene.seed,
        outcomes=tuple(outcomes),
        best=best,
        judgement=judgement,
        days=setting.days,
        ledger=known.head,
        notes=(*setting.notes, *refusals(outcomes)),
    )
    keep(folder, result.summary())
    return result


def keep(folder: Any, summary: Mapping[str, Any]) -> None:
    """Write what a sweep or walk-forward said, beside its trials."""
    from xq.lake.disk import write_whole

    write_whole(folder / "result.json", json.dumps(summary).encode() + b"\n")


def heads(ws: Workspace) -> list[tuple[str, Head]]:
    """What finished sweeps and walk-forwards say of the ledger."""
    found = []
    for path in sorted((ws.state / FOLDER).glob("*/result.json")):
        said = json.loads(path.read_bytes())
        name = (
            f"{said['kind']} {path.parent.name}" if "kind" in said else f"sweep {said['sweep_id']}"
        )
        found.append((name, Head(**said["ledger"])))
    return found


def tried(setting: Setting, outcomes: "list[Outcome]", source: str) -> list[Tried]:
    """Accepted trials as lines of the ledger."""
    from xq.backtest.identity import run_id
    from xq.metrics.returns import sharpe_ratio

    return [
        Tried(
            trial_id=run_id({**setting.facts, "params": dict(one.params)}),
            strategy=setting.scene.strategy,
            market=setting.market_name,
            source=source,
            params=dict(one.params),
            sharpe_ratio=_plain(sharpe_ratio(one.returns)),
        )
        for one in outcomes
    ]


def _plan(setting: Setting, question: Question) -> dict[str, Any]:
    guided = question.method in ("tpe", "cmaes")
    return {
        "method": question.method,
        "objective": question.objective if guided else None,
        "trials": question.trials,
        "seed": setting.scene.seed,
        "axes": [[axis.name, list(axis.values)] for axis in setting.space.axes],
    }


def _alone(
    ws: Workspace, setting: Setting, question: Question, best: "Outcome"
) -> "BacktestResult":
    from xq.api.backtest import BacktestRequest, simulated

    return simulated(
        ws,
        BacktestRequest(
            strategy=question.strategy,
            symbols=setting.market.symbols,
            timeframe=str(setting.market.timeframe),
            span=span_of(setting),
            params=dict(best.params),
            lives=setting.market.lives,
        ),
    )


def span_of(setting: Setting) -> Any:
    """The very bars of the sweep."""
    from xq.api.backtest_inputs import Span

    bars, start = setting.bars, setting.scene.start
    end = bars.timeframe.end(int(bars.ts[-1]))
    return Span(int(bars.ts[start]), end, read_from_ms=int(bars.ts[0]))


def _ordered(value: float) -> float:
    return value if value == value else float("-inf")


def _plain(value: float) -> float | None:
    return None if value != value or value in (float("inf"), float("-inf")) else value


def _tree(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _tree(item) for name, item in value.items()}
    return _plain(value) if isinstance(value, float) else value
