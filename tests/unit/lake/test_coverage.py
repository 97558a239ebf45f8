"""What was asked, what the venue lacks, and what the files lost."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from xq.errors import CorruptFile
from xq.lake import layout
from xq.lake.coverage import Coverage
from xq.lake.layout import Dataset
from xq.lake.ranges import Range
from xq.lake.writer import LakeWriter

Rows = Callable[..., pa.Table]
START, HOUR = 1_704_067_200_000, 3_600_000


def _range(first: int, last: int) -> Range:
    return Range(START + first * HOUR, START + last * HOUR)


def test_nothing_was_asked_at_first(tmp_path: Path, hourly: Dataset) -> None:
    coverage = Coverage(tmp_path)
    assert (coverage.covered(hourly), coverage.venue_has_none(hourly)) == ((), ())


def test_a_fetch_without_bars_is_covered(tmp_path: Path, rows: Rows, hourly: Dataset) -> None:
    LakeWriter(tmp_path).upsert(hourly, rows([]), covered=_range(0, 5))
    coverage = Coverage(tmp_path)
    assert coverage.covered(hourly) == (_range(0, 5),)
    assert coverage.venue_has_none(hourly) == (_range(0, 5),)


def test_holes_of_a_fetch_are_the_venue_s(tmp_path: Path, rows: Rows, hourly: Dataset) -> None:
    LakeWriter(tmp_path).upsert(hourly, rows([0, 1, 4]), covered=_range(0, 6))
    assert Coverage(tmp_path).venue_has_none(hourly) == (_range(2, 4), _range(5, 6))
    assert Coverage(tmp_path).covered(hourly) == (_range(0, 6),)


def test_ranges_grow_together(tmp_path: Path, rows: Rows, hourly: Dataset) -> None:
    writer = LakeWriter(tmp_path)
    writer.upsert(hourly, rows([0, 1]), covered=_range(0, 2))
    writer.upsert(hourly, rows([4, 5]), covered=_range(4, 6))
    assert Coverage(tmp_path).covered(hourly) == (_range(0, 2), _range(4, 6))
    writer.upsert(hourly, rows([2, 3]), covered=_range(2, 4))
    assert Coverage(tmp_path).covered(hourly) == (_range(0, 6),)


def test_rows_without_a_fetch_cover_nothing(tmp_path: Path, rows: Rows, hourly: Dataset) -> None:
    LakeWriter(tmp_path).upsert(hourly, rows(range(5)))
    assert Coverage(tmp_path).covered(hourly) == ()


def test_later_rows_fill_a_hole_of_the_venue(tmp_path: Path, rows: Rows, hourly: Dataset) -> None:
    writer = LakeWriter(tmp_path)
    writer.upsert(hourly, rows([0, 3]), covered=_range(0, 4))
    writer.upsert(hourly, rows([1]))
    assert Coverage(tmp_path).venue_has_none(hourly) == (_range(2, 3),)


def test_lost_rows_count_as_never_asked(tmp_path: Path, rows: Rows, hourly: Dataset) -> None:
    LakeWriter(tmp_path).upsert(hourly, rows(range(-4, 4)), covered=_range(-4, 4))
    layout.leaf_path(tmp_path, hourly, "2023").unlink()
    assert Coverage(tmp_path).covered(hourly) == (_range(0, 4),)


def test_trades_are_covered_as_told(tmp_path: Path) -> None:
    trades = Dataset("trades", "binance", "BTC/USDT")
    Coverage(tmp_path).add(trades, _range(0, 1), _range(1, 3))
    assert Coverage(tmp_path).covered(trades) == (_range(0, 3),)


@pytest.mark.parametrize("text", ["", "{}", '{"covered": 3, "empty": []}', '{"covered": [[1]]}'])
def test_a_broken_ledger_is_named(tmp_path: Path, hourly: Dataset, text: str) -> None:
    path = layout.coverage_path(tmp_path, hourly)
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(CorruptFile, match="not a coverage ledger") as caught:
        Coverage(tmp_path).covered(hourly)
    assert caught.value.where == str(path)


def test_a_look_at_one_day_leaves_other_files_alone(
    tmp_path: Path, rows: Rows, hourly: Dataset
) -> None:
    """What lies in other files need not be told, and a damaged one of them does not matter."""
    hours, later = [0, 1, 9000, 9001], _range(9000, 9002)
    LakeWriter(tmp_path).upsert(hourly, rows(hours), covered=[_range(0, 2), later])
    coverage = Coverage(tmp_path)
    assert coverage.covered(hourly) == (_range(0, 2), later)
    layout.leaf_path(tmp_path, hourly, "2025").write_bytes(b"gone")
    assert coverage.covered(hourly, _range(0, 1)) == (_range(0, 2),)
    with pytest.raises(CorruptFile):
        coverage.covered(hourly)
    assert coverage.known_until(hourly) == later.end_ms


def test_nothing_is_known_of_what_was_never_asked(tmp_path: Path, hourly: Dataset) -> None:
    assert Coverage(tmp_path).known_until(hourly) == 0
