"""Every bench runs, in small; what it measures is judged by `make bench`, never here."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
FIGURE = re.compile(r"ratio [^\n]*?\d+\.\d\d")


def _run(name: str, *words: str, data: Path | None = None) -> str:
    environ = os.environ | {"PYTHONPATH": str(BENCH.parent), "OPENBLAS_NUM_THREADS": "1"}
    if data is not None:
        environ["XQ_TEST_DATA"] = str(data)
    done = subprocess.run(
        [sys.executable, str(BENCH / name), *words], capture_output=True, text=True, check=False,
        env=environ,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr  # 1: a ratio beyond its limit
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


def test_writing(market_data: Path) -> None:
    out = _run("lake_write.py", "--days", "40", "--rounds", "1", data=market_data)
    assert len(FIGURE.findall(out)) == 2
    syncs = [int(count) for count in re.findall(r"(\d+) fsyncs", out)]
    # One file; two files and their folders; those, two new folders' parents, manifest and ledger.
    assert syncs == [1, 5, 14]


def test_appending(market_data: Path) -> None:
    out = _run("lake_append.py", "--years", "1", "--appends", "2", data=market_data)
    assert len(FIGURE.findall(out)) == 3
    assert re.findall(r"(\d+) fsyncs", out) == ["6", "6"]


def test_reading(market_data: Path) -> None:
    out = _run("lake_read.py", "--days", "40", "--rounds", "1", data=market_data)
    assert len(FIGURE.findall(out)) == 3


def test_many_symbols() -> None:
    out = _run("lake_many.py", "--symbols", "3", "--rounds", "1")
    assert len(FIGURE.findall(out)) == 1
    assert "slower of both" in out


@pytest.mark.parametrize("limits", ["off", "on"])
def test_collecting(limits: str) -> None:
    out = _run("collect.py", "--days", "1", "--symbols", "1", "--limits", limits)
    assert len(FIGURE.findall(out)) == {"off": 3, "on": 1}[limits]
    if limits == "on":
        assert re.search(r"xq .* refused \{'429': 0, '418': 0\}", out)


def test_starting_the_venue() -> None:
    out = _run("venue_start.py", "1")
    assert "venue with 1300 markets served" in out
    assert len(FIGURE.findall(out)) == 1


def test_the_replay() -> None:
    out = _run("replay.py", "--rows", "2000", "--rounds", "1", "--asked", "5")
    assert "20 of 2,000 bars traded" in out
    assert len(re.findall(r"bars/s", out)) == 3


def test_indicators() -> None:
    out = _run("indicators.py", "--rows", "2000", "--rounds", "1", "--each")
    assert len(FIGURE.findall(out)) == 1
    assert len(re.findall(r"^\w+ +xq +[\d.]+ ms", out, re.MULTILINE)) >= 30


def test_pulling_the_stop() -> None:
    out = _run("trip.py", "2")
    assert len(FIGURE.findall(out)) == 2
    assert len(re.findall(r"\d+ entries left", out)) == 2


def test_entering_under_a_stop() -> None:
    assert len(FIGURE.findall(_run("naked.py", "2"))) == 1


def test_significance() -> None:
    out = _run("significance.py", "--rounds", "1")
    assert len(FIGURE.findall(out)) == 1
    assert out.count("limit") == 2


def test_order_flow() -> None:
    out = _run("order_flow.py", "--rows", "50000", "--rounds", "1")
    assert len(FIGURE.findall(out)) == 1
    assert len(re.findall(r"[\d.]+ million updates/s", out)) == 2


def test_the_gate() -> None:
    out = _run("gate.py", "200")
    assert out.count("p99") == 10
    assert "trip to refusal" in out
