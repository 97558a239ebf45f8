"""Where a lake is kept: in a folder, or in an object store with a folder as its cache.

Every function of this room takes the root folder of a lake. A plain path is a lake of its own. A
`LakePath` is the cache of a lake elsewhere: its store brings files there before they are read,
and lets writers work on a copy that becomes visible by one conditional put.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PosixPath
from typing import TYPE_CHECKING, Protocol, TypeVar

from xq.lake.ranges import Range

if TYPE_CHECKING:
    from xq.lake.layout import Dataset
    from xq.lake.manifest import Facts
    from xq.lake.verify import Lost

Result = TypeVar("Result")
NOTHING = Range(0, 0)  # of a dataset: its records without any file


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found of one file where it is kept.

    Attributes
    ----------
    digest
        SHA-256 of its bytes; None if it is gone.
    """

    url: str
    committed: "Facts"
    digest: str | None


class Store(Protocol):
    """What the lake needs of the place it is kept in."""

    def opened(self) -> None:
        """Have the format version at hand."""

    def snapshot(self) -> AbstractContextManager[None]:
        """A while in which a dataset that was looked at once need not be asked for again."""

    def catalogue(self, kind: str | None = None) -> None:
        """Have the folders and records of every dataset at hand, as committed by now."""

    def bring(self, dataset: "Dataset", within: Range | None = None) -> None:
        """Have a dataset at hand, with the files that may hold a time, or all."""

    def bring_kinds(self, kinds: Iterable[str]) -> None:
        """Have every file of some kinds at hand."""

    def bring_all(self, datasets: "Sequence[Dataset]", within: Range | None = None) -> None:
        """`bring` for many, at once; within a snapshot they need not be asked for again."""

    def facts(self, dataset: "Dataset") -> "dict[str, Facts] | None":
        """Every committed file by period without opening it; None if the folder tells."""

    def proof(self, dataset: "Dataset") -> "Sequence[Proof] | None":
        """Every file of a dataset, hashed now where it is kept; None if the folder is that place.

        Copies at hand that are not the committed ones are dropped.
        """

    def lost(self, kind: str | None = None) -> "Sequence[Lost]":
        """Datasets whose rows nobody can find, as what leads to them is damaged or gone."""

    def records(self) -> tuple[int, int] | None:
        """Number and bytes of objects that are no file of a dataset; None if the folder tells."""

    def transact(
        self,
        root: Path,
        dataset: "Dataset",
        wait_seconds: float,
        within: Range | None,
        work: Callable[[Path], Result],
    ) -> Result:
        """Do ``work`` on a lake that holds the dataset, alone; its changes appear at once.

        ``work`` gets the root to work on. It may be called again if another writer was faster.
        """

    def set_aside(self, root: Path, path: Path) -> None:
        """Keep a file that belongs to no dataset."""

    def sweep(self) -> int:
        """Remove what killed writers left behind and nobody can want; tells how many files."""


class LocalStore:
    """A folder: what is committed is at hand."""

    def opened(self) -> None:
        """Nothing to do."""

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Nothing to remember."""
        yield

    def catalogue(self, kind: str | None = None) -> None:
        """Nothing to do."""

    def bring(self, dataset: "Dataset", within: Range | None = None) -> None:
        """Nothing to do."""

    def bring_kinds(self, kinds: Iterable[str]) -> None:
        """Nothing to do."""

    def bring_all(self, datasets: "Sequence[Dataset]", within: Range | None = None) -> None:
        """Nothing to do."""

    def facts(self, dataset: "Dataset") -> "dict[str, Facts] | None":
        """The folder tells."""

    def proof(self, dataset: "Dataset") -> "Sequence[Proof] | None":
        """The folder is the place."""

    def lost(self, kind: str | None = None) -> "Sequence[Lost]":  # noqa: ARG002
        """None: files are found by their folders."""
        return ()

    def records(self) -> tuple[int, int] | None:
        """The folder tells."""

    def transact(
        self,
        root: Path,
        dataset: "Dataset",
        wait_seconds: float,
        within: Range | None,  # noqa: ARG002 (all of it is at hand)
        work: Callable[[Path], Result],
    ) -> Result:
        """Do ``work`` while holding the dataset's lock."""
        from xq.lake.layout import lock_path
        from xq.lake.lock import held  # readers need no lock, and its import is dear

        with held(lock_path(root, dataset), wait_seconds, str(dataset)):
            return work(root)

    def set_aside(self, root: Path, path: Path) -> None:
        """It lies there already."""

    def sweep(self) -> int:
        """Every writer does so when it starts."""
        return 0


LOCAL = LocalStore()


class LakePath(PosixPath):
    """The cache of a lake elsewhere; paths below it are ordinary ones."""

    store: Store | None = None


def of(root: Path) -> Store:
    """The store of a lake's root folder.

    Examples
    --------
    >>> of(Path("data")) is LOCAL
    True
    """
    if isinstance(root, LakePath) and root.store is not None:
        return root.store
    return LOCAL
