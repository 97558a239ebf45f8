"""``make run``'s script: every command it types works, and so does what it proposes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "strategies", folder / "strategies")
    shutil.copy(ROOT / "xq.toml", folder)
    return folder


def _run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("XQ_")}
    environment |= {"BIN": str(BIN), "PATH": f"{BIN}:{os.environ['PATH']}"}
    return subprocess.run(
        ["sh", "-c", line],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_the_demo_runs_twice_and_what_it_proposes_runs(folder: Path) -> None:
    first = _run(f"sh {ROOT}/deploy/demo.sh", folder)
    assert first.returncode == 0, first.stderr
    for piece in ("recorded", "macd_", "Sharpe", "now held: 0.23", "The report: "):
        assert piece in first.stdout
    assert (folder / "reports" / "trend_following.html").stat().st_size > 1_000_000
    again = _run(f"sh {ROOT}/deploy/demo.sh", folder)
    assert again.returncode == 0, again.stderr
    assert "nothing to do" in again.stdout
    proposals = re.findall(r"^  (xq .*)$", again.stdout.partition("Try next")[2], re.MULTILINE)
    assert len(proposals) == 3
    for line in proposals:
        done = _run(f"export XQ_EXCHANGE__NAME=sim; {line}", folder)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        assert done.stdout
