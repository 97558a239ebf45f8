"""Recorded order books through the commands: in, looked at, checked, torn, out again, gone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.recordings import START_MS, contract_messages, diff, lines, snapshot, write

from xq.lake.reader import Lake

Run = Callable[..., Any]
ABC = ("--symbol", "ABC/USDT:USDT")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write(tmp_path / "abc.raw.gz", lines(contract_messages()))


def test_a_recording_is_imported_whole_and_again_without_effect(xq: Run, recording: Path) -> None:
    rows = xq("data", "import", recording).rows
    assert [(r["kind"], r["symbol"], r["added"], r["gaps"]) for r in rows] == [
        ("book_snapshot", "ABC/USDT:USDT", 1, None),
        ("book_diff", "ABC/USDT:USDT", 6, 0),
    ]
    again = xq("data", "import", recording).rows
    assert [(r["added"], r["revised"], r["unchanged"]) for r in again] == [(0, 0, 1), (0, 0, 6)]
    assert xq("data", "check").exit_code == 0
    assert xq("data", "verify").exit_code == 0
    listed = xq("data", "ls").rows
    assert [(r["kind"], r["rows"]) for r in listed] == [("book_diff", 6), ("book_snapshot", 1)]
    parts = {row["part"] for row in xq("data", "du", "--by", "kind").rows}
    assert {"book_diff", "book_snapshot"} <= parts


def test_one_kind_alone(xq: Run, recording: Path) -> None:
    row = xq("data", "import", recording, "--kind", "book_diff").rows[0]
    assert (row["kind"], row["added"]) == ("book_diff", 6)
    assert [r["kind"] for r in xq("data", "ls").rows] == ["book_diff"]
    other = write(recording.parent / "diffs.raw", lines([diff(1, 2, [["1", "1"]])]))
    result = xq("data", "import", other, "--kind", "book_snapshot")
    assert (result.exit_code, result.stdout) == (4, "")
    assert "no book_snapshot in this recording" in result.stderr


def test_levels_and_best_quotes_in_sql(xq: Run, recording: Path) -> None:
    xq("data", "import", recording)
    [best] = xq("sql", "select * exclude (known_at) from book_best").rows
    assert best == {
        "exchange": "binance", "symbol": "ABC/USDT:USDT", "ts": "2024-08-08T23:54:15.010000Z",
        "last_id": 103, "bid_price": 10.0, "bid_quantity": 5.0, "ask_price": 10.1,
        "ask_quantity": 4.0, "spread": 0.1,
    }  # fmt: skip
    asked = "select len(ask_prices) as n, ask_prices[1]::text as p from book_diff where last_id=105"
    assert xq("sql", asked).rows == [{"n": 1, "p": "10.100000000000"}]
    known = "select count(*) as n from book_diff_known where known_at >= ts"
    assert xq("sql", known).rows == [{"n": 6}]
    for form in ("csv", "json", "table"):
        assert xq("sql", "select * from book_diff", "--output", form).exit_code == 0
    empty = xq("sql", "select count(*) as n from book_snapshot where symbol = 'X'").rows
    assert empty == [{"n": 0}]


def test_a_lake_without_books_has_their_empty_views(xq: Run) -> None:
    for name in ("book_snapshot", "book_diff", "book_diff_known", "book_best"):
        assert xq("sql", f"select count(*) as n from {name}").rows == [{"n": 0}]


def test_a_missing_change_is_a_fact_in_the_ledger_of_gaps(xq: Run, tmp_path: Path) -> None:
    messages = contract_messages()
    later = snapshot(500, [["10", "1"]], [["11", "1"]], START_MS + 60_000)
    torn = write(tmp_path / "abc.raw.gz", lines([*messages[:3], *messages[4:], later]))
    rows = xq("data", "import", torn).rows
    assert [row["gaps"] for row in rows] == [None, 1]
    [gap] = xq("data", "gaps").rows
    assert (gap["kind"], gap["timeframe"], gap["missing"], gap["whose"]) == (
        "book_diff", None, None, "unrecorded",
    )  # fmt: skip
    assert gap["evidence"] == (
        "update 105 is followed by one after 110; a snapshot of 2024-08-08T23:55:15Z"
    )
    assert (gap["start"], gap["end"]) == (
        "2024-08-08T23:54:15.020000Z", "2024-08-08T23:54:15.030000Z",
    )  # fmt: skip
    checked = xq("data", "check")
    assert checked.exit_code == 0
    assert [(row["rule"], row["severity"]) for row in checked.rows] == [("book_gap", "warning")]
    assert not xq("data", "gaps", "--kind", "ohlcv").rows
    write(torn, lines(messages))
    xq("data", "import", torn)
    assert "no gap" in xq("data", "gaps", "--kind", "book_diff", "--exchange", "binance").stderr


def test_a_flipped_bit_is_noticed(xq: Run, recording: Path, tmp_path: Path) -> None:
    xq("data", "import", recording)
    [path] = (tmp_path / "data/book_diff").rglob("part.parquet")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert xq("data", "verify").exit_code == 4
    assert xq("sql", "select * from book_diff").exit_code == 4


def test_out_and_in_again(xq: Run, recording: Path, tmp_path: Path) -> None:
    xq("data", "import", recording)
    out = tmp_path / "out.parquet"
    for kind in ("book_diff", "book_snapshot"):
        [row] = [xq("data", "export", out, "--force", "--kind", kind, *ABC).rows[0]]
        assert row["rows"] == (6 if kind == "book_diff" else 1)
        into = ("--kind", kind, "--symbol", "COPY/USDT:USDT")
        xq("data", "import", out, *into).check(0)
    files = sorted(path.read_bytes() for path in (tmp_path / "data").rglob("part.parquet"))
    assert len(files) == 4
    assert len(set(files)) == 2
    text = tmp_path / "out.csv"
    xq("data", "export", text, "--kind", "book_diff", *ABC).check(0)
    assert '"[""10.05""]","[""0.001""]"' in text.read_text()
    xq("data", "rm", "--kind", "book_diff", "--yes").check(0)
    assert {row["kind"] for row in xq("data", "ls").rows} == {"book_snapshot"}


def test_poison_and_unreadable_lines(xq: Run, tmp_path: Path) -> None:
    messages = [*contract_messages(), diff(140, 139, before=131)]
    path = write(tmp_path / "bad.raw", [*lines(messages), "17231612", "garbage"])
    refused = xq("data", "import", path)
    assert (refused.exit_code, refused.stdout) == (4, "")
    assert "row 9: no message: '17231612' (unreadable_line)" in refused.stderr
    assert not xq("data", "ls").rows
    checked = xq("data", "check", path)
    assert checked.exit_code == 4
    rules = {row["rule"] for row in checked.rows if row["severity"] == "error"}
    assert rules == {"unreadable_line", "ids_reversed", "mixed_stream"}
    taken = xq("data", "import", path, "--quarantine")
    assert sum(row["quarantined"] for row in taken.rows) == 3
    assert [row["rows"] for row in taken.rows] == [1, 6]
    rules = {row["rule"] for row in xq("data", "quarantine").rows}
    assert rules == {"unreadable_line", "ids_reversed"}


def test_many_markets_in_one_file(xq: Run, tmp_path: Path) -> None:
    both = [diff(1, 2, [["1", "1"]], before=1), diff(7, 8, [["2", "1"]], name="XYZUSDC")]
    path = write(tmp_path / "two.ws.gz", lines(both))
    assert [row["symbol"] for row in xq("data", "import", path).rows] == [
        "ABC/USDT:USDT",
        "XYZ/USDC",
    ]
    result = xq("data", "import", path, "--symbol", "ABC/USDT")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "one --symbol for a recording of 2" in result.stderr


def test_a_recording_that_contradicts_stored_rows_is_refused(xq: Run, tmp_path: Path) -> None:
    messages = contract_messages()
    path = write(tmp_path / "abc.raw.gz", lines(messages))
    xq("data", "import", path)
    messages[3]["data"]["b"] = [["10.05", "0.002"]]
    write(path, lines(messages))
    for options in ((), ("--dry-run",)):
        refused = xq("data", "import", path, *options)
        assert (refused.exit_code, refused.stdout) == (4, "")
        assert "1 of 6 stored rows differ; nothing was changed" in refused.stderr
    assert f"xq data import {path} --exchange binance --kind book_diff --force" in refused.stderr
    rows = xq("data", "import", path, "--force").rows
    assert [(row["revised"], row["replaced"]) for row in rows] == [(0, 0), (1, 1)]
    assert [row["rule"] for row in xq("data", "quarantine").rows] == ["replaced"]


def test_two_recorders_of_one_stream_agree(xq: Run, recording: Path, tmp_path: Path) -> None:
    xq("data", "import", recording)
    other = write(tmp_path / "other.raw", lines(contract_messages(), "{at}777777 {text}"))
    assert [r["unchanged"] for r in xq("data", "import", other).rows] == [1, 6]
    asked = "select count(*) as n from book_diff where received_ns % 1000000 = 0"
    assert xq("sql", asked).rows == [{"n": 6}]


WRONG = [
    (("--kind", "book_dif"), "did you mean 'book_diff'", 2),
    (("--kind", "equity"), "expected a kind that files are read as", 2),
]


@pytest.mark.parametrize(("options", "message", "code"), WRONG)
def test_wrong_kinds(
    xq: Run, recording: Path, options: tuple[str, ...], message: str, code: int
) -> None:
    result = xq("data", "import", recording, *options)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr


def test_a_file_of_nothing_is_said(xq: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "x.raw.gz", ["1723161255000 {}"])
    result = xq("data", "import", path)
    assert (result.exit_code, result.stdout) == (4, "")
    assert "no order books in this recording" in result.stderr
    result = xq("data", "import", tmp_path / "nowhere.raw.gz")
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_snapshot_of_the_simulated_venue(xq: Run, tmp_path: Path) -> None:
    line = ("collect", "--exchange", "sim", "--kind", "book_snapshot")
    for symbol in ("BTC/USDT:USDT", "ETH/USDT"):
        [row] = xq(*line, "--symbol", symbol).rows
        assert (row["new"], row["source"], row["via"]) == (1, "synthetic", "rest")
    xq(*line, "--symbol", "ETH/USDT").check(0)
    depth = "any_value(len(bid_prices)) levels, any_value(received_ns) received"
    rows = xq("sql", f"select symbol, count(*) n, {depth} from book_snapshot group by symbol").rows
    found = {row["symbol"]: (row["n"], row["levels"], row["received"]) for row in rows}
    assert found == {"BTC/USDT:USDT": (1, 1000, None), "ETH/USDT": (2, 1000, None)}
    assert xq("data", "check").exit_code == 0
    [best] = xq("sql", "select spread::text s from book_best where symbol = 'BTC/USDT:USDT'").rows
    assert best["s"] == "0.100000000000"


def test_past_changes_cannot_be_collected(xq: Run) -> None:
    result = xq("collect", "--exchange", "sim", "--kind", "book_diff")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no venue tells it afterwards" in result.stderr
    assert "xq data import --kind book_diff RECORDING.raw.gz" in result.stderr


def test_a_day_of_real_recordings_over_two_files(
    xq: Run, market_data: Path, tmp_path: Path
) -> None:
    """24 h of NEXO/USDT: no gap between the files, and the book of the end is the known one."""
    names = ("20240723T1539", "20240723T1600_24h")
    files = [market_data / f"book/binance_spot_NEXOUSDT_{name}.raw.gz" for name in names]
    rows = xq("data", "import", *files).rows
    assert sum(row["added"] for row in rows if row["kind"] == "book_diff") == 68_182
    assert [row["gaps"] for row in rows] == [None, 0, 0]
    result = xq("data", "gaps")
    assert (result.rows, result.exit_code) == ([], 0)
    assert xq("data", "check").exit_code == 0
    book = Lake(tmp_path / "data").book("binance", "NEXO/USDT", 1_721_836_800_000)
    assert (len(book.bids), len(book.asks)) == (310, 815)
