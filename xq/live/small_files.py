"""Small files of the state folder: whole or not there, and forgiving to read."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from xq.errors import StorageFailed


def replace_file(path: Path, text: str, *, durable: bool = False) -> None:
    """Write a file that readers see whole, before or after; beside other writers too.

    Parameters
    ----------
    durable
        Whether it is on the disk before this returns.

    Raises
    ------
    StorageFailed
        If the disk refuses.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        draft.replace(path)
        if durable:
            _sync(path.parent)
    except OSError as error:
        with suppress(OSError):  # a disk that takes nothing does not let go of anything either
            draft.unlink(missing_ok=True)
        reason = (error.strerror or "it failed").lower()
        raise StorageFailed(reason, where=str(path), hint="xq doctor") from error


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; one that is broken or not there says nothing."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
