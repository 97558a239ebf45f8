"""``xq audit``."""

from typing import Annotated

import typer

from xq.cli.shell import Shell, command
from xq.errors import CorruptFile

app = typer.Typer(no_args_is_help=True, help="Check that the journal is what xq wrote.")

_MODE = "sim, paper, testnet or live. Default: trade.mode."


@command(app, "verify")
def verify(
    shell: Shell,
    head: Annotated[
        str | None, typer.Option(help="A hash printed before; it must be in the chain.")
    ] = None,
    mode: Annotated[str | None, typer.Option(help=_MODE)] = None,
) -> None:
    """Recompute the chain and compare the journal with it."""
    from xq.api.audit import verify as run

    shell.override(trade__mode=mode)
    report = run(shell.workspace, head)
    named = [f"{found.kind} {found.subject}: {found.what}" for found in report.findings]
    if report.holds is False:
        named.append(f"no link has the hash {head}")
    shell.record(
        {
            "journal": report.journal,
            "links": report.links,
            "rows": report.rows,
            "head": report.head,
            "findings": named,
        }
    )
    if not report.is_sound:
        count = len(named)
        raise CorruptFile(
            f"the journal is not what xq wrote: {count} {'place' if count == 1 else 'places'}",
            where=report.journal,
            hint="xq audit show; the venue still knows every order",
        )


@command(app, "show")
def show(
    shell: Shell,
    subject: Annotated[
        str | None, typer.Option(help="A client id, or a row's key as verify names it.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many, the newest.")] = None,
    mode: Annotated[str | None, typer.Option(help=_MODE)] = None,
) -> None:
    """List the changes of the journal, each sealed with the one before."""
    from xq.api.audit import links

    shell.override(trade__mode=mode)
    found = links(shell.workspace, subject=subject, limit=limit)
    shell.rows_or_note(found, "the chain tells of no such row")
