"""Files that a question cannot see are left alone, and no answer changes by it."""

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from xq.errors import CorruptFile
from xq.lake import layout
from xq.lake.layout import Dataset
from xq.lake.sql import connect, query
from xq.lake.sql_prune import conditions, wanted
from xq.lake.writer import LakeWriter

Rows = Callable[..., pa.Table]
WHERE = (
    "symbol = 'ETH/USDT'",
    "symbol = 'eth/usdt' and exchange = 'sim'",
    "symbol in ('BTC/USDT', 'ETH/USDT') and timeframe = '1m' and close > 101",
    "symbol = 'BTC/USDT:USDT' and (exchange = 'sim' or timeframe = '1h')",
    "symbol = 'none'",
    "symbol = 'BTC/USDT' and symbol = 'ETH/USDT'",
    "symbol = 'BTC%2FUSDT'",
    "timeframe = '1h' and ts >= timestamptz '2024-01-01 00:00:00+00'",
    "'sim' = exchange and symbol like 'BTC%'",
)
SYMBOLS = ("BTC/USDT", "ETH/USDT", "eth/usdt", "BTC/USDT:USDT")


@pytest.fixture
def root(tmp_path: Path, rows: Rows) -> Path:
    root = tmp_path / "a [lake]"
    writer = LakeWriter(root)
    for place, symbol in enumerate(SYMBOLS):
        for exchange in ("binance", "sim"):
            for name, step in (("1h", 3_600_000), ("1m", 60_000)):
                table = rows(range(-2, 3), price=100.0 + place, step=step)
                writer.upsert(Dataset("ohlcv", exchange, symbol, name), table)
    return root


def _read(sql: str) -> dict[str, frozenset[str]]:
    with duckdb.connect() as connection:
        [(tree,)] = connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
    return wanted(conditions(json.loads(tree)), {"s": "ETH/USDT"})


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("select * from ohlcv where symbol = 'A'", {"symbol": {"A"}}),
        ("select * from OHLCV o where 'A' = o.Symbol and ts > now()", {"symbol": {"A"}}),
        ("select * from ohlcv where ohlcv.symbol in ('A', $s)", {"symbol": {"A", "ETH/USDT"}}),
        ("select * from ohlcv where symbol = 'A' and (symbol = 'B' and timeframe = '1h')",
         {"symbol": set(), "timeframe": {"1h"}}),
        ("with a as (select * from ohlcv_known where exchange = 'A') "
         "select * from a x join a y using (ts)", {"exchange": {"A"}}),
        ("select (select max(close) from ohlcv where symbol = 'A')", {"symbol": {"A"}}),
    ],
)  # fmt: skip
def test_what_every_row_must_be_is_read_off_the_tree(sql: str, found: dict[str, set[str]]) -> None:
    assert _read(sql) == found


@pytest.mark.parametrize(
    "sql",
    [
        "select * from ohlcv",
        "select * from ohlcv where symbol = 'A' or close > 1",
        "select * from ohlcv where not symbol = 'A'",
        "select * from ohlcv where symbol <> 'A'",
        "select * from ohlcv where symbol not in ('A')",
        "select * from ohlcv where symbol = upper('a')",
        "select * from ohlcv where symbol = 'a' collate nocase",
        "select * from ohlcv where symbol = timeframe",
        "select * from ohlcv where symbol in ('A', exchange)",
        "select * from ohlcv where symbol in (select symbol from ohlcv)",
        "select * from ohlcv where symbol in (select 'A')",
        "select 'A' as symbol from ohlcv where symbol = 'A'",
        "select * from ohlcv having max(symbol) = 'A'",
        "select * from ohlcv qualify symbol = 'A'",
        "select * from ohlcv tablesample 10% where symbol = 'A'",
        "select * from ohlcv where symbol = 'A' using sample 10%",
        "select * from ohlcv o(symbol, x) where symbol = 'A'",
        "select * from ohlcv a, ohlcv b where a.symbol = 'A'",
        "select * from ohlcv where symbol = 'A' union all select * from ohlcv",
        "select * from ohlcv o left join (select 1) on true where symbol = 'A'",
        "select * from ohlcv where symbol = 'A' and close > (select avg(close) from ohlcv)",
        "select * from ohlcv, resample('1d') r where ohlcv.symbol = 'A'",
        "with ohlcv as (select 1 as symbol) select * from ohlcv where symbol = 'A'",
        "select * from (select o from ohlcv o) where o.symbol = 'A'",
        "from (from ohlcv) where symbol = 'A'",
        "pivot ohlcv on symbol in ('A') using max(close) group by ts",
    ],
)
def test_anything_less_certain_leaves_nothing_out(sql: str) -> None:
    assert _read(sql) == {}


@pytest.mark.parametrize("table", ["ohlcv", "ohlcv_known"])
def test_answers_are_those_of_a_connection_that_leaves_nothing_out(root: Path, table: str) -> None:
    with connect(root) as connection:
        for where in WHERE:
            sql = f"select * from {table} where {where} order by all"
            assert query(root, sql) == connection.sql(sql).to_arrow_table(), where


def test_a_damaged_file_harms_only_those_who_ask_for_its_symbol(root: Path) -> None:
    path = layout.leaf_path(root, Dataset("ohlcv", "sim", "ETH/USDT", "1h"), "2024")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    asked = "select count(*) as n from ohlcv where symbol = $s and timeframe = '1h'"
    assert query(root, asked, {"s": "BTC/USDT"})["n"].to_pylist() == [10]
    for sql, values in ((asked, {"s": "ETH/USDT"}), ("select count(*) from ohlcv", {})):
        with pytest.raises(CorruptFile) as caught:
            query(root, sql, values)
        assert caught.value.where == str(path)
