"""The service's sign of life: a small file that is newer after every tick and look."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from xq.errors import StorageFailed
from xq.ports import Clock


@dataclass(frozen=True, slots=True)
class Beat:
    """The last sign of life; ``at_ms`` by this machine's clock."""

    pid: int
    at_ms: int


@contextmanager
def beating(path: Path, clock: Clock) -> Iterator[Callable[[], None]]:
    """Gives what beats; an end in order takes the file away, any other leaves it to grow old."""

    def beat() -> None:
        _write(path, Beat(os.getpid(), clock.now_ms()))

    beat()
    try:
        yield beat
    except KeyboardInterrupt:
        path.unlink(missing_ok=True)
        raise
    path.unlink(missing_ok=True)


def last_beat(path: Path) -> Beat | None:
    """The newest sign of life; None if no service runs. One that cannot be read is very old."""
    try:
        told = json.loads(path.read_bytes())
        return Beat(int(told["pid"]), int(told["at_ms"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError):
        return Beat(0, 0)


def _write(path: Path, beat: Beat) -> None:
    draft = path.with_suffix(".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(asdict(beat)))
        draft.replace(path)
    except OSError as error:
        text = f"the heartbeat cannot be written: {error.strerror}"
        raise StorageFailed(text, where=str(path), hint="xq doctor") from error
