"""A screen that is drawn again and again until a person has seen enough."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from xq.ports import Clock

QUIT = "q"
Draw = Callable[[list[Any]], None]
Wait = Callable[[float], str]
"""Waits so many seconds; the key that was pressed meanwhile, or nothing."""


def redraw(look: Callable[[], None], wait: Wait, seconds: float, cycles: int | None = None) -> None:
    """Look, wait, look again; until ``q``, Ctrl-C or so many looks."""
    done = 0
    try:
        while True:
            look()
            done += 1
            if done == cycles or wait(seconds).lower() == QUIT:
                return
    except KeyboardInterrupt:
        return


@contextmanager
def drawing() -> Iterator[Draw]:
    """The terminal's other page, given back as it was."""
    from rich.console import Console, Group
    from rich.live import Live

    console = Console(highlight=False, markup=False, emoji=False)
    with Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live:

        def draw(parts: list[Any]) -> None:
            live.update(Group(*parts), refresh=True)

        yield draw


@contextmanager
def keys(clock: Clock) -> Iterator[Wait]:
    """Waits that a key ends; where nobody has a keyboard, the clock's."""
    if not sys.stdin.isatty():
        yield _without_keys(clock)
        return
    import select
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)

    def wait(seconds: float) -> str:
        ready, _, _ = select.select([descriptor], [], [], seconds)
        return os.read(descriptor, 1).decode(errors="ignore") if ready else ""

    try:
        tty.setcbreak(descriptor)
        yield wait
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _without_keys(clock: Clock) -> Wait:
    def wait(seconds: float) -> str:
        clock.sleep(seconds)
        return ""

    return wait
