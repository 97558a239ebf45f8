"""``xq data check FILE`` of other kinds than bars, and of other bars than those said."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
START, MINUTE, HOUR, DAY = 1_704_067_200_000, 60_000, 3_600_000, 86_400_000


def _file(folder: Path, head: str, lines: Sequence[str]) -> Path:
    path = folder / "rows.csv"
    path.write_text("\n".join([head, *lines]) + "\n")
    return path


def _trades(folder: Path, second: str) -> Path:
    lines = [
        f"{START},1,42000,1,buy",
        f"{START + 5},2,{second},2,sell",
        f"{START + 9},3,42001,1,buy",
    ]
    return _file(folder, "ts,id,price,quantity,side", lines)


def _bars(folder: Path, step: int) -> Path:
    lines = [f"{START + step * n},10,12,9,11,{n + 1}" for n in range(90)]
    return _file(folder, "ts,open,high,low,close,volume", lines)


def test_a_plain_file_is_of_the_kind_that_is_said(xq: Run, tmp_path: Path) -> None:
    path = _trades(tmp_path, "42002")
    xq("data", "check", path, "--kind", "trades").check(0, "", "no fault found\n")
    refused = xq("data", "check", path)
    assert (refused.exit_code, "columns open, high" in refused.stderr) == (4, True)


def test_bad_rows_of_another_kind_are_told(xq: Run, tmp_path: Path) -> None:
    result = xq("data", "check", _trades(tmp_path, "-42002"), "--kind", "trades")
    assert result.exit_code == 4
    assert {row["row"] for row in result.rows} == {2}


@pytest.mark.parametrize(
    ("kind", "message"),
    [("trdaes", "did you mean 'trades'?"), ("runs", "expected a kind that files are read as")],
)
def test_a_kind_that_no_file_has_is_refused(
    xq: Run, tmp_path: Path, kind: str, message: str
) -> None:
    result = xq("data", "check", _bars(tmp_path, HOUR), "--kind", kind)
    assert (result.exit_code, message in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("step", "given", "looks"), [(MINUTE, "1h", "1m"), (DAY, "1h", "1d"), (HOUR, "1m", "1h")]
)
def test_bars_of_another_length_are_named_and_not_told_as_bad_rows(
    xq: Run, tmp_path: Path, step: int, given: str, looks: str
) -> None:
    path = _bars(tmp_path, step)
    xq("data", "check", path, "--timeframe", given).check(
        4,
        "",
        f"error: the file looks like {looks} bars, expected {given}\n"
        f"  where: {path}\n"
        f"  hint:  add --timeframe {looks}\n",
    )
    assert xq("data", "check", path, "--timeframe", looks).exit_code == 0


def test_a_file_of_several_markets_is_no_heap_of_duplicates(xq: Run, tmp_path: Path) -> None:
    lines = [f"{START + HOUR * n},1,2,1,1,5,{symbol}" for symbol in "AB" for n in range(3)]
    path = _file(tmp_path, "ts,open,high,low,close,volume,symbol", lines)
    result = xq("data", "check", path)
    assert (result.exit_code, result.stdout) == (4, "")
    assert "rows of 2 markets in one file, column symbol: A, B\n" in result.stderr
