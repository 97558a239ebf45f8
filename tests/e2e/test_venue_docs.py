"""The page about the venue's markets: its blocks are run, its commands and options exist."""

import re
import subprocess
import sys
from pathlib import Path

from support.console import commands, typed

PAGE = Path(__file__).resolve().parents[2] / "docs" / "venue" / "markets.md"
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_what_is_shown_works(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    found = commands(text)
    assert found
    for command, _ in found:
        code, shown = typed(command, tmp_path)
        assert code == 0, f"$ {command}\n{shown}"
    blocks = PYTHON.findall(text)
    assert len(blocks) == 1
    done = subprocess.run(
        [sys.executable, "-c", blocks[0]], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_option_named_exists(tmp_path: Path) -> None:
    code, shown = typed("xq sim --help", tmp_path)
    assert code == 0
    for option in set(re.findall(r"(?<=[ `])--[a-z]+", PAGE.read_text(encoding="utf-8"))) - {
        "--exchange", "--symbol", "--timeframe", "--since", "--quiet",
    }:  # fmt: skip
        assert option in shown, option
