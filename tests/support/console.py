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


def play(
    page: str, folder: Path, extra: Mapping[str, str] | None = None, *, refused: int = 0
) -> int:
    """Type a page's blocks one after the other, each must show what it says; how many there are.

    ``refused`` is the exit code of those that show an error.
    """
    found = commands(page)
    for command, wanted in found:
        if moved := re.fullmatch(r"cd (\S+)", command):
            folder /= moved[1]
            continue
        code, shown = typed(command, folder, extra)
        expected = refused if wanted.startswith("error") else 0
        assert code == expected, f"$ {command}\n{shown}"
        assert matches(wanted, shown), f"$ {command}\n--- page\n{wanted}\n--- shown\n{shown}"
    return len(found)


def matches(wanted: str, shown: str) -> bool:
    """Whether a terminal shows what a page says; no page takes long to compare.

    >>> matches("a\\n…\\nb…d\\n", "a\\n1\\n2\\nbcd\\n"), matches("a\\n…\\nb", "a\\nc")
    (True, False)
    >>> matches("…\\nb\\n…", "b"), matches("ab…bc", "abc"), matches("…\\n" * 9 + "x", "y\\n" * 999)
    (True, False, False)
    """
    page, screen = _trimmed(wanted).split("\n"), _trimmed(shown).split("\n")
    at = row = 0
    resume: tuple[int, int] | None = None  # after the last lone …, and the row it has eaten up to
    while row < len(screen):
        if at < len(page) and page[at] == "…":
            at, resume = at + 1, (at + 1, row)
        elif at < len(page) and _line_matches(page[at], screen[row]):
            at, row = at + 1, row + 1
        elif resume is not None:
            at, row = resume[0], resume[1] + 1
            resume = at, row
        else:
            return False
    return all(line == "…" for line in page[at:])


def _line_matches(wanted: str, shown: str) -> bool:
    first, *rest = wanted.split("…")
    if not rest:
        return wanted == shown
    *middle, last = rest
    if not shown.startswith(first):
        return False
    at = len(first)
    for piece in middle:
        at = shown.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return shown.endswith(last) and len(shown) - len(last) >= at


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")
