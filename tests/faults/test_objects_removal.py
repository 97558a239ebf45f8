"""A removal from a bucket that fails at any step says what became of the rows."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.object_store import python

SUPPORT = Path(__file__).resolve().parents[1] / "support"


@pytest.mark.usefixtures("c_compiler")
def test_words_and_rows_agree_whichever_step_is_refused() -> None:
    assert python().exists(), "run: make .venv-s3/.ready"
    done = subprocess.run(
        [sys.executable, SUPPORT / "objects_removal.py", "5"],
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.stdout.startswith("{"), done.stderr
    found = json.loads(done.stdout)
    assert found["bad"] == []
    assert min(found[claim] for claim in ("done", "there", "unknown")) > 0, found
