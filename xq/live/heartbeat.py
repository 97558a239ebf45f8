"""The service's sign of life: a small file that is newer after every tick and look."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from xq.live.small_files import replace_file
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
        replace_file(path, json.dumps(asdict(Beat(os.getpid(), clock.now_ms()))))

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
