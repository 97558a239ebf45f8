"""``xq data repair`` beyond bars by REST: tapes, the archive, files, changed files."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.archive_server import TRADE_HEADER, ArchiveServer, bar_line, path_of, put

from xq.lake import layout, manifest
from xq.lake.layout import Dataset

Run = Callable[..., Any]
SIM = ("--exchange", "sim")
PERPETUAL = "BTC/USDT:USDT"
HOUR = 3_600_000
HOURS = Dataset("ohlcv", "sim", "BTC/USDT", "1h")
TRADES = Dataset("trades", "sim", PERPETUAL)
FUNDING = Dataset("funding", "sim", PERPETUAL)


def leaf_of(root: Path, dataset: Dataset) -> Path:
    [leaf] = layout.leaves(root / "data", dataset)
    return leaf.path


def rewrite(
    root: Path, dataset: Dataset, change: Callable[[pa.Table], pa.Table], *, forget: bool = True
) -> None:
    path = leaf_of(root, dataset)
    pq.write_table(change(pq.ParquetFile(path).read()), path)
    if forget:
        manifest.forget(root / "data", dataset)


def without(start: int, stop: int) -> Callable[[pa.Table], pa.Table]:
    return lambda table: pa.concat_tables([table.slice(0, start), table.slice(stop)])


def changed(name: str, row: int, value: object) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        cells = table[name].to_pylist()
        cells[row] = value
        place = table.column_names.index(name)
        return table.set_column(place, table.schema.field(name), pa.array(cells, table[name].type))

    return change


@pytest.fixture
def hours(xq: Run, tmp_path: Path) -> bytes:
    """Three days of hours from the venue, and their bytes."""
    xq("collect", *SIM, "--days", "3", "--symbol", "BTC/USDT").check(0)
    return leaf_of(tmp_path, HOURS).read_bytes()


@pytest.fixture
def trades(xq: Run, tmp_path: Path) -> bytes:
    span = ("--since", "2023-12-31T20:00", "--until", "2023-12-31T22:00")
    xq("collect", *SIM, "--kind", "trades", "--symbol", PERPETUAL, *span).check(0)
    return leaf_of(tmp_path, TRADES).read_bytes()


def test_a_changed_file_is_fetched_again_to_the_committed_bytes(
    xq: Run, hours: bytes, tmp_path: Path
) -> None:
    rewrite(tmp_path, HOURS, changed("volume", 5, 77.0), forget=False)
    spoiled = leaf_of(tmp_path, HOURS).read_bytes()
    [found] = xq("data", "check", "--no-warnings").rows
    assert found["rule"] == "changed_file"
    [row] = xq("data", "repair").rows
    assert (row["damaged_files"], row["asked"], row["repaired"], row["restored"]) == (1, 72, 72, 1)
    assert leaf_of(tmp_path, HOURS).read_bytes() == hours
    [kept] = xq("data", "quarantine").rows
    assert kept["rule"] == "changed_file"
    assert (tmp_path / "data" / kept["cells"]).read_bytes() == spoiled
    xq("data", "check").check(0)
    xq("data", "repair").check(0, "", "nothing to repair\n")


def test_a_changed_file_that_the_source_does_not_have_all_of_stays(
    xq: Run, hours: bytes, tmp_path: Path
) -> None:
    rewrite(tmp_path, HOURS, changed("volume", 5, 77.0), forget=False)
    spoiled = leaf_of(tmp_path, HOURS).read_bytes()
    lines = ["ts,open,high,low,close,volume", "2023-12-30T00:00:00Z,10,12,9,11,1"]
    (tmp_path / "few.csv").write_text("\n".join(lines) + "\n")
    result = xq("data", "repair", "--from", "few.csv")
    result.check(4)
    assert "file few.csv does not have all of" in result.stderr
    assert leaf_of(tmp_path, HOURS).read_bytes() == spoiled
    xq("data", "quarantine").check(0, "", "nothing is in quarantine\n")


def test_a_file_that_is_gone_comes_back(xq: Run, hours: bytes, tmp_path: Path) -> None:
    leaf_of(tmp_path, HOURS).unlink()
    [row] = xq("data", "repair").rows
    assert (row["damaged_files"], row["repaired"], row["restored"]) == (1, 72, 1)
    assert leaf_of(tmp_path, HOURS).read_bytes() == hours


def test_lost_trades_show_in_their_ids_and_come_back(
    xq: Run, trades: bytes, tmp_path: Path
) -> None:
    rewrite(tmp_path, TRADES, without(300, 340))
    [gap] = xq("data", "gaps").rows
    assert (gap["kind"], gap["whose"], gap["missing"]) == ("trades", "lost", None)
    assert gap["hint"] == f"xq data repair --kind trades --symbol {PERPETUAL} --exchange sim"
    [plan] = xq("data", "repair", "--dry-run").rows
    assert (plan["gaps"], plan["missing"], plan["asked"], plan["repaired"]) == (1, None, 1, 0)
    [row] = xq("data", "repair").rows
    assert (row["repaired"], row["quarantined"], row["source"]) == (40, 0, "sim")
    assert leaf_of(tmp_path, TRADES).read_bytes() == trades
    [after] = xq("data", "coverage").rows
    assert (after["repaired"], after["repaired_from"], after["gaps"]) == (1, ["sim"], 0)


def test_bad_trades_are_replaced_and_kept(xq: Run, trades: bytes, tmp_path: Path) -> None:
    rewrite(tmp_path, TRADES, changed("quantity", 100, -1.0))
    [row] = xq("data", "repair", "--kind", "trades").rows
    assert (row["bad_rows"], row["quarantined"], row["refused"]) == (1, 1, [])
    assert leaf_of(tmp_path, TRADES).read_bytes() == trades
    [kept] = xq("data", "quarantine").rows
    assert (kept["rule"], kept["dataset"]) == ("quantity_not_positive", str(TRADES))


def test_a_trade_that_never_was_goes_to_quarantine(xq: Run, trades: bytes, tmp_path: Path) -> None:
    def invent(table: pa.Table) -> pa.Table:
        row = changed("side", 0, "up")(table.slice(200, 1))
        row = changed("id", 0, table["id"][200].as_py() * 1000)(row)
        return pa.concat_tables([table.slice(0, 201), row, table.slice(201)])

    rewrite(tmp_path, TRADES, invent)
    xq("data", "repair").check(0)
    assert leaf_of(tmp_path, TRADES).read_bytes() == trades
    rules = {kept["rule"] for kept in xq("data", "quarantine").rows}
    assert "side_unknown" in rules


def test_an_unreadable_day_of_trades_is_fetched_again(
    xq: Run, trades: bytes, tmp_path: Path
) -> None:
    leaf_of(tmp_path, TRADES).write_bytes(b"no parquet")
    assert xq("data", "gaps").rows[0]["whose"] == "damaged"
    [row] = xq("data", "repair").rows
    assert (row["damaged_files"], row["restored"], row["refused"]) == (1, 1, [])
    assert leaf_of(tmp_path, TRADES).read_bytes() == trades


def test_a_missing_settlement_comes_back(xq: Run, tmp_path: Path) -> None:
    line = ("collect", *SIM, "--kind", "funding", "--symbol", PERPETUAL)
    xq(*line, "--since", "2023-12-01", "--until", "2023-12-20").check(0)
    before = leaf_of(tmp_path, FUNDING).read_bytes()
    rewrite(tmp_path, FUNDING, without(10, 12))
    [gap] = xq("data", "gaps").rows
    assert (gap["kind"], gap["evidence"]) == ("funding", "a settlement is missing between two")
    [row] = xq("data", "repair").rows
    assert (row["kind"], row["repaired"], row["restored"]) == ("funding", 2, 0)
    assert leaf_of(tmp_path, FUNDING).read_bytes() == before
    xq("data", "repair").check(0, "", "nothing to repair\n")


def csv_of(path: Path, table: pa.Table) -> None:
    names = table.column_names
    rows = [",".join(str(value) for value in row.values()) for row in table.to_pylist()]
    path.write_text("\n".join([",".join(names), *rows]).replace("+00:00", "Z") + "\n")


def test_a_file_mends_only_what_is_missing(xq: Run, hours: bytes, tmp_path: Path) -> None:
    table = pq.ParquetFile(leaf_of(tmp_path, HOURS)).read()
    other = changed("volume", 40, 5.0)(table)  # disagrees where nothing is damaged
    csv_of(tmp_path / "mine.csv", other)
    rewrite(tmp_path, HOURS, without(10, 14))
    [row] = xq("data", "repair", "--from", "mine.csv").rows
    assert (row["asked"], row["repaired"], row["source"]) == (4, 4, "file mine.csv")
    assert leaf_of(tmp_path, HOURS).read_bytes() == hours
    [after] = xq("data", "coverage").rows
    assert after["repaired_from"] == ["file mine.csv"]


def test_a_file_proves_nothing_by_its_silence(xq: Run, hours: bytes, tmp_path: Path) -> None:
    table = pq.ParquetFile(leaf_of(tmp_path, HOURS)).read()
    csv_of(tmp_path / "holed.csv", without(11, 13)(table))
    rewrite(tmp_path, HOURS, without(10, 14))
    result = xq("data", "repair", "--from", "holed.csv")
    result.check(4)
    [row] = result.rows
    assert (row["repaired"], row["venue_has_none"], len(row["refused"])) == (2, 0, 1)
    [gap] = xq("data", "gaps").rows
    assert (gap["missing"], gap["whose"]) == (2, "lost")


def test_a_file_with_poison_is_refused_as_an_import_would(
    xq: Run, hours: bytes, tmp_path: Path
) -> None:
    table = pq.ParquetFile(leaf_of(tmp_path, HOURS)).read()
    csv_of(tmp_path / "bad.csv", changed("high", 3, 1.0)(table))
    rewrite(tmp_path, HOURS, without(10, 14))
    spoiled = leaf_of(tmp_path, HOURS).read_bytes()
    result = xq("data", "repair", "--from", "bad.csv")
    result.check(4, "")
    assert "row 4: high 1.0 is below low" in result.stderr
    assert leaf_of(tmp_path, HOURS).read_bytes() == spoiled


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--from", "nowhere.csv"), "no such file"),
        (("--from", "BTCUSDT-4h-2023-12.csv"), "the file holds timeframe 4h"),
        (("--kind", "equity"), "equity cannot be asked of a venue again"),
        (("--source", "archive"), "no archive of sim is known"),
    ],
)
def test_wrong_input_is_one_clear_error(
    xq: Run, hours: bytes, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    (tmp_path / "BTCUSDT-4h-2023-12.csv").write_text("ts,open,high,low,close,volume\n")
    rewrite(tmp_path, HOURS, without(10, 14))
    result = xq("data", "repair", *options)
    result.check(2, "")
    assert message in result.stderr


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    root = tmp_path / "archive"
    root.mkdir()
    with ArchiveServer(root) as server:
        monkeypatch.setenv("XQ_EXCHANGE__ARCHIVE_URL", server.url)
        yield root


def put_day(root: Path, table: pa.Table, day: str) -> None:
    rows = [row for row in table.to_pylist() if row["ts"].isoformat().startswith(day)]
    lines = [
        bar_line(int(row["ts"].timestamp() * 1000), [row[name] for name in
                 ("open", "high", "low", "close", "volume")], HOUR)
        for row in rows
    ]  # fmt: skip
    put(root, path_of("spot", "klines", "BTCUSDT", day, "1h"), lines)


def test_the_archive_mends_where_it_has_the_day(
    xq: Run, hours: bytes, tmp_path: Path, archive: Path
) -> None:
    table = pq.ParquetFile(leaf_of(tmp_path, HOURS)).read()
    put_day(archive, table, "2023-12-30")
    rewrite(tmp_path, HOURS, without(26, 30))
    result = xq("data", "repair", "--source", "archive")
    result.check(0, stderr="")
    [row] = result.rows
    assert (row["repaired"], row["source"]) == (4, "sim archive")
    after = pq.ParquetFile(leaf_of(tmp_path, HOURS)).read()
    assert after["ts"].equals(table["ts"])
    [fact] = xq("data", "coverage").rows
    assert fact["repaired_from"] == ["sim archive"]


def test_a_day_of_trades_comes_from_the_archive(
    xq: Run, trades: bytes, tmp_path: Path, archive: Path
) -> None:
    rows = pq.ParquetFile(leaf_of(tmp_path, TRADES)).read().to_pylist()
    lines = [
        f"{row['id']},{row['price']},{row['quantity']},1,1,"
        f"{int(row['ts'].timestamp() * 1000)},{'true' if row['side'] == 'sell' else 'false'}"
        for row in rows
    ]
    path = path_of("futures/um", "aggTrades", "BTCUSDT", "2023-12-31", None)
    put(archive, path, lines, TRADE_HEADER)
    leaf_of(tmp_path, TRADES).write_bytes(b"no parquet")
    [row] = xq("data", "repair", "--source", "archive").rows
    assert (row["source"], row["restored"], row["refused"]) == ("sim archive", 1, [])
    assert leaf_of(tmp_path, TRADES).read_bytes() == trades


def test_daily_bars_lie_in_one_file_and_come_back(xq: Run, tmp_path: Path) -> None:
    days = Dataset("ohlcv", "sim", "BTC/USDT", "1d")
    xq("collect", *SIM, "--timeframe", "1d", "--days", "40").check(0)
    before = leaf_of(tmp_path, days).read_bytes()
    rewrite(tmp_path, days, without(5, 9), forget=False)
    [row] = xq("data", "repair").rows
    assert (row["damaged_files"], row["asked"], row["restored"]) == (1, 40, 1)
    assert leaf_of(tmp_path, days).read_bytes() == before


def test_a_dump_mends_a_day_of_trades(xq: Run, trades: bytes, tmp_path: Path) -> None:
    rows = pq.ParquetFile(leaf_of(tmp_path, TRADES)).read().to_pylist()
    lines = [
        f"{row['id']},{row['price']},{row['quantity']},1,1,"
        f"{int(row['ts'].timestamp() * 1000)},{'true' if row['side'] == 'sell' else 'false'}"
        for row in rows
    ]
    file = put(tmp_path, "um/BTCUSDT-aggTrades-2023-12-31.zip", lines, TRADE_HEADER)
    leaf_of(tmp_path, TRADES).unlink()
    result = xq("data", "repair", "--from", str(file))
    result.check(0, stderr="")
    [row] = result.rows
    assert (row["source"], row["restored"]) == (f"file {file.name}", 1)
    assert leaf_of(tmp_path, TRADES).read_bytes() == trades


def test_a_day_that_is_not_published_comes_by_rest_and_is_said(
    xq: Run, hours: bytes, tmp_path: Path, archive: Path
) -> None:
    rewrite(tmp_path, HOURS, without(26, 30))
    result = xq("data", "repair", "--source", "archive")
    result.check(0, stderr="BTC/USDT ohlcv: not in the archive, taken by REST: 2023-12-30\n")
    assert result.rows[0]["source"] == "sim"
    assert leaf_of(tmp_path, HOURS).read_bytes() == hours


def test_a_bad_dataset_harms_no_other(xq: Run, hours: bytes, tmp_path: Path) -> None:
    rewrite(tmp_path, HOURS, without(10, 14))
    (tmp_path / "gone.csv").write_text(
        "ts,open,high,low,close,volume\n1703890800,1,1,1,1,1\n1703898000,1,1,1,1,1\n"
    )
    xq("data", "import", "gone.csv", *SIM, "--symbol", "AAA/USDT").check(0)
    result = xq("data", "repair")
    assert result.exit_code == 2
    assert "no symbol named 'AAA/USDT'" in result.stderr
    rows = {row["symbol"]: row for row in result.rows}
    assert (rows["BTC/USDT"]["repaired"], rows["AAA/USDT"]["repaired"]) == (4, 0)
    assert "no symbol named" in rows["AAA/USDT"]["failure"]


@pytest.mark.parametrize("command", ["repair", "gaps", "coverage"])
def test_what_is_not_stored_is_said(xq: Run, hours: bytes, command: str) -> None:
    for option in (("--symbol", "DOGE/USDT"), ("--timeframe", "4h"), ("--kind", "funding")):
        result = xq("data", command, *option)
        result.check(4, "")
        assert f"nothing is stored of {option[1]}" in result.stderr
