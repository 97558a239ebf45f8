"""``xq doctor``: is everything in order?"""

from typing import Annotated

import typer

from xq.cli.shell import Shell, command

app = typer.Typer()


@command(app)
def doctor(
    shell: Shell,
    offline: Annotated[bool, typer.Option("--offline", help="Leave the exchange alone.")] = False,
) -> None:
    """Check that everything xq needs is in order."""
    from xq.api.doctor import doctor as run
    from xq.api.doctor import failures

    findings = run(shell.workspace, venue=not offline)
    shell.rows(
        [
            {
                "check": finding.check,
                "status": finding.status.value,
                "detail": finding.detail,
                "hint": finding.hint,
            }
            for finding in findings
        ]
    )
    for failure in failures(findings):
        raise typer.Exit(failure.exit_code)
