"""``xq data repair`` of mark, index and open interest against the embedded venue, over the wire."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xq.lake import layout, manifest
from xq.lake.layout import Dataset

Run = Callable[..., Any]
PERPETUAL = "BTC/USDT:USDT"
SERIES = [("mark", "1h", 72), ("index", "15m", 288), ("open_interest", "1h", 72)]
each = pytest.mark.parametrize(("kind", "timeframe", "count"), SERIES)


class Stored:
    """Three days of one kind, as the venue sent them."""

    def __init__(self, xq: Run, root: Path, kind: str, timeframe: str) -> None:
        line = ("collect", "--exchange", "sim", "--kind", kind, "--timeframe", timeframe)
        xq(*line, "--symbol", PERPETUAL, "--days", "3").check(0)
        self.dataset = Dataset(kind, "sim", PERPETUAL, timeframe)
        self.root = root / "data"
        [leaf] = layout.leaves(self.root, self.dataset)
        self.path = leaf.path
        self.bytes = self.path.read_bytes()

    def rewrite(self, change: Callable[[pa.Table], pa.Table]) -> None:
        pq.write_table(change(pq.ParquetFile(self.path).read()), self.path)
        manifest.forget(self.root, self.dataset)


@each
def test_a_sound_series_has_nothing_to_tell(
    xq: Run, tmp_path: Path, kind: str, timeframe: str, count: int
) -> None:
    """The rows of the venue raise no alarm, warnings included."""
    stored = Stored(xq, tmp_path, kind, timeframe)
    assert pq.ParquetFile(stored.path).metadata.num_rows == count
    assert xq("data", "check").rows == []
    xq("data", "gaps").check(0, "", "no gap\n")
    xq("data", "repair").check(0, "", "nothing to repair\n")


@each
def test_lost_rows_and_an_unreadable_file_come_back_to_the_same_bytes(
    xq: Run, tmp_path: Path, kind: str, timeframe: str, count: int
) -> None:
    stored = Stored(xq, tmp_path, kind, timeframe)
    stored.rewrite(lambda table: pa.concat_tables([table.slice(0, 30), table.slice(37)]))
    [gap] = xq("data", "gaps").rows
    assert (gap["kind"], gap["whose"], gap["missing"]) == (kind, "lost", 7)
    [row] = xq("data", "repair", "--kind", kind).rows
    assert (row["gaps"], row["missing"], row["asked"], row["repaired"]) == (1, 7, 7, 7)
    assert stored.path.read_bytes() == stored.bytes
    stored.path.write_bytes(b"no parquet")
    [row] = xq("data", "repair").rows
    assert (row["damaged_files"], row["repaired"], row["restored"]) == (1, count, 1)
    assert stored.path.read_bytes() == stored.bytes
    [after] = xq("data", "coverage").rows
    assert (after["repaired"], after["repaired_from"], after["gaps"]) == (count, ["sim"], 0)


def _columns(kind: str) -> tuple[str, str]:
    """A column that is set below zero, and the rule that tells."""
    if kind == "open_interest":
        return "quantity", "quantity_negative"
    return "low", "low_not_positive"


@each
def test_bad_rows_are_replaced_from_the_venue_and_kept(
    xq: Run, tmp_path: Path, kind: str, timeframe: str, count: int
) -> None:
    stored = Stored(xq, tmp_path, kind, timeframe)
    name, rule = _columns(kind)

    def spoil(table: pa.Table) -> pa.Table:
        rows = table.to_pylist()
        rows[20][name] = -1.0
        rows[40]["ts"] = rows[40]["ts"].replace(second=14)
        return pa.Table.from_pylist([*rows[:51], *rows[50:]], schema=table.schema)

    stored.rewrite(spoil)
    assert xq("data", "check").exit_code == 4
    [row] = xq("data", "repair").rows
    assert (row["bad_rows"], row["quarantined"], row["refused"]) == (3, 3, [])
    assert stored.path.read_bytes() == stored.bytes
    kept = {item["rule"] for item in xq("data", "quarantine").rows}
    assert kept == {rule, "off_grid", "duplicate"}
    xq("data", "check").check(0)
    assert pq.ParquetFile(stored.path).metadata.num_rows == count
