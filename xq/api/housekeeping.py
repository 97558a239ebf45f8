"""``xq data verify, du, compact, rm, watch``: the lake kept sound, small and in sight."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from xq.api.workspace import Workspace
from xq.errors import DataError, NoData, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from xq.lake.layout import Dataset
    from xq.lake.verify import Fault, Verified

By = Literal["dataset", "kind", "exchange", "symbol", "timeframe"]
Progress = Callable[..., AbstractContextManager[Any]]
RECORDS = ".xq"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which datasets are meant; None leaves a name open."""

    kind: str | None = None
    exchange: str | None = None
    symbol: str | None = None
    timeframe: str | None = None
    run_id: str | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing narrows it."""
        return self == Selection()

    def __contains__(self, dataset: "Dataset") -> bool:
        names = ("kind", "exchange", "symbol", "timeframe", "run_id")
        wanted = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return all(getattr(dataset, name) == value for name, value in wanted.items())


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What hashing every file found."""

    datasets: int
    files: int
    bytes: int
    faults: "tuple[Fault, ...]"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UsageRow:
    """Files and bytes of one part of the lake; ``share`` is a fraction of all of it."""

    part: str
    files: int
    bytes: int
    share: float


@dataclass(frozen=True, slots=True)
class CompactReport:
    """What a compaction did to one dataset."""

    dataset: str
    files: int
    rewritten: int
    repeated: int
    bytes_before: int
    bytes_after: int


@dataclass(frozen=True, slots=True)
class Removal:
    """One dataset to remove, or removed."""

    dataset: str
    files: int
    bytes: int


def verify(
    ws: Workspace,
    chosen: Selection,
    *,
    accept: bool = False,
    progress: Progress | None = None,
) -> VerifyReport:
    """Hash every file and compare with its checksum on record.

    Parameters
    ----------
    accept
        Record the checksums of the files as they are, where their rows can be true; in an object
        store, make heads that are damaged or gone anew.
    """
    from xq.lake import store
    from xq.lake import verify as room

    place = store.of(ws.lake)
    results: list[Verified] = []
    with place.snapshot():
        lost = {item.dataset: item for item in place.lost(chosen.kind) if item.dataset in chosen}
        found = [item for item in _recorded(ws, chosen) if item not in lost]
        for dataset in _shown([*lost, *found], "verifying", progress):
            if dataset in lost:
                given = room.Verified(0, 0, (lost[dataset].fault,))
                results.append(lost[dataset].rebuild() if accept else given)
                continue
            work = room.accept if accept else room.verify
            results.append(work(ws.lake, dataset))
    return VerifyReport(
        datasets=len(results),
        files=sum(item.files for item in results),
        bytes=sum(item.bytes for item in results),
        faults=tuple(fault for item in results for fault in item.faults),
        notes=tuple(note for item in results for note in item.notes),
    )


def unproven(report: VerifyReport) -> DataError:
    """The error that ends a verification with faults."""
    count = len(report.faults)
    noun = "file is" if count == 1 else "files are"
    return DataError(
        f"{count} {noun} not what was committed, listed above", hint=report.faults[0].hint
    )


def usage(ws: Workspace, by: By = "dataset", kind: str | None = None) -> list[UsageRow]:
    """Files and bytes by part, largest first; the lake's own records are the part ``.xq``."""
    from xq.lake.usage import usage as measure

    sums: dict[str, tuple[int, int]] = {}
    for item in measure(ws.lake, kind):
        files, size = sums.get(_part(item.dataset, by), (0, 0))
        sums[_part(item.dataset, by)] = (files + item.files, size + item.bytes)
    total = sum(size for _, size in sums.values())
    ordered = sorted(sums.items(), key=lambda item: (-item[1][1], item[0]))
    return [
        UsageRow(part, files, size, round(size / total, 6) if total else 0.0)
        for part, (files, size) in ordered
    ]


def compact(
    ws: Workspace, chosen: Selection, *, progress: Progress | None = None
) -> list[CompactReport]:
    """Rewrite every file that is not as xq writes it today; clear leftovers of killed writers."""
    from xq.lake import compact as room
    from xq.lake import store
    from xq.lake.writer import LakeWriter

    LakeWriter(ws.lake)  # sweeps
    reports = []
    for dataset in _shown(_stored(ws, chosen), "compacting", progress):
        done = room.compact(ws.lake, dataset)
        reports.append(
            CompactReport(
                str(dataset), done.files, done.rewritten, done.repeated,
                done.bytes_before, done.bytes_after,
            )
        )  # fmt: skip
    if chosen.everything:
        store.of(ws.lake).sweep()
    return reports


def removable(ws: Workspace, chosen: Selection) -> "list[tuple[Dataset, Removal]]":
    """What a removal would take.

    Raises
    ------
    UsageError
        If nothing narrows the selection.
    NoData
        If nothing stored matches it.
    """
    from xq.api.stored_names import near
    from xq.lake.inventory import sizes

    if chosen.everything:
        raise UsageError(
            "expected what to remove: --kind, --exchange, --symbol, --timeframe or --run-id",
            hint="xq data ls",
        )
    found = []
    for dataset in _recorded(ws, chosen):
        files = sizes(ws.lake, dataset)
        found.append((dataset, Removal(str(dataset), len(files), sum(files.values()))))
    if not found:
        raise NoData(f"nothing stored matches{near(ws, chosen.symbol)}", hint="xq data ls")
    return found


def remove(ws: Workspace, dataset: "Dataset") -> None:
    """Take one dataset out of the lake, with its ledger and checksums."""
    from xq.lake.remove import remove as take_away

    take_away(ws.lake, dataset)


def watch(
    ws: Workspace,
    dataset: "Dataset",
    *,
    tail: int = 10,
    every_seconds: float = 1.0,
    cycles: int | None = None,
) -> "Iterator[pa.Table]":
    """The last rows of a dataset, then new ones as they are committed."""
    from xq.lake.follow import follow
    from xq.lake.reader import Lake

    return follow(
        Lake(ws.lake), dataset, ws.clock, tail=tail, every_seconds=every_seconds, cycles=cycles
    )


def _stored(ws: Workspace, chosen: Selection) -> "list[Dataset]":
    from xq.lake.layout import datasets

    return [item for item in datasets(ws.lake, chosen.kind) if item in chosen]


def _recorded(ws: Workspace, chosen: Selection) -> "list[Dataset]":
    """Datasets that have files, or checksums of files that are gone."""
    from xq.lake.layout import datasets
    from xq.lake.manifest import all_folders

    known = [*datasets(ws.lake, chosen.kind), *datasets(all_folders(ws.lake), chosen.kind)]
    return sorted({item for item in known if item in chosen}, key=lambda item: item.path)


def _part(dataset: "Dataset | None", by: By) -> str:
    if dataset is None:
        return RECORDS
    return str(dataset) if by == "dataset" else str(getattr(dataset, by) or "-")


def _shown(datasets: "list[Dataset]", title: str, progress: Progress | None) -> "Iterator[Dataset]":
    if progress is None:
        yield from datasets
        return
    with progress(title, total=len(datasets)) as bar:
        for dataset in datasets:
            yield dataset
            bar.advance(1)
