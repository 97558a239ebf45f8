"""The README's console blocks, typed into a terminal one after another.

A block is a ``console`` fence; lines that start with ``$ `` are typed, the lines after them are
what the terminal must show. ``…`` stands for text that differs from run to run.
"""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
FENCE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _commands(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for block in FENCE.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            found.append((command, shown))
    return found


def _type(command: str, folder: Path) -> tuple[int, str]:
    """Run in a pseudo-terminal as wide as the README's blocks."""
    master, slave = pty.openpty()
    environment = {
        **{name: text for name, text in os.environ.items() if not name.startswith("XQ_")},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "TERM": "dumb", "COLUMNS": "100", "LINES": "50", "NO_COLOR": "1",
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
    _, notes = process.communicate(timeout=120)
    shown = b"".join(chunks).decode().replace("\r\n", "\n")
    return process.returncode, shown if process.returncode == 0 else shown + notes.decode()


def _matches(wanted: str, shown: str) -> bool:
    pattern = re.escape(_trimmed(wanted)).replace("…", ".*?")
    pattern = re.sub(r"(?m)^\.\*\?\\?$", r"(?:.*\n?)*?", pattern)
    return re.fullmatch(pattern, _trimmed(shown)) is not None


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def test_the_readme_shows_what_happens(tmp_path: Path) -> None:
    commands = _commands(README.read_text(encoding="utf-8"))
    assert len(commands) >= 6
    folder = tmp_path
    for command, wanted in commands:
        if command.startswith("cd "):
            folder /= command.removeprefix("cd ").strip()
            continue
        code, shown = _type(command, folder)
        assert code == 0, f"$ {command}\n{shown}"
        assert _matches(wanted, shown), f"$ {command}\n--- README\n{wanted}\n--- shown\n{shown}"


@pytest.mark.parametrize(
    ("wanted", "shown", "same"),
    [
        ("a 1.0\n", "a 1.0\n", True),
        ("a …\nb\n", "a 17\nb\n", True),
        ("a\n…\nz\n", "a\nb\nc\nz\n", True),
        ("a 1.0\n", "a 1x0\n", False),
        ("a …\n", "b 1\n", False),
    ],
)
def test_the_comparison_can_fail(wanted: str, shown: str, same: bool) -> None:
    assert _matches(wanted, shown) is same


def test_every_file_and_target_the_readme_names_exists() -> None:
    text = README.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (ROOT / target).exists(), target
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make ([a-z-]+)`", text):
        assert f"\n{target}:" in makefile, target


def test_the_strategy_in_the_readme_passes_the_law_on_recorded_bars(tmp_path: Path) -> None:
    text = README.read_text(encoding="utf-8")
    [plugin] = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    script = (
        "xq init . --exchange sim && cp plugin.py strategies/from_readme.py"
        " && xq collect --days 40 && xq strategies check from_readme"
    )
    (tmp_path / "plugin.py").write_text(plugin, encoding="utf-8")
    code, shown = _type(script, tmp_path)
    assert code == 0, shown
