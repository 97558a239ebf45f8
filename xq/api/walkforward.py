"""Tune on the past, test on what follows, again and again."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from xq.api.sweep import Counting, keep, tried
from xq.api.sweep_run import accepted, executor_of, refusals, run_all
from xq.api.sweep_scene import Question, Setting, setting_of
from xq.api.trials import Head, Tried, record
from xq.api.workspace import Workspace
from xq.errors import UsageError, unknown

if TYPE_CHECKING:
    import numpy as np

    from xq.api.walkforward_account import Account
    from xq.backtest.sweep_trial import Outcome
    from xq.backtest.verdict import Verdict
    from xq.backtest.walkforward import PathsOut, Window

KIND = "walkforward"


@dataclass(frozen=True, slots=True)
class Plan:
    """How the days are divided; all numbers are days that have a bar.

    Attributes
    ----------
    train, test
        Days to tune on before the first test, and days until tuning again.
    anchored
        Tune on everything since the first day instead of the last ``train`` days.
    purge, embargo
        Days left out between tuning and test.
    groups, held
        Of the combinatorial cross-validation; ``groups`` 0 leaves it out.
    """

    train: int = 180
    test: int = 30
    anchored: bool = False
    purge: int = 0
    embargo: int = 0
    groups: int = 10
    held: int = 2


@dataclass(frozen=True, slots=True, eq=False)
class WalkForwardResult:
    """One finished walk-forward.

    Attributes
    ----------
    windows
        One row per test: its days, the parameters chosen, in-sample and out-of-sample figures.
    account
        The tested bars: it changes its parameters and pays for that.
    setting, outcomes, choices
        What was asked, the trials that could be run, and which of them each window chose.
    on_record
        (K,) daily Sharpe ratios of all trials of the strategy on the market, this one included; NaN
        without one. Whoever chose what to tune and how may have seen any of them.
    figures
        Of that account, and of buying and holding on the same days (``hold_``).
    """

    walkforward_id: str
    strategy: str
    market: str
    objective: str
    plan: Plan
    windows: tuple[dict[str, Any], ...]
    account: "Account"
    setting: Setting
    outcomes: "tuple[Outcome, ...]"
    choices: "tuple[Window, ...]"
    figures: dict[str, float | None]
    paths: "PathsOut | None"
    verdict: "Verdict"
    on_record: "np.ndarray"
    ledger: Head
    notes: tuple[str, ...]

    def summary(self) -> dict[str, Any]:
        """Plain values; what is not a number is None."""
        return {
            "kind": KIND,
            "walkforward_id": self.walkforward_id,
            "strategy": self.strategy,
            "market": self.market,
            "objective": self.objective,
            "plan": asdict(self.plan),
            "windows": list(self.windows),
            "out_of_sample": self.figures,
            "combinatorial": self._combinatorial(),
            "verdict": {"survives": self.verdict.survives, "reasons": list(self.verdict.reasons)},
            "ledger": asdict(self.ledger),
            "notes": list(self.notes),
        }

    def _combinatorial(self) -> dict[str, Any] | None:
        if self.paths is None:
            return None
        import numpy as np

        ratios = self.paths.sharpe_ratios
        known = ratios[~np.isnan(ratios)]
        spread = np.quantile(known, [0.05, 0.5, 0.95]).tolist() if len(known) else [None] * 3
        return {
            "splits": self.paths.splits,
            "paths": len(ratios),
            "daily_sharpe_ratio": dict(zip(("low", "median", "high"), spread, strict=True)),
            "losing": self.paths.losing,
        }


def walkforward(
    ws: Workspace,
    question: Question,
    plan: Plan,
    *,
    workers: int | None = None,
    executor: str = "local",
    address: str | None = None,
    counting: Counting | None = None,
) -> WalkForwardResult:
    """Run every trial once, choose per window by its training days, trade the choices.

    Raises
    ------
    UsageError
        A guided method, or lengths that do not fit the days.
    DataError, StrategyError
        See `xq.api.sweep.sweep`.
    """
    from xq.backtest.identity import run_id
    from xq.backtest.sweep_judge import OBJECTIVES
    from xq.backtest.sweep_search import search_of
    from xq.validation.splits import walk_forward

    if question.objective not in OBJECTIVES:
        raise unknown("objective", question.objective, OBJECTIVES, hint="xq walkforward --help")
    if question.method in ("tpe", "cmaes"):
        raise UsageError(
            f"{question.method} looks at the days to be tested",
            hint="--method grid or random: every window chooses among the same trials",
        )
    with executor_of(executor, workers, address) as pool:
        setting = setting_of(ws, question, pool.start)
        splits = list(
            walk_forward(
                len(setting.days), plan.train, plan.test, anchored=plan.anchored, purge=plan.purge,
                embargo=plan.embargo,
            )
        )  # fmt: skip
        _, total = search_of(question.method, setting.space, question.trials, setting.scene.seed)
        axes = [[axis.name, list(axis.values)] for axis in setting.space.axes]
        drawn = [question.method, question.trials, setting.scene.seed, axes]
        trials_id = run_id({**setting.facts, KIND: drawn})
        own_id = run_id({"trials": trials_id, "objective": question.objective, **asdict(plan)})
        folder = ws.state / "sweeps" / trials_id
        tick = None if counting is None else counting(total)
        outcomes = run_all(setting, question, folder, pool, tick)
    found = accepted(outcomes)
    return _Walk(ws, setting, question, plan, found, own_id).result(splits, refusals(outcomes))


@dataclass(frozen=True, slots=True)
class _Walk:
    ws: Workspace
    setting: Setting
    question: Question
    plan: Plan
    outcomes: "list[Outcome]"
    own_id: str

    def result(self, splits: Any, refused: Sequence[str]) -> WalkForwardResult:
        import numpy as np

        from xq.api.walkforward_account import figures_of, verdict_of
        from xq.backtest.sweep_judge import yearly_sharpe
        from xq.backtest.walkforward import combinatorial_paths, windows
        from xq.lake.disk import make_folder

        setting, plan, objective = self.setting, self.plan, self.question.objective
        matrix = np.column_stack([one.returns for one in self.outcomes])
        paths = None
        if plan.groups:
            paths = combinatorial_paths(
                matrix, plan.groups, plan.held, objective, purge=plan.purge, embargo=plan.embargo
            )
        chosen = windows(matrix, splits, objective)
        account = self._account(chosen)
        tuned = [yearly_sharpe(matrix[one.split.train_rows, one.chosen]) for one in chosen]
        known = record(
            self.ws,
            [
                *tried(setting, self.outcomes, f"{KIND} {self.own_id}"),
                self._tried(account.daily),
            ],
        )
        ratios = known.ratios(self.question.strategy, setting.market_name)
        found = WalkForwardResult(
            walkforward_id=self.own_id,
            strategy=self.question.strategy,
            market=setting.market_name,
            objective=objective,
            plan=plan,
            windows=tuple(self._row(window, account) for window in chosen),
            account=account,
            setting=setting,
            outcomes=tuple(self.outcomes),
            choices=tuple(chosen),
            figures=figures_of(account, tuned),
            paths=paths,
            verdict=verdict_of(account, matrix, len(ratios)),
            on_record=np.array(ratios),
            ledger=known.head,
            notes=(*setting.notes, *refused),
        )
        folder = self.ws.state / "sweeps" / f"{KIND}-{self.own_id}"
        make_folder(folder)
        keep(folder, found.summary())
        return found

    def _tried(self, daily: "np.ndarray") -> Tried:
        from xq.metrics.returns import sharpe_ratio

        ratio = sharpe_ratio(daily)
        return Tried(
            trial_id=self.own_id,
            strategy=self.question.strategy,
            market=self.setting.market_name,
            source=f"{KIND}-result {self.own_id}",
            params=asdict(self.plan),
            sharpe_ratio=ratio if ratio == ratio else None,
        )

    def _account(self, chosen: "list[Window]") -> "Account":
        from xq.api.walkforward_account import account_of

        sets = [self.outcomes[window.chosen].params for window in chosen]
        tests = [window.split.test for window in chosen]
        return account_of(self.setting, sets, tests, clock=self.ws.clock)

    def _row(self, window: "Window", account: "Account") -> dict[str, Any]:
        from xq.backtest.sweep_judge import yearly_sharpe

        test, first = window.split.test, account.first_day
        part = account.daily[test.start - first : test.stop - first]
        train = window.split.train[0]
        return {
            "train_start": self._date(train.start),
            "train_end": self._date(train.stop - 1),
            "test_start": self._date(test.start),
            "test_end": self._date(test.stop - 1),
            **self.outcomes[window.chosen].params,
            "in_sample": _plain(window.in_sample),
            "daily_sharpe_ratio": _plain(yearly_sharpe(part)),
            "return": float((1.0 + part).prod() - 1.0),
        }

    def _date(self, day: int) -> str:
        from xq.clock import iso
        from xq.timeframe import DAY_MS

        return iso(int(self.setting.days[day]) * DAY_MS)[:10]


def _plain(value: float) -> float | None:
    return None if value != value or value in (float("inf"), float("-inf")) else value
