"""A process that trades on command and dies where it is told to.

Reads lines ``FOLDER CLOCK_MS POINT`` and forks for each: the child trades and is killed at its
POINT-th step (0: never; -1: never, and without the lock). Answers with the child's status. A step
is one side of a commit of the journal, of a request that sends an order, or of a commit of the
lake.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from support.trade_bench import trade

import xq.live.lock
from xq.api.workspace import open_workspace
from xq.clock import ManualClock
from xq.errors import XqError
from xq.execution.store import Store
from xq.lake.writer import LakeWriter
from xq.venues.ccxt_trading import CcxtTrading


class Steps:
    """Counts steps and dies at one of them."""

    def __init__(self, last: int) -> None:
        self._left = last

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def around(method: Callable[..., Any], step: Steps) -> Callable[..., Any]:
    """A method with a step before and after it."""

    def call(*arguments: Any, **named: Any) -> Any:
        step()
        result = method(*arguments, **named)
        step()
        return result

    return call


def rig(step: Steps) -> None:
    """Let every step be counted."""
    write = Store.write

    @contextmanager
    def stepping(self: Store) -> Iterator[Any]:
        outermost = self._open is None
        with write(self) as transaction:
            yield transaction
            if outermost:
                step()
        if outermost:
            step()

    Store.write = stepping
    CcxtTrading.place = around(CcxtTrading.place, step)
    LakeWriter.upsert = around(LakeWriter.upsert, step)


def _child(folder: str, clock_ms: int, point: int) -> int:
    if point < 0:
        xq.live.lock.only_run = lambda _, **__: nullcontext()
    rig(Steps(point))
    opened = open_workspace(cwd=Path(folder), environ={})
    try:
        report = trade(replace(opened, clock=ManualClock(clock_ms)))
    except XqError as error:
        return error.exit_code
    return 1 if report.problems else 0


def main(child: Callable[[str, int, int], int] = _child) -> None:
    """Fork for every line; what the child does is the caller's choice."""
    import xq.venues.registry  # noqa: F401 - every child would import it

    __import__("ccxt")
    for line in sys.stdin:
        folder, clock_ms, point, copies = line.split()
        children = []
        for _ in range(int(copies)):
            pid = os.fork()
            if pid == 0:
                sys.stdin.close()
                os._exit(child(folder, int(clock_ms), int(point)))
            children.append(pid)
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
        print(*codes, flush=True)


if __name__ == "__main__":
    main()
