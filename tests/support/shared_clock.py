"""A clock that several processes see and move: it stands still unless somebody sleeps."""

import mmap
import struct
from pathlib import Path

_MOMENT = struct.Struct("=q")


class SharedClock:
    """Eight bytes of a file: epoch milliseconds. ``sleep`` moves it, for everybody.

    Not for two that move it at the same moment.
    """

    def __init__(self, path: Path, start_ms: int | None = None) -> None:
        if start_ms is not None:
            path.write_bytes(_MOMENT.pack(start_ms))
        with path.open("r+b") as file:
            self._moment = mmap.mmap(file.fileno(), _MOMENT.size)

    def now_ms(self) -> int:
        """Epoch milliseconds, UTC."""
        return int(_MOMENT.unpack(self._moment[:])[0])

    def monotonic(self) -> float:
        """Seconds since 1970 on this clock."""
        return self.now_ms() / 1000

    def sleep(self, seconds: float) -> None:
        """Move forward without waiting."""
        self.set(self.now_ms() + round(seconds * 1000))

    def set(self, now_ms: int) -> None:
        """Move to a time, a past one too: another story begins."""
        self._moment[:] = _MOMENT.pack(now_ms)
