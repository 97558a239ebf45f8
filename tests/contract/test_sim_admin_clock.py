"""The venue's time by the admin port; it goes forward only."""

import pytest
import requests
from support.faulty_venue import faulty_venue

START = 1_704_067_200_000
HOUR = 3_600_000


@pytest.fixture
def venue(tmp_path):
    with faulty_venue(tmp_path, admin=True) as found:
        yield found


def clock(venue, **wish):
    address = f"http://127.0.0.1:{venue.server.admin_port}/clock"
    return requests.post(address, json=wish, timeout=120)


def shown(venue):
    address = f"http://127.0.0.1:{venue.server.admin_port}/status"
    return requests.get(address, timeout=120).json()


def test_speed_pause_steps_and_jumps(venue):
    assert shown(venue)["clock"] == {"speed": "1", "paused": False, "ended": False}
    assert clock(venue, speed="60").json()["speed"] == "60"
    venue.clock.sleep(60)
    assert shown(venue)["now_ms"] == START + HOUR
    assert clock(venue, paused=True).json() == {"speed": "60", "paused": True, "ended": False}
    venue.clock.sleep(60)
    assert shown(venue)["now_ms"] == START + HOUR
    assert clock(venue, speed=2.5).json()["paused"] is True
    for wish, now in (
        ({"step": "1m"}, HOUR + 60_000),
        ({"step": 500}, HOUR + 60_500),
        ({"next": "1h"}, 2 * HOUR),
        ({"seek": START + 3 * HOUR}, 3 * HOUR),
        ({"seek": "2024-01-01T04:00:00Z"}, 4 * HOUR),
        ({"seek": "2024-01-01T05:00:00"}, 5 * HOUR),
    ):
        assert clock(venue, **wish).status_code == 200
        assert shown(venue)["now_ms"] == START + now
    assert clock(venue, paused=False).json()["paused"] is False
    venue.clock.sleep(2)
    assert shown(venue)["now_ms"] == START + 5 * HOUR + 5_000


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({}, "expected one of speed, paused, step, next, seek"),
        ({"speed": "1", "paused": True}, "expected one of speed"),
        ({"sped": "1"}, "no key named 'sped'; did you mean 'speed'?"),
        ({"speed": "fast"}, "expected a speed from 0.001 to 1000000 or max"),
        ({"speed": True}, "expected a speed as a number or max"),
        ({"speed": 0}, "expected a speed from 0.001"),
        ({"paused": "yes"}, "expected paused to be true or false"),
        ({"step": 0}, "expected a timeframe like 1m"),
        ({"step": "1x"}, "1x"),
        ({"step": 10**15}, "before the year 2100"),
        ({"next": 5}, "expected a timeframe"),
        ({"seek": START - 1}, "cannot go back"),
        ({"seek": "tomorrow"}, "expected an ISO time or epoch milliseconds"),
        ({"seek": None}, "expected an ISO time"),
    ],
    ids=str,
)
def test_wishes_that_cannot_be_met(venue, wish, said):
    before = shown(venue)
    answer = clock(venue, **wish)
    assert answer.status_code == 400
    assert said in answer.json()["message"]
    after = shown(venue)
    assert (after["clock"], after["now_ms"]) == (before["clock"], before["now_ms"])
