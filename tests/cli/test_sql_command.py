"""``xq sql``: questions, mistakes, streams."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv, json

Run = Callable[..., Any]


@pytest.fixture
def filled(xq: Run, tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(
        "ts,open,high,low,close,volume\n2024-01-01,10,12,9,11,1\n2024-01-01T01:00Z,11,12,10,11,2\n"
    )
    xq("data", "import", path).check(0)


@pytest.mark.usefixtures("filled")
def test_the_line_of_the_manual(xq: Run) -> None:
    result = xq("sql", "select ts, close from ohlcv where symbol = 'BTC/USDT' order by ts")
    result.check(
        0,
        '{"ts": "2024-01-01T00:00:00Z", "close": 11.0}\n'
        '{"ts": "2024-01-01T01:00:00Z", "close": 11.0}\n',
        "",
    )


@pytest.mark.usefixtures("filled")
def test_every_output(xq: Run) -> None:
    line = ("sql", "select sum(volume) as volume from ohlcv", "--output")
    assert xq(*line, "csv").stdout == "volume\n3.0\n"
    assert xq(*line, "json").stdout == '[\n  {"volume": 3.0}\n]\n'
    table = xq(*line, "table").stdout
    assert ("volume" in table, "3" in table) == (True, True)


def test_a_statement_from_a_file_or_stdin(xq: Run, tmp_path: Path) -> None:
    file = tmp_path / "q.sql"
    file.write_text("select 1 as one -- comment\n;")
    xq("sql", "--file", file).check(0, '{"one": 1}\n', "")
    xq("sql", "-", stdin="select 2 as two").check(0, '{"two": 2}\n', "")
    xq("sql", "--file", tmp_path / "no.sql").check(
        2, "", f"error: no such file\n  where: {tmp_path / 'no.sql'}\n"
    )
    assert xq("sql").stderr.startswith("error: expected a SELECT or --file, found neither\n")
    assert xq("sql", "select 1", "--file", file).exit_code == 2
    assert xq("sql", "-", stdin=" \n").exit_code == 2


def test_a_file_that_is_no_statement_is_named_for_what_it_is(xq: Run, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    (tmp_path / "loop").symlink_to("loop")
    for name, message in (
        ("folder", "expected a file, found a folder"),
        ("bytes", "expected text in UTF-8"),
        ("gone", "no such file"),
        ("loop", "cannot read the statement: too many levels of symbolic links"),
    ):
        xq("sql", "--file", name).check(2, "", f"error: {message}\n  where: {name}\n")


def test_an_answer_that_cannot_be_written_names_the_file_asked_for(xq: Run) -> None:
    result = xq("sql", "select 1 as a", "--to", "/proc/x.csv")
    assert result.exit_code == 4
    assert "  where: /proc/x.csv\n" in result.stderr


def test_an_answer_does_not_become_a_folder(xq: Run, tmp_path: Path) -> None:
    (tmp_path / "out.csv").mkdir()
    for name in ("out.csv", "."):
        for more in ((), ("--force", "--output", "csv")):
            result = xq("sql", "select 1 as a", "--to", name, *more)
            result.check(2, "", f"error: expected a file, found a folder\n  where: {name}\n")


def test_a_mistake_points_at_its_place(xq: Run) -> None:
    result = xq("sql", "select clsoe from ohlcv")
    result.check(2, stdout="")
    first, *rest = result.stderr.splitlines()
    assert first.startswith('error: referenced column "clsoe" not found in FROM clause!')
    assert '"close"' in first
    assert rest == [
        "  where: LINE 1: select clsoe from ohlcv",
        "                        ^^^^^",
        '  hint:  xq sql "describe ohlcv"',
    ]


def test_writing_is_refused(xq: Run, tmp_path: Path) -> None:
    target = tmp_path / "stolen.csv"
    for sql in (f"copy ohlcv to '{target}'", f"with x as (copy ohlcv to '{target}') select 1"):
        result = xq("sql", sql)
        result.check(2, stdout="")
        assert "COPY" in result.stderr
    assert not target.exists()


@pytest.mark.usefixtures("filled")
def test_a_corrupt_file_is_one_clear_error(xq: Run, tmp_path: Path) -> None:
    [file] = (tmp_path / "data").rglob("part.parquet")
    file.write_text("broken")
    result = xq("sql", "select * from ohlcv")
    result.check(4, stdout="")
    assert result.stderr == (
        "error: not a readable Parquet file of the lake: its bytes are not those that were "
        f"committed (SHA-256)\n  where: {file}\n"
        "  hint:  xq data repair --symbol BTC/USDT --timeframe 1h --exchange binance\n"
        f"         or, without the venue: xq data quarantine {file}\n"
    )
    xq("sql", "select count(*) as n from equity").check(0, '{"n": 0}\n', "")


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}


def test_arrow_output_is_a_stream_others_can_open(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "xq", "sql", "select range as n from range(25000)", "-o", "arrow"],
        capture_output=True, cwd=tmp_path, timeout=60, env=_environment(),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    table = pa.ipc.open_stream(done.stdout).read_all()
    assert table["n"].to_pylist() == list(range(25_000))


def test_head_stops_an_endless_answer(tmp_path: Path) -> None:
    """The reader leaves after two lines of a trillion; xq stops at once and says nothing."""
    line = f"{sys.executable} -m xq sql 'select a.range as n from range(1000000000000) a' | head -2"
    done = subprocess.run(
        ["bash", "-c", f"{line}; echo ${{PIPESTATUS[0]}}"],
        capture_output=True, text=True, cwd=tmp_path, timeout=60, env=_environment(),
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ('{"n": 0}\n{"n": 1}\n0\n', "")


@pytest.mark.usefixtures("filled")
def test_values_come_from_the_command_line(xq: Run) -> None:
    line = ("sql", "select close from ohlcv where symbol = $symbol and ts >= $since limit $n")
    given = ("--param", "symbol=BTC/USDT", "--param", "since=2024-01-01 01:00", "--param", "n=9")
    xq(*line, *given).check(0, '{"close": 11.0}\n', "")
    xq("sql", "select $v as v", "--param", "v=a=b' --").check(0, '{"v": "a=b\' --"}\n', "")
    xq(*line, *given[:2]).check(2, "", "error: $n has no value\n  hint:  --param n=VALUE\n")
    xq("sql", "select 1", "--param", "symbol").check(
        2, "", "error: expected NAME=VALUE, found 'symbol'\n  hint:  --param days=30\n"
    )
    assert "no parameter named 'x'" in xq("sql", "select 1", "--param", "x=1").stderr


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("ending", ["parquet", "csv", "json", "jsonl", "arrow"])
def test_an_answer_becomes_a_file(xq: Run, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"answer.{ending}"
    line = ("sql", "select ts, symbol, close from ohlcv order by ts", "--to", file)
    xq(*line).check(0, "", "")
    frames = {
        "parquet": pq.read_table, "csv": csv.read_csv, "jsonl": json.read_json,
        "arrow": lambda path: pa.ipc.open_stream(path.read_bytes()).read_all(),
    }  # fmt: skip
    if ending in frames:
        table = frames[ending](file)
        assert (table.column_names, table["close"].to_pylist()) == (
            ["ts", "symbol", "close"],
            [11.0, 11.0],
        )
    else:
        assert file.read_text().startswith("[\n")
    before = file.read_bytes()
    again = xq(*line)
    again.check(2, "", f"error: the file exists\n  where: {file}\n  hint:  add --force to "
                       "replace it\n")  # fmt: skip
    xq(*line, "--force").check(0, "", "")
    assert file.read_bytes() == before


@pytest.mark.usefixtures("filled")
def test_a_failing_answer_leaves_no_file(xq: Run, tmp_path: Path) -> None:
    file = tmp_path / "answer.csv"
    late = "select (case when range < 200000 then '1' else 'x' end)::int as n from range(300000)"
    file.write_text("before")
    xq("sql", late, "--to", file, "--force").check(2, stdout="")
    assert file.read_text() == "before"
    assert [path for path in tmp_path.iterdir() if "partial" in path.name] == []
    xq("sql", "select 1", "--to", file / "a.csv").check(4, stdout="")
    xq("sql", "select 1 as one", "--to", tmp_path / "new" / "a.csv").check(0, "", "")
    xq("sql", "select 1", "--to", tmp_path / "a.xls").check(2, stdout="")
    xq("sql", "select 1 as one", "--to", tmp_path / "a.xls", "--output", "csv").check(0, "", "")
    assert (tmp_path / "a.xls").read_text() == "one\n1\n"


def test_parquet_goes_through_a_pipe(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "xq", "sql", "from range(300000) t(n)", "-o", "parquet"],
        capture_output=True, cwd=tmp_path, timeout=60, env=_environment(),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    file = pq.ParquetFile(pa.BufferReader(done.stdout))
    assert (file.metadata.num_rows, file.metadata.num_row_groups) == (300_000, 3)
