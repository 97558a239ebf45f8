"""Which files a question reads, and whether a writer has replaced one of them meanwhile."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from xq.errors import FileReplaced
from xq.lake import folders, layout

_Version = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """Files as they were before they were proven.

    Attributes
    ----------
    files
        Their paths by kind: what DuckDB is to read. It is never left to look for files itself,
        for it passes over a folder that cannot be listed.
    """

    files: Mapping[str, Sequence[str]]
    versions: Mapping[str, _Version]

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


def seen(
    root: Path,
    kinds: Iterable[str],
    wanted: "Mapping[str, Collection[str]]" = MappingProxyType({}),
) -> Seen:
    """The files of some kinds, of those partition values alone if any are given.

    Raises
    ------
    StorageFailed
        If a folder cannot be listed, or a file not be looked at.
    """
    found: dict[str, list[str]] = {kind: [] for kind in sorted(kinds)}
    versions: dict[str, _Version] = {}
    for kind, paths in found.items():
        for dataset in layout.datasets(root, kind, wanted):
            for _, path, _ in layout.files(root, dataset):
                version = _version(path)
                if version is not None:  # else it was removed just now
                    paths.append(path)
                    versions[path] = version
    return Seen(found, versions)


def _version(path: str) -> _Version | None:
    stat = folders.look(path)
    return None if stat is None else (stat.st_ino, stat.st_mtime_ns)
