from pathlib import Path

from xq.venues.bans import Bans


def test_a_ban_is_seen_by_whoever_opens_the_file(tmp_path: Path) -> None:
    path = tmp_path / "state" / "bans.json"
    first, second = Bans(path), Bans(path)
    assert second.until_ms("binance spot") == 0
    first.add("binance spot", 5_000)
    first.add("binance spot", 4_000)
    first.add("binance contracts", 7_000)
    assert [Bans(path).until_ms(name) for name in ("binance spot", "binance contracts")] == [
        5_000,
        7_000,
    ]
    assert second.until_ms("binance spot") == 5_000


def test_a_file_that_is_none_of_ours_bans_nobody(tmp_path: Path) -> None:
    path = tmp_path / "bans.json"
    for text in ("", "[1]", '{"a": "b"}'):
        path.write_text(text)
        assert Bans(path).until_ms("a") == 0
