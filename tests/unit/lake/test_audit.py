"""``xq data check`` finds what is planted and nothing else."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xq.lake import layout, manifest
from xq.lake.audit import check
from xq.lake.coverage import Coverage
from xq.lake.layout import Dataset
from xq.lake.lock import held
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.lake.writer import LakeWriter

Rows = Callable[..., pa.Table]
START, HOUR = 1_704_067_200_000, 3_600_000


@pytest.fixture
def lake(tmp_path: Path, rows: Rows, hourly: Dataset) -> Lake:
    span = Range(START - 5 * HOUR, START + 5 * HOUR)
    LakeWriter(tmp_path).upsert(hourly, rows(range(-5, 5)), covered=span)
    return Lake(tmp_path)


@pytest.fixture
def leaf(lake: Lake, hourly: Dataset) -> Path:
    manifest.forget(lake.root, hourly)  # what is planted is the rows, not the change of bytes
    return layout.leaf_path(lake.root, hourly, "2024")


def _rules(lake: Lake, **options: int) -> list[tuple[str, int | None]]:
    return [(item.rule, item.row) for item in check(lake, **options)]


def test_a_sound_lake_has_no_findings(lake: Lake) -> None:
    assert _rules(lake, now_ms=START + 5 * HOUR) == []
    assert _rules(Lake(lake.root / "nothing")) == []


def test_a_corrupt_file_is_found_and_its_gap_is_not_told_twice(lake: Lake, leaf: Path) -> None:
    leaf.write_text("broken")
    [finding] = check(lake)
    assert (finding.rule, finding.path) == ("corrupt_file", str(leaf))


def test_a_flipped_bit_is_found(lake: Lake, leaf: Path) -> None:
    data = bytearray(leaf.read_bytes())
    data[len(data) // 3] ^= 1
    leaf.write_bytes(data)
    assert _rules(lake) == [("corrupt_file", None)]


def test_a_wrong_schema_is_found(lake: Lake, leaf: Path, rows: Rows) -> None:
    table = rows(range(5))
    place = table.column_names.index("volume")
    pq.write_table(table.set_column(place, "volume", table["volume"].cast(pa.int64())), leaf)
    [finding] = check(lake)
    assert finding.rule == "corrupt_file"
    assert "column volume is int64, expected double" in finding.message


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("high", 1.0, "high_below_low"),
        ("close", 500.0, "close_outside_range"),
        ("volume", -2.0, "volume_negative"),
        ("volume", np.nan, "not_finite"),
        ("low", -1.0, "low_not_positive"),
    ],
)
def test_a_poison_row_is_found(
    lake: Lake, leaf: Path, rows: Rows, column: str, value: float, rule: str
) -> None:
    table = rows(range(5))
    values = table[column].to_pylist()
    values[3] = value
    place = table.column_names.index(column)
    pq.write_table(table.set_column(place, table.schema.field(column), pa.array(values)), leaf)
    assert _rules(lake) == [(rule, 4)]


def test_order_duplicates_and_grid_are_checked(lake: Lake, leaf: Path, rows: Rows) -> None:
    pq.write_table(rows([0, 1, 1, 2, 4, 3]), leaf)
    assert _rules(lake) == [("duplicate", 3), ("unsorted", 6)]
    pq.write_table(pa.concat_tables([rows(range(5)), rows([9], step=HOUR // 2 + 7)]), leaf)
    assert ("off_grid", 6) in _rules(lake)


def test_unfinished_bars_are_found_when_the_present_is_given(lake: Lake) -> None:
    assert _rules(lake, now_ms=START + 5 * HOUR - 1) == [("unfinished", 5)]


def test_many_bad_rows_are_counted_not_listed(lake: Lake, leaf: Path, rows: Rows) -> None:
    table = rows(range(5), step=HOUR)
    zero = pa.array(np.zeros(5))
    pq.write_table(table.set_column(3, table.schema.field("low"), zero), leaf)
    assert len(_rules(lake)) == 5
    more = rows(range(40))
    pq.write_table(more.set_column(3, more.schema.field("low"), pa.array(np.zeros(40))), leaf)
    assert [item.message for item in check(lake)][-1] == "and 35 more rows"


def test_rows_in_the_wrong_leaf_are_found(lake: Lake, hourly: Dataset, rows: Rows) -> None:
    path = layout.leaf_path(lake.root, hourly, "2025")
    path.parent.mkdir()
    pq.write_table(rows([5]), path)
    [finding] = check(lake)
    assert (finding.rule, finding.message) == ("wrong_leaf", "its rows belong to period 2024")


def test_lost_rows_and_gaps_are_told_apart(
    lake: Lake, hourly: Dataset, leaf: Path, rows: Rows
) -> None:
    LakeWriter(lake.root).upsert(hourly, rows([8]))
    manifest.forget(lake.root, hourly)
    pq.write_table(rows([0, 1, 3, 4, 8]), leaf)
    lost, gap = check(lake)
    assert (lost.rule, gap.rule) == ("lost_rows", "gap")
    assert "1 bar, 2024-01-01T02:00:00Z to 2024-01-01T03:00:00Z" in lost.message
    assert gap.hint == (
        "xq collect --symbol BTC/USDT --timeframe 1h --exchange binance"
        " --since 2024-01-01T05:00:00Z --until 2024-01-01T08:00:00Z"
    )
    assert Coverage(lake.root).covered(hourly)[-1] == Range(START + 3 * HOUR, START + 5 * HOUR)


def test_holes_of_the_venue_are_no_fault(lake: Lake, hourly: Dataset, rows: Rows) -> None:
    span = Range(START + 5 * HOUR, START + 9 * HOUR)
    LakeWriter(lake.root).upsert(hourly, rows([8]), covered=span)
    assert _rules(lake) == []


def test_a_ledger_that_denies_stored_rows_is_found(lake: Lake, hourly: Dataset) -> None:
    path = layout.coverage_path(lake.root, hourly)
    path.write_text(f'{{"covered": [], "empty": [[{START}, {START + HOUR}]]}}')
    assert _rules(lake) == [("coverage_disagrees", None)]
    path.write_text("{")
    assert _rules(lake) == [("corrupt_file", None)]


def test_strays_are_found_unless_a_writer_is_at_work(lake: Lake, hourly: Dataset) -> None:
    stray = lake.root / "ohlcv" / "notes.txt"
    stray.write_text("x")
    staged = layout.staging_path(lake.root, hourly) / "0.parquet"
    staged.parent.mkdir(parents=True)
    staged.write_bytes(b"half")
    found = [(item.rule, item.path) for item in check(lake)]
    assert found == [("stray_file", str(stray)), ("stray_file", str(staged))]
    stray.unlink()
    with held(layout.lock_path(lake.root, hourly), 0, "test"):
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(_rules, lake).result() == []


def test_recorded_bars_show_their_known_gaps_and_nothing_else(
    market_data: Path, tmp_path: Path
) -> None:
    known = {
        "BTCUSDT_1h": 28,
        "ETHUSDT_1h": 1,
        "ARBUSDT_1h": 1,
        "BTCUSDT_1d": 0,
        "um_BTCUSDT_5m": 0,
    }
    writer = LakeWriter(tmp_path)
    for name, gaps in known.items():
        face = "" if name.startswith("um") else "spot_"
        source = pq.read_table(market_data / "ohlcv" / f"binance_{face}{name}.parquet")
        dataset = Dataset("ohlcv", "binance", name.split("_")[-2], name.split("_")[-1])
        writer.upsert(dataset, source)
        found = [item for item in check(Lake(tmp_path)) if item.dataset == str(dataset)]
        assert [item.rule for item in found] == ["gap"] * gaps, name
