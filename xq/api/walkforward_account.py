"""One account that changes its parameters from window to window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xq.api.sweep_scene import Setting
from xq.errors import UsageError, XqError

LEAST_IN_SAMPLE = 0.5
"""Sharpe ratio per year below which there was too little to keep out of sample."""

if TYPE_CHECKING:
    import numpy as np

    from xq.backtest.simulation import Rules, Simulation
    from xq.backtest.verdict import Verdict
    from xq.ports import Clock
    from xq.strategy.sets import Weighed


@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """The tested bars of it.

    Attributes
    ----------
    hold
        (T,) equity of buying and holding from row ``begin`` on.
    run, rules, begin
        The simulation from row ``begin`` of the bars on, and the rules it followed.
    first_day
        Row of the first tested day among all days.
    daily
        (D,) returns of the tested days.
    stressed_return
        Total return at twice the costs.
    """

    run: "Simulation"
    rules: "Rules"
    begin: int
    known_at: "np.ndarray"
    equity: "np.ndarray"
    hold: "np.ndarray"
    daily: "np.ndarray"
    cash: float
    first_day: int
    stressed_return: float
    checked_rows: int
    lookback: int

    @property
    def total_return(self) -> float:
        """As a fraction of the cash at the start."""
        return float(self.equity[-1] / self.cash - 1.0)


def account_of(
    setting: Setting,
    sets: Sequence[Mapping[str, Any]],
    tests: Sequence[range],
    *,
    clock: "Clock",
) -> Account:
    """Trade each set of parameters on the days it was chosen for.

    Raises
    ------
    UsageError
        If the chosen sets declare different exits, which one account cannot follow.
    StrategyError
        If a set that could be run before breaks the law now.
    """
    from xq.backtest.hold import buy_and_hold
    from xq.backtest.walkforward import rows_of_days, stitched
    from xq.metrics.daily import daily_returns
    from xq.timeframe import DAY_MS

    scene, bars = setting.scene, setting.bars
    weighed = _weighed(setting, sets, clock)
    exits = {one.declared.exits for one in weighed}
    if len(exits) > 1:
        raise UsageError(
            "the windows choose different exits, which one account cannot follow",
            hint="hold the parameters of exits fixed, such as --param stop=0.05",
        )
    times = bars.known_at
    rows = [rows_of_days(setting.days, times[scene.start :], test, DAY_MS) for test in tests]
    whole = [range(part.start + scene.start, part.stop + scene.start) for part in rows]
    parts = [(part, one.weights) for part, one in zip(whole, weighed, strict=True)]
    weights = stitched(bars.close.shape, parts, scene.rules.delay)
    chosen = exits.pop()
    rules = scene.rules
    if chosen is not None:
        rules = replace(rules, **{name: getattr(chosen, name) for name in chosen.__slots__})
    begin = whole[0].start
    cash = rules.initial_cash
    run = _run(setting, weights, rules, stressed=False).after(begin - scene.first)
    equity = run.growth
    dear = _run(setting, weights, rules, stressed=True).growth
    return Account(
        run=run,
        rules=rules,
        begin=begin,
        known_at=times[begin:],
        equity=equity,
        hold=buy_and_hold(bars.slice(begin, len(bars)), scene.costs, cash),
        daily=daily_returns(times[begin:], equity, cash),
        cash=cash,
        first_day=tests[0].start,
        stressed_return=float(dear[-1] / cash - 1.0),
        checked_rows=sum(one.checked_rows for one in weighed),
        lookback=max(one.declared.lookback for one in weighed),
    )


def _run(
    setting: Setting, weights: "np.ndarray", rules: "Rules", *, stressed: bool
) -> "Simulation":
    from xq.backtest.stress import at_costs, in_conditions
    from xq.backtest.vector import simulate

    scene, bars = setting.scene, setting.bars
    costs = at_costs(scene.costs) if stressed else scene.costs
    conditions = in_conditions(scene.conditions) if stressed else scene.conditions
    known = bars.slice(scene.first, len(bars))
    traded = scene.ends.weights(weights[scene.first :], known)
    settled = scene.ends.bars(known)
    return simulate(traded, settled, costs, rules, scene.funding, conditions)


def _weighed(
    setting: Setting, sets: Sequence[Mapping[str, Any]], clock: "Clock"
) -> "list[Weighed]":
    from xq.strategy.sets import SetsEvaluator

    scene = setting.scene
    found: dict[str, Weighed] = {}
    with SetsEvaluator(
        scene.folder, scene.strategy, deadline_s=scene.deadline_s, clock=clock
    ) as evaluator:
        evaluator.give(setting.bars)
        for one in sets:
            if repr(one) in found:
                continue
            answer = evaluator.weigh([one], [scene.seed])[0]
            if isinstance(answer, XqError):
                raise answer
            found[repr(one)] = answer
    return [found[repr(one)] for one in sets]


def figures_of(account: Account, tuned: Sequence[float]) -> dict[str, float | None]:
    """Figures of the account, of tuning it, and of buying and holding on the same days.

    Parameters
    ----------
    tuned
        Annualised Sharpe ratio of every choice on the days it was tuned on; their mean is what
        ``efficiency`` compares with, if it is at least `LEAST_IN_SAMPLE`.
    """
    from xq.backtest.sweep_judge import yearly_sharpe
    from xq.metrics.daily import daily_returns
    from xq.metrics.drawdown import max_drawdown
    from xq.metrics.sharpe_inference import deflated_sharpe_2026

    held = daily_returns(account.known_at, account.hold, account.cash)
    ratio, inside = yearly_sharpe(account.daily), sum(tuned) / len(tuned)
    found = {
        "days": float(len(account.daily)),
        "total_return": account.total_return,
        "daily_sharpe_ratio": ratio,
        "max_drawdown": max_drawdown(account.equity, account.cash),
        "probabilistic_sharpe_ratio": deflated_sharpe_2026(account.daily, 1),
        "in_sample_daily_sharpe_ratio": inside,
        "efficiency": efficiency(ratio, inside),
        "stressed_return": account.stressed_return,
        "hold_total_return": float(account.hold[-1] / account.cash - 1.0),
        "hold_daily_sharpe_ratio": yearly_sharpe(held),
    }
    return {
        name: value if value is not None and abs(value) < float("inf") else None
        for name, value in found.items()
    }


def efficiency(outside: float, inside: float) -> float | None:
    """Sharpe ratio out of sample over that in sample; None where too little was to be kept.

    Examples
    --------
    >>> efficiency(1.0, 2.0), efficiency(1.0, 0.01)
    (0.5, None)
    """
    return outside / inside if inside >= LEAST_IN_SAMPLE else None


def verdict_of(account: Account, matrix: "np.ndarray", trials: int) -> "Verdict":
    """Whether it survives the gate; like every verdict, after all trials on record.

    Parameters
    ----------
    matrix
        (D, N) daily returns of all trials.
    trials
        On record for the strategy and the market, this walk-forward included.
    """
    from xq.backtest.stress import STRESS
    from xq.backtest.sweep_judge import splits_for
    from xq.backtest.verdict import Evidence, verdict
    from xq.metrics.pbo import pbo
    from xq.metrics.sharpe_inference import deflated_sharpe_2026

    splits = splits_for(*matrix.shape)
    return verdict(
        Evidence(
            trials=trials,
            deflated_sharpe_ratio=deflated_sharpe_2026(account.daily, trials),
            probability_of_overfitting=pbo(matrix, splits).probability if splits else None,
            total_return=account.total_return,
            stressed_return=account.stressed_return,
            stress=STRESS,
            checked_rows=account.checked_rows,
        )
    )
