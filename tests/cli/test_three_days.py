"""``3d``: nobody can tell its edges, so nothing brings it in or makes it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
REASON = "3d bars open on days of the venue's own choice"


def test_collect_and_import_refuse_it(xq: Run, tmp_path: Path) -> None:
    (tmp_path / "three.csv").write_text("ts,open,high,low,close,volume\n1502928000000,1,1,1,1,1\n")
    for line in (
        ("collect", "--exchange", "sim", "--timeframe", "3d"),
        ("data", "import", "three.csv", "--timeframe", "3d"),
    ):
        result = xq(*line)
        result.check(2, "")
        assert REASON in result.stderr
        assert "hint:  take 1d or 1w" in result.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("target", "bars"), [("1w", [7]), ("1d", [1] * 9)])
def test_resample_refuses_it_and_nothing_else(xq: Run, target: str, bars: list[int]) -> None:
    xq("collect", "--exchange", "sim", "--timeframe", "1d", "--since", "2023-12-18",
       "--until", "2023-12-27").check(0)  # fmt: skip
    rows = xq("sql", f"select bars from resample('{target}')").rows
    assert [row["bars"] for row in rows] == bars
    result = xq("sql", "select * from resample('3d')")
    result.check(2, "")
    assert REASON in result.stderr
