"""``xq sql``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from xq.cli.shell import Shell, command
from xq.errors import UsageError

app = typer.Typer()


@command(app)
def sql(
    shell: Shell,
    statement: Annotated[
        str | None, typer.Argument(help="One SELECT, or - to read it from stdin.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="Read the SELECT from a file.")] = None,
) -> None:
    """Ask the lake a question in SQL.

    Every kind of dataset is a view: ohlcv, trades, funding, equity, orders, fills, signals, runs …
    Try: xq sql "show tables" and xq sql "describe ohlcv". Times are UTC; nothing can be written.
    """
    from xq.api.data import ask

    with ask(shell.workspace, _text(statement, file)) as answer:
        shell.rows(answer)


def _text(statement: str | None, file: Path | None) -> str:
    if (statement is None) == (file is None):
        found = "neither" if statement is None else "both"
        raise UsageError(
            f"expected a SELECT or --file, found {found}",
            hint='xq sql "select * from ohlcv limit 5"',
        )
    if file is not None:
        if not file.is_file():
            raise UsageError("no such file", where=str(file))
        return file.read_text(encoding="utf-8")
    return sys.stdin.read() if statement == "-" else str(statement)
