"""Two crons at the same moment; a sample of `tests/support/cron_races.py`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "support" / "cron_races.py"


@pytest.mark.usefixtures("c_compiler")
def test_one_of_two_decides() -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "3", "2", "1"], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert (told["decided"], told["wrong"]) == (3, [])
    lost = told.get("75, with the holder", 0) + told.get("nothing to do", 0)
    assert lost == 3, told
    assert told["decided (whole)"] == 1
    assert len([name for name in told if name.endswith("(whole)")]) == 2, told
