"""A trader killed at calls of the system; a sample of `tests/support/trade_torture.py`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.torture_scenarios import SCENARIOS
from support.torture_worlds import every_world

SCRIPT = Path(__file__).resolve().parents[1] / "support" / "trade_torture.py"
CHANGED, STOPPED, KILLS = "order by hand changed in place", "entry with its stop", 3


def told(*words: str) -> tuple[dict[str, object], dict[str, object]]:
    done = subprocess.run(
        [sys.executable, SCRIPT, *words], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stdout + done.stderr
    story, sums = map(json.loads, done.stdout.splitlines())
    assert story["wrong"] == []
    return story, sums


@pytest.mark.usefixtures("c_compiler")
def test_after_any_kill_ledger_and_journal_agree() -> None:
    story, sums = told(str(KILLS), "3", STOPPED)
    assert story["story"] == STOPPED
    assert story["kills"] == sums["kills"] == KILLS


@pytest.mark.usefixtures("c_compiler")
def test_every_world_that_a_kill_can_leave_is_gone_on_from() -> None:
    story, _ = told("0", "1", CHANGED)
    assert isinstance(story["worlds"], int)
    assert story["worlds"] >= 5  # untouched, opened, written down, changed, known to be
    assert isinstance(story["kills"], int)
    assert isinstance(story["calls"], int)
    assert story["worlds"] < story["kills"] < story["calls"]


def test_no_world_between_two_kills_is_missed() -> None:
    left = "aaaaabccccccccddddddddddddef"
    asked: list[int] = []

    def kill(at: int) -> str:
        asked.append(at)
        return left[at - 1]

    every_world(kill, len(left))
    assert {left[at - 1] for at in asked} == set(left)
    assert len(asked) == len(set(asked)) < len(left)


def test_there_are_enough_stories() -> None:
    assert len(SCENARIOS) >= 20
