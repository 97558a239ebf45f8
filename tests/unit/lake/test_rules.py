"""Rows that cannot be true."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xq.errors import PoisonRows
from xq.lake.rules import Poison, refuse, validate_rows
from xq.lake.schema import KINDS
from xq.timeframe import Timeframe

Rows = Callable[..., pa.Table]
HOUR = Timeframe.parse("1h")


def _with(table: pa.Table, name: str, row: int, value: object) -> pa.Table:
    values = table[name].to_pylist()
    values[row] = value
    place = table.column_names.index(name)
    return table.set_column(place, table.schema.field(name), pa.array(values, table[name].type))


@pytest.mark.parametrize(
    ("name", "value", "rules"),
    [
        ("high", 90.0, {"high_below_low"}),
        ("open", 200.0, {"open_outside_range"}),
        ("close", 1.0, {"close_outside_range"}),
        ("close", float("nan"), {"not_finite"}),
        ("volume", float("inf"), {"not_finite"}),
        ("volume", -1.0, {"volume_negative"}),
        ("volume", None, {"missing_value", "not_finite"}),
        ("low", 0.0, {"low_not_positive"}),
        ("low", -3.0, {"low_not_positive"}),
    ],
)
def test_one_broken_value_is_named_by_row_and_rule(
    rows: Rows, name: str, value: float, rules: set[str]
) -> None:
    table = rows(range(5))
    if value is None:
        schema = table.schema.set(5, pa.field("volume", pa.float64()))
        table = pa.Table.from_arrays(table.columns, schema=schema)
    found = validate_rows(_with(table, name, 2, value), timeframe=HOUR)
    assert {item.rule for item in found} - {"not_finite"} == rules - {"not_finite"}
    assert {item.row for item in found} == {3}


def test_true_rows_have_no_findings(rows: Rows) -> None:
    assert validate_rows(rows(range(50)), timeframe=HOUR, ordered=True) == []
    assert validate_rows(rows([]), timeframe=HOUR, ordered=True, known_until_ms=0) == []


def test_duplicates_off_grid_and_order(rows: Rows) -> None:
    table = pa.concat_tables([rows([3, 1]), rows([1])])
    assert validate_rows(table, timeframe=HOUR) == [
        Poison(3, "duplicate", "the same key as an earlier row, 2024-01-01T01:00:00Z")
    ]
    rules = {(item.row, item.rule) for item in validate_rows(table, ordered=True)}
    assert rules == {(2, "unsorted"), (3, "duplicate")}
    off = validate_rows(rows([0, 1], step=1_800_000), timeframe=HOUR)
    assert [(item.row, item.rule) for item in off] == [(2, "off_grid")]


def test_a_bar_is_unfinished_until_its_close(rows: Rows) -> None:
    table = rows([0, 1])
    close = 1_704_067_200_000 + 2 * HOUR.ms
    assert validate_rows(table, timeframe=HOUR, known_until_ms=close) == []
    found = validate_rows(table, timeframe=HOUR, known_until_ms=close - 1)
    assert [(item.row, item.rule) for item in found] == [(2, "unfinished")]


def test_trades_may_share_a_time_but_not_an_id() -> None:
    columns = {
        "ts": [1, 1, 1], "id": [1, 2, 2], "price": [1.0, 0.0, 1.0],
        "quantity": [1.0, 1.0, -1.0], "side": ["buy", "sell", "buy"],
    }  # fmt: skip
    table = pa.table(columns, schema=KINDS["trades"].schema)
    found = {(item.row, item.rule) for item in validate_rows(table, "trades")}
    expected = {(2, "price_not_positive"), (3, "quantity_not_positive"), (3, "duplicate")}
    assert found == expected


def test_the_error_lists_the_first_rows_and_counts_the_rest(rows: Rows) -> None:
    table = _with(rows(range(30)), "high", 0, 1.0)
    refuse([], where="x")
    found = [Poison(row, "r", "m") for row in range(1, 13)] + validate_rows(table)
    with pytest.raises(PoisonRows) as caught:
        refuse(found, where="somewhere", hint="do this")
    message = caught.value.message
    assert message.startswith("12 rows cannot be true; nothing was stored\n  row 1: m (r)\n")
    assert message.endswith(f"and {len(found) - 10} more")
    assert (caught.value.where, caught.value.hint) == ("somewhere", "do this")


def test_recorded_market_data_raises_no_false_alarm(market_data: Path) -> None:
    files = [path for path in (market_data / "ohlcv").glob("*.parquet") if "um_universe" not in
             path.name and "_full_" not in path.name]  # fmt: skip
    assert len(files) >= 14
    for path in files:
        timeframe = Timeframe.parse(path.name.split("_")[3].removesuffix(".parquet"))
        table = pq.read_table(path)
        assert validate_rows(table, timeframe=timeframe, ordered=True) == [], path.name


def test_the_recorded_universe_raises_no_false_alarm(market_data: Path) -> None:
    table = pq.read_table(market_data / "ohlcv" / "binance_um_universe20_4h.parquet")
    for symbol in table["symbol"].unique().to_pylist():
        one = table.filter(pa.array(np.asarray(table["symbol"]) == symbol)).drop(["symbol"])
        assert validate_rows(one, timeframe=Timeframe.parse("4h"), ordered=True) == []


@pytest.mark.parametrize(
    "steps",
    [[], [0], [7], [0, 1, 2], [0, 1, 5, 6], [7, 8], [0, 1, 2 + 1 / 7], [1 / 7, 1 + 1 / 7],
     [3, 2, 1], [2, 2, 3], [0, 1 / 3, 1, 4 / 3]],
)  # fmt: skip
def test_bars_off_the_grid_are_those_a_division_tells(rows: Rows, steps: list[float]) -> None:
    minute = Timeframe.parse("1m")
    ts = np.array([round(step * minute.ms) for step in steps], dtype=np.int64)
    table = rows(range(len(ts)))
    table = table.set_column(0, table.schema.field("ts"), pa.array(ts).cast(table["ts"].type))
    found = [item.row - 1 for item in validate_rows(table, timeframe=minute)
             if item.rule == "off_grid"]  # fmt: skip
    assert found == np.flatnonzero(ts % minute.ms).tolist()


def test_rows_of_one_time_are_found_in_any_order(rows: Rows) -> None:
    table = rows([3, 1, 3, 2, 1])
    found = [item.row for item in validate_rows(table) if item.rule == "duplicate"]
    assert found == [3, 5]
