"""The parent's side of the strategy process: start it, ask it, share memory, kill it."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from mmap import mmap
from pathlib import Path
from typing import Any, Self

import numpy as np

from xq import errors
from xq.errors import StrategyBroken, StrategyTimeout, XqError
from xq.ports import Clock

_CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from xq.strategy.worker_sets import main; main(int(sys.argv[2]), int(sys.argv[3]))"
)
_KEPT = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV")
_FIXED = {
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",  # the order of a set of texts is the same in every process
    "MALLOC_MMAP_THRESHOLD_": "1000000000",  # arrays take pages that are there already
    "MALLOC_TRIM_THRESHOLD_": "1000000000",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
_PRINTED_LIMIT = 4096


class WorkerProcess:
    """A fresh interpreter without secrets in its environment, killed with all its children.

    Parameters
    ----------
    subject
        What it works on, for the ``where`` of errors.
    """

    def __init__(self, subject: str, clock: Clock) -> None:
        self._subject = subject
        self._clock = clock
        self._memory = _nameless_file()
        self._said = _nameless_file()
        self._replies, theirs = os.pipe()
        self._pending = b""
        self._ready = False
        self._closed = False
        self._last_words = ""
        arguments = [json.dumps(_import_paths()), str(theirs), str(self._memory)]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-s", "-S", "-c", _CODE, *arguments],
                stdin=subprocess.PIPE,
                stdout=self._said,
                stderr=self._said,
                pass_fds=(theirs, self._memory),
                start_new_session=True,
                env={name: os.environ[name] for name in _KEPT if name in os.environ} | _FIXED,
            )
        finally:
            os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, request: Mapping[str, Any]) -> None:
        """Ask without waiting."""
        stdin = self._process.stdin
        if stdin is None:
            raise XqError("the strategy process has no standard input")
        try:
            stdin.write(json.dumps(request, default=str).encode() + b"\n")
            stdin.flush()
        except BrokenPipeError:
            raise self._gone() from None

    def receive(self, until: float) -> Any:
        """The next answer; its errors are raised.

        Parameters
        ----------
        until
            Deadline on the clock's monotonic seconds.

        Raises
        ------
        StrategyError
            What the process reports, `StrategyTimeout` when it does not answer in time.
        """
        if not self._ready:
            self._ready = bool(self._line(until))
        return _raised(self._line(until))

    def ask(self, request: Mapping[str, Any], until: float) -> Any:
        """Send, then receive."""
        self.send({**request, "seconds": max(until - self._clock.monotonic(), 0.01) + 1})
        return self.receive(until)

    def grow(self, size: int) -> mmap:
        """The shared memory, at least so many bytes of it."""
        if os.fstat(self._memory).st_size < size:
            os.ftruncate(self._memory, size)
        return mmap(self._memory, 0)

    def read(self, shape: tuple[int, ...], at: int) -> np.ndarray:
        """A copy of a float64 block of the shared memory."""
        block = np.frombuffer(mmap(self._memory, 0), np.float64, int(np.prod(shape)), at)
        return block.reshape(shape).copy()

    @property
    def printed(self) -> str:
        """The end of what the strategy wrote to stdout and stderr."""
        if self._closed:
            return self._last_words
        size = os.fstat(self._said).st_size
        start = max(size - _PRINTED_LIMIT, 0)
        return os.pread(self._said, _PRINTED_LIMIT, start).decode(errors="replace")

    def close(self) -> None:
        """Kill the process and its children; harmless when repeated."""
        if self._closed:
            return
        self._last_words = self.printed
        self._closed = True
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self._process.kill()
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):  # it died with a question unread
                self._process.stdin.close()
        self._process.wait()
        for file in (self._memory, self._said, self._replies):
            os.close(file)

    def _line(self, until: float) -> Any:
        poll = select.poll()
        poll.register(self._replies, select.POLLIN)
        while b"\n" not in self._pending:
            left = until - self._clock.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                self.close()
                raise StrategyTimeout(
                    "no answer before the deadline",
                    where=self._subject,
                    hint="a faster strategy, or fewer bars",
                )
            data = os.read(self._replies, 1 << 20)
            if not data:
                raise self._gone()
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\n")
        return json.loads(line)

    def _gone(self) -> XqError:
        code = self._process.wait()
        last = (self.printed.strip().splitlines() or ["it said nothing"])[-1]
        self.close()
        if not self._ready:
            return XqError(f"the strategy process did not start: {last}", where=self._subject)
        if code == -signal.SIGALRM:
            return StrategyTimeout("no answer before the deadline", where=self._subject)
        return StrategyBroken(f"its process ended with {code}: {last}", where=self._subject)


def rebuilt(report: Mapping[str, Any]) -> XqError:
    """An error of the tree from its plain values."""
    found = getattr(errors, str(report["error"]), XqError)
    error: XqError = found(report["message"], where=report["where"], hint=report["hint"])
    return error


def _raised(reply: Any) -> Any:
    for part in reply if isinstance(reply, list) else [reply]:
        if part.get("error"):
            raise rebuilt(part["error"])
    return reply


def _import_paths() -> list[str]:
    folders = (Path(path or ".").absolute() for path in sys.path)
    return [str(folder) for folder in folders if folder.exists()]


def _nameless_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("xq")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
