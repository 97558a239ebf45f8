"""``xq data rm``."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from xq.cli.data_verify import Exchange, Kind, Length, Name, Run
from xq.cli.shell import Shell
from xq.errors import UsageError

if TYPE_CHECKING:
    from xq.api.housekeeping import Removal


def remove(
    shell: Shell,
    kind: Kind = None,
    exchange: Exchange = None,
    symbol: Name = None,
    timeframe: Length = None,
    run_id: Run = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option(help="List what would go, remove nothing.")] = False,
) -> None:
    """Remove datasets with their ledgers; asks first, and needs --yes without a terminal."""
    from xq.api import housekeeping

    chosen = housekeeping.Selection(kind, exchange, symbol, timeframe, run_id)
    found = housekeeping.removable(shell.workspace, chosen)
    rows = [row for _, row in found]
    if dry_run:
        shell.rows(rows)
        shell.note(f"would go: {_counted(rows)}")
        return
    if not yes:
        _ask(rows)
    gone = []
    try:
        for dataset, row in found:
            housekeeping.remove(shell.workspace, dataset)
            gone.append(row)
    finally:
        if gone:
            shell.rows(gone)


def _ask(rows: "list[Removal]") -> None:
    what = _counted(rows)
    if not sys.stdin.isatty():
        raise UsageError(
            f"{what} would be removed; expected --yes, as there is no terminal to ask on",
            hint="xq data rm --dry-run … shows them",
        )
    size = sum(row.bytes for row in rows)
    names = ", ".join(row.dataset for row in rows[:5]) + (" …" if len(rows) > 5 else "")
    typer.confirm(f"remove {names}: {what}, {size:,} bytes?", abort=True, err=True)


def _counted(rows: "list[Removal]") -> str:
    noun = "dataset" if len(rows) == 1 else "datasets"
    return f"{len(rows)} {noun}, {sum(row.files for row in rows)} files"
