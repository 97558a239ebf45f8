"""docs/orders.md: its console blocks are typed and show what they say."""

from pathlib import Path

from support.console import commands, matches, typed

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "orders.md").read_text("utf-8")


def test_the_page_shows_what_happens(tmp_path: Path) -> None:
    shown = commands(PAGE)
    assert len(shown) == 4
    for command, wanted in shown:
        code, said = typed(command, tmp_path, {"COLUMNS": "400"})
        assert code == (2 if wanted.startswith("error") else 0), f"$ {command}\n{said}"
        assert matches(wanted, said), f"$ {command}\n--- page\n{wanted}\n--- shown\n{said}"
