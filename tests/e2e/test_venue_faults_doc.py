"""The page about faults: its script is served, its examples are run, its tables are complete."""

import doctest
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from xq.sim.wire.faults.effects import EFFECTS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "venue" / "faults.md"
TEXT = PAGE.read_text(encoding="utf-8")


@pytest.fixture
def served(tmp_path):
    """The page's own script on a venue; its report."""
    [script] = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "faults.toml").write_text(script)
    command = [sys.executable, "-m", "xq", "sim", "--port", "0", "--faults", "faults.toml"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield json.loads(line)
        process.send_signal(signal.SIGTERM)
        _, notes = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "Traceback" not in notes


def test_the_examples_do_what_the_page_says(served):
    text = TEXT.replace("http://127.0.0.1:8787", served["url"])
    text = text.replace("http://127.0.0.1:8788", served["admin"]).replace("```\n", "\n")
    test = doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0)
    assert len(test.examples) > 15
    said = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)
    assert result.failed == 0, "".join(said)


def test_the_page_names_every_fault_and_no_other():
    tables = re.findall(r"^\| (`[a-z_]+`(?:, `[a-z_]+`)*) \| ", TEXT, re.MULTILINE)
    named = {name for cell in tables for name in re.findall(r"`([a-z_]+)`", cell)}
    keys = {"name", "method", "path", "symbol", "owner", "where", "event", "at", "times", "do"}
    assert named - keys == set(EFFECTS)
