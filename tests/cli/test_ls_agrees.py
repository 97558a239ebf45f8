"""``xq data ls`` counts as ``collect``, ``gaps`` and ``coverage`` do, and sees damaged files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]
SIM = ("--exchange", "sim")


def test_an_absent_start_is_missing_for_all_alike(xq: Run) -> None:
    line = ("collect", *SIM, "--since", "2023-03-24", "--until", "2023-03-26")
    [collected] = xq(*line).rows
    [listed], [gap] = xq("data", "ls").rows, xq("data", "gaps").rows
    [covered] = xq("data", "coverage").rows
    assert collected["missing"] == gap["missing"] == covered["missing"] == 24
    assert (listed["gaps"], listed["missing"], listed["rows"]) == (1, 24, 24)
    assert covered["gaps"] == 1


def test_a_flipped_bit_shows(xq: Run, tmp_path: Path) -> None:
    xq("collect", *SIM, "--days", "2").check(0)
    assert xq("data", "ls").rows[0]["unreadable"] == 0
    [path] = (tmp_path / "data" / "ohlcv").rglob("*.parquet")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    assert {gap["whose"] for gap in xq("data", "gaps").rows} == {"damaged"}
    [row] = xq("data", "ls").rows
    assert (row["unreadable"], row["rows"], row["missing"]) == (1, 0, None)
