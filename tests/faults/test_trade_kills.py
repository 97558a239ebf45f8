"""A trader killed at calls of the system; a sample of `tests/support/trade_torture.py`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.torture_scenarios import SCENARIOS

SCRIPT = Path(__file__).resolve().parents[1] / "support" / "trade_torture.py"
STORY, KILLS = "entry with its stop", 3


@pytest.mark.usefixtures("c_compiler")
def test_after_any_kill_ledger_and_journal_agree() -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, str(KILLS), "3", STORY],
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    story, sums = map(json.loads, done.stdout.splitlines())
    assert (story["story"], story["wrong"]) == (STORY, [])
    assert story["kills"] == sums["kills"] == KILLS


def test_there_are_enough_stories() -> None:
    assert len(SCENARIOS) >= 20
