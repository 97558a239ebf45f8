"""How ``xq strategies`` looks in a terminal."""

from typing import TYPE_CHECKING, Any

from xq.cli.shell import Shell

if TYPE_CHECKING:
    from xq.api.strategies import CheckReport, StrategyRow


def summary(row: "StrategyRow") -> dict[str, Any]:
    """One plugin as a line of a table."""
    return {
        "name": row.name,
        "title": row.title or ("(broken)" if row.error else "(no docstring)"),
        "parameters": row.parameters,
        "lookback": row.lookback,
    }


def show(shell: Shell, report: "CheckReport") -> None:
    """What was asked and how it went; what the strategy printed goes to stderr, marked."""
    if shell.as_table:
        shell.rows(
            [
                {"check": c.check, "result": c.result, "asked": c.asked, "finding": c.finding}
                for c in report.checks
            ],
            title=f"{report.strategy} on {' '.join(report.symbols)} {report.timeframe}",
        )
    else:
        shell.record(report)
    for line in report.printed.splitlines():
        shell.note(f"{report.strategy} printed: {line}")
    if report.checked:
        what = "events asked again" if report.events else "rows asked again, twice each"
        shell.note(f"the law holds: {report.checked} {what}")
    for check in report.checks:
        if check.thin_margins:
            shell.note(f"{check.check}: {check.thin_margins} weights are decided by rounding alone")
