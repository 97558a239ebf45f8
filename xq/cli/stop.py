"""``xq stop``."""

from getpass import getuser
from typing import TYPE_CHECKING, Annotated

import typer

from xq.cli.parts import show_with_rows
from xq.cli.plain import mapping
from xq.cli.shell import Shell, command
from xq.errors import UsageError

if TYPE_CHECKING:
    from xq.live.emergency import Step

app = typer.Typer()


@command(app)
def stop(
    shell: Shell,
    flatten: Annotated[
        bool, typer.Option("--flatten", help="Close positions at market, then cancel their exits.")
    ] = False,
    symbol: Annotated[
        list[str] | None, typer.Option(help="Cancel and close this alone. Repeatable.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Kept in the journal.")] = None,
    account: Annotated[
        str | None,
        typer.Option("--account", "--mode", help="sim, live, live:binance … Default: trade.mode."),
    ] = None,
    release: Annotated[
        bool, typer.Option("--release", help="Let the account enter again; needs --reason.")
    ] = False,
    who: Annotated[str | None, typer.Option(help="Who says so. Default: this user.")] = None,
    give_up_after: Annotated[
        float, typer.Option(min=0.0, help="Seconds of trying before it ends undone.")
    ] = 900.0,
) -> None:
    """Stop everything; close positions if told to.

    Nothing new gets out, what may add exposure is canceled, protective stops stay unless positions
    are closed. Works with or without a running service.
    """
    mode, _, exchange = (account or "").partition(":")
    shell.override(trade__mode=mode or None, exchange__name=exchange or None)
    person = who or getuser()
    from xq.api import stop as api

    if release:
        if reason is None:
            raise UsageError("a release needs a reason", hint='--reason "what was found"')
        gone = api.release(shell.workspace, reason, person)
        shell.record({"released": list(gone)})
        return

    def tell(step: "Step") -> None:
        shell.note(f"{step.act} {step.symbol} {step.about}: {step.outcome}")

    asked = api.StopRequest(
        flatten, tuple(symbol or ()), reason or "asked for", person, give_up_after
    )
    report = api.stop(shell.workspace, asked, api.Hooks(tell))
    for trouble in report.troubles:
        shell.note(trouble)
    show_with_rows(shell, mapping(report), "steps")
    api.check_done(report)
