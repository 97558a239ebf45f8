"""When Python may search for circles of garbage: such a search stops everything for 100 ms."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """A while without searches: for what must not pause, and for what makes no circles.

    What is dropped meanwhile and lies in circles waits for the first search after it.

    Examples
    --------
    >>> with uncollected():
    ...     gc.isenabled()
    False
    >>> gc.isenabled()
    True
    """
    searched = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searched:
            gc.enable()
