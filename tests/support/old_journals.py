"""Journals as earlier versions of xq wrote them, and a migration that dies where it is told to."""

import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from xq.clock import ManualClock
from xq.execution.journal import open_journal

NOW_MS = 1_700_000_000_000
_DUMPS = Path(__file__).parent / "journals"


def write_old(path: Path, version: int = 1) -> None:
    """Make the file that an earlier version left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((_DUMPS / f"version_{version}.sql").read_text())
        connection.execute("PRAGMA journal_mode=WAL")


def dump(path: Path) -> str:
    """A file's whole content as text, in an order of its own."""
    with closing(sqlite3.connect(path)) as connection:
        return "\n".join(sorted(connection.iterdump()))


def migrate(path: Path) -> None:
    """Open a journal as a trader does, at one fixed moment."""
    with open_journal(path, "sim", ManualClock(NOW_MS)):
        pass


def _rig(die: Callable[[], None]) -> None:
    """A step is one side of every statement that writes, every commit and every rename."""

    def around(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("PRAGMA", "SELECT")):
            die()

    sa.event.listen(sa.Engine, "before_cursor_execute", around)
    sa.event.listen(sa.Engine, "commit", lambda _connection: die())
    replace = Path.replace

    def stepping(self: Path, target: Any) -> Path:
        die()
        moved = replace(self, target)
        die()
        return moved

    Path.replace = stepping  # type: ignore[method-assign]


def _child(path: Path, point: int) -> int:
    left = [point]

    def die() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    _rig(die)
    migrate(path)
    return 0


def main() -> None:
    """Kill one migration in every folder ``1``, ``2`` … until one ends by itself; how many died."""
    folder = Path(sys.argv[1])
    write_old(folder / "warm.sqlite")
    migrate(folder / "warm.sqlite")  # Alembic is imported once, before the forks
    point, code = 0, -signal.SIGKILL
    while code == -signal.SIGKILL:
        point += 1
        path = folder / str(point) / "journal.sqlite"
        write_old(path)
        pid = os.fork()
        if pid == 0:
            os._exit(_child(path, point))
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    print(point - 1 if code == 0 else f"a migration failed with {code}")


if __name__ == "__main__":
    main()
