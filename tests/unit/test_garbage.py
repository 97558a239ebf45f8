"""Searches for circles of garbage are held back, and only as long as asked."""

import gc

import pytest

from xq.garbage import uncollected


def test_a_circle_waits_until_the_block_ends() -> None:
    searches: list[str] = []

    def search(phase: str, _: dict[str, int]) -> None:
        searches.append(phase)

    gc.callbacks.append(search)
    try:
        with uncollected():
            kept = [[] for _ in range(10 * gc.get_threshold()[0])]
            assert searches == []
        more = [[] for _ in range(10 * gc.get_threshold()[0])]
    finally:
        gc.callbacks.remove(search)
    assert searches
    assert len(kept) == len(more)


def test_one_inside_another_ends_with_the_outer_one() -> None:
    with uncollected():
        with uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_error_lets_it_go_on() -> None:
    with pytest.raises(ZeroDivisionError), uncollected():
        _ = 1 / 0
    assert gc.isenabled()
