"""The page about strategies: what it shows is typed, what it lists is shipped."""

import re
from pathlib import Path

from support.console import play

from xq.strategy.load import find

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")


def test_the_page_shows_what_happens(tmp_path: Path) -> None:
    assert play(TEXT, tmp_path)


def test_the_shelf_on_the_page_is_the_shelf() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)
    assert sorted(listed) == sorted(find(ROOT / "strategies"))
