"""What is known about ranges beyond their rows: wanted, proven empty, repaired; with evidence.

The coverage ledger says which ranges were fetched; the facts say who said so and when.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from xq.errors import CorruptFile
from xq.lake import layout
from xq.lake.disk import Disk, LocalDisk, failed, storage_errors
from xq.lake.layout import Dataset
from xq.lake.ranges import Range, subtract, union

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
    """

    what: What
    start_ms: int
    end_ms: int
    source: str
    evidence: str
    at_ms: int

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
    from xq.lake.lock import held

    if not _unknown(load(root, dataset), new := tuple(new)):
        return
    disk = disk or LocalDisk()
    path = path_of(root, dataset)
    with (
        storage_errors(path, ""),
        held(layout.lock_path(root, dataset), _WAIT_SECONDS, str(dataset)),
    ):
        before = load(root, dataset)
        after = sorted(
            [*before, *_unknown(before, new)], key=lambda fact: (fact.what, fact.start_ms)
        )
        tree = {"format": layout.FORMAT, "facts": [asdict(fact) for fact in _joined(after)]}
        staging = layout.staging_path(root, dataset)
        try:
            with storage_errors(path):
                disk.stage(staging / "facts.json", json.dumps(tree).encode())
                disk.publish(staging / "facts.json", path)
        finally:
            disk.discard(staging)


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
