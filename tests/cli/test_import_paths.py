"""``xq data import`` of what is no file, no data, or data in another dress."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from shlex import quote
from typing import Any

import pytest

Run = Callable[..., Any]
HEAD = "ts,open,high,low,close,volume\n"
ROWS = "2024-01-01,10,12,9,11,1\n2024-01-02,11,12,9,10,2\n2024-01-03,10,12,9,11.5,3\n"
DAYS = ("--timeframe", "1d")


@pytest.mark.parametrize("text", ["btc_daily.cvs", "BTC_DAILY.CSV", "btc-daily.csv"])
def test_a_missing_file_is_a_usage_error_with_the_names_beside_it(
    xq: Run, tmp_path: Path, text: str
) -> None:
    (tmp_path / "btc_daily.csv").write_text(HEAD + ROWS)
    xq("data", "import", text, *DAYS).check(
        2, "", f"error: no such file: {text}; did you mean btc_daily.csv?\n"
    )


def test_a_missing_file_without_a_namesake_and_an_empty_name(xq: Run, tmp_path: Path) -> None:
    xq("data", "import", "a/b.csv").check(
        2, "", f"error: no such file: a/b.csv\n  hint:  ls {tmp_path}\n"
    )
    xq("data", "import", "").check(2, "", "error: expected a file or folder, found an empty name\n")


def test_one_missing_file_stops_all_before_the_first(xq: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEAD + ROWS)
    result = xq("data", "import", "a.csv", "nothing.parquet", *DAYS)
    assert (result.exit_code, result.stdout) == (2, "")
    assert not (tmp_path / "data").exists()


def test_a_folder_without_data_says_what_is_looked_for(xq: Run, tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    looked = (
        "found a folder without .csv, .zip, .parquet, .pq, .feather, .json, .json.gz, .raw.gz, "
        ".ws.gz or .http.gz in it"
    )
    where = f"  where: {folder}\n  hint:  ls {folder}\n"
    xq("data", "import", folder).check(4, "", f"error: {looked}, it is empty\n{where}")
    (folder / "a.txt").write_text("x")
    (folder / "sub.csv").mkdir()
    xq("data", "import", folder).check(4, "", f"error: {looked}, 1 other file\n{where}")


def test_a_mixed_folder_takes_the_data_and_tells_the_rest(xq: Run, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    (folder / "old.csv").mkdir(parents=True)
    (folder / "old.csv" / "B.CSV").write_text(HEAD + ROWS)
    for name in ("readme.txt", "sheet.xlsx", "LICENSE"):
        (folder / name).write_text("x")
    result = xq("data", "import", folder, *DAYS)
    result.check(0, stderr="3 files not taken, for their endings: .txt, .xlsx, LICENSE\n")
    [report] = result.rows
    assert report["added"] == 3


def test_a_pipe_is_refused_instead_of_waited_for(xq: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "bars.csv")
    answers: list[Any] = []
    asking = threading.Thread(
        target=lambda: answers.append(xq("data", "import", "bars.csv")), daemon=True
    )
    asking.start()
    asking.join(60)
    [result] = answers
    result.check(2, "")
    assert "found a pipe or device: bars.csv" in result.stderr


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", b"", "the file is empty, it has no rows"),
        ("a.csv", HEAD.encode(), "the file has no rows"),
        ("a.csv", bytes(range(256)) * 9, "neither Parquet nor UTF-8 text"),
        ("a.csv", HEAD.encode("utf-16"), "neither Parquet nor UTF-8 text"),
        ("a.parquet", b"\x07garbage\xff" * 50, "not a Parquet file"),
        ("a.parquet", b"", "the file is empty, it has no rows"),
        ("a.json", b"", "the file is empty, it has no rows"),
        ("a.bin", bytes(range(255, 0, -1)), "neither Parquet nor UTF-8 text"),
    ],
)
def test_empty_files_and_garbage(
    xq: Run, tmp_path: Path, name: str, data: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(data)
    xq("data", "import", name).check(4, "", f"error: {message}\n  where: {name}\n")
    assert not (tmp_path / "data").exists()


def test_rights_are_not_looked_for_with_df(tmp_path: Path) -> None:
    from xq.lake.disk import failed

    path = tmp_path / "a.csv"
    denied = failed(PermissionError(errno.EACCES, "Permission denied", str(path)), path)
    assert str(denied) == (f"error: permission denied\n  where: {path}\n  hint:  ls -ld {tmp_path}")
    full = failed(OSError(errno.ENOSPC, "No space left"), path)
    assert full.hint == f"df -h {tmp_path}"


@pytest.mark.parametrize("name", ["nowhere.csv", "my folder"])
def test_what_is_no_file_is_not_looked_for_with_df(xq: Run, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "my folder"
    folder.mkdir()
    result = xq("data", "check", folder / "nowhere.csv" if "." in name else folder)
    near = folder if "." in name else tmp_path
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        4,
        f"  hint:  ls {quote(str(near))}",
    )


def _dressed(text: str) -> dict[str, bytes]:
    lines = text.splitlines()
    capitals = ["TS,OPEN,High,Low, Close ,VOLUME", *lines[1:]]
    spoken = ["Unix,Date,timestamp,Open,High,Low,Close,Vol"]
    spoken += [f"1,{line.split(',')[0]},{line}" for line in lines[1:]]
    return {
        "semicolons": text.replace(",", ";").encode(),
        "tabs": text.replace(",", "\t").encode(),
        "bom": b"\xef\xbb\xbf" + text.encode(),
        "bom and semicolons": b"\xef\xbb\xbf" + text.replace(",", ";").encode(),
        "capitals": "\n".join(capitals).encode(),
        "two columns of times": "\n".join(spoken).encode(),
        "windows": text.replace("\n", "\r\n").encode(),
        "quoted": "\n".join(
            ",".join(f'"{cell}"' for cell in line.split(",")) for line in lines
        ).encode(),
        "utc in words": text.replace("2024-01-01", "2024-01-01 00:00:00 UTC").encode(),
    }


@pytest.mark.parametrize("dress", list(_dressed(HEAD + ROWS)))
def test_the_same_rows_in_another_dress(xq: Run, tmp_path: Path, dress: str) -> None:
    (tmp_path / "plain.csv").write_text(HEAD + ROWS)
    (tmp_path / "dressed.csv").write_bytes(_dressed(HEAD + ROWS)[dress])
    xq("data", "import", "plain.csv", *DAYS).check(0)
    [report] = xq("data", "import", "dressed.csv", *DAYS).rows
    assert (report["unchanged"], report["added"], report["revised"]) == (3, 0, 0)


def test_decimal_commas_are_refused_and_never_read_as_thousands(xq: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        HEAD.replace(",", ";") + "2024-01-01;42283,58;43000,5;42000;42500,1;1\n"
    )
    result = xq("data", "import", "a.csv", *DAYS)
    result.check(4, "")
    assert "row 1: open is no number: '42283,58' (unreadable)" in result.stderr
    assert "hint:  write decimals with a point, and nothing between thousands" in result.stderr
    (tmp_path / "a.csv").write_text(HEAD + '2024-01-01,"42,283.58",43000,42000,42500,1\n')
    result = xq("data", "import", "a.csv", *DAYS)
    assert "row 1: open is no number: '42,283.58'" in result.stderr


def test_times_as_people_in_other_countries_write_them(xq: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEAD + ROWS.replace("2024-01-01", "01/02/2024"))
    result = xq("data", "import", "a.csv", *DAYS)
    result.check(4, "")
    assert "row 1: ts is no time: '01/02/2024' (unreadable)" in result.stderr
    assert "hint:  times are epoch numbers or like 2024-01-31T00:00:00Z" in result.stderr
