"""How a sweep looks on a terminal."""

from typing import TYPE_CHECKING, Any

from xq.cli.backtest_figures import percent
from xq.cli.fold import fold, terminal_width
from xq.cli.shell import Shell

if TYPE_CHECKING:
    from xq.api.sweep import SweepResult

_SHOWN = ("daily_sharpe_ratio", "total_return", "max_drawdown", "calmar_ratio", "fills")


def view(shell: Shell, result: "SweepResult", top: int) -> None:
    """Answer with the best trials and the verdict, or with the JSON object."""
    if not shell.as_table:
        shell.record(result.summary())
    else:
        rows = result.trials()
        names = list(result.best.params)
        shown: list[dict[str, Any]] = [
            {name: row[name] for name in ("trial", *names, *_SHOWN)} for row in rows[:top]
        ]
        shell.rows(shown, title=f"{result.strategy} on {result.market}: {_trials(len(rows))}")
        shell.text("\n".join(fold(line, terminal_width()) for line in lines(result)))
    for note in result.notes:
        shell.note(f"note: {note}")


def lines(result: "SweepResult") -> list[str]:
    """What the statistics say, one line each."""
    judged = result.judgement
    found = [
        f"  luck: deflated Sharpe {percent(judged.deflated_sharpe_ratio_2026, 1)} of the best of "
        f"{_trials(judged.trials)} on record"
    ]
    if judged.probability_of_overfitting is not None:
        found.append(
            f"  overfitting: choosing the best fails out of sample in "
            f"{percent(judged.probability_of_overfitting, 1)} of splits ({judged.splits} blocks)"
        )
    if judged.reality is not None:
        found.append(
            f"  against buy and hold: p {judged.reality.consistent:.3f} (Hansen), "
            f"{judged.reality.white:.3f} (White)"
        )
    if judged.neighbours is not None:
        near = judged.neighbours
        found.append(
            f"  neighbours: {result.objective} {near.mean:.2f} on average, {near.worst:.2f} at "
            f"worst, of the {near.count} nearest trials"
        )
    found.append(f"  verdict: {result.verdict.sentence}")
    found.append(f"  ledger: {_trials(result.ledger.trials)}, head {result.ledger.hash[:16]}")
    return found


def _trials(count: int) -> str:
    return f"{count:,} trial{'s' * (count != 1)}"
