"""Ask a question in a fork: it answers with one line of JSON and dies, or is killed."""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from xq.errors import StrategyBroken, StrategyTimeout, XqError

Message = dict[str, Any]


class Fork(NamedTuple):
    """A child and the pipe it will answer on."""

    pid: int
    status: int


def fork(task: Callable[[], Message], seconds: float, *, quiet: bool) -> Fork:
    """Start ``task`` in a child that is killed after ``seconds``; ``quiet`` drops its prints."""
    readable, writable = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        os.close(writable)
        return Fork(pid, readable)
    signal.setitimer(signal.ITIMER_REAL, seconds)  # forks do not inherit the parent's
    if quiet:
        _silence()
    code = 1
    try:
        os.write(writable, json.dumps(_reply(task)).encode())
        sys.stdout.flush()
        code = 0
    finally:
        os._exit(code)  # never back into the parent's stack


def _reply(task: Callable[[], Message]) -> Message:
    try:
        return task()
    except XqError as error:
        return {"error": error.as_dict()}


def result(child: Fork, path: Path) -> Message:
    """Wait for a child's answer; its death is an answer too."""
    with os.fdopen(child.status, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child.pid, 0)
    if said:
        return dict(json.loads(said))
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
        error: XqError = StrategyTimeout("no answer before the deadline", where=str(path))
    elif os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        error = StrategyBroken(f"its process died of signal {number}", where=str(path))
    else:
        error = StrategyBroken("it ended its own process", where=str(path))
    return {"error": error.as_dict()}


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
