"""The page about the journal: its blocks are typed in a fresh folder."""

from pathlib import Path

from support.console import play

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "journal.md").read_text("utf-8")


def test_the_page_shows_what_happens(tmp_path: Path) -> None:
    assert play(PAGE, tmp_path) == 7
