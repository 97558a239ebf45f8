"""docs/execution.md: its console blocks are typed, its settings are read, its tests exist."""

import re
from pathlib import Path

import pytest
from support.console import play

from xq.api.trade_terms import manners_of
from xq.api.workspace import open_workspace
from xq.errors import ConfigError
from xq.timeframe import Timeframe
from xq.types import Symbol

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "execution.md").read_text("utf-8")


def test_the_page_shows_what_happens(tmp_path: Path) -> None:
    assert play(PAGE, tmp_path, {"COLUMNS": "400"}) == 3


def test_its_settings_are_taken(tmp_path: Path) -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "xq.toml").write_text("".join(blocks))
    settings = open_workspace(environ={}, cwd=tmp_path).config.trade.execution
    btc, eth, doge = map(Symbol.parse, ("BTC/USDT", "ETH/USDT", "DOGE/USDT"))
    found = manners_of(settings, (btc, eth, doge), Timeframe.parse("1h"))
    told = {symbol: (each.kind, each.over_ms, each.slices) for symbol, each in found.items()}
    assert told == {btc: ("twap", 600_000, 10), eth: ("pov", 600_000, 10)}
    with pytest.raises(ConfigError, match="of DOGE/USDT, ETH/USDT, which"):
        manners_of(settings, (btc,), Timeframe.parse("1h"))


def test_the_tests_it_names_exist() -> None:
    named = set(re.findall(r"`(tests/[a-z_/]+\.py)`", PAGE))
    assert len(named) >= 8
    assert all((ROOT / name).exists() for name in named)
