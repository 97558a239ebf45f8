"""What Ctrl-C means to a command that keeps what it finished."""

from collections.abc import Iterator
from contextlib import contextmanager

from xq.errors import Interrupted


@contextmanager
def resumable() -> Iterator[None]:
    """Say how to go on after an interruption."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(
            "interrupted; the trials that are done are kept",
            hint="the same command again goes on where this one stopped",
        ) from None
