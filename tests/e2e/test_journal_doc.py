"""The page about the journal: its blocks are typed in a fresh folder."""

import shutil
from pathlib import Path

import pytest
from support.console import commands, matches, typed

PAGE = Path(__file__).resolve().parents[2] / "docs" / "journal.md"


@pytest.mark.skipif(shutil.which("jq") is None, reason="the page uses jq")
def test_the_page_shows_what_happens(tmp_path: Path) -> None:
    found = commands(PAGE.read_text(encoding="utf-8"))
    assert len(found) >= 7
    for command, wanted in found:
        code, shown = typed(command, tmp_path)
        assert code == 0, f"$ {command}\n{shown}"
        assert matches(wanted, shown), f"$ {command}\n--- page\n{wanted}\n--- shown\n{shown}"
