"""The Python of the pages about the lake runs as it stands there."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = [ROOT / "docs" / "lake.md", *sorted((ROOT / "docs" / "lake").glob("*.md"))]
BLOCKS = {
    f"{page.stem}-{number}": code
    for page in PAGES
    for number, code in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")), start=1)
}
Run = Callable[..., Any]


@pytest.mark.parametrize("name", BLOCKS)
def test_it_runs_over_a_lake(xq: Run, name: str) -> None:
    xq("collect", "--exchange", "sim", "--symbol", "BTC/USDT", "--until", "2024-01-01",
       "--days", "30").check(0)  # fmt: skip
    said: dict[str, Any] = {}
    exec(compile(BLOCKS[name], name, "exec"), said)
    if name == "sql-1":
        assert said["frame"].collect().height == len(said["bars"]) == 180
        assert len(said["days"]) == 30
        assert said["last"]["close"].to_list() == said["bars"].close[-2:, 0].tolist()
        assert said["days"][-1][1] == said["newest"]
        assert said["known"] == 1_704_067_200_000


def test_the_page_about_sql_has_one() -> None:
    assert "sql-1" in BLOCKS
