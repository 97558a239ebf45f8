"""Which files a question reads, and whether a writer has replaced one of them meanwhile."""

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from xq.errors import FileReplaced
from xq.lake import layout


@dataclass(frozen=True, slots=True)
class Seen:
    """Files as they were when they were proven."""

    versions: Mapping[str, tuple[int, int] | None]

    def replaced(self) -> str | None:
        """A file that is another by now."""
        changed = (path for path, version in self.versions.items() if _version(path) != version)
        return next(changed, None)

    def refuse_replaced(self) -> None:
        """Raise `FileReplaced` if a writer was here."""
        path = self.replaced()
        if path is not None:
            raise FileReplaced(
                "a file was replaced while it was read",
                where=path,
                hint="run the same command again",
            )


def seen(root: Path, kinds: Iterable[str], wanted: Mapping[str, Collection[str]]) -> Seen:
    """The files of some kinds, of those partition values alone if any are given."""
    found = (
        path
        for kind in sorted(kinds)
        for dataset in layout.datasets(root, kind, wanted)
        for _, path, _ in layout.files(root, dataset)
    )
    return Seen({path: _version(path) for path in found})


def _version(path: str) -> tuple[int, int] | None:
    try:
        stat = os.stat(path)  # noqa: PTH116 (thousands of them in a wide question)
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns
