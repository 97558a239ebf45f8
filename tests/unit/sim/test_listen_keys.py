"""Listen keys over a restart of the venue."""

import pytest

from xq.clock import ManualClock
from xq.sim.instruments import Face
from xq.sim.wire.streams.listen_keys import ListenKeys

HOUR_SECONDS = 3600
FUTURES = Face.FUTURES


@pytest.fixture
def wall():
    return ManualClock(1_700_000_000_000)


@pytest.fixture
def old(wall):
    """The key that a process gave which is no more."""
    key = ListenKeys(wall, ["main", "alice"]).create("alice", FUTURES)
    wall.sleep(1)
    return key


@pytest.fixture
def keys(old, wall):
    return ListenKeys(wall, ["main", "alice"])


def test_a_key_outlives_the_process_for_an_hour(keys, old, wall):
    wall.sleep(HOUR_SECONDS - 1)
    assert keys.find(old, FUTURES).owner == "alice"
    assert keys.find(old, Face.SPOT) is None
    wall.sleep(1)
    assert [key.key for key in keys.expire()] == [old]
    assert keys.find(old, FUTURES) is None


def test_it_is_the_accounts_key_and_can_be_renewed(keys, old, wall):
    assert keys.find(old, FUTURES) is not None
    assert keys.create("alice", FUTURES) == old
    wall.sleep(HOUR_SECONDS - 1)
    assert keys.keep("alice", FUTURES) == old
    wall.sleep(HOUR_SECONDS - 1)
    assert keys.find(old, FUTURES).owner == "alice"


def test_once_closed_or_cut_short_it_stays_so(keys, old, wall):
    keys.find(old, FUTURES)
    keys.close("alice", FUTURES)
    assert keys.find(old, FUTURES) is None
    again = ListenKeys(wall, ["alice"])
    again.find(old, FUTURES)
    again.cut_short("alice")
    assert [key.key for key in again.expire()] == [old]
    assert again.find(old, FUTURES) is None


def test_what_was_never_given_is_no_key(keys, old):
    for text in ("0" * 64, old[:-1] + "g", old[:-1], "", "-" + old[1:], old.upper() + "x"):
        assert keys.find(text, FUTURES) is None


def test_keys_of_this_process_end_for_good(wall):
    keys = ListenKeys(wall, ["main"])
    first = keys.create("main", FUTURES)
    keys.close("main", FUTURES)
    assert keys.find(first, FUTURES) is None
    assert keys.create("main", FUTURES) != first
