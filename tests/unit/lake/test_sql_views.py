"""What a statement can name beyond the kinds: time known, as-of joins, coarser bars, values."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from xq.errors import CorruptFile, UnknownName, UsageError
from xq.lake import layout, sql_macros, sql_views
from xq.lake.layout import Dataset
from xq.lake.reader import Lake
from xq.lake.schema import KINDS
from xq.lake.sql import query
from xq.lake.sql_files import seen
from xq.lake.writer import LakeWriter

Rows = Callable[..., pa.Table]
HOUR, START = 3_600_000, 1_704_067_200_000
PERP = Dataset("ohlcv", "binance", "BTC/USDT:USDT", "1h")
FUNDING = Dataset("funding", "binance", "BTC/USDT:USDT")


@pytest.fixture
def root(tmp_path: Path, rows: Rows) -> Path:
    writer = LakeWriter(tmp_path)
    writer.upsert(PERP, rows(range(12)))
    at = pa.array([START + hour * HOUR for hour in (0, 8)], pa.int64())
    paid = {"ts": at.cast(pa.timestamp("ms", "UTC")), "rate": [1e-4, 2e-4]}
    writer.upsert(FUNDING, pa.table(paid))
    return tmp_path


def test_a_funding_rate_joins_the_bar_that_closes_when_it_is_known(root: Path) -> None:
    sql = "select ts, funding_rate as rate from ohlcv_funding order by ts"
    found = {row["ts"].hour: row["rate"] for row in query(root, sql).to_pylist()}
    assert (found[0], found[6], found[7], found[11]) == (1e-4, 1e-4, 2e-4, 2e-4)


def test_what_is_absent_is_null_and_loses_no_bar(root: Path, hourly: Dataset, rows: Rows) -> None:
    LakeWriter(root).upsert(hourly, rows([0]))
    sql = "select symbol, count(*) as n, count(funding_rate) as rates, count(mark_close) as marks"
    answer = query(root, f"{sql} from ohlcv_asof group by all order by all").to_pylist()
    assert answer == [
        {"symbol": "BTC/USDT", "n": 1, "rates": 0, "marks": 0},
        {"symbol": "BTC/USDT:USDT", "n": 12, "rates": 12, "marks": 0},
    ]


def test_every_view_answers_over_an_empty_lake(tmp_path: Path) -> None:
    for name, view in sql_views.views().items():
        assert view.about
        assert query(tmp_path, f"select * from {name}").num_rows == 0


def test_every_kind_says_when_it_is_known(tmp_path: Path) -> None:
    connection = Lake(tmp_path).duckdb()
    for kind in KINDS.values():
        known = connection.sql(f"SELECT {sql_views.known_at(kind)} AS known_at FROM {kind.name}")
        assert str(known.types[0]) == "TIMESTAMP WITH TIME ZONE", kind.name
    connection.close()


def test_a_corrupt_file_is_named_through_every_view(root: Path) -> None:
    path = layout.leaf_path(root, FUNDING, "2024")
    path.write_bytes(b"broken")
    for sql in ("select * from funding_known", "select * from ohlcv_asof"):
        with pytest.raises(CorruptFile) as caught:
            query(root, sql)
        assert caught.value.where == str(path)
    assert query(root, "select * from ohlcv_known").num_rows == 12


def test_a_question_about_one_kind_looks_at_no_other(root: Path) -> None:
    connection = Lake(root).duckdb()
    connection.close()
    import duckdb

    connection = duckdb.connect()
    sql_views.create(connection, seen(root, {"funding"}).files, {"funding_known"})
    [names] = connection.execute("SELECT list(name ORDER BY name) FROM (SHOW TABLES)").fetchall()
    assert names[0] == ["funding", "funding_known"]
    connection.close()


def test_weeks_open_on_monday_and_whole_buckets_alone_count(tmp_path: Path, rows: Rows) -> None:
    day = 24 * HOUR
    LakeWriter(tmp_path).upsert(Dataset("ohlcv", "x", "A/B", "1d"), rows(range(-2, 9), step=day))
    [week] = query(tmp_path, "from resample('1w')").to_pylist()
    assert (week["ts"], week["bars"]) == (datetime(2024, 1, 1, tzinfo=UTC), 7)
    all_of_them = query(tmp_path, "from resample('1w', incomplete := true) order by ts")
    assert all_of_them["complete"].to_pylist() == [False, True, False]
    assert all_of_them["bars"].to_pylist() == [2, 7, 2]
    assert query(tmp_path, "from resample('1w', market := 'C/D')").num_rows == 0
    assert query(tmp_path, "from resample('1h')").num_rows == 0  # shorter bars cannot be made


@pytest.mark.parametrize("kind", sql_macros.RESAMPLE)
def test_no_parameter_of_resample_is_a_column_of_its_kind(kind: str) -> None:
    """DuckDB would take the column for the parameter inside the view."""
    head = sql_macros.RESAMPLE[kind].partition(" AS TABLE")[0]
    names = {word.strip("(,") for word in head.partition("(")[2].split()}
    assert names >= {"target", "market", "incomplete"}
    assert not names & set(KINDS[kind].columns)


@pytest.mark.parametrize("given", ["'7h'", "$t"])
def test_a_timeframe_that_does_not_exist_is_refused(root: Path, given: str) -> None:
    values = {"t": "7h"} if given == "$t" else {}
    with pytest.raises(UnknownName, match="no timeframe named '7h'"):
        query(root, f"from resample({given})", values)


def test_values_are_bound_and_never_spliced(root: Path) -> None:
    nasty = "x' or 1=1; copy ohlcv to 'y'; --"
    counted = "select count(*) as n, $v as v from ohlcv where symbol = $v"
    assert query(root, counted, {"v": nasty}).to_pylist() == [{"n": 0, "v": nasty}]
    found = query(root, "select ts from ohlcv where ts >= $a limit $n",
                  {"a": "2024-01-01 10:00", "n": "5"})  # fmt: skip
    assert found.num_rows == 2
    assert query(root, "select $1::int + $2::int as n", {"1": "1", "2": "2"})["n"][0].as_py() == 3


def test_a_value_without_a_place_and_a_place_without_a_value(root: Path) -> None:
    with pytest.raises(UsageError, match=r"\$symbol has no value") as caught:
        query(root, "select $symbol")
    assert caught.value.hint == "--param symbol=VALUE"
    with pytest.raises(UnknownName, match="no parameter named 'symbl'; did you mean 'symbol'"):
        query(root, "select $symbol", {"symbol": "a", "symbl": "b"})


@pytest.mark.parametrize("bars", [12, 200])
@pytest.mark.parametrize("markets", [1, 3])
def test_every_bar_finds_its_partner_in_lakes_of_any_shape(
    tmp_path: Path, rows: Rows, bars: int, markets: int
) -> None:
    """DuckDB joins few rows in another way than many, and constant columns wrongly."""
    for symbol in ("A/B:B", "C/D:D", "LONGER-THAN-INLINE/USDT:USDT")[:markets]:
        for length, step in (("1h", HOUR), ("1d", 24 * HOUR)):
            writer, bar = LakeWriter(tmp_path), rows(range(bars), step=step)
            writer.upsert(Dataset("ohlcv", "binance", symbol, length), bar)
            writer.upsert(Dataset("mark", "binance", symbol, length), bar.drop(["volume"]))
            value = {"ts": bar["ts"], "name": ["f"] * bars, "value": bar["close"]}
            writer.upsert(Dataset("features", "binance", symbol, length), pa.table(value))
        hours = rows(range(bars))
        rate = pa.table({"ts": hours["ts"], "rate": hours["close"]})
        writer.upsert(Dataset("funding", "binance", symbol), rate)
    expected = bars * markets * 2
    for view, column in (("ohlcv_funding", "funding_rate"), ("ohlcv_mark", "mark_close"),
                         ("ohlcv_asof", "mark_close"), ("ohlcv_asof", "funding_rate")):  # fmt: skip
        counts = f"select count(*) as n, count({column}) as held from {view}"
        assert query(tmp_path, counts).to_pylist() == [{"n": expected, "held": expected}], view
    hourly = "select count(feature_value) as n from ohlcv_features where timeframe = '1h'"
    same = f"{hourly} and feature_timeframe = '1h' and feature_known_at = known_at"
    assert query(tmp_path, same).to_pylist() == [{"n": bars * markets}]


def test_an_asof_join_that_might_be_wrong_is_refused(root: Path) -> None:
    both = "select rate from ohlcv b asof left join funding f"
    tuples = f"{both} on (b.exchange, b.symbol) = (f.exchange, f.symbol) and b.ts >= f.ts"
    assert query(root, f"{tuples} order by b.ts")["rate"].to_pylist() == [1e-4] * 8 + [2e-4] * 4
    assert query(root, f"{both} using (symbol, ts) order by ts")["rate"].null_count == 0
    several = "on b.exchange = f.exchange and b.symbol = f.symbol and b.ts >= f.ts"
    for keys in ("using (exchange, symbol, ts)", several):
        with pytest.raises(UsageError, match="compare them as one tuple"):
            query(root, f"{both} {keys}")
