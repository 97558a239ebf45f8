"""``xq collect``."""

import sys
from collections.abc import Iterable, Iterator
from typing import Annotated

import typer

from xq.cli.shell import Shell, command
from xq.errors import UsageError

app = typer.Typer()


@command(app)
def collect(
    shell: Shell,
    symbol: Annotated[
        list[str] | None,
        typer.Option(help="Repeatable; - reads lines from stdin. Default: collect.symbols."),
    ] = None,
    timeframe: Annotated[
        str | None, typer.Option(help="Bar length: 1m 1h 1d. Default: collect.timeframe.")
    ] = None,
    days: Annotated[
        float | None, typer.Option(help="So far back from the venue's time. Default: collect.days.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="First bar: a date, time or epoch; instead of --days.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Bars before this; default: now.")] = None,
    exchange: Annotated[
        str | None, typer.Option(help="'sim' or a ccxt id; default: exchange.name.")
    ] = None,
) -> None:
    """Bring market data into the lake.

    Fetches only what the lake lacks, so that an interrupted run resumes. Unfinished bars are never
    stored; what the venue itself lacks is recorded and reported.
    """
    from xq.api.collect import collect as bring
    from xq.api.when import epoch_ms

    report = bring(
        shell.workspace,
        None if symbol is None else list(_names(symbol)),
        timeframe,
        since_ms=None if since is None else epoch_ms(since),
        until_ms=None if until is None else epoch_ms(until),
        days=days,
        exchange=exchange,
        progress=shell.progress,
    )
    shell.rows(report.rows, title=f"bars of {report.exchange} in {shell.workspace.lake.name}/")
    for note in report.notes:
        shell.note(note)
    report.raise_failure()


def _names(given: Iterable[str]) -> Iterator[str]:
    for name in given:
        if name != "-":
            yield name
            continue
        listed = [text for line in sys.stdin if (text := _name(line))]
        if not listed:
            raise UsageError(
                "expected symbols on stdin, found none",
                hint="xq symbols --quote USDT | xq collect --symbol -",
            )
        yield from listed


def _name(line: str) -> str:
    """The symbol of a plain line, or of a JSON line as ``xq symbols`` writes them."""
    text = line.strip()
    if not text.startswith("{"):
        return text
    import json

    try:
        return str(json.loads(text)["symbol"])
    except (ValueError, KeyError):
        raise UsageError(f"expected a symbol or a JSON object with one, found {text!r}") from None
