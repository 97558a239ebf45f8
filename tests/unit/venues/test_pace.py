import pytest

from xq.clock import ManualClock
from xq.errors import VenueRefused
from xq.venues.pace import WEIGHT_HEADER, Pace, retry_after


def test_requests_keep_their_distance() -> None:
    clock = ManualClock(0)
    pace = Pace(clock, spacing=0.25)
    starts = []
    for _ in range(3):
        pace.wait()
        starts.append(clock.now_ms())
    assert starts == [0, 250, 500]


def test_a_pause_holds_everyone() -> None:
    clock = ManualClock(0)
    pace = Pace(clock)
    pace.pause(7)
    pace.wait()
    assert clock.now_ms() == 7_000


def test_a_ban_lets_nothing_through_until_it_ends() -> None:
    clock = ManualClock(0)
    pace = Pace(clock)
    pace.ban(30)
    with pytest.raises(VenueRefused, match="1970-01-01T00:00:30Z"):
        pace.wait()
    clock.advance_to(30_000)
    pace.wait()
    assert clock.now_ms() == 30_000


@pytest.mark.parametrize(("used", "waits_until"), [("89", 15_000), ("90", 60_300), ("x", 15_000)])
def test_used_weight_slows_down_before_the_limit(used: str, waits_until: int) -> None:
    clock = ManualClock(15_000)
    pace = Pace(clock, weight_limit=100)
    pace.learn({WEIGHT_HEADER: used})
    pace.wait()
    assert clock.now_ms() == waits_until


@pytest.mark.parametrize(
    ("text", "seconds"), [("", None), ("soon", None), ("nan", None), ("-3", None), ("0", 0.0)]
)
def test_retry_after_that_is_not_a_plain_number(text: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": text}, 0) == seconds


def test_what_is_told_between_the_two_edges_counts_in_the_minute_that_begins() -> None:
    clock = ManualClock(60_100)  # the venue's minute has begun, ours waits for the guard
    pace = Pace(clock, weight_limit=100)
    pace.learn({WEIGHT_HEADER: "90"}, 1, pace.wait())
    clock.advance_to(61_000)
    pace.wait()
    assert clock.now_ms() == 120_300
