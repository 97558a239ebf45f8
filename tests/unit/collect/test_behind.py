"""Commits behind the back of who fetches: order, bounds, errors, nothing lost."""

import threading
from collections.abc import Sequence

import pyarrow as pa
import pytest

from xq.collect.behind import Behind, Piece
from xq.errors import StorageFailed
from xq.lake.ranges import Range

_LONG = 30  # seconds; only a failure waits so long


def piece(number: int, rows: int = 1) -> Piece:
    return Piece(pa.table({"ts": [number] * rows}), (Range(number, number + 1),))


def numbers(pieces: Sequence[Piece]) -> list[int]:
    return [item.covered[0].start_ms for item in pieces]


class Slow:
    """Writes when it is told to."""

    def __init__(self) -> None:
        self.commits: list[list[int]] = []
        self.begun, self.go = threading.Semaphore(0), threading.Semaphore(0)

    def write(self, pieces: Sequence[Piece]) -> None:
        self.begun.release()
        assert self.go.acquire(timeout=_LONG)
        self.commits.append(numbers(pieces))


def test_what_waits_together_is_committed_together_and_in_order() -> None:
    slow = Slow()
    with Behind(slow.write) as behind:
        behind.put(piece(0))
        assert slow.begun.acquire(timeout=_LONG)
        for number in (1, 2, 3):
            behind.put(piece(number))
        assert slow.commits == []
        slow.go.release(2)
    assert slow.commits == [[0], [1, 2, 3]]


def test_nothing_is_lost_when_the_fetch_fails() -> None:
    seen: list[int] = []

    def fetch() -> None:
        with Behind(lambda pieces: seen.extend(numbers(pieces))) as behind:
            behind.put(piece(0))
            behind.put(piece(1))
            raise ValueError("the venue is gone")

    with pytest.raises(ValueError, match="venue"):
        fetch()
    assert seen == [0, 1]


def test_a_failed_commit_is_raised_and_ends_the_writing() -> None:
    seen: list[int] = []

    def write(pieces: Sequence[Piece]) -> None:
        seen.extend(numbers(pieces))
        raise StorageFailed("disk full")

    with pytest.raises(StorageFailed), Behind(write, ahead=0) as behind:
        behind.put(piece(0))
    assert seen == [0]
    with pytest.raises(StorageFailed), Behind(write) as behind:
        behind.put(piece(1))  # told at the end at the latest
    assert seen == [0, 1]


def test_a_large_piece_is_written_before_the_next_is_fetched() -> None:
    seen: list[int] = []
    with Behind(lambda pieces: seen.extend(numbers(pieces)), ahead=100) as behind:
        behind.put(piece(0, rows=1_000))
        assert seen == [0]
        behind.put(piece(1, rows=1_000))
        assert seen == [0, 1]


def test_no_more_waits_than_is_allowed() -> None:
    slow = Slow()
    written_at_return: list[int] = []

    def fetch() -> None:
        for number in (1, 2, 3):
            behind.put(piece(number))
            written_at_return.append(len(slow.commits))

    with Behind(slow.write, ahead=3 * piece(0).rows.nbytes) as behind:
        behind.put(piece(0))
        assert slow.begun.acquire(timeout=_LONG)
        thread = threading.Thread(target=fetch)
        thread.start()
        slow.go.release(4)
        thread.join(_LONG)
    assert len(written_at_return) == 3
    assert written_at_return[2] >= 1  # four were one too many
    assert [number for commit in slow.commits for number in commit] == [0, 1, 2, 3]


def test_without_a_piece_nothing_is_started() -> None:
    with Behind(lambda _: pytest.fail("nothing to write")):
        pass


def test_who_shares_a_turn_writes_one_after_the_other_and_waiting_pieces_together() -> None:
    slow, turn = Slow(), threading.Semaphore(1)
    second: list[list[int]] = []
    written = threading.Semaphore(0)

    def write(pieces: Sequence[Piece]) -> None:
        second.append(numbers(pieces))
        written.release()

    with Behind(write, turn=turn) as later, Behind(slow.write, turn=turn) as behind:
        for number in (0, 1):
            behind.put(piece(number))
            assert slow.begun.acquire(timeout=_LONG)
            if not number:
                slow.go.release()
        later.put(piece(10))  # the first waits for nobody
        assert written.acquire(timeout=_LONG)
        for number in (11, 12, 13):
            later.put(piece(number))
        assert second == [[10]]
        slow.go.release()
    assert (slow.commits, second) == ([[0], [1]], [[10], [11, 12, 13]])


def test_a_failed_commit_gives_its_turn_away() -> None:
    turn = threading.Semaphore(1)

    def write(pieces: Sequence[Piece]) -> None:
        if numbers(pieces) != [0]:
            raise StorageFailed("disk full")

    def fetch() -> None:
        with Behind(write, ahead=0, turn=turn) as behind:
            behind.put(piece(0))
            behind.put(piece(1))

    with pytest.raises(StorageFailed):
        fetch()
    assert turn.acquire(timeout=_LONG)
