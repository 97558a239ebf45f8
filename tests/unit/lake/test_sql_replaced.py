"""A question asked while a writer replaces the files that it is opening."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from xq.errors import FileReplaced, UsageError
from xq.lake import sql
from xq.lake.layout import Dataset
from xq.lake.writer import LakeWriter

Rows = Callable[..., pa.Table]
CLOSES = "select count(*) as n, min(close) as low, max(close) as high from ohlcv"


@pytest.fixture
def root(tmp_path: Path, rows: Rows, hourly: Dataset) -> Path:
    LakeWriter(tmp_path / "lake").upsert(hourly, rows(range(400), price=100.0))
    return tmp_path / "lake"


def beside(
    monkeypatch: pytest.MonkeyPatch, root: Path, rows: Rows, hourly: Dataset, times: int
) -> list[float]:
    """Another writer between DuckDB's two looks at a file, so many times."""
    written: list[float] = []
    explained = sql._explained

    @contextmanager
    def between(*given: Any) -> Iterator[None]:
        if len(written) < times:
            written.append(200.0 + len(written))
            LakeWriter(root).upsert(hourly, rows(range(8000), price=written[-1]))
        with explained(*given):
            yield

    monkeypatch.setattr(sql, "_explained", between)
    return written


@pytest.mark.parametrize("times", [1, 5])
def test_the_answer_is_of_one_commit(
    root: Path, rows: Rows, hourly: Dataset, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    written = beside(monkeypatch, root, rows, hourly, times)
    [answer] = sql.query(root, CLOSES).to_pylist()
    assert answer["high"] == answer["low"] + (answer["n"] - 1) / 7
    assert answer["low"] in (100.0, *written)


def torn(
    monkeypatch: pytest.MonkeyPatch, root: Path, rows: Rows, hourly: Dataset, times: int
) -> list[int]:
    """DuckDB trips over a file that is replaced at that moment, so many times."""
    tries: list[int] = []
    reader = sql._reader

    def trip(*given: Any) -> pa.RecordBatchReader:
        tries.append(1)
        if len(tries) > times:
            return reader(*given)
        LakeWriter(root).upsert(hourly, rows([0], price=300.0 + len(tries)))
        with sql._explained(given[3]):
            raise pa.ArrowInvalid("TProtocolException: Invalid data")

    monkeypatch.setattr(sql, "_reader", trip)
    return tries


def test_a_question_that_trips_is_asked_again(
    root: Path, rows: Rows, hourly: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = torn(monkeypatch, root, rows, hourly, 7)
    first = "select close from ohlcv order by ts limit 1"
    assert sql.query(root, first).to_pylist() == [{"close": 307.0}]
    assert len(tries) == 8


def test_who_loses_every_race_is_told(
    root: Path, rows: Rows, hourly: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = torn(monkeypatch, root, rows, hourly, 1_000)
    with pytest.raises(FileReplaced, match="a file was replaced while it was read") as caught:
        sql.query(root, CLOSES)
    assert (len(tries), caught.value.hint) == (sql._TRIES, "run the same command again")


def test_an_error_beside_no_writer_is_told_at_once(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def trip(*given: Any) -> pa.RecordBatchReader:
        tries.append(1)
        with sql._explained(given[3]):
            raise pa.ArrowInvalid("out of range")

    monkeypatch.setattr(sql, "_reader", trip)
    with pytest.raises(UsageError, match="out of range"):
        sql.query(root, CLOSES)
    assert len(tries) == 1
