"""The other trials of a strategy by their days, and what they say about a result."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xq.api.runs import SavedRun, runs
from xq.api.trials import ledger, market_name
from xq.api.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy as np

    from xq.api.backtest_inputs import Market
    from xq.backtest.result import Overfit


@dataclass(frozen=True, slots=True, eq=False)
class TrialDays:
    """One saved run.

    Attributes
    ----------
    days
        (D,) int64, UTC days since 1970 that have a bar.
    returns
        (D,) simple returns of these days.
    """

    run_id: str
    days: "np.ndarray"
    returns: "np.ndarray"


def saved_trials(
    ws: Workspace, strategy: str, market: "Market", *, without: str
) -> list[TrialDays]:
    """Saved runs of a strategy on the same series, one per run id.

    Raises
    ------
    CorruptFile
        If an equity curve cannot be read.
    """
    chosen = {
        run.run_id: run
        for run in runs(ws, strategy=strategy)
        if (run.exchange, tuple(run.symbols), run.timeframe)
        == (market.exchange, market.symbols, str(market.timeframe))
    }
    chosen.pop(without, None)
    return [trial_days(ws, run) for run in chosen.values()]


def unsaved_trials(
    ws: Workspace, strategy: str, market: "Market", *, without: "Collection[str]"
) -> list[float]:
    """Daily Sharpe ratios of the trials on record besides those of these ids; NaN: it has none.

    Raises
    ------
    CorruptFile
        If the ledger was changed.
    """
    name = market_name(market.exchange, market.symbols, market.timeframe)
    return ledger(ws).ratios(strategy, name, without)


def overfit_of(ws: Workspace, strategy: str, market: "Market", own: TrialDays) -> "Overfit":
    """How much of a run's Sharpe ratio may be luck, given every other trial on record.

    Raises
    ------
    CorruptFile
        If the ledger or a saved equity curve cannot be read.
    """
    saved = saved_trials(ws, strategy, market, without=own.run_id)
    known = {trial.run_id for trial in (own, *saved)}
    return judged(own, saved, unsaved_trials(ws, strategy, market, without=known))


def trial_days(ws: Workspace, run: SavedRun) -> TrialDays:
    """The daily returns of a saved run.

    Raises
    ------
    CorruptFile
        If its equity curve cannot be read.
    """
    from xq.lake.layout import Dataset
    from xq.lake.reader import Lake

    table = Lake(ws.lake).table(Dataset("equity", run_id=run.run_id))
    times = table["ts"].cast("int64").to_numpy()
    equity = table["equity"].to_numpy()
    return daily(run.run_id, times, equity, run.initial_cash)


def daily(run_id: str, known_at: "np.ndarray", equity: "np.ndarray", start: float) -> TrialDays:
    """An equity curve by days."""
    from xq.metrics.daily import daily_returns, last_of_days
    from xq.timeframe import DAY_MS

    days = (known_at[last_of_days(known_at)] - 1) // DAY_MS
    return TrialDays(run_id, days, daily_returns(known_at, equity, start))


def judged(
    own: TrialDays, others: "Sequence[TrialDays]", unsaved: "Sequence[float]" = ()
) -> "Overfit":
    """How much of a run's Sharpe ratio may be luck, given the other trials.

    The other trials count by number and by the spread of their Sharpe ratios whatever their range;
    overfitting is judged among those that cover the run's days.

    Parameters
    ----------
    unsaved
        Daily Sharpe ratios of trials whose days nobody kept; NaN counts as one without any.
    """
    import numpy as np

    from xq.backtest.result import Overfit
    from xq.metrics import overfit
    from xq.metrics.returns import sharpe_ratio
    from xq.metrics.sharpe_inference import deflated_sharpe_2026

    kept = (sharpe_ratio(trial.returns) for trial in (*others, own))
    sharpes = np.array([*unsaved, *kept])
    return Overfit(
        trials=len(sharpes),
        probabilistic_sharpe_ratio=overfit.deflated_from(own.returns, sharpes[-1:]),
        deflated_sharpe_ratio=overfit.deflated_from(own.returns, sharpes),
        deflated_sharpe_ratio_2026=deflated_sharpe_2026(own.returns, len(sharpes)),
        probability_of_overfitting=_overfitting(own, others),
    )


def _overfitting(own: TrialDays, others: "Sequence[TrialDays]") -> float | None:
    import numpy as np

    from xq.metrics.pbo import SPLITS, pbo

    columns = [own.returns]
    for trial in others:
        _, _, at = np.intersect1d(own.days, trial.days, assume_unique=True, return_indices=True)
        if len(at) == len(own.days):
            columns.append(trial.returns[at])
    if len(columns) < 2 or len(own.days) < 2 * SPLITS:
        return None
    return pbo(np.column_stack(columns)).probability
