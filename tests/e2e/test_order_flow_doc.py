"""The page about order flow: its blocks are typed on a recorded market."""

from pathlib import Path

from support.console import play

PAGE = Path(__file__).resolve().parents[2] / "docs" / "order-flow.md"


def test_the_page_shows_what_happens(tmp_path: Path, market_data: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert play(page, tmp_path, {"XQ_TEST_DATA": str(market_data)}) >= 12
