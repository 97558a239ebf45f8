"""Console blocks of a page, typed into a terminal one after another.

A block is a ``console`` fence; lines that start with ``$ `` are typed, the lines after them are
what the terminal must show. ``…`` stands for text that differs from run to run, alone on a line
for any number of lines.
"""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

FENCE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[tuple[str, str]]:
    """Commands and what they show, in order."""
    found: list[tuple[str, str]] = []
    for block in FENCE.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            found.append((command, shown))
    return found


def typed(command: str, folder: Path, extra: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run in a pseudo-terminal as wide as the pages' blocks; stderr only of what failed."""
    master, slave = pty.openpty()
    environment = {
        **{name: text for name, text in os.environ.items() if not name.startswith("XQ_")},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "TERM": "dumb", "COLUMNS": "100", "LINES": "50", "NO_COLOR": "1",
        **(extra or {}),
    }  # fmt: skip
    process = subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder, env=environment, stdin=slave, stdout=slave, stderr=subprocess.PIPE,
    )  # fmt: skip
    os.close(slave)
    chunks = []
    while True:
        try:
            chunk = os.read(master, 65_536)
        except OSError:
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(master)
    _, notes = process.communicate(timeout=600)
    shown = b"".join(chunks).decode().replace("\r\n", "\n")
    return process.returncode, shown if process.returncode == 0 else shown + notes.decode()


def matches(wanted: str, shown: str) -> bool:
    """Whether a terminal shows what a page says."""
    pattern = re.escape(_trimmed(wanted)).replace("…", ".*?")
    pattern = re.sub(r"(?m)^\.\*\?\\?$", r"(?:.*\n?)*?", pattern)
    return re.fullmatch(pattern, _trimmed(shown)) is not None


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")
