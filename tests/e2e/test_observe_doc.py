"""docs/observe.md: its blocks are typed, its settings taken, its words those of the code."""

import re
from pathlib import Path

from support.console import play

from xq.api.notify import kinds
from xq.api.workspace import open_workspace

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "observe.md").read_text("utf-8")


def test_the_page_shows_what_happens(tmp_path: Path) -> None:
    assert play(PAGE, tmp_path) == 9


def test_its_settings_are_taken(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "xq.toml").write_text(block)
    ws = open_workspace(environ={}, cwd=tmp_path)
    assert (ws.config.log.file, ws.config.metrics.port) == ("state/xq.log", 9108)
    assert len(kinds(ws)) >= 16


def test_its_table_of_events_is_complete(tmp_path: Path) -> None:
    ws = open_workspace(environ={}, cwd=tmp_path)
    table = PAGE.split("| event |")[1].split("\n\n")[0]
    assert {line.event for line in kinds(ws)} == set(re.findall(r"`([a-z_]+)`", table))


def test_the_files_it_names_exist() -> None:
    named = set(re.findall(r"`((?:tests|deploy)/[a-z_/.-]+)`", PAGE))
    assert len(named) >= 6
    assert all((ROOT / name).exists() for name in named)
