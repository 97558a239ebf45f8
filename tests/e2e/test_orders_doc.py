"""docs/orders.md: its console blocks are typed and show what they say."""

from pathlib import Path

from support.console import play

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "orders.md").read_text("utf-8")


def test_the_page_shows_what_happens(tmp_path: Path) -> None:
    assert play(PAGE, tmp_path, {"COLUMNS": "400"}, refused=2) == 4
