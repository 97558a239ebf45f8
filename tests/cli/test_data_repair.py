"""``xq data gaps``, ``coverage``, ``repair`` and ``quarantine`` against the embedded venue."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xq.lake import manifest
from xq.lake.layout import Dataset

Run = Callable[..., Any]
SIM = ("--exchange", "sim")
HOUR = 3_600_000


@pytest.fixture
def leaf(xq: Run, tmp_path: Path) -> Path:
    """Ten days of hours from the venue."""
    xq("collect", *SIM, "--days", "10", "--symbol", "BTC/USDT").check(0)
    [path] = (tmp_path / "data" / "ohlcv").rglob("part.parquet")
    return path


def _rewrite(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    table = pq.ParquetFile(path).read()
    pq.write_table(change(table), path)
    manifest.forget(path.parents[5], Dataset("ohlcv", "sim", "BTC/USDT", "1h"))


def _set(table: pa.Table, name: str, row: int, value: object) -> pa.Table:
    cells = table[name].to_pylist()
    cells[row] = value
    place = table.column_names.index(name)
    return table.set_column(place, table.schema.field(name), pa.array(cells, table[name].type))


def _hash(path: Path) -> bytes:
    return path.read_bytes()


def test_a_sound_lake_has_no_gap_and_nothing_to_repair(xq: Run, leaf: Path) -> None:
    xq("data", "gaps").check(0, "", "no gap\n")
    xq("data", "repair").check(0, "", "nothing to repair\n")
    xq("data", "quarantine").check(0, "", "nothing is in quarantine\n")
    [row] = xq("data", "coverage").rows
    assert (row["wanted"], row["covered"], row["stored"], row["missing"]) == (240, 240, 240, 0)


def test_bad_rows_are_replaced_from_the_venue_and_kept_with_their_reason(
    xq: Run, leaf: Path
) -> None:
    before = _hash(leaf)

    def spoil(table: pa.Table) -> pa.Table:
        table = _set(table, "high", 20, 1.0)
        table = _set(table, "volume", 50, -4.0)
        off = table["ts"][100].as_py()
        table = _set(table, "ts", 100, off.replace(minute=28, second=14))
        return pa.concat_tables([table.slice(0, 151), table.slice(150)])

    _rewrite(leaf, spoil)
    found = {row["rule"] for row in xq("data", "check", "--no-warnings").rows}
    assert {"high_below_low", "volume_negative", "off_grid", "duplicate"} <= found
    [plan] = xq("data", "repair", "--dry-run").rows
    assert (plan["bad_rows"], plan["asked"], plan["repaired"]) == (4, 4, 0)
    result = xq("data", "repair")
    result.check(0, stderr="")
    [row] = result.rows
    assert (row["repaired"], row["quarantined"], row["source"]) == (4, 4, "sim")
    assert _hash(leaf) == before
    xq("data", "check").check(0)
    kept = xq("data", "quarantine").rows
    assert {item["rule"] for item in kept} == {
        "high_below_low", "volume_negative", "off_grid", "duplicate"
    }  # fmt: skip
    assert all(item["source"] == "lake" and item["cells"] and item["reason"] for item in kept)
    [count] = xq("sql", "select count(*) as n from quarantine where rule = 'off_grid'").rows
    assert count["n"] == 1
    [after] = xq("data", "coverage", "--symbol", "BTC/USDT").rows
    assert (after["repaired"], after["repaired_from"], after["missing"]) == (4, ["sim"], 0)


def test_lost_bars_and_unreadable_files_come_back(xq: Run, leaf: Path, tmp_path: Path) -> None:
    before = _hash(leaf)
    _rewrite(leaf, lambda table: pa.concat_tables([table.slice(0, 40), table.slice(47)]))
    [gap] = xq("data", "gaps").rows
    assert (gap["missing"], gap["whose"]) == (7, "lost")
    assert gap["hint"].startswith("xq data repair --symbol BTC/USDT")
    [row] = xq("data", "repair").rows
    assert (row["asked"], row["repaired"], _hash(leaf) == before) == (7, 7, True)

    broken = bytearray(before)
    broken[len(broken) // 3] ^= 1
    leaf.write_bytes(bytes(broken))
    assert xq("data", "gaps").rows[0]["whose"] == "damaged"
    [row] = xq("data", "repair").rows
    assert (row["damaged_files"], row["repaired"], row["quarantined"]) == (1, 240, 1)
    assert _hash(leaf) == before
    [kept] = xq("data", "quarantine").rows
    assert kept["rule"] == "corrupt_file"
    assert (tmp_path / "data" / kept["cells"]).read_bytes() == bytes(broken)


def test_the_venues_own_gap_is_proven_with_a_date_and_not_asked_again(xq: Run) -> None:
    xq("collect", *SIM, "--since", "2023-03-24", "--until", "2023-03-26").check(0)
    [gap] = xq("data", "gaps").rows
    assert (gap["whose"], gap["missing"], gap["start"]) == ("venue", 24, "2023-03-24T00:00:00Z")
    assert gap["evidence"] == "asked sim: it sent later bars and none here"
    assert gap["verified"]
    assert gap["hint"] is None
    [row] = xq("data", "coverage").rows
    assert (row["wanted"], row["stored"], row["venue_has_none"]) == (48, 24, 24)
    xq("data", "repair").check(0, "", "nothing to repair\n")


def test_a_gap_the_source_cannot_explain_is_refused(xq: Run, tmp_path: Path) -> None:
    lines = ["ts,open,high,low,close,volume"]
    start = int(np.datetime64("2019-01-01", "ms").astype(np.int64))
    lines += [f"{start + hour * HOUR},10,12,9,11,{hour + 1}" for hour in (0, 1, 4, 5)]
    (tmp_path / "old.csv").write_text("\n".join(lines) + "\n")
    xq("data", "import", "old.csv", *SIM, "--symbol", "BTC/USDT").check(0)
    [gap] = xq("data", "gaps").rows
    assert (gap["whose"], gap["missing"], gap["verified"]) == ("unasked", 2, None)
    result = xq("data", "repair")
    assert result.exit_code == 4
    assert "sim has nothing around 2019-01-01T02:00:00Z" in result.stderr
    assert xq("data", "gaps").rows == [gap]
    [row] = result.rows
    assert (row["repaired"], row["venue_has_none"], len(row["refused"])) == (0, 0, 1)
