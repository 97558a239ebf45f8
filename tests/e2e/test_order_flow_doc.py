"""The page about order flow: its blocks are typed on a recorded market."""

import shutil
from pathlib import Path

import pytest
from support.console import commands, matches, typed

PAGE = Path(__file__).resolve().parents[2] / "docs" / "order-flow.md"


@pytest.mark.skipif(shutil.which("jq") is None, reason="the page uses jq")
def test_the_page_shows_what_happens(tmp_path: Path, market_data: Path) -> None:
    found = commands(PAGE.read_text(encoding="utf-8"))
    assert len(found) >= 12
    folder = tmp_path
    for command, wanted in found:
        if command.startswith("cd "):
            folder /= command.removeprefix("cd ").strip()
            continue
        code, shown = typed(command, folder, {"XQ_TEST_DATA": str(market_data)})
        assert code == 0, f"$ {command}\n{shown}"
        assert matches(wanted, shown), f"$ {command}\n--- page\n{wanted}\n--- shown\n{shown}"
