"""When ticks happen, and how the loop ends."""

import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from xq.live.schedule import BarClose, Bell, Between, run
from xq.timeframe import HOUR_MS, Timeframe

HOUR = Timeframe.parse("1h")
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (NOON, NOON + timedelta(seconds=5)),
        (NOON + timedelta(seconds=5), NOON + timedelta(seconds=5)),
        (NOON + timedelta(seconds=6), NOON + timedelta(hours=1, seconds=5)),
    ],
)
def test_fires_after_the_close(now: datetime, due: datetime) -> None:
    assert BarClose(HOUR, 5_000).get_next_fire_time(None, now) == due


def test_a_tick_is_not_repeated_and_missed_ones_are_not_made_up_for_one_by_one() -> None:
    trigger = BarClose(HOUR, 5_000)
    fired = NOON + timedelta(seconds=5)
    assert trigger.get_next_fire_time(fired, fired) == fired + timedelta(hours=1)
    late = fired + timedelta(hours=3, minutes=10)
    assert trigger.get_next_fire_time(fired, late) == fired + timedelta(hours=4)


def test_the_venue_may_live_in_another_time() -> None:
    trigger = BarClose(HOUR, 5_000)
    trigger.synchronise(-90 * 24 * HOUR_MS - 600_000)  # its clock is 90 days and 10 minutes behind
    assert trigger.get_next_fire_time(None, NOON) == NOON + timedelta(minutes=10, seconds=5)


def test_an_ended_trigger_fires_no_more() -> None:
    trigger = BarClose(HOUR, 0)
    trigger.is_over = True
    assert trigger.get_next_fire_time(None, NOON) is None


class Rapid(BarClose):
    """Fires at once, again and again."""

    def __init__(self) -> None:
        super().__init__(HOUR, 0)

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        return None if self.is_over else (previous or now) + timedelta(milliseconds=1)


def test_cycles_end_the_loop() -> None:
    ticks: list[int] = []
    assert run(Rapid(), lambda: ticks.append(1), cycles=3, grace_seconds=60) is False
    assert len(ticks) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_between_ticks_ends_the_wait(number: signal.Signals) -> None:
    trigger = BarClose(HOUR, 5_000)
    ticks: list[int] = []

    def act() -> None:
        ticks.append(1)
        _soon(lambda: os.kill(os.getpid(), number))

    assert run(trigger, act, grace_seconds=60) is False
    assert ticks == [1]


def test_a_signal_during_a_tick_lets_it_finish() -> None:
    done: list[str] = []

    def act() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        done.append("finished")

    assert run(Rapid(), act, grace_seconds=60) is False
    assert done == ["finished"]


def test_a_signal_during_a_look_lets_it_finish() -> None:
    done: list[str] = []

    def look() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        done.append("finished")

    far = BarClose(Timeframe.parse("1d"), 0)
    assert run(far, lambda: None, grace_seconds=60, between=[Between(look, 0.01)]) is False
    assert done == ["finished"]


def test_a_second_signal_cuts_the_tick() -> None:
    done: list[str] = []

    def act() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        done.append("finished")

    assert run(Rapid(), act, grace_seconds=60) is True
    assert done == []


def test_a_tick_that_does_not_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xq.live.schedule.GRACE_SECONDS", 0.05)
    endless = threading.Event()

    def act() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        endless.wait(30)

    assert run(Rapid(), act, grace_seconds=60) is True


@pytest.mark.parametrize("fatal", [1, 2])
def test_a_bug_ends_the_loop_and_is_raised(fatal: int) -> None:
    ticks: list[int] = []

    def act() -> None:
        ticks.append(1)
        if len(ticks) == fatal:
            raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        run(Rapid(), act, cycles=4, grace_seconds=60)
    assert len(ticks) == fatal


def test_the_handlers_of_before_are_put_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    run(Rapid(), lambda: None, cycles=2, grace_seconds=60)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.parametrize("early", [True, False])
def test_a_bell_brings_the_next_look_at_once(early: bool) -> None:
    """Rung in the first tick by its own thread, or while nothing happens by another one."""
    bell, looks, far = Bell(), [], BarClose(Timeframe.parse("1d"), 0)

    def act() -> None:
        bell.ring() if early else _soon(bell.ring)

    def look() -> None:
        looks.append(threading.current_thread())
        os.kill(os.getpid(), signal.SIGTERM)

    between = [Between(look, 86_400.0, bell)]
    assert run(far, act, grace_seconds=60, between=between) is False
    assert looks == [threading.main_thread()]


def test_a_bell_during_a_look_brings_another_one() -> None:
    bell, looks, far = Bell(), [], BarClose(Timeframe.parse("1d"), 0)

    def look() -> None:
        looks.append(1)
        if len(looks) == 1:
            threading.Thread(target=bell.ring).start()  # waits until this look is over
        else:
            os.kill(os.getpid(), signal.SIGTERM)

    between = [Between(look, 86_400.0, bell)]
    assert run(far, bell.ring, grace_seconds=60, between=between) is False
    assert len(looks) == 2


def _soon(act: Callable[[], None]) -> None:
    threading.Timer(0.1, act).start()
