"""A disk that refuses while a whole command line runs: exit code, one message, nothing half done.

A sample of ``make torture``, which takes every call.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).resolve().parents[1] / "support"
IMPORTS = ("import-csv", "import-freqtrade", "import-zip")
CHANGING = ("collect", "repair", "compact", "rm")
ASKING = ("export", "sql", "sql-to")


@pytest.mark.usefixtures("c_compiler")
@pytest.mark.parametrize(
    ("stride", "lines"), [(23, IMPORTS), (47, CHANGING), (23, ASKING)],
    ids=["imports", "changing", "asking"],
)  # fmt: skip
def test_refused_at_a_call(stride: int, lines: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, SUPPORT / "cli_steps.py", str(stride), *lines, "ENOSPC", "EIO", "once"],
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.stdout, done.stderr
    *reports, sums = [json.loads(line) for line in done.stdout.splitlines()]
    assert [text for report in reports for text in report["bad"]] == [], done.stderr
    assert done.returncode == 0, done.stderr
    assert {report["line"] for report in reports if report["points"]} == set(lines)
    assert {report["act"] for report in reports if report["stopped"]} == {"ENOSPC", "EIO"}
    assert sums["points"] > sums["stopped"] > 0


@pytest.mark.usefixtures("c_compiler")
def test_the_sweep_sees_a_message_that_names_no_cause(tmp_path: Path) -> None:
    """What it is there for, planted: a disk that refuses is taken for a damaged file."""
    script = tmp_path / "planted.py"
    script.write_text(f"""
import sys
sys.path[:0] = [{str(SUPPORT.parent)!r}, {str(SUPPORT.parents[1])!r}]
from support.faultline import ready
faults = ready()
from support import cli_steps
from pathlib import Path
from xq.errors import CorruptFile
from xq.lake.formats import load
def bytes_of(path):
    try:
        return path.read_bytes()
    except OSError as error:
        raise CorruptFile("not readable", where=str(path)) from error
load.bytes_of = bytes_of
folder = Path({str(tmp_path)!r})
cli_steps.preload(folder, ["import-csv"])
sweep = cli_steps.Sweep(faults, "import-csv", "EIO", ever=False, folder=folder)
sweep.below = sweep.desk / "files"
print("\\n".join(sweep.run(1)["bad"]))
""")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=600)
    assert "does not name the cause: error: not readable" in done.stdout, done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("shape", ["parquet", "csv", "json"])
def test_standard_output_on_a_full_disk(tmp_path: Path, shape: str) -> None:
    """What a redirection meets: ``xq sql … --output parquet > /full/disk``."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "xq", "sql", "select range as n from range(100000)",
             "--output", shape],
            stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path, timeout=600,
            env=os.environ,
        )  # fmt: skip
    assert "Traceback" not in done.stderr
    message = done.stderr
    if shape == "json":
        message = json.loads(done.stderr)["message"]
    assert done.returncode == 4
    assert "no space left on device" in message
    assert list(tmp_path.iterdir()) == []
