"""docs/trading.md: its console blocks are typed, its settings are read, its tests exist."""

import re
from pathlib import Path

from support.console import play

from xq.api.book import check_book
from xq.api.workspace import open_workspace

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "trading.md").read_text("utf-8")


def test_the_page_shows_what_happens(tmp_path: Path) -> None:
    assert play(PAGE, tmp_path, {"COLUMNS": "400"}) == 9


def test_its_settings_are_taken(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "xq.toml").write_text(block)
    ws = open_workspace(environ={}, cwd=tmp_path)
    check_book(ws)
    assert ws.config.trade.book["mean_reversion"].params == {"window": 30}


def test_the_tests_it_names_exist() -> None:
    named = set(re.findall(r"`(tests/[a-z_/]+\.py)`", PAGE))
    assert len(named) >= 10
    assert all((ROOT / name).exists() for name in named)
