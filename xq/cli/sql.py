"""``xq sql``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from xq.cli.shell import Shell, command
from xq.cli.sql_answer import answer
from xq.errors import UsageError

app = typer.Typer()


@command(app)
def sql(
    shell: Shell,
    statement: Annotated[
        str | None, typer.Argument(help="One SELECT, or - to read it from stdin.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="Read the SELECT from a file.")] = None,
    param: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, bound to $NAME in the SELECT.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="Write the answer to a .parquet, .csv, .json(l), .arrow.")
    ] = None,
    force: Annotated[bool, typer.Option(help="Replace the file of --to if it exists.")] = False,
) -> None:
    """Ask the lake a question in SQL.

    Every kind of dataset is a view: ohlcv, trades, funding, equity, orders, fills, signals, runs …
    ohlcv_asof joins bars with what was known at their close; resample('4h') makes coarser bars.
    Try: xq sql "show tables" and xq sql "describe ohlcv". Times are UTC; nothing can be written.
    Without a statement, on a terminal: a session with history.
    """
    parameters = _parameters(param or [])
    if statement is None and file is None and to is None and _on_a_terminal():
        from xq.cli.sql_session import Session

        Session(shell, parameters).run()
        return
    text = _text(statement, file)
    answer(shell, text, parameters, to, force=force)


def _on_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _parameters(given: list[str]) -> dict[str, str]:
    found = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise UsageError(f"expected NAME=VALUE, found {item!r}", hint="--param days=30")
        found[name.removeprefix("$")] = value
    return found


def _text(statement: str | None, file: Path | None) -> str:
    if (statement is None) == (file is None):
        found = "neither" if statement is None else "both"
        raise UsageError(
            f"expected a SELECT or --file, found {found}",
            hint='xq sql "select * from ohlcv limit 5"',
        )
    if file is not None:
        from xq.api.sql import statement_of

        return statement_of(file)
    return sys.stdin.read() if statement == "-" else str(statement)
