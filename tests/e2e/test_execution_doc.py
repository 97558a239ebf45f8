"""docs/execution.md: its console blocks are typed, its settings are read, its tests exist."""

import re
from pathlib import Path

from support.console import play

from xq.api.trade_terms import manner_of
from xq.api.workspace import open_workspace
from xq.timeframe import Timeframe

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "execution.md").read_text("utf-8")


def test_the_page_shows_what_happens(tmp_path: Path) -> None:
    assert play(PAGE, tmp_path, {"COLUMNS": "400"}) == 3


def test_its_settings_are_taken(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "xq.toml").write_text(block)
    settings = open_workspace(environ={}, cwd=tmp_path).config.trade.execution
    manner = manner_of(settings, Timeframe.parse("1h"))
    assert manner is not None
    assert (manner.kind, manner.over_ms, manner.slices) == ("twap", 600_000, 10)


def test_the_tests_it_names_exist() -> None:
    named = set(re.findall(r"`(tests/[a-z_/]+\.py)`", PAGE))
    assert len(named) >= 8
    assert all((ROOT / name).exists() for name in named)
