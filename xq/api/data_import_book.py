"""Recordings of order books into the lake: every market of a file, or nothing of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from xq.api.workspace import Workspace
from xq.errors import NoData, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from xq.api.data_import import FileReport, Wanted
    from xq.lake.formats.name import Named
    from xq.lake.formats.recording import Market, Recording
    from xq.lake.layout import Dataset
    from xq.lake.poison.catalogue import Sick
    from xq.lake.rules import Poison
    from xq.lake.writer import LakeWriter

BOOKS = ("book_snapshot", "book_diff")


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one dataset as read, what is wrong with them, and, once told apart, the true ones."""

    dataset: "Dataset"
    raw: "pa.Table"
    sick: "tuple[Sick, ...]"
    rows: "pa.Table"

    @property
    def poison(self) -> "list[Poison]":
        """Rows that cannot be true, each with the first rule it breaks.

        Order and repeats are no fault of a file: an import sorts.
        """
        from xq.lake.poison.rule import Severity
        from xq.lake.rules import Poison

        found: dict[int, Poison] = {}
        for item in self.sick:
            if item.severity is Severity.ERROR and item.rule not in ("duplicate", "unsorted"):
                found.setdefault(item.row, Poison(item.row, item.rule, item.message))
        return [found[row] for row in sorted(found)]


def import_book(
    ws: Workspace, path: Path, named: "Named", wanted: "Wanted"
) -> "Iterator[FileReport]":
    """Bring what a recording holds of order books into the lake, a report per dataset.

    Raises
    ------
    PoisonRows, CorruptFile, NoData, UsageError
        Before anything of the file is stored.
    """
    from xq.api.data_revise import Revision

    parts, poison_lines = read_book(ws, path, named, wanted)
    if not wanted.quarantine:
        _refuse(path, parts, poison_lines)
    parts = [replace(part, rows=_sound(ws, part, path)) for part in parts]
    now_ms = ws.clock.now_ms()
    for part in parts:  # all of them before the first is stored
        Revision(part.dataset, path, wanted, now_ms).rehearse(ws.lake, part.rows)
    for part in parts:
        yield _store(ws, path, named, part, wanted, poison_lines if part is parts[0] else [])


def read_book(
    ws: Workspace, path: Path, named: "Named", wanted: "Wanted"
) -> "tuple[list[Part], list[Poison]]":
    """The rows of a recording by dataset, judged, and its lines that are no messages."""
    from xq.lake.book_rows import raw_tables_of
    from xq.lake.formats.recording import read_recording
    from xq.lake.rules import Poison

    if path.is_file() and path.suffix in (".parquet", ".pq"):
        return [_stored_before(ws, path, named, wanted)], []
    recording = read_recording(path)
    lines = [Poison(bad.line, "unreadable_line", f"no message: {bad.text[:60]!r}")
             for bad in recording.unreadable]  # fmt: skip
    parts = []
    for dataset_symbol, market in _symbols(recording, wanted, path):
        tables = raw_tables_of(market)
        for kind, table in tables.items():
            if wanted.kind in (None, kind):
                dataset = _dataset(ws, kind, dataset_symbol, wanted)
                snapshots = tables.get("book_snapshot") if kind == "book_diff" else None
                sick = _judged(ws, dataset, table, snapshots)
                parts.append(Part(dataset, table, sick, table))
    if not parts:
        what = wanted.kind or "order books"
        raise NoData(f"no {what} in this recording", where=str(path))
    return parts, lines


def _stored_before(ws: Workspace, path: Path, named: "Named", wanted: "Wanted") -> Part:
    """Rows as ``xq data export`` writes them."""
    from xq.lake.formats.table import bytes_of, parquet_table
    from xq.lake.merge import conform

    if wanted.symbol is None:
        raise UsageError("expected --symbol: the file does not say it", where=str(path))
    dataset = _dataset(ws, named.kind, wanted.symbol, wanted)
    rows = conform(parquet_table(path, bytes_of(path)), dataset.spec, str(path))
    return Part(dataset, rows, _judged(ws, dataset, rows, None), rows)


def _judged(
    ws: Workspace, dataset: "Dataset", table: "pa.Table", snapshots: "pa.Table | None"
) -> "tuple[Sick, ...]":
    """Rows that break a rule, beside the snapshots of the same file and the stored grid."""
    from xq.lake import arrays
    from xq.lake.poison.catalogue import examine
    from xq.lake.poison.sheet import Sheet
    from xq.lake.ranges import Range
    from xq.lake.witness import beside_book

    if not table.num_rows:
        return ()
    ts = arrays.times(table["ts"])
    evidence = beside_book(ws.lake, dataset, Range(int(ts.min()), int(ts.max()) + 1))
    if snapshots is not None:
        evidence = replace(evidence, snapshots=Sheet(snapshots, "book_snapshot"))
    sheet = Sheet(table, dataset.kind, None, ws.clock.now_ms(), evidence)
    return tuple(examine(sheet))


def _symbols(
    recording: "Recording", wanted: "Wanted", path: Path
) -> "Iterator[tuple[str, Market]]":
    from xq.lake.formats.name import pair_of

    names = sorted(recording.markets)
    if wanted.symbol is not None and len(names) > 1:
        raise UsageError(
            f"one --symbol for a recording of {len(names)}: {', '.join(names)}",
            hint="leave --symbol out: the messages say it",
        )
    for name in names:
        market = recording.markets[name]
        contract = wanted.contract or bool(market.contract)
        symbol = wanted.symbol or pair_of(name, contract=contract)
        if symbol is None:
            raise UsageError(f"expected --symbol: no pair is known as {name!r}", where=str(path))
        yield symbol, market


def _dataset(ws: Workspace, kind: str, symbol: str, wanted: "Wanted") -> "Dataset":
    from xq.api.data import bars_of
    from xq.lake.layout import Dataset

    like = bars_of(ws, wanted.exchange or "binance", symbol, "1m")
    return Dataset(kind, like.exchange, like.symbol)


def _refuse(path: Path, parts: list[Part], lines: "list[Poison]") -> None:
    from xq.lake.rules import refuse

    hint = "xq data import --quarantine sets them aside"
    refuse(lines, where=str(path), hint=hint)
    for part in parts:
        refuse(part.poison, where=f"{part.dataset} in {path}", hint=hint)


def _store(
    ws: Workspace,
    path: Path,
    named: "Named",
    part: Part,
    wanted: "Wanted",
    lines: "list[Poison]",
) -> "FileReport":
    from xq.api.data_import import FileReport
    from xq.api.data_revise import Revision
    from xq.lake import arrays
    from xq.lake.book_gaps import breaks
    from xq.lake.writer import LakeWriter

    rows = part.rows
    ts = arrays.times(rows["ts"])
    added = revised = unchanged = 0
    revision = Revision(part.dataset, path, wanted, ws.clock.now_ms())
    if not wanted.dry_run:
        writer = LakeWriter(ws.lake)
        _set_aside(ws, writer, path, part, lines)
        commit = writer.upsert(part.dataset, rows, review=revision.review(writer))
        added, revised, unchanged = commit.added, commit.revised, commit.unchanged
    return FileReport(
        file=str(path),
        layout=named.layout,
        kind=part.dataset.kind,
        exchange=part.dataset.exchange,
        symbol=part.dataset.symbol,
        start=_at(int(ts[0])) if len(ts) else None,
        end=_at(int(ts[-1]) + 1) if len(ts) else None,
        rows=len(ts),
        added=added,
        revised=revised,
        unchanged=unchanged,
        gaps=len(list(breaks(rows))) if part.dataset.kind == "book_diff" else None,
        quarantined=len({item.row for item in part.poison}) + len(lines),
        replaced=revision.replaced,
        stored=not wanted.dry_run,
    )


def _sound(ws: Workspace, part: Part, path: Path) -> "pa.Table":
    """The true rows, sorted; of what is stored already the first receipt stays.

    Two recorders receive one message at two times: that is no contradiction.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from xq.lake import arrays
    from xq.lake.book_rows import exact_rows
    from xq.lake.merge import unique
    from xq.lake.reader import Lake

    keep = np.ones(part.raw.num_rows, dtype=bool)
    keep[[item.row - 1 for item in part.poison]] = False
    sound = exact_rows(part.raw.filter(pa.array(keep)), part.dataset.kind, str(path))
    rows = unique(sound, part.dataset.spec)
    if not rows.num_rows:
        return rows
    ts = arrays.times(rows["ts"])
    stored = Lake(ws.lake).stored(part.dataset, int(ts[0]), int(ts[-1]) + 1)
    known = np.isin(arrays.numbers(rows["last_id"]), arrays.numbers(stored["last_id"]))
    place = rows.column_names.index("received_ns")
    received = pc.if_else(pa.array(known), pa.scalar(None, pa.int64()), rows["received_ns"])
    return rows.set_column(place, rows.schema.field(place), received)


def _set_aside(
    ws: Workspace, writer: "LakeWriter", path: Path, part: Part, lines: "list[Poison]"
) -> None:
    from xq.lake import arrays
    from xq.lake.quarantine import BadRow, cells_of, keep

    ts = arrays.times(part.raw["ts"])
    found = [
        BadRow(int(ts[item.row - 1]), item.row, item.rule, item.message,
               cells_of(part.raw, item.row - 1))
        for item in part.poison
    ]  # fmt: skip
    found += [BadRow(0, item.row, item.rule, item.message, "{}") for item in lines]
    if found:
        keep(writer, part.dataset, path.name, found, at_ms=ws.clock.now_ms())


def _at(ts_ms: int) -> datetime:
    return datetime.fromtimestamp(ts_ms / 1000, UTC)
