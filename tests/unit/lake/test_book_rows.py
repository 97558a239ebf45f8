"""Recordings as rows: exact, judged, and torn where a change is missing."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.recordings import START_MS, contract_messages, diff, lines, snapshot, write

from xq.errors import CorruptFile, DataError, PoisonRows
from xq.lake.book_gaps import breaks, stored_breaks
from xq.lake.book_rows import tables_of
from xq.lake.formats.recording import read_recording
from xq.lake.layout import Dataset
from xq.lake.reader import Lake
from xq.lake.rules import validate_rows
from xq.lake.writer import LakeWriter

DIFFS = Dataset("book_diff", "binance", "ABC/USDT:USDT")
BOOKS = Dataset("book_snapshot", "binance", "ABC/USDT:USDT")


def tables(tmp_path: Path, messages: list[dict[str, Any]]) -> dict[str, pa.Table]:
    recording = read_recording(write(tmp_path / "r.raw.gz", lines(messages)))
    [market] = recording.markets.values()
    return tables_of(market, "r")


def test_prices_stay_exact(tmp_path: Path) -> None:
    odd = [["0.000000000001", "1234567890123456.000000000001"], ["0.3", "0.10"]]
    [row] = tables(tmp_path, [diff(1, 2, odd)])["book_diff"].to_pylist()
    assert row["bid_prices"] == [Decimal("0.000000000001"), Decimal("0.3")]
    assert row["bid_quantities"] == [Decimal("1234567890123456.000000000001"), Decimal("0.1")]
    assert (row["ask_prices"], row["ask_quantities"]) == ([], [])


@pytest.mark.parametrize("price", ["1.0000000000001", "12345678901234567", "NaN", "1e-3x", ""])
def test_what_does_not_fit_is_refused_and_never_rounded(tmp_path: Path, price: str) -> None:
    with pytest.raises(DataError, match="expected decimal numbers"):
        tables(tmp_path, [diff(1, 2, [[price, "1"]])])


FORMS = [
    ("{at}000000 {text}", START_MS * 10**6),
    ("{at}000 {text}", START_MS * 10**6),
    ("{at} {text}", START_MS * 10**6),
    ("{seconds:.6f}: {text}", START_MS * 10**6),
    ("https://fapi.binance.com/fapi/v1/depth?symbol=ABCUSDT&limit=5 -> {seconds:.6f}: {text}",
     START_MS * 10**6),
]  # fmt: skip


@pytest.mark.parametrize(("form", "received"), FORMS)
def test_forms_of_a_line(tmp_path: Path, form: str, received: int) -> None:
    books = [snapshot(5, [["1", "1"]], [["2", "1"]], START_MS + 7)]
    head = "wss://fstream.binance.com/stream?streams=abcusdt@depth <-> 1626992740.1"
    path = write(tmp_path / "r.ws", [head, *lines([*books, diff(5, 6, before=4)], form)])
    recording = read_recording(path)
    assert list(recording.markets) == ["ABCUSDT"]
    market = recording.markets["ABCUSDT"]
    [row] = tables_of(market, "r")["book_snapshot"].to_pylist()
    assert (row["received_ns"], market.contract, recording.unreadable) == (received, True, ())
    assert int(row["ts"].timestamp() * 1000) == START_MS + 7


def test_a_spot_snapshot_has_the_time_it_was_received(tmp_path: Path) -> None:
    [row] = tables(tmp_path, [snapshot(5, [["1", "1"]], [["2", "1"]]), diff(6, 6)])[
        "book_snapshot"
    ].to_pylist()
    assert int(row["ts"].timestamp() * 1000) == START_MS
    assert row["matched"] is None


def test_the_best_few_levels_are_no_changes(tmp_path: Path) -> None:
    messages = [diff(1, 2, [["1", "1"]]), diff(3, 4, [["1", "1"]], stream="depth20@100ms")]
    recording = read_recording(write(tmp_path / "r.raw", lines(messages)))
    assert (len(recording.markets["ABCUSDT"].diffs), recording.partial) == (1, 1)


def test_broken_lines_are_named_and_a_torn_file_refused(tmp_path: Path) -> None:
    good = lines(contract_messages())
    path = write(tmp_path / "r.raw", [*good, good[2][:60], "1723161255000 {}", ""])
    assert [bad.line for bad in read_recording(path).unreadable] == [8]
    whole = write(tmp_path / "r.raw.gz", good * 50)
    whole.write_bytes(whole.read_bytes()[:-30])
    with pytest.raises(CorruptFile, match="not a readable recording"):
        read_recording(whole)


WRONG = [
    (diff(7, 6), "ids_reversed"),
    (diff(5, 6, before=6), "previous_id_late"),
    (diff(-3, 0), "id_not_positive"),
    (diff(5, 6, [["0", "1"]]), "bid_price_not_positive"),
    (diff(5, 6, (), [["1", "-1"]]), "ask_quantity_wrong"),
    (diff(5, 6, (), [["1", "1"], ["1", "2"]]), "ask_repeated"),
    (snapshot(5, [["1", "0"]], [["2", "1"]]), "bid_quantity_wrong"),
    (snapshot(5, [["1", "1"], ["2", "1"]], [["3", "1"]]), "bids_unsorted"),
    (snapshot(5, [["1", "1"]], [["3", "1"], ["3", "1"]]), "ask_repeated"),
    (snapshot(5, [["3", "1"]], [["3", "1"]]), "book_crossed"),
    (snapshot(0, [["1", "1"]], [["3", "1"]]), "id_not_positive"),
]


@pytest.mark.parametrize(("message", "rule"), WRONG, ids=[rule for _, rule in WRONG])
def test_rows_that_cannot_be_true(tmp_path: Path, message: dict[str, Any], rule: str) -> None:
    sound = [diff(1, 4, [["1", "0"]]), snapshot(4, [], [])]
    made = tables(tmp_path, [*sound, message, *([diff(90, 91)] if "bids" in message else [])])
    kind = "book_snapshot" if "lastUpdateId" in message else "book_diff"
    found = validate_rows(made[kind], kind)
    assert [item.rule for item in found] == [rule]
    assert made[kind]["last_id"][found[0].row - 1].as_py() != 4
    dataset = BOOKS if kind == "book_snapshot" else DIFFS
    with pytest.raises(PoisonRows):
        LakeWriter(tmp_path / "data").upsert(dataset, made[kind])


def test_sides_that_do_not_match(tmp_path: Path) -> None:
    made = tables(tmp_path, [diff(1, 2, [["1", "1"], ["2", "1"]])])["book_diff"]
    short = pa.array([[Decimal(1)]], made.schema.field("bid_quantities").type)
    at = made.column_names.index("bid_quantities")
    [found] = validate_rows(made.set_column(at, made.schema.field(at), short), "book_diff")
    assert found.rule == "sides_uneven"


def test_the_same_bytes_in_any_order_and_nothing_twice(tmp_path: Path) -> None:
    rows = tables(tmp_path, contract_messages())["book_diff"]
    whole, parts = tmp_path / "a", tmp_path / "b"
    LakeWriter(whole).upsert(DIFFS, rows)
    for row in (3, 0, 4, 2, 5, 1):
        LakeWriter(parts).upsert(DIFFS, rows.slice(row, 2))
    again = LakeWriter(whole).upsert(DIFFS, rows)
    assert (again.added, again.revised, again.unchanged, again.files) == (0, 0, 6, ())
    [one], [two] = (list(root.glob("book_diff/**/part.parquet")) for root in (whole, parts))
    assert one.read_bytes() == two.read_bytes()
    assert one.parent.name == "period=2024-08-08"


def test_a_changed_level_is_a_revision(tmp_path: Path) -> None:
    messages = contract_messages()
    LakeWriter(tmp_path).upsert(DIFFS, tables(tmp_path, messages)["book_diff"])
    messages[3]["data"]["b"] = [["10.05", "0.002"]]
    messages[5]["data"]["b"] = []
    commit = LakeWriter(tmp_path).upsert(DIFFS, tables(tmp_path, messages)["book_diff"])
    assert (commit.revised, commit.unchanged) == (2, 4)


@pytest.mark.parametrize("lost", [3, 4, 5])
def test_a_lost_change_is_a_break(tmp_path: Path, lost: int) -> None:
    messages = contract_messages()
    del messages[lost]
    rows = tables(tmp_path, messages)["book_diff"]
    [found] = breaks(rows)
    ids = [95, 105, 110, 120, 130, 131]
    assert (found.after_id, found.before_id) == (ids[lost - 2], ids[lost - 1])
    assert found.missing is None
    LakeWriter(tmp_path).upsert(DIFFS, rows)
    later = snapshot(500, [["1", "1"]], [["2", "1"]], START_MS + 900)
    LakeWriter(tmp_path).upsert(BOOKS, tables(tmp_path, [later, *messages[2:4]])["book_snapshot"])
    [stored] = stored_breaks(tmp_path, DIFFS)
    assert stored.resumes_ms == START_MS + 900


def test_spot_tells_how_many_are_missing(tmp_path: Path) -> None:
    rows = tables(tmp_path, [diff(1, 4), diff(5, 5), diff(9, 9), diff(10, 12)])["book_diff"]
    [found] = breaks(rows)
    assert (found.after_id, found.before_id, found.missing) == (5, 8, 3)
    assert not list(breaks(rows.slice(0, 1)))


def test_the_book_of_a_moment(tmp_path: Path) -> None:
    made = tables(tmp_path, contract_messages())
    for dataset, rows in ((DIFFS, made["book_diff"]), (BOOKS, made["book_snapshot"])):
        LakeWriter(tmp_path).upsert(dataset, rows)
    lake, name = Lake(tmp_path), ("binance", "ABC/USDT:USDT")
    one = Decimal(1)
    assert lake.book(*name, START_MS + 10).best_ask == (Decimal("10.1"), 4 * one)
    assert lake.book(*name, START_MS + 30).best_bid == (Decimal("10.05"), Decimal("0.001"))
    last = lake.book(*name, START_MS + 1000)
    assert (last.best_bid, last.best_ask) == ((10 * one, 3 * one), (Decimal("10.2"), one))
    assert last.last_id == 131
