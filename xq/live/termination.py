"""SIGTERM as an interruption: what runs is unwound, not cut off in the middle."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM raise `KeyboardInterrupt`, so that locks, venues and the strategy's process end.

    Outside the main thread, where no handler can be set, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@dataclass
class Ending:
    """Whether somebody asked to end."""

    asked: bool = False


@contextmanager
def ending() -> Iterator[Ending]:
    """Let the first SIGINT or SIGTERM ask for the end, and a second one raise.

    What is under way is finished and the end comes between two steps. Outside the main thread this
    does nothing.
    """
    told = Ending()

    def ask(_number: int, _frame: FrameType | None) -> None:
        if told.asked:
            raise KeyboardInterrupt
        told.asked = True

    if threading.current_thread() is not threading.main_thread():
        yield told
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
