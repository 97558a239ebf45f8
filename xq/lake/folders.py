"""What lies in a folder: a disk that does not answer is an error, never an absent file."""

import os
from pathlib import Path

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
