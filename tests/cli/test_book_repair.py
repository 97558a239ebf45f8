"""Bad rows and damaged files of order books: found, set aside, kept; their neighbours stay."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.recordings import START_MS, contract_messages, diff, lines, snapshot, write

from xq.lake import layout, manifest
from xq.lake.layout import Dataset

Run = Callable[..., Any]
CHANGES = Dataset("book_diff", "binance", "ABC/USDT:USDT")
BOOKS = Dataset("book_snapshot", "binance", "ABC/USDT:USDT")
DAY = 86_400_000


@pytest.fixture
def stored(xq: Run, tmp_path: Path) -> Path:
    recording = write(tmp_path / "abc.raw.gz", lines(contract_messages()))
    xq("data", "import", recording).check(0)
    return recording


def leaf_of(root: Path, dataset: Dataset) -> Path:
    [leaf] = layout.leaves(root / "data", dataset)
    return leaf.path


def spoil(root: Path, dataset: Dataset, row: int, **cells: object) -> None:
    path = leaf_of(root, dataset)
    rows = pq.ParquetFile(path).read()
    values = rows.to_pylist()
    values[row] |= cells
    pq.write_table(pa.Table.from_pylist(values, schema=rows.schema), path)
    manifest.forget(root / "data", dataset)


def rows_of(root: Path, dataset: Dataset) -> list[dict[str, Any]]:
    return pq.ParquetFile(leaf_of(root, dataset)).read().to_pylist()


def test_a_bad_change_is_set_aside_and_its_neighbours_stay(
    xq: Run, stored: Path, tmp_path: Path
) -> None:
    before = rows_of(tmp_path, CHANGES)
    assert before[2]["ts"] == before[3]["ts"]  # two changes of one millisecond
    spoil(tmp_path, CHANGES, 2, bid_prices=[Decimal("-1")])
    [found] = xq("data", "check", "--no-warnings").rows
    assert (found["rule"], found["row"]) == ("bid_price_not_positive", 3)
    [plan] = xq("data", "repair", "--dry-run").rows
    assert (plan["kind"], plan["bad_rows"], plan["asked"], plan["quarantined"]) == (
        "book_diff", 1, 0, 0,
    )  # fmt: skip
    result = xq("data", "repair")
    result.check(0, stderr="")
    [row] = result.rows
    assert (row["bad_rows"], row["quarantined"], row["repaired"]) == (1, 1, 0)
    assert rows_of(tmp_path, CHANGES) == [*before[:2], *before[3:]]
    [kept] = xq("data", "quarantine").rows
    assert (kept["rule"], kept["dataset"], kept["line"]) == (
        "bid_price_not_positive", str(CHANGES), 3,
    )  # fmt: skip
    assert '"-1.000000000000"' in kept["cells"]
    [gap] = xq("data", "gaps").rows
    assert gap["whose"] == "unrecorded"
    assert xq("data", "check", "--no-warnings").exit_code == 0
    xq("data", "repair").check(0, "", "nothing to repair\n")
    xq("data", "import", stored).check(0)  # the recording brings it back
    assert rows_of(tmp_path, CHANGES) == before
    assert xq("data", "gaps").rows == []


def test_the_only_row_of_a_file_takes_the_file_along(xq: Run, stored: Path, tmp_path: Path) -> None:
    spoil(tmp_path, BOOKS, 0, last_id=-5)
    [row] = xq("data", "repair", "--kind", "book_snapshot").rows
    assert (row["quarantined"], row["refused"]) == (1, [])
    assert [row["kind"] for row in xq("data", "ls", "--kind", "book_snapshot").rows] == []
    assert xq("data", "check", "--no-warnings").exit_code == 0
    assert xq("data", "quarantine").rows[0]["rule"] == "id_not_positive"


def test_a_damaged_day_is_a_gap_and_no_venue_has_it(xq: Run, stored: Path, tmp_path: Path) -> None:
    path = leaf_of(tmp_path, CHANGES)
    path.write_bytes(b"no parquet")
    [gap] = xq("data", "gaps").rows
    assert (gap["whose"], gap["missing"]) == ("damaged", None)
    assert gap["hint"].startswith("xq data quarantine ")
    [covered] = xq("data", "coverage", "--kind", "book_diff").rows
    assert (covered["stored"], covered["gaps"], covered["damaged"]) == (0, 1, 1)
    result = xq("data", "repair")
    result.check(4)
    assert "no venue has" in result.stderr
    xq("data", "quarantine", str(path)).check(0)
    xq("data", "import", stored).check(0)
    assert xq("data", "gaps").rows == []


def test_no_source_is_asked_for_books(xq: Run, stored: Path) -> None:
    result = xq("data", "repair", "--kind", "book_diff", "--from", stored)
    result.check(2, "")
    assert "xq data import --kind book_diff RECORDING.raw.gz" in result.stderr


def _spot_days() -> list[dict[str, Any]]:
    """Two days of a market without pu: 3 updates lost at midnight, 4 later that day."""
    at = START_MS
    levels = [["10", "1"]], [["10.1", "1"]]
    return [
        snapshot(99, *levels),
        diff(100, 101, [["10", "2"]], ts=at),
        diff(102, 104, [["10", "1"]], ts=at + 100),
        diff(108, 109, [["10", "2"]], ts=at + DAY),
        diff(110, 110, [["10", "3"]], ts=at + DAY + 100),
        diff(115, 116, [["10", "4"]], ts=at + DAY + 200),
    ]


def test_gaps_coverage_and_ls_count_alike(xq: Run, tmp_path: Path) -> None:
    xq("data", "import", write(tmp_path / "two.raw.gz", lines(_spot_days()))).check(0)
    found = xq("data", "gaps", "--kind", "book_diff").rows
    assert [(gap["missing"], gap["whose"]) for gap in found] == [
        (3, "unrecorded"), (4, "unrecorded"),
    ]  # fmt: skip
    assert found[0]["evidence"].startswith("update 104 is followed by one after 107")
    covered = {row["kind"]: row for row in xq("data", "coverage").rows}
    changes, books = covered["book_diff"], covered["book_snapshot"]
    assert (changes["stored"], changes["gaps"], changes["missing"]) == (5, 2, 7)
    assert (changes["unrecorded"], changes["damaged"], changes["wanted"]) == (2, 0, None)
    assert (books["stored"], books["gaps"], books["missing"]) == (1, 0, 0)
    listed = {row["kind"]: row for row in xq("data", "ls").rows}
    assert (listed["book_diff"]["gaps"], listed["book_diff"]["missing"]) == (2, 7)
    assert (listed["book_snapshot"]["gaps"], listed["book_snapshot"]["missing"]) == (None, None)
    told = [row for row in xq("data", "check").rows if row["rule"] == "book_gap"]
    assert [row["row"] for row in told] == [3, None]  # in a file, and between two


def test_a_recording_with_words_for_numbers_is_told_by_row(xq: Run, tmp_path: Path) -> None:
    messages = contract_messages()
    messages[4]["data"]["a"] = [["NaN", "2"]]
    messages[5]["data"]["b"] = [["10.05", "0.1234567890123"]]
    messages[6]["data"]["pu"] = "130"  # a text where an id belongs
    path = write(tmp_path / "bad.raw.gz", lines(messages))
    refused = xq("data", "import", path)
    refused.check(4, "")
    assert "row 7: no message" in refused.stderr
    rules = {row["rule"] for row in xq("data", "check", path, "--no-warnings").rows}
    assert rules == {"unreadable_line", "level_unreadable"}
    xq("data", "import", path, "--quarantine").check(0)
    kept = [row for row in xq("data", "quarantine").rows if row["rule"] == "level_unreadable"]
    assert len(kept) == 2
    assert '"NaN"' in kept[0]["cells"]
    assert len(rows_of(tmp_path, CHANGES)) == 3


def test_rules_name_every_kind_that_is_judged(xq: Run) -> None:
    kinds = [kind for row in xq("data", "rules").rows for kind in row["kinds"]]
    least = {"book_diff": 35, "book_snapshot": 35, "mark": 50, "index": 50, "open_interest": 35}
    assert {kind: kinds.count(kind) >= count for kind, count in least.items()} == dict.fromkeys(
        least, True
    )
