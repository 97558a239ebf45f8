"""``xq data import``."""

from typing import Annotated

import typer

from xq.cli.shell import Shell
from xq.errors import DataError


def import_files(
    shell: Shell,
    files: Annotated[
        list[str], typer.Argument(help="Files or folders: CSV, Parquet, Feather, JSON, ZIP.")
    ],
    exchange: Annotated[str | None, typer.Option(help="Default: exchange.name.")] = None,
    symbol: Annotated[
        str | None, typer.Option(help="Default: as the file name says, else collect.symbols.")
    ] = None,
    timeframe: Annotated[
        str | None, typer.Option(help="Default: as the file name says, else collect.timeframe.")
    ] = None,
    futures: Annotated[
        bool, typer.Option(help="Symbols mean perpetuals: BTCUSDT is BTC/USDT:USDT.")
    ] = False,
    quarantine: Annotated[
        bool, typer.Option(help="Set poison rows aside instead of refusing their file.")
    ] = False,
    force: Annotated[
        bool, typer.Option(help="Replace stored rows that differ; they go into quarantine.")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Check the files, store nothing.")] = False,
    kind: Annotated[
        str | None, typer.Option(help="What the rows are: mark, book_diff … Default: as named.")
    ] = None,
) -> None:
    """Bring files into the lake; refuses those with rows that cannot be true, by number.

    Knows plain columns (ts,open,high,low,close,volume), freqtrade's files and Binance's dumps of
    klines, aggTrades, trades and fundingRate, and recordings of order books (.raw.gz .ws.gz
    .http.gz): a receive time and the message on each line.
    """
    from xq.api.data_import import Wanted, import_paths
    from xq.api.import_files import find_files

    wanted = Wanted(exchange, symbol, timeframe, futures, quarantine, force, dry_run, kind)
    found = find_files(files)
    with shell.progress("importing"):
        done = list(import_paths(shell.workspace, found.files, wanted))
    failures = [item for item in done if item.failure is not None]
    if len(done) == 1 and failures:
        raise failures[0].failure or DataError("nothing was taken")
    if len(done) == 1:
        shell.record(done[0].report)
    else:
        shell.rows([item.report for item in done])
    ignored = dict.fromkeys(name for item in done for name in item.report.ignored)
    if ignored:
        shell.note(f"columns not taken: {', '.join(ignored)}")
    if found.passed_over:
        endings = ", ".join(sorted({path.suffix or path.name for path in found.passed_over})[:9])
        shell.note(f"{len(found.passed_over)} files not taken, for their endings: {endings}")
    aside = sum(item.report.quarantined for item in done)
    if aside:
        shell.note(f"{aside} rows set aside; see xq data quarantine")
    replaced = sum(item.report.replaced for item in done)
    if replaced:
        shell.note(f"{replaced} stored rows replaced and set aside; see xq data quarantine")
    for item in failures:
        shell.note(str(item.failure))
    if failures:
        raise DataError(f"{len(failures)} of {len(done)} files were refused, the others are in")
