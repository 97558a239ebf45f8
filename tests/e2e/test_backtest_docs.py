"""The pages about backtests and reports: their blocks are typed, their settings exist."""

import re
from pathlib import Path

import pytest
from support.console import play, typed

from xq.config import BacktestConfig

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = DOCS / "backtest.md"


@pytest.mark.parametrize("name", ["backtest.md", "replay.md", "report.md"])
def test_the_page_shows_what_happens(name: str, tmp_path: Path) -> None:
    assert play((DOCS / name).read_text(encoding="utf-8"), tmp_path)


def test_every_option_of_the_replay_page_exists(tmp_path: Path) -> None:
    code, shown = typed("xq backtest --help", tmp_path)
    assert code == 0
    page = (DOCS / "replay.md").read_text(encoding="utf-8")
    named = set(re.findall(r"--[a-z][a-z-]*", page)) - {"--nautilus", "--exchange"}
    assert {"--verify", "--decide", "--engine"} <= named
    assert [option for option in named if not re.search(rf"{option}\b", shown)] == []


def test_every_setting_named_exists() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([a-z_]+)[^`]*`", row)}
    assert {"fee", "maker_fee", "slippage_model", "limit_exits"} <= named - {"backtest"}
    assert named <= set(BacktestConfig.model_fields)
