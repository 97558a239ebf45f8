"""The venue's clock: its speed, its jumps, and what of it a ledger remembers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scripted_feed import FUTURES_MARKET, HOUR, START, WALL, ScriptedFeed

from xq.clock import ManualClock
from xq.errors import ConfigError, UsageError
from xq.sim.instruments import Face, Market
from xq.sim.ledger import FILE_NAME, Ledger
from xq.sim.pace import REAL_TIME, Pace, VenueClock
from xq.sim.venue import SimVenue
from xq.timeframe import Timeframe

MINUTE = Timeframe.parse("1m")
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(0, 10**6)),
        st.tuples(st.just("back"), st.integers(0, 10**4)),
        st.tuples(st.just("speed"), st.sampled_from(["1", "60", "0.5", "max"])),
        st.tuples(st.just("pause"), st.just(0)),
        st.tuples(st.just("resume"), st.just(0)),
        st.tuples(st.just("seek"), st.integers(0, 10**7)),
        st.tuples(st.just("step"), st.integers(0, 10**6)),
    ),
    max_size=30,
)


class Wall(ManualClock):
    """Wall time that an administrator may also put back."""

    def back(self, ms):
        self._now_ms -= ms


def do(wall, clock, deed, amount):
    if deed == "wait":
        wall.advance_to(wall.now_ms() + amount)
    elif deed == "back":
        wall.back(amount)
    elif deed == "speed":
        clock.set_pace(Pace.parse(amount))
    elif deed == "pause":
        clock.pause()
    elif deed == "resume":
        clock.resume()
    elif deed == "seek":
        clock.seek(clock.now_ms() + amount)
    else:
        clock.step(amount)


@given(DEEDS)
def test_time_passes_as_the_pace_says_and_no_deed_but_the_wall_moves_it_back(deeds):
    wall = Wall(WALL)
    clock = VenueClock(wall, START)
    for deed, amount in deeds:
        before, pace = clock.now_ms(), clock.pace
        do(wall, clock, deed, amount)
        moved = clock.now_ms() - before
        if deed == "wait":
            expected = 0 if pace.paused else amount * pace.thousandths / 1000
            assert abs(moved - expected) <= 1
        elif deed == "seek":
            assert moved == amount
        elif deed == "step":
            assert moved == (amount if pace.fastest and not pace.paused else 0)
        elif deed != "back":
            assert moved == 0


@given(DEEDS)
def test_the_same_deeds_give_the_same_time(deeds):
    times = []
    for _ in range(2):
        wall = Wall(WALL)
        clock = VenueClock(wall, START, Pace.parse("60"))
        for deed, amount in deeds:
            do(wall, clock, deed, amount)
        times.append(clock.now_ms())
    assert times[0] == times[1]


@given(st.integers(1, 10**6), st.sampled_from(["1", "60", "max"]))
def test_nothing_goes_past_the_end(length, speed):
    wall = ManualClock(WALL)
    clock = VenueClock(wall, START, Pace.parse(speed), end_ms=START + length)
    clock.step(10**7)
    wall.advance_to(WALL + 10**7)
    assert clock.now_ms() == START + length
    assert clock.ended
    assert not clock.step(1)
    assert clock.later(50) == START + length
    with pytest.raises(UsageError, match="where the recording ends"):
        clock.seek(START + length + 1)


def test_a_clock_cannot_be_put_back():
    clock = VenueClock(ManualClock(WALL), START)
    with pytest.raises(UsageError, match="cannot go back") as caught:
        clock.seek(START - 1)
    assert "--state" in caught.value.hint


def test_the_next_bar():
    clock = VenueClock(ManualClock(WALL), START + 59_999)
    assert clock.next_bar(MINUTE) == START + 60_000
    clock.seek(clock.next_bar(MINUTE))
    assert clock.next_bar(MINUTE) == START + 120_000


def test_sleeping_waits_or_moves():
    wall = ManualClock(WALL)
    clock = VenueClock(wall, START, Pace.parse("60"))
    clock.sleep(60)
    assert (clock.now_ms(), wall.now_ms()) == (START + 60_000, WALL + 1_000)
    clock.pause()
    clock.sleep(5)
    assert (clock.now_ms(), wall.now_ms()) == (START + 65_000, WALL + 1_000)


@pytest.mark.parametrize("text", ["", "0", "-1", "fast", "nan", "inf", "2000000"])
def test_a_speed_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match="expected a speed"):
        Pace.parse(text)


@pytest.fixture
def opened(tmp_path):
    """Venues on one ledger, one after the other."""
    wall = ManualClock(WALL)
    feeds = {
        Face.SPOT: ScriptedFeed(Face.SPOT, {"BTCUSDT": [(START - 1, "40000")]}),
        Face.FUTURES: ScriptedFeed(Face.FUTURES, FUTURES_MARKET),
    }
    ledgers = []

    def open_(**options):
        for ledger in ledgers:
            ledger.close()
        ledgers[:] = [Ledger(tmp_path / FILE_NAME)]
        return SimVenue(ledgers[0], feeds, wall, seed=7, **options)

    yield wall, open_
    for ledger in ledgers:
        ledger.close()


class TestRemembered:
    def test_at_another_pace_time_stands_still_while_nobody_runs(self, opened):
        wall, open_ = opened
        venue = open_(pace=Pace.parse("60"))
        wall.sleep(10)
        venue.save()
        assert venue.now_ms == START + 600_000
        wall.sleep(3_600)
        again = open_()
        assert str(again.clock.pace) == "60"
        again.settle()
        assert again.now_ms == START + 600_000
        wall.sleep(1)
        again.settle()
        assert again.now_ms == START + 660_000

    def test_at_real_time_it_goes_on(self, opened):
        wall, open_ = opened
        venue = open_(pace=Pace.parse("60"))
        wall.sleep(10)
        venue.set_pace(REAL_TIME)
        wall.sleep(3_600)
        again = open_()
        again.settle()
        assert again.now_ms == START + 600_000 + HOUR

    def test_a_pause_lasts(self, opened):
        wall, open_ = opened
        venue = open_()
        venue.clock.pause()
        venue.save()
        wall.sleep(100)
        again = open_()
        again.settle()
        assert again.clock.pace.paused
        assert again.now_ms == START
        again.clock.resume()
        wall.sleep(1)
        again.settle()
        assert again.now_ms == START + 1_000

    def test_a_jump_is_booked_at_once(self, opened):
        _, open_ = opened
        open_().seek(START + 5 * HOUR)
        again = open_()
        again.settle()
        assert again.now_ms == START + 5 * HOUR

    def test_a_pace_told_on_opening_is_remembered_before_anything_is_booked(self, opened):
        wall, open_ = opened
        open_()
        wall.sleep(1)
        open_(pace=Pace.parse("max"))
        wall.sleep(3_600)
        assert open_().clock.pace.fastest

    def test_books_are_not_continued_at_prices_from_elsewhere(self, opened):
        _, open_ = opened
        open_(market=Market.REPLAY)
        with pytest.raises(ConfigError, match="--market replay, found synthetic") as caught:
            open_()
        assert "--market replay" in caught.value.hint
