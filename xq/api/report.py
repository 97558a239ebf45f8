"""The HTML report of a run, and the search around it as far as runs are saved."""

from pathlib import Path
from typing import TYPE_CHECKING

from xq.api.workspace import Workspace

if TYPE_CHECKING:
    from xq.backtest.report_study import Study
    from xq.backtest.result import BacktestResult

_OTHER_BARS = 0.1


def write_report(ws: Workspace, result: "BacktestResult", path: Path) -> None:
    """Write the page of a run, whole or not at all; saved runs of the strategy are its search.

    Raises
    ------
    StorageFailed
        If the file cannot be written.
    CorruptFile
        If the saved runs cannot be read.
    """
    from xq.backtest.report import page
    from xq.lake.disk import write_whole

    write_whole(path, page(result, saved_study(ws, result)).encode())


def saved_study(ws: Workspace, result: "BacktestResult") -> "Study":
    """Saved runs of the same strategy on the same series, this one included.

    Ranges must end together and be about as long: parameters decide how much is warm-up.

    Raises
    ------
    CorruptFile
        If lake or trial ledger cannot be read.
    """
    from xq.api.runs import runs
    from xq.api.trials import ledger
    from xq.backtest.report_study import Study, Trial

    own = (result.exchange, list(result.bars.symbols), str(result.bars.timeframe))
    others = {
        run.run_id: Trial(run.params, _figure(run.metrics.get("sharpe_ratio")))
        for run in runs(ws, strategy=result.strategy)
        if (run.exchange, run.symbols, run.timeframe) == own
        and run.end_ts == result.end_ms
        and abs(run.bars - len(result.bars)) <= _OTHER_BARS * len(result.bars)
    }
    others[result.run_id] = Trial(result.params, result.metrics.sharpe_ratio)
    return Study(
        trials=tuple(others.values()),
        ledger_head=ledger(ws).head.hash,
        origin="saved runs of the same range",
    )


def _figure(value: float | None) -> float:
    return float("nan") if value is None else value
