"""A script that forks a child for every line it is told, and answers with exit codes."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import support

Ask = Callable[..., list[int]]


@contextmanager
def forking(script: str) -> Iterator[Ask]:
    """Asks a script of this folder with words, one line at a time; it ends in order at the end."""
    tests = Path(support.__path__[0]).parent
    environment = {"PYTHONPATH": f"{tests}:{tests.parent}", "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(
        [sys.executable, str(tests / "support" / script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:

        def ask(*words: object) -> list[int]:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(" ".join(map(str, words)) + "\n")
            process.stdin.flush()
            return [int(code) for code in process.stdout.readline().split()]

        yield ask
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(120) == 0
