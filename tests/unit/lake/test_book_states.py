"""Books as arrays: what the exact rebuild says, row by row, and where the record breaks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.recordings import START_MS, contract_messages, diff, lines, snapshot, write

from xq.errors import NoData
from xq.lake.book_states import BookStates, book_states
from xq.lake.books import diffs, snapshots
from xq.lake.layout import Dataset
from xq.lake.reader import Lake
from xq.lake.rebuild import rebuilt

Run = Callable[..., Any]
ABC = "ABC/USDT:USDT"


def _brought(xq: Run, tmp_path: Path, messages: list[dict[str, Any]]) -> Lake:
    xq("data", "import", write(tmp_path / "abc.raw.gz", lines(messages))).check(0)
    return Lake(tmp_path / "data")


def test_small_book_by_hand(xq: Run, tmp_path: Path) -> None:
    states = book_states(_brought(xq, tmp_path, contract_messages()), "binance", ABC, levels=2)
    nan = np.nan
    np.testing.assert_array_equal(states.bid_price, [[10, 9.9], [10.05, 10], [10.05, 10], [10, 9.9],
                                                     [10, 9.9]])  # fmt: skip
    np.testing.assert_array_equal(states.ask_price, [[10.2, nan]] * 2 + [[10.15, 10.2]] * 2
                                  + [[10.2, nan]])  # fmt: skip
    np.testing.assert_array_equal(states.bid_quantity[:, 0], [3, 0.001, 0.001, 3, 3])
    np.testing.assert_array_equal(states.ask_quantity[:, 0], [6, 6, 2, 2, 1])
    assert states.ts.tolist() == [START_MS + n for n in (19, 29, 29, 39, 49)]  # matching times
    assert states.fresh.tolist() == [True, False, False, False, False]


def test_it_equals_the_exact_rebuild_of_a_recording(
    xq: Run, tmp_path: Path, market_data: Path
) -> None:
    recording = market_data / "book" / "binance_spot_BTCUSDT_20240808T2354.raw.gz"
    xq("data", "import", recording).check(0)
    lake = Lake(tmp_path / "data")
    states = book_states(lake, "binance", "BTC/USDT", levels=5)
    place = ("binance", "BTC/USDT")
    [first] = snapshots(lake.table(Dataset("book_snapshot", *place)))
    changes = diffs(lake.table(Dataset("book_diff", *place)))
    count = 0
    for row, book in enumerate(rebuilt(first, changes)):
        count += 1
        if row % 100 == 0:
            bids = sorted(book.bids.items(), reverse=True)[:5]
            asks = sorted(book.asks.items())[:5]
            found = [states.bid_price, states.bid_quantity, states.ask_price, states.ask_quantity]
            exact = [[float(level[part]) for level in side] for side in (bids, asks)
                     for part in (0, 1)]  # fmt: skip
            assert [block[row].tolist() for block in found] == exact
    assert count == len(states) == 3449
    assert states.fresh.sum() == 1


def _torn() -> list[dict[str, Any]]:
    """A change is missing after the third; a snapshot later, and a change that follows it."""
    whole = contract_messages()
    later = snapshot(500, [["20", "1"]], [["21", "1"]], START_MS + 60_000)
    follows = diff(490, 510, [["20.5", "2"]], before=480, ts=START_MS + 60_010)
    return [*whole[:3], *whole[4:], later, follows]


def test_a_break_is_one_row_without_a_book_and_then_a_fresh_one(xq: Run, tmp_path: Path) -> None:
    states = book_states(_brought(xq, tmp_path, _torn()), "binance", ABC, levels=1)
    assert states.fresh.tolist() == [True, True, True]
    np.testing.assert_array_equal(states.bid_price[:, 0], [10.0, np.nan, 20.5])
    np.testing.assert_array_equal(states.ask_price[:, 0], [10.2, np.nan, 21.0])


def test_a_range_begins_with_the_book_before_it(xq: Run, tmp_path: Path) -> None:
    lake = _brought(xq, tmp_path, contract_messages())
    whole = book_states(lake, "binance", ABC, levels=2)
    part: BookStates = book_states(lake, "binance", ABC, START_MS + 25, levels=2)
    np.testing.assert_array_equal(part.bid_price, whole.bid_price[1:])
    assert part.fresh.tolist() == [True, False, False, False]


@pytest.mark.parametrize("messages", [contract_messages()[2:], contract_messages()[:1]])
def test_without_a_beginning_there_is_no_book(
    messages: list[dict[str, Any]], xq: Run, tmp_path: Path
) -> None:
    lake = _brought(xq, tmp_path, messages)
    with pytest.raises(NoData, match="follows a stored snapshot"):
        book_states(lake, "binance", ABC)
