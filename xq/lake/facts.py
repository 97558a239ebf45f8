"""What is known about ranges beyond their rows: wanted, proven empty, repaired; with evidence.

The coverage ledger says which ranges were fetched; the facts say who said so and when.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from xq.errors import CorruptFile
from xq.lake import layout, store
from xq.lake.disk import Disk, LocalDisk, failed, storage_errors
from xq.lake.layout import Dataset
from xq.lake.ranges import Range, intersect, subtract, union

_WAIT_SECONDS = 5.0


class What(StrEnum):
    """Kinds of facts."""

    WANTED = "wanted"
    VENUE_HAS_NONE = "venue_has_none"
    REPAIRED = "repaired"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing known about a range.

    Attributes
    ----------
    source
        Who was asked.
    evidence
        What proves it, one sentence.
    at_ms
        When, epoch ms.
    again_ms
        When it was asked again, with the same answer; None if never.
    """

    what: What
    start_ms: int
    end_ms: int
    source: str
    evidence: str
    at_ms: int
    again_ms: int | None = None

    @property
    def within(self) -> Range:
        """The range."""
        return Range(self.start_ms, self.end_ms)


def path_of(root: Path, dataset: Dataset) -> Path:
    """The file that keeps a dataset's facts."""
    return root / layout.META / "facts" / dataset.path.parent / f"{dataset.path.name}.json"


def load(root: Path, dataset: Dataset) -> tuple[Fact, ...]:
    """The facts of a dataset, oldest range first.

    Raises
    ------
    CorruptFile
        If the file does not hold facts.
    """
    store.of(root).bring(dataset, store.NOTHING)
    path = path_of(root, dataset)
    try:
        tree = json.loads(path.read_bytes())
        return tuple(Fact(**{**item, "what": What(item["what"])}) for item in tree["facts"])
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise failed(error, path) from error
    except (ValueError, TypeError, KeyError) as error:
        raise CorruptFile(
            f"not a file of facts: {error}", where=str(path), hint=f"rm {path}"
        ) from error


def of(facts: Iterable[Fact], what: What) -> tuple[Range, ...]:
    """The ranges of one kind of fact."""
    return union(fact.within for fact in facts if fact.what is what)


def record(root: Path, dataset: Dataset, new: Iterable[Fact], *, disk: Disk | None = None) -> None:
    """Add facts; what is known already is kept with its first evidence.

    Raises
    ------
    LockHeld
        If another run writes the dataset.
    StorageFailed
        If the disk refuses.
    """
    if _unknown(load(root, dataset), new := tuple(new)):
        _change(root, dataset, lambda before: [*before, *_unknown(before, new)], disk)


def asked_again(
    root: Path, dataset: Dataset, none: Iterable[Range], back: Iterable[Range], at_ms: int
) -> None:
    """What became of a venue's own gaps when it was asked once more.

    Parameters
    ----------
    none
        Where it still has nothing: the first evidence is kept, with this date beside it.
    back
        Where it has rows now: the evidence was overtaken and goes.

    Raises
    ------
    LockHeld, StorageFailed
        As `record`.
    """
    none, back = union(none), union(back)

    def changed(before: Iterable[Fact]) -> list[Fact]:
        return [part for fact in before for part in _parts(fact, none, back, at_ms)]

    known = load(root, dataset)
    if changed(known) != list(known):
        _change(root, dataset, changed, None)


def _parts(fact: Fact, none: Iterable[Range], back: Iterable[Range], at_ms: int) -> Iterator[Fact]:
    if fact.what is not What.VENUE_HAS_NONE:
        yield fact
        return
    rest = subtract([fact.within], back)
    for part in intersect(rest, none):
        yield replace(fact, start_ms=part.start_ms, end_ms=part.end_ms, again_ms=at_ms)
    for part in subtract(rest, none):
        yield replace(fact, start_ms=part.start_ms, end_ms=part.end_ms)


def _change(
    root: Path,
    dataset: Dataset,
    change: Callable[[tuple[Fact, ...]], list[Fact]],
    disk: Disk | None,
) -> None:
    disk = disk or LocalDisk()

    def work(root: Path) -> None:
        path = path_of(root, dataset)
        after = sorted(change(load(root, dataset)), key=lambda fact: (fact.what, fact.start_ms))
        tree = {"format": layout.FORMAT, "facts": [_tree(fact) for fact in _joined(after)]}
        staging = layout.staging_path(root, dataset)
        try:
            with storage_errors(path):
                disk.stage(staging / "facts.json", json.dumps(tree).encode())
                disk.publish(staging / "facts.json", path)
        finally:
            disk.discard(staging)

    with storage_errors(path_of(root, dataset), ""):
        store.of(root).transact(root, dataset, _WAIT_SECONDS, store.NOTHING, work)


def _tree(fact: Fact) -> dict[str, object]:
    return {name: value for name, value in asdict(fact).items() if value is not None}


def _unknown(known: Iterable[Fact], new: Iterable[Fact]) -> list[Fact]:
    """The parts of new facts that no known one covers; repairs are always new."""
    known, found = tuple(known), []
    for fact in new:
        if fact.what is What.REPAIRED:
            found += [] if fact in known else [fact]
            continue
        for part in subtract([fact.within], of(known, fact.what)):
            found.append(
                Fact(fact.what, part.start_ms, part.end_ms, fact.source, fact.evidence, fact.at_ms)
            )
    return found


def _joined(facts: Iterable[Fact]) -> list[Fact]:
    """Touching wanted ranges as one: every collect adds one, and they must not pile up."""
    wanted = [fact for fact in facts if fact.what is What.WANTED]
    rest = [fact for fact in facts if fact.what is not What.WANTED]
    joined = []
    for item in union(fact.within for fact in wanted):
        last = max(
            (fact for fact in wanted if item.start_ms <= fact.start_ms < item.end_ms),
            key=lambda fact: fact.at_ms,
        )
        joined.append(
            Fact(What.WANTED, item.start_ms, item.end_ms, last.source, last.evidence, last.at_ms)
        )
    return [*rest, *joined]
