"""``xq data import`` of bars of another length than the one said."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
START = 1_704_067_200_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def _file(folder: Path, times: Sequence[int]) -> Path:
    path = folder / "bars.csv"
    lines = ["ts,open,high,low,close,volume", *(f"{ts},10,12,9,11,{ts % 97 + 1}" for ts in times)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("times", "given", "looks"),
    [
        ([START + DAY * n for n in range(5)], "1h", "1d"),
        ([START + DAY * n for n in (0, 1, 2, 5, 6)], "1h", "1d"),
        ([START + DAY * n for n in (0, 1)], "1h", "1d"),
        ([START + 7 * DAY * n for n in range(4)], "1d", "1w"),
        ([START + HOUR * n for n in range(30)], "1m", "1h"),
        ([START + HOUR * n for n in (0, 1, 9)], "5m", "1h"),
        ([START + MINUTE * n for n in range(90)], "1h", "1m"),
        ([START + HOUR * n for n in range(50)], "1d", "1h"),
    ],
)
def test_bars_of_another_length_are_refused_and_named(
    xq: Run, tmp_path: Path, times: list[int], given: str, looks: str
) -> None:
    path = _file(tmp_path, times)
    xq("data", "import", path, "--timeframe", given).check(
        4,
        "",
        f"error: the file looks like {looks} bars, expected {given}\n"
        f"  where: {path}\n"
        f"  hint:  add --timeframe {looks}\n",
    )
    assert not (tmp_path / "data").exists()
    xq("data", "import", path, "--timeframe", looks).check(0)


@pytest.mark.parametrize("quarantine", [(), ("--quarantine",)])
def test_minutes_are_not_set_aside_as_59_bad_hours_of_60(
    xq: Run, tmp_path: Path, quarantine: tuple[str, ...]
) -> None:
    path = _file(tmp_path, [START + MINUTE * n for n in range(120)])
    result = xq("data", "import", path, *quarantine)
    assert (result.exit_code, "looks like 1m bars" in result.stderr) == (4, True)


@pytest.mark.parametrize(
    ("times", "message", "hint"),
    [
        (
            [START + 10 * MINUTE * n for n in range(9)],
            "the rows are 10 minutes apart",
            "xq knows 1s 1m 3m",
        ),
        (
            [int(datetime(2023, month, 1, tzinfo=UTC).timestamp() * 1000) for month in (1, 2, 3)],
            "the file looks like 1M bars",
            "add --timeframe 1M",
        ),
    ],
)
def test_lengths_that_the_name_does_not_say(
    xq: Run, tmp_path: Path, times: list[int], message: str, hint: str
) -> None:
    for given in ("5m", "1d"):
        result = xq("data", "import", _file(tmp_path, times), "--timeframe", given)
        assert (result.exit_code, message in result.stderr) == (4, True), result.stderr
        assert hint in result.stderr


@pytest.mark.parametrize(
    "times",
    [
        [START],
        [START, START + 5 * HOUR],
        [START + HOUR * n for n in range(100) if n % 7 and n % 24],
        [START + HOUR * n for n in (0, 2, 5)],
        [START + HOUR * n for n in (5, 1, 0)],
    ],
)
def test_honest_hours_with_holes_pass(xq: Run, tmp_path: Path, times: list[int]) -> None:
    [report] = xq("data", "import", _file(tmp_path, times)).rows
    assert report["added"] == len(times)
