"""A few threads that share a list of jobs and do not outlive an interrupt."""

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_GRACE_SECONDS = 1.0


def each(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    at_once: int,
    stop: threading.Event,
) -> tuple[Result, ...]:
    """``work`` over ``items`` in their order, ``at_once`` at a time.

    An exception of ``work`` sets ``stop``, lets the others finish and is raised. An interrupt of
    the caller sets it too but waits a moment only: a thread that is stuck in the network is left
    behind as a daemon, and what it was about to write is as if it had been killed.

    Examples
    --------
    >>> each(str, [3, 1, 2], at_once=2, stop=threading.Event())
    ('3', '1', '2')
    """
    results: dict[int, Result] = {}
    failures: list[BaseException] = []
    waiting = iter(range(len(items)))
    turn = threading.Lock()

    def serve() -> None:
        while not stop.is_set():
            with turn:
                place = next(waiting, None)
            if place is None:
                return
            try:
                results[place] = work(items[place])
            except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
                failures.append(error)
                stop.set()

    threads = [threading.Thread(target=serve, daemon=True) for _ in items[:at_once]]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except BaseException:
        stop.set()
        for thread in threads:
            if thread.is_alive():
                thread.join(_GRACE_SECONDS)
        raise
    if failures:
        raise failures[0]
    return tuple(results[place] for place in range(len(items)))
