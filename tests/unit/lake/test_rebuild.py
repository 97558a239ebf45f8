"""Books rebuilt from a snapshot and changes, on real recordings against the best quotes in them."""

import gzip
import json
from decimal import Decimal
from pathlib import Path

import pytest

from xq.errors import DataGap
from xq.lake.book_rows import tables_of
from xq.lake.books import diffs, snapshots
from xq.lake.formats.recording import read_recording
from xq.lake.rebuild import Diff, OrderBook, Snapshot, rebuilt


def level(price: str, quantity: str) -> tuple[Decimal, Decimal]:
    return Decimal(price), Decimal(quantity)


BASE = Snapshot(100, bids=(level("10", "1"),), asks=(level("11", "1"),))


def change(first: int, last: int, before: int | None = None) -> Diff:
    return Diff(first, last, (level(str(first), "2"),), (), before)


def test_contract_changes_follow_by_their_predecessor() -> None:
    kept = [change(80, 90, 79), change(91, 99, 90), change(98, 101, 97), change(150, 160, 101)]
    assert [book.last_id for book in rebuilt(BASE, kept)] == [101, 160]


def test_the_change_that_ends_with_the_snapshot_is_taken_and_is_harmless() -> None:
    book = OrderBook(BASE)
    assert book.apply(change(95, 100, 94))
    assert book.apply(change(120, 130, 100))
    assert not book.apply(change(120, 130, 100))


def test_a_contract_recording_may_begin_right_after_the_snapshot() -> None:
    assert [book.last_id for book in rebuilt(BASE, [change(140, 150, 100)])] == [150]


def test_spot_ids_have_no_holes() -> None:
    kept = [change(90, 100), change(99, 101), change(102, 102)]
    assert [book.last_id for book in rebuilt(BASE, kept)] == [101, 102]


BROKEN = [
    (change(102, 105),),
    (change(101, 105), change(107, 110)),
    (change(101, 105), change(105, 110)),
    (change(130, 140, 129),),
    (change(95, 105, 94), change(107, 110, 106)),
]


@pytest.mark.parametrize("kept", BROKEN, ids=str)
def test_a_missing_change_is_refused_and_leaves_the_book(kept: tuple[Diff, ...]) -> None:
    book = OrderBook(BASE)
    for item in kept[:-1]:
        book.apply(item)
    before = (dict(book.bids), book.last_id)
    with pytest.raises(DataGap, match="are missing"):
        book.apply(kept[-1])
    assert (book.bids, book.last_id) == before


def test_a_quantity_of_zero_takes_a_level_away_even_one_that_is_not_there() -> None:
    book = OrderBook(BASE)
    book.apply(Diff(101, 101, (level("10", "0"), level("9", "0")), (level("11", "3"),)))
    assert (book.best_bid, book.best_ask) == (None, level("11", "3"))


# Applied changes, levels left a side, and best quotes that carry the id that ends a change.
REAL = [
    ("binance_um_BTCUSDT_20240808T2354", 6547, 5018, 4578, 629),
    ("binance_spot_BTCUSDT_20240808T2354", 3449, 1209, 2196, 564),
]


@pytest.mark.parametrize(("name", "applied", "bids", "asks", "compared"), REAL)
def test_real_recordings(
    market_data: Path, name: str, applied: int, bids: int, asks: int, compared: int
) -> None:
    path = market_data / "book" / f"{name}.raw.gz"
    [market] = read_recording(path).markets.values()
    tables = tables_of(market, name)
    [snapshot] = snapshots(tables["book_snapshot"])
    quotes = _quotes(path)
    equal, count, book = 0, 0, OrderBook(snapshot)
    for book in rebuilt(snapshot, diffs(tables["book_diff"])):
        count += 1
        if book.last_id in quotes:
            assert (book.best_bid, book.best_ask) == quotes[book.last_id]
            equal += 1
    assert (count, len(book.bids), len(book.asks), equal) == (applied, bids, asks, compared)


def _quotes(path: Path) -> dict[int, tuple[tuple[Decimal, Decimal], tuple[Decimal, Decimal]]]:
    found = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if "@bookTicker" in line:
                data = json.loads(line.partition(" ")[2])["data"]
                bid, ask = level(data["b"], data["B"]), level(data["a"], data["A"])
                found[data["u"]] = (bid, ask)
    return found
