"""Work in a forked child that may be killed, and what it says until then."""

import os
from collections.abc import Callable

Say = Callable[[str], None]
_WRITE = os.write  # a child may have put something else in its place


def fork(work: Callable[[Say], None]) -> tuple[int, int]:
    """Run something in a child: its pid and the pipe it speaks through; exit 9 on an error."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    code = 9
    try:
        os.close(reading)
        work(lambda text: _say(writing, text))
        code = 0
    except BaseException as error:  # noqa: BLE001 - told to the parent; a child never returns
        _say(writing, f"! {type(error).__name__}: {' '.join(str(error).split())}")
    finally:
        os._exit(code)
    raise AssertionError


def _say(descriptor: int, text: str) -> None:
    _WRITE(descriptor, (text + "\n").encode())


def heard(descriptor: int) -> list[str]:
    """Everything a child said until it ended."""
    with os.fdopen(descriptor, "rb") as pipe:
        return pipe.read().decode().splitlines()
