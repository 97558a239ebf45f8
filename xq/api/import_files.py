"""The files that a person means by the paths of ``xq data import``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from xq.errors import NoData, UsageError

ENDINGS = (
    ".csv", ".zip", ".parquet", ".pq", ".feather", ".json", ".json.gz",
    ".raw.gz", ".ws.gz", ".http.gz",
)  # fmt: skip
_CLOSE = 3


@dataclass(frozen=True, slots=True)
class Found:
    """Files to import, in order.

    Attributes
    ----------
    passed_over
        Files of the folders whose endings say that they hold no rows.
    """

    files: tuple[Path, ...]
    passed_over: tuple[Path, ...] = ()


def find_files(paths: Sequence[str]) -> Found:
    """Files as named, and every data file below folders.

    Raises
    ------
    UsageError
        If a path is empty, does not exist, or is neither file nor folder.
    NoData
        If a folder holds no data file.
    StorageFailed
        If a folder cannot be listed: none is passed over in silence.
    """
    from xq.lake import folders

    files: list[Path] = []
    passed_over: list[Path] = []
    for text in paths:
        path = existing(text)
        if not path.is_dir():
            files.append(path)
            continue
        inside = sorted(map(Path, folders.below(str(path))))
        taken = [item for item in inside if item.name.lower().endswith(ENDINGS)]
        if not taken:
            raise _nothing_in(path, inside)
        files += taken
        passed_over += [item for item in inside if item not in set(taken)]
    return Found(tuple(files), tuple(passed_over))


def existing(text: str) -> Path:
    """The path, if there is a file or folder.

    Raises
    ------
    UsageError
        If not, with the closest names beside it.
    """
    if not text:
        raise UsageError("expected a file or folder, found an empty name")
    path = Path(text)
    if path.is_file() or path.is_dir():
        return path
    if path.exists():
        raise UsageError(
            f"expected a file or folder, found a pipe or device: {text}",
            hint="write it to a file first: … > bars.csv",
        )
    close = list(_names_like(path))
    tail = f"; did you mean {' or '.join(close)}?" if close else ""
    raise UsageError(f"no such file: {text}{tail}", hint=None if close else _look(path))


def _names_like(path: Path) -> Iterator[str]:
    try:
        beside = {item.name.lower(): item.name for item in sorted(path.parent.iterdir())}
    except OSError:
        return
    for name in get_close_matches(path.name.lower(), list(beside), _CLOSE, 0.75):
        yield str(path.with_name(beside[name]))


def _look(path: Path) -> str:
    near = next((item for item in path.absolute().parents if item.is_dir()), Path("/"))
    return f"ls {near}"


def _nothing_in(folder: Path, inside: Sequence[Path]) -> NoData:
    files = "1 other file" if len(inside) == 1 else f"{len(inside)} other files"
    return NoData(
        f"found a folder without {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]} in it"
        + (f", {files}" if inside else ", it is empty"),
        where=str(folder),
        hint=_look(folder / "x"),
    )
