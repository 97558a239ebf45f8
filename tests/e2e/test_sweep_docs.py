"""The page about sweeps: its blocks are typed, its options exist."""

import re
from pathlib import Path

from support.backtests import workspace
from support.console import play, typed

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sweeps.md"


def test_the_page_shows_what_happens(tmp_path: Path) -> None:
    workspace(tmp_path)
    assert play(PAGE.read_text(encoding="utf-8"), tmp_path) == 3


def test_every_option_named_exists(tmp_path: Path) -> None:
    helps = ""
    for name in ("sweep", "walkforward", "trials list"):
        code, shown = typed(f"xq {name} --help", tmp_path)
        assert code == 0
        helps += shown
    for option in set(re.findall(r"--[a-z][a-z-]*", PAGE.read_text(encoding="utf-8"))):
        assert re.search(rf"{option}\b", helps), option
