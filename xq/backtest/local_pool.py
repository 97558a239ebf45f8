"""Trials on several cores of this machine: processes that share one copy of the bars.

Own processes instead of `concurrent.futures`: there, one killed worker breaks the whole pool, and
workers outlive a killed parent. Here a lost batch is given to a fresh worker, and a worker whose
parent is gone reads the end of its pipe and ends.
"""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol, Self

from xq.backtest.first_compile import NOTE, hearing, tell_of_it
from xq.backtest.shared_bars import mapped, write
from xq.backtest.sweep_trial import Batch, Outcome, Scene, Trials
from xq.bars import Bars
from xq.errors import XqError
from xq.strategy.block import Layout

ATTEMPTS = 3
"""Workers that may die over one batch before it is given up."""

_LEAVING_S = 10.0  # a worker without a batch has to end its strategy's process


class Executor(Protocol):
    """Where trials run."""

    workers: int

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def start(self, count: int) -> None:
        """Ready the workers for so many trials, so that they load while the bars are read."""

    def given(self, scene: Scene, bars: Bars, prices: Path, /) -> AbstractContextManager[None]:
        """What the trials are about, while the block lasts; ``prices`` is a file for the bars."""

    def run(self, batches: Iterable[Batch]) -> Iterator[list[Outcome]]:
        """Outcomes of every batch, in the order they come in."""

    def close(self) -> None:
        """End the workers."""


@dataclass(eq=False)
class _Worker:
    process: BaseProcess
    pipe: Connection
    batch: Batch | None = None
    told: bool = False


class LocalPool:
    """Worker processes; use it as a context, or `close` it."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._about: tuple[Scene, Layout, str] | None = None
        self._context = multiprocessing.get_context("spawn")
        self._pool: list[_Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [worker.process.pid or 0 for worker in self._pool]

    def start(self, count: int) -> None:
        """Ready the workers for so many trials, so that they load while the bars are read."""
        while len(self._pool) < min(self.workers, count):
            self._pool.append(self._started())

    @contextmanager
    def given(self, scene: Scene, bars: Bars, prices: Path) -> Iterator[None]:
        """What the trials are about; the workers map ``prices``, and end with the block."""
        write(bars, prices)
        self._about = scene, Layout.of(bars), str(prices)
        try:
            yield
        finally:
            self.close()
            prices.unlink(missing_ok=True)

    def run(self, batches: Iterable[Batch]) -> Iterator[list[Outcome]]:
        """Outcomes of every batch, in the order they come in.

        Raises
        ------
        XqError
            If a batch kills every worker it is given to.
        """
        waiting, lost = deque(batches), dict[Batch, int]()
        self.start(len(waiting))
        while waiting or any(worker.batch for worker in self._pool):
            for worker in self._pool:
                if waiting and worker.batch is None:
                    self._give(worker, waiting)
            busy = {worker.pipe: worker for worker in self._pool if worker.batch}
            for pipe in wait(list(busy)):
                worker = busy[pipe]  # type: ignore[index]
                answer = self._answer(worker)
                if answer == NOTE:
                    tell_of_it()
                    continue
                batch, worker.batch = worker.batch, None
                if isinstance(answer, XqError):
                    raise answer
                if answer is None and batch is not None:
                    self._replace(worker, batch, waiting, lost)
                elif waiting:  # before the answer is looked at: that may take a while
                    self._give(worker, waiting)
                if answer is not None:
                    yield answer

    def close(self) -> None:
        """End the workers; harmless when repeated."""
        for worker in self._pool:
            if worker.batch is not None or not worker.told:
                worker.process.kill()  # its strategy's process ends with the pipe between them
            worker.pipe.close()  # a worker that waits ends by itself
        for worker in self._pool:
            worker.process.join(_LEAVING_S)
            worker.process.kill()
            worker.process.join()
        self._pool.clear()

    def _give(self, worker: _Worker, waiting: deque[Batch]) -> None:
        worker.batch = waiting.popleft()
        with suppress(OSError):  # it is dead: told when its answer is read
            if not worker.told:
                worker.pipe.send(self._about)
                worker.told = True
            worker.pipe.send(worker.batch)

    def _answer(self, worker: _Worker) -> Any:
        try:
            return worker.pipe.recv()
        except (EOFError, OSError):
            return None

    def _replace(
        self, worker: _Worker, batch: Batch, waiting: deque[Batch], lost: dict[Batch, int]
    ) -> None:
        lost[batch] = lost.get(batch, 0) + 1
        worker.process.join()
        worker.pipe.close()
        if lost[batch] >= ATTEMPTS:
            raise XqError(
                f"{ATTEMPTS} workers died one after the other over trials {batch.numbers[0]} to "
                f"{batch.numbers[-1]}, the last with {worker.process.exitcode}",
                hint="fewer --workers, if memory ran out",
            )
        waiting.appendleft(batch)
        self._pool[self._pool.index(worker)] = self._started()

    def _started(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs,), daemon=True, name="xq sweep")
        # No worker hears Ctrl-C, not even while it loads: the parent tells when to stop.
        heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, heard)
        theirs.close()
        return _Worker(process, ours)


def _serve(pipe: Connection) -> None:
    """A worker's life: batches come in, outcomes go out, until the pipe ends."""
    try:
        scene, layout, prices = pipe.recv()
        with hearing(pipe.send), Trials(scene, mapped(layout, Path(prices))) as trials:
            while True:
                pipe.send(trials.run(pipe.recv()))
    except (EOFError, BrokenPipeError):
        pass
    except XqError as error:
        with suppress(OSError):
            pipe.send(error)


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
