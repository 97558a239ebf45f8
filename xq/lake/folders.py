"""What lies in a folder: a disk that does not answer is an error, never an absent file."""

import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from xq.lake.disk import failed


def names(folder: str) -> list[str]:
    """Names in a folder, sorted; none if there is no such folder.

    Raises
    ------
    StorageFailed
        If the disk does not tell.
    """
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 (names only; ten times faster)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise failed(error, Path(folder)) from error


def below(folder: str) -> Iterator[str]:
    """Every file below a folder, nearer ones first; none if there is no such folder.

    Unlike `Path.rglob`, which passes over a folder it may not list.

    Raises
    ------
    StorageFailed
        If the disk does not tell.
    """
    inside = []
    for name in names(folder):
        path = f"{folder}/{name}"
        stat = look(path)
        if stat is not None and S_ISDIR(stat.st_mode):
            if not os.path.islink(path):  # noqa: PTH114 (as above); it may lead in a circle
                inside.append(path)
        elif stat is not None and S_ISREG(stat.st_mode):
            yield path
    for path in inside:
        yield from below(path)


def look(path: str) -> os.stat_result | None:
    """What is known of a file or folder; None if there is none.

    Raises
    ------
    StorageFailed
        If the disk does not tell.
    """
    try:
        return os.stat(path)  # noqa: PTH116 (thousands of them in one listing)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise failed(error, Path(path)) from error
