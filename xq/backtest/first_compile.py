"""The first compilation of the kernel on a machine: told, and done by one process alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

NOTE = "compiling the engine, once on this machine: about half a minute"

_Tell = Callable[[str], None]


def _nobody(_: str) -> None:
    """Nobody listens."""


_TELL: ContextVar[_Tell] = ContextVar("told of the first compilation", default=_nobody)


@contextmanager
def hearing(tell: _Tell) -> Iterator[None]:
    """Who is told, inside, that the kernel is being compiled.

    Examples
    --------
    >>> with hearing(print):
    ...     tell_of_it()
    compiling the engine, once on this machine: about half a minute
    """
    before = _TELL.set(tell)
    try:
        yield
    finally:
        _TELL.reset(before)


def tell_of_it() -> None:
    """Tell whoever listens."""
    _TELL.get()(NOTE)


@contextmanager
def first_call(cache: Path, name: str) -> Iterator[None]:
    """Around the first call of a compiled function in this process.

    Where its code is not on the disk yet, one process compiles it and the others wait to read it.

    Parameters
    ----------
    cache
        Folder in which Numba keeps it.
    name
        As the names of its files have it.
    """
    from filelock import FileLock

    if _is_there(cache, name):
        yield
        return
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f"{name}.lock"):
        if not _is_there(cache, name):
            tell_of_it()
        yield


def _is_there(cache: Path, name: str) -> bool:
    return any(cache.glob(f"*.{name}-*.nbi"))
