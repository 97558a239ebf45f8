"""The HTML page of a sweep: its best trial as a backtest, with all trials around it."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xq.api.sweep import SweepResult
    from xq.backtest.report_study import Study


def write_sweep_report(result: "SweepResult", path: Path) -> None:
    """Write the page, whole or not at all.

    Raises
    ------
    StorageFailed
        If the file cannot be written.
    """
    from xq.backtest.report import page
    from xq.lake.disk import write_whole

    write_whole(path, page(result.best, study_of(result)).encode())


def study_of(result: "SweepResult") -> "Study":
    """Accepted trials with the figure that was sought, and where the ledger stands."""
    from xq.backtest.report_study import Study, Trial

    return Study(
        trials=[
            Trial(one.params, one.figures[result.objective])
            for one in result.outcomes
            if one.error is None
        ],
        figure=result.objective.replace("_", " "),
        ledger_head=result.ledger.hash,
        origin=f"trials of sweep {result.sweep_id}",
    )
