"""Bans that outlive a process: whoever asks the same venue next, asks nothing before they end."""

import json
import os
import threading
from contextlib import suppress
from pathlib import Path


class Bans:
    """Until when a venue must not be asked, in one small file that all processes share.

    Parameters
    ----------
    path
        The file; None remembers within this process only.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known: dict[str, int] = {}
        self._stamp = -1
        self._lock = threading.Lock()

    def until_ms(self, name: str) -> int:
        """When the ban of a venue's address ends, epoch ms; 0 without one."""
        with self._lock:
            self._refresh()
            return self._known.get(name, 0)

    def add(self, name: str, until_ms: int) -> None:
        """Remember a ban. A disk that refuses costs the other processes the news, not this one."""
        with self._lock:
            self._refresh()
            self._known[name] = max(until_ms, self._known.get(name, 0))
            if self._path is not None:
                self._write(self._path)

    def _refresh(self) -> None:
        if self._path is None:
            return
        try:
            stamp = self._path.stat().st_mtime_ns
            if stamp == self._stamp:
                return
            found = json.loads(self._path.read_bytes())
            for name, until in found.items():
                self._known[str(name)] = max(int(until), self._known.get(str(name), 0))
            self._stamp = stamp
        except (OSError, ValueError, TypeError, AttributeError):
            return  # no file, or one that no xq wrote: then nothing is known from it

    def _write(self, path: Path) -> None:
        staged = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            staged.write_text(json.dumps(self._known))
            staged.replace(path)
        except OSError:
            with suppress(OSError):  # a disk that takes nothing
                staged.unlink(missing_ok=True)
