"""How a walk-forward looks on a terminal."""

from typing import TYPE_CHECKING

from xq.cli.backtest_figures import percent
from xq.cli.fold import fold, terminal_width
from xq.cli.shell import Shell

if TYPE_CHECKING:
    from xq.api.walkforward import WalkForwardResult


def view(shell: Shell, result: "WalkForwardResult") -> None:
    """Answer with the windows and the verdict, or with the JSON object."""
    if not shell.as_table:
        shell.record(result.summary())
    else:
        shell.rows(list(result.windows), title=f"{result.strategy} on {result.market}")
        shell.text("\n".join(fold(line, terminal_width()) for line in lines(result)))
    for note in result.notes:
        shell.note(f"note: {note}")


def lines(result: "WalkForwardResult") -> list[str]:
    """What came of it, one line each."""
    out = result.figures
    found = [
        f"  out of sample: {_share(out['total_return'])} in {out['days']:.0f} days, Sharpe "
        f"{_number(out['daily_sharpe_ratio'])}, drawdown {_share(out['max_drawdown'])}",
        f"  in sample: Sharpe {_number(out['in_sample_daily_sharpe_ratio'])} on average; "
        f"{_efficiency(out['efficiency'])}",
        f"  buy and hold: {_share(out['hold_total_return'])}, Sharpe "
        f"{_number(out['hold_daily_sharpe_ratio'])}",
    ]
    if result.paths is not None:
        spread = result.summary()["combinatorial"]
        ratios = spread["daily_sharpe_ratio"]
        found.append(
            f"  {spread['paths']} combinatorial paths: Sharpe {_number(ratios['median'])}, from "
            f"{_number(ratios['low'])} to {_number(ratios['high'])} (90 %); "
            f"{percent(spread['losing'], 1)} lose"
        )
    found.append(f"  verdict: {result.verdict.sentence}")
    found.append(f"  ledger: {result.ledger.trials:,} trials, head {result.ledger.hash[:16]}")
    return found


def _efficiency(value: float | None) -> str:
    told = "none, with so little in sample" if value is None else f"{value:.2f}"
    return f"efficiency {told}"


def _share(value: float | None) -> str:
    return "unknown" if value is None else percent(value, 1)


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"
