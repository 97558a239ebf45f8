"""Blocking questions asked beside an event loop."""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Aside:
    """One thread for them all, that nobody waits for: not at a cancel, not at the process's end.

    An executor of the standard library is waited for when Python ends, however long an answer
    takes.
    """

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]
        self._jobs = queue.SimpleQueue()
        threading.Thread(target=self._work, name=name, daemon=True).start()

    async def ask(self, question: Callable[[], T]) -> T:
        """What the question answers or raises."""
        answer: Future[T] = Future()
        self._jobs.put((answer, question))
        return await asyncio.wrap_future(answer)

    def close(self) -> None:
        """End the thread once its question is answered."""
        self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            answer, question = job
            if not answer.set_running_or_notify_cancel():
                continue
            try:
                answer.set_result(question())
            except Exception as error:  # noqa: BLE001 - handed to whoever asked
                answer.set_exception(error)
