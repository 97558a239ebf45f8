"""``xq data import``: files of other programs into the lake, each whole or not at all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from xq.api.data import bars_of
from xq.api.workspace import Workspace
from xq.errors import UsageError, XqError

if TYPE_CHECKING:
    from xq.lake.formats.name import Named
    from xq.lake.importer import Imported
    from xq.lake.layout import Dataset
    from xq.lake.writer import LakeWriter


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller says about the files; None is taken from their names, else configuration.

    Attributes
    ----------
    contract
        Whether file names and the configured symbol mean perpetuals: ``BTCUSDT`` and BTC/USDT are
        then BTC/USDT:USDT.
    quarantine
        Whether poison rows are set aside instead of refusing their file.
    force
        Whether stored rows that say something else are replaced; they go into quarantine.
    kind
        What the rows are; of a recording the only kind that is taken.
    """

    exchange: str | None = None
    symbol: str | None = None
    timeframe: str | None = None
    contract: bool = False
    quarantine: bool = False
    force: bool = False
    dry_run: bool = False
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class FileReport:
    """What one file brought.

    Attributes
    ----------
    rows
        True rows of the file.
    added, revised, unchanged
        Those that are new, that replaced stored ones, and that were stored already.
    gaps
        Stretches without bars between the first and the last, or places where changes of a book
        are missing; None for other kinds.
    quarantined
        Poison rows set aside.
    replaced
        Stored rows that said something else; they are in quarantine. Part of ``revised``.
    error
        Why nothing of the file was taken; the other numbers are 0 then.
    """

    file: str
    layout: str
    kind: str
    exchange: str | None = None
    symbol: str | None = None
    timeframe: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    rows: int = 0
    added: int = 0
    revised: int = 0
    unchanged: int = 0
    gaps: int | None = None
    quarantined: int = 0
    replaced: int = 0
    ignored: tuple[str, ...] = ()
    stored: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A file's report, and the error that kept it out."""

    report: FileReport
    failure: XqError | None = None


def import_paths(ws: Workspace, files: Sequence[Path], wanted: Wanted) -> Iterator[Outcome]:
    """Bring files into the lake, one after the other; `find_files` finds them.

    A file that is refused harms no other. Importing again changes nothing.

    Raises
    ------
    UsageError
        If one symbol is said for files that name several.
    """
    from xq.api.data_import_book import BOOKS, import_book
    from xq.lake.formats.name import read_name

    named = [(path, of_kind(read_name(path), wanted.kind)) for path in files]
    symbols = {item.symbol for _, item in named if item.symbol}
    if wanted.symbol is not None and len(symbols) > 1:
        raise UsageError(
            f"one --symbol for files of {len(symbols)} symbols: {', '.join(sorted(symbols)[:5])}",
            hint="leave --symbol out: the names say it",
        )
    for path, item in named:
        try:
            if item.kind in BOOKS:
                yield from (Outcome(report) for report in import_book(ws, path, item, wanted))
                continue
            yield Outcome(_one(ws, path, item, wanted))
        except XqError as error:
            report = FileReport(str(path), item.layout, item.kind, error=error.message)
            yield Outcome(report, error)


def of_kind(named: "Named", kind: str | None) -> "Named":
    """What the caller says the rows are; a name that says something else is not overruled.

    Raises
    ------
    UnknownName
        If there is no such kind.
    UsageError
        If files are not read as it, or the name says another.
    """
    from xq.api.data_import_book import BOOKS
    from xq.lake.file_kinds import FILE_KINDS
    from xq.lake.schema import kind_of

    if kind is None or (named.kind in BOOKS and kind in BOOKS):
        return named if kind is None else replace(named, kind=kind)
    known = (*FILE_KINDS, *BOOKS)
    if kind_of(kind).name not in known:
        raise UsageError(f"expected a kind that files are read as, found {kind}",
                         hint=f"one of {' '.join(known)}")  # fmt: skip
    if named.layout not in ("plain", "freqtrade") and named.kind != kind:
        raise UsageError(f"the name of the file says {named.kind}, found --kind {kind}")
    return replace(named, kind=kind)


def _one(ws: Workspace, path: Path, named: "Named", wanted: Wanted) -> FileReport:
    from xq.api.data_revise import Revision
    from xq.lake import arrays
    from xq.lake.formats.market import refuse_other_name
    from xq.lake.importer import read_file
    from xq.lake.ranges import present
    from xq.lake.writer import LakeWriter

    dataset = _dataset(ws, named, wanted)
    bar = dataset.bar
    now_ms = ws.clock.now_ms()
    market = dataset.symbol if wanted.symbol is None else None
    if market is not None and named.symbol is None:
        refuse_other_name(path, market)
    taken = read_file(path, named, bar, now_ms=now_ms, set_aside=wanted.quarantine, market=market)
    ts = arrays.times(taken.rows["ts"]).copy()
    ts.sort()
    stretches = present(ts, bar) if bar else ()
    added = revised = unchanged = 0
    revision = Revision(dataset, path, wanted, now_ms)
    if wanted.dry_run:
        revision.rehearse(ws.lake, taken.rows)
    else:
        writer = LakeWriter(ws.lake)
        _set_aside(writer, dataset, path, taken, now_ms)
        commit = writer.upsert(
            dataset, taken.rows, covered=stretches, review=revision.review(writer)
        )
        added, revised, unchanged = commit.added, commit.revised, commit.unchanged
    return FileReport(
        file=str(path),
        layout=named.layout,
        kind=named.kind,
        exchange=dataset.exchange,
        symbol=dataset.symbol,
        timeframe=dataset.timeframe,
        start=_at(int(ts[0])) if len(ts) else None,
        end=_at(bar.end(int(ts[-1])) if bar else int(ts[-1]) + 1) if len(ts) else None,
        rows=len(ts),
        added=added,
        revised=revised,
        unchanged=unchanged,
        gaps=max(0, len(stretches) - 1) if bar else None,
        quarantined=len({item.row for item in taken.poison}),
        replaced=revision.replaced,
        ignored=taken.ignored,
        stored=not wanted.dry_run,
    )


def _dataset(ws: Workspace, named: "Named", wanted: Wanted) -> "Dataset":
    from xq.lake.layout import Dataset
    from xq.lake.schema import kind_of
    from xq.timeframe import check_edges

    symbol = wanted.symbol or named.symbol or ws.config.collect.symbols[0]
    if wanted.contract and ":" not in symbol:
        perpetual = f"{symbol}:{symbol.partition('/')[2]}"
        if wanted.symbol is not None:
            raise UsageError(
                f"perpetuals are to be imported, found --symbol {symbol}",
                hint=f"--symbol {perpetual}, or without --futures",
            )
        symbol = perpetual
    exchange = wanted.exchange or ("binance" if named.layout == "binance" else None)
    timeframe = wanted.timeframe or named.timeframe
    like = bars_of(ws, exchange, symbol, timeframe)
    if like.bar is not None:
        check_edges(like.bar)
    has_bars = "timeframe" in kind_of(named.kind).partition
    length = like.timeframe if has_bars else None
    return Dataset(named.kind, like.exchange, like.symbol, length)


def _set_aside(
    writer: "LakeWriter", dataset: "Dataset", path: Path, taken: "Imported", now_ms: int
) -> None:
    from xq.lake.poison.cells import time_column
    from xq.lake.quarantine import BadRow, cells_of, keep

    if not taken.poison or taken.raw is None:
        return
    raw = taken.raw
    ts = time_column(raw["ts"])[0]
    rows = [
        BadRow(
            int(ts[item.row - 1]) if 0 < item.row <= len(ts) else 0,
            item.row,
            item.rule,
            item.message,
            cells_of(raw, item.row - 1) if 0 < item.row <= raw.num_rows else "{}",
        )
        for item in taken.poison
    ]
    keep(writer, dataset, path.name, rows, at_ms=now_ms)


def _at(ts_ms: int) -> datetime:
    return datetime.fromtimestamp(ts_ms / 1000, UTC)
