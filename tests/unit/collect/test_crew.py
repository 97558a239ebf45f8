import threading

import pytest

from xq.collect.crew import each


def test_results_keep_the_order_of_the_items() -> None:
    stop = threading.Event()
    assert each(lambda n: n * n, range(50), at_once=4, stop=stop) == tuple(n * n for n in range(50))
    assert not stop.is_set()


def test_nothing_to_do() -> None:
    assert each(str, [], at_once=4, stop=threading.Event()) == ()


def test_no_more_than_so_many_at_once() -> None:
    running, most = [], []
    gate = threading.Barrier(3, timeout=60)

    def work(item: int) -> None:
        running.append(item)
        most.append(len(running))
        gate.wait()
        running.remove(item)

    each(work, range(9), at_once=3, stop=threading.Event())
    assert max(most) == 3


def test_a_failure_is_raised_and_stops_what_has_not_begun() -> None:
    begun = []

    def work(item: int) -> None:
        begun.append(item)
        raise ValueError(item)

    with pytest.raises(ValueError, match="0"):
        each(work, range(100), at_once=1, stop=threading.Event())
    assert begun == [0]
