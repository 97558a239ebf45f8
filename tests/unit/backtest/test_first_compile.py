"""The half minute of the first compilation is told, once, and spent by one process alone."""

import threading
from pathlib import Path

from xq.backtest.first_compile import NOTE, first_call, hearing

NAME = "simulate_0123456789ab"


def compile_into(cache: Path) -> None:
    (cache / f"kernel.{NAME}-24.py311.nbi").touch()


def test_a_cold_cache_is_told_and_a_warm_one_is_not(tmp_path: Path) -> None:
    told: list[str] = []
    cache = tmp_path / "not yet there"
    with hearing(told.append):
        with first_call(cache, NAME):
            compile_into(cache)
        assert told == [NOTE]
        with first_call(cache, NAME):
            pass
        with first_call(cache, "simulate_anotherversion"):
            pass
    assert told == [NOTE, NOTE]
    with first_call(cache, "simulate_unheard"):
        pass
    assert told == [NOTE, NOTE]


def test_who_comes_second_waits_and_is_told_nothing(tmp_path: Path) -> None:
    told: list[str] = []
    entered, asked = threading.Event(), threading.Event()

    def second() -> None:
        with hearing(told.append):
            asked.set()
            with first_call(tmp_path, NAME):
                entered.set()

    other = threading.Thread(target=second)
    with first_call(tmp_path, NAME):
        other.start()
        assert asked.wait(120)
        assert not entered.is_set()
        compile_into(tmp_path)
    other.join(120)
    assert entered.is_set()
    assert told == []
