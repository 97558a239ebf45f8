"""One SELECT over views of every kind; nothing else gets through."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from xq.errors import CorruptFile, UsageError
from xq.lake import layout, wayout
from xq.lake.layout import Dataset
from xq.lake.schema import KINDS
from xq.lake.sql import query, stream
from xq.lake.writer import LakeWriter

Rows = Callable[..., pa.Table]


@pytest.fixture
def root(tmp_path: Path, rows: Rows, hourly: Dataset) -> Path:
    root = tmp_path / "it's [a] lake*"
    LakeWriter(root).upsert(hourly, rows(range(-5, 5)))
    LakeWriter(root).upsert(Dataset("ohlcv", "sim", "ETH/USDT", "1m"), rows([0], step=60_000))
    return root


def test_a_select_sees_partitions_and_columns_in_utc(root: Path) -> None:
    answer = query(
        root, "select exchange, ts, close from ohlcv where symbol = 'BTC/USDT' order by ts limit 1"
    )
    assert answer.to_pylist() == [
        {"exchange": "binance", "ts": datetime(2023, 12, 31, 19, tzinfo=UTC), "close": 100 - 5 / 7}
    ]
    assert str(answer.schema.field("ts").type) == "timestamp[us, tz=UTC]"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_a_view_with_its_columns(root: Path, kind: str) -> None:
    answer = query(root, f"select * from {kind}")
    assert tuple(answer.column_names) == KINDS[kind].columns
    if kind != "ohlcv":
        assert answer.num_rows == 0


def test_an_absent_lake_is_an_empty_one(tmp_path: Path) -> None:
    root = tmp_path / "none"
    assert query(root, "select count(*) as n from ohlcv").to_pylist() == [{"n": 0}]
    assert not root.exists()


def test_views_have_the_types_of_files(root: Path) -> None:
    order = {
        "ts": [1], "client_id": ["b"], "symbol": ["BTC/USDT"], "side": ["buy"],
        "type": ["market"], "quantity": [1.0], "status": ["new"],
    }  # fmt: skip
    run = {
        "ts": [5], "run_id": ["r"], "kind": ["backtest"], "strategy": ["s"], "params": ["{}"],
        "metrics": ["{}"], "symbols": [["BTC/USDT"]],
    }  # fmt: skip
    tables = {Dataset("orders", run_id="x"): order, Dataset("runs"): run}
    for dataset, columns in tables.items():
        described = f"select column_name, column_type from (describe {dataset.kind})"
        empty = query(root, described)
        LakeWriter(root).upsert(dataset, pa.table(columns))
        assert query(root, described).equals(empty)


@pytest.mark.parametrize(
    "sql",
    [
        "show tables", "describe ohlcv", "summarize ohlcv", "from ohlcv", "table ohlcv",
        "with a as (select * from ohlcv) select count(*) from a", "values (1)",
        "select * from ohlcv a asof join ohlcv b using (symbol, ts)",
        "pivot ohlcv on symbol in ('BTC/USDT') using max(close)",
        "select time_bucket(interval 1 day, ts), arg_min(open, ts) from ohlcv group by all",
        "select * from range(3), unnest([1, 2])", "select 1;",
        'with "a.b" as (select 1) select * from "a.b"',
        "select * from information_schema.tables", "from main.ohlcv", "from OHLCV",
        "from resample('1d', incomplete := true)", "select * from duckdb_views()",
        "with recursive r(n) as (select 1 union all select n + 1 from r where n < 3) from r",
    ],
)  # fmt: skip
def test_reading_in_any_form_is_possible(root: Path, sql: str) -> None:
    assert query(root, sql).num_rows > 0


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("copy ohlcv to '{root}/x.csv'", "found COPY"),
        ("with x as (copy ohlcv to '{root}/x.csv') select 1", "found COPY inside"),
        ("select * from (with x as (copy (select 1) to '{root}/x.csv') select 1)", "found COPY"),
        ("explain analyze copy ohlcv to '{root}/x.csv'", "found EXPLAIN"),
        ("select * from query($$with x as (copy ohlcv to '{root}/x.csv') select 1$$)",
         "function query is not available"),
        ("attach '{root}/x.db'", "found ATTACH"),
        ("attach ':memory:' as y", "found ATTACH"),
        ("install httpfs", "found LOAD"),
        ("load json", "found LOAD"),
        ("set timezone = 'CET'", "found SET"),
        ("create table t as select 1", "found CREATE"),
        ("with x as (insert into ohlcv values (1) returning *) select 1", "found INSERT inside"),
        ("drop view ohlcv", "found DROP"),
        ("pragma show_tables", "found PRAGMA"),
        ("call pragma_version()", "found CALL"),
        ("select * from read_csv('/etc/passwd')", "only reading is possible|not available"),
        ("select * from read_text('{root}/.xq/format.json')", "read_text is not available"),
        ("select * from glob('/etc/*')", "only reading is possible|not available"),
        ("select * from enable_logging()", "not available|only reading"),
        ("select 1; select 2", "expected one SELECT statement, found 2"),
        ("with x as (select * from (copy ohlcv to '{root}/x')) select 1", "syntax error|COPY"),
        ("pragma database_list", "found (PRAGMA|SELECT)|not available"),
        ("attach '/etc/passwd' as y (type sqlite)", "found ATTACH"),
        ("select * from read_csv_auto('/etc/passwd')", "only reading|not available"),
        ("select * from parquet_scan('{root}/../other.parquet')", "only reading|not available"),
        ("select * from read_blob('{root}/../*')", "only reading|not available"),
        ("select * from sniff_csv('/etc/passwd')", "only reading|not available"),
        ("select * from parquet_metadata('{root}/x')", "not available"),
        ("select * from query_table('ohlcv')", "function query_table is not available"),
        ("select * from json_execute_serialized_sql('x')", "not available"),
        ("select * from duckdb_secrets()", "not available"),
        ("select * from duckdb_settings()", "not available"),
        ("select * from pandas_scan(0)", "not available"),
        ("select * from resample((select content from read_text('/etc/passwd')))",
         "only reading|not available"),
        ("select * from resample('1h', market := (select min(file) from glob('/etc/*')))",
         "only reading|not available"),
        ("select getenv('HOME')", "getenv does not exist"),
        ("select * from '{root}/.xq/format.json'", "found the file"),
        ("select * from ohlcv union all select * from '/etc/passwd'", "found the file"),
        ("describe '/etc/passwd'", "found the file"),
        ("summarize '/etc/passwd'", "found the file"),
        ("select (select count(*) from 'x.csv')", "found the file"),
        ("with a as materialized (from 'x.parquet') from a", "found the file"),
        ("create macro f() as 1", "found CREATE"),
        ("prepare q as select 1", "found PREPARE"),
        ("execute q", "found EXECUTE"),
        ("export database '{root}/x'", "found EXPORT|found COPY"),
        ("use memory", "found SET"),
        ("reset enable_external_access", "found (RE)?SET"),
        ("begin", "found TRANSACTION"),
        ("-- nothing", "expected one SELECT statement, found 0"),
        ("pivot ohlcv on symbol using max(close)", "found MULTI"),
    ],
)  # fmt: skip
def test_nothing_else_gets_through(tmp_path: Path, sql: str, message: str) -> None:
    root = tmp_path / "lake"
    root.mkdir()
    with pytest.raises(UsageError, match=message):
        query(root, sql.format(root=root))
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("name", ["/etc/passwd", "/etc/hostname"])
def test_files_elsewhere_are_out_of_reach(root: Path, name: str) -> None:
    with pytest.raises(UsageError):
        query(root, f"select * from '{name}'")


@pytest.mark.parametrize(
    ("sql", "message", "place", "hint"),
    [
        ("select x frm ohlcv", 'error at or near "ohlcv"', "LINE 1: select x frm ohlcv", None),
        ("select clsoe from ohlcv", 'referenced column "clsoe" not found', "LINE 1",
         'xq sql "describe ohlcv"'),
        ("select 1\nfrom ohlc", 'did you mean "ohlcv"', "LINE 2: from ohlc",
         'xq sql "show tables"'),
        ("select 'x'::int", "could not convert string 'x'", "LINE 1", None),
    ],
)  # fmt: skip
def test_a_mistake_is_shown_with_its_place(
    root: Path, sql: str, message: str, place: str, hint: str | None
) -> None:
    with pytest.raises(UsageError) as caught:
        query(root, sql)
    assert message.lower() in caught.value.message.lower()
    assert caught.value.message[0].islower()
    assert (caught.value.where or "").startswith(place)
    assert caught.value.hint == hint
    line, caret = str(caught.value).splitlines()[1:3]
    wrong = {"frm": "ohlcv", "clsoe": "clsoe", "ohlc\n": "ohlc"}
    word = next((found for sign, found in wrong.items() if sign in f"{sql}\n"), None)
    if word:
        assert line.rindex(word) == caret.index("^")


def test_a_mistake_in_the_data_is_an_error_too(root: Path) -> None:
    with pytest.raises(UsageError, match="could not convert string 'BTC/USDT'"):
        query(root, "select symbol::int from ohlcv")


def test_a_corrupt_file_is_named_and_harms_no_other_kind(root: Path, hourly: Dataset) -> None:
    path = layout.leaf_path(root, hourly, "2023")
    for text in ("x", "long enough to have had a footer once"):
        path.write_text(text)
        with pytest.raises(CorruptFile) as caught:
            query(root, "select sum(close) from ohlcv")
        assert (caught.value.where, caught.value.hint) == (str(path), wayout.command(path))
        assert query(root, "select * from equity").num_rows == 0


def test_a_stream_starts_before_all_is_computed(root: Path) -> None:
    with stream(root, "select a.range from range(1000000000000) a") as reader:
        assert reader.read_next_batch().num_rows > 0


def test_an_error_in_a_later_batch_is_explained(root: Path) -> None:
    sql = "select (case when range < 200000 then '1' else 'x' end)::int as n from range(300000)"
    with (
        pytest.raises(UsageError, match="could not convert string 'x'"),
        stream(root, sql) as reader,
    ):
        for _ in reader:
            pass
