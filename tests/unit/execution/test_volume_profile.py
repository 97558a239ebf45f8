"""The day's volume by time of day, from the past only."""

import numpy as np
import pytest

from xq.bars import Bars
from xq.errors import NoData, UsageError
from xq.execution.volume_profile import volume_profile
from xq.timeframe import DAY_MS, HOUR_MS, Timeframe

HOURS = Timeframe.parse("1h")


def days(volume: np.ndarray) -> Bars:
    ts = np.arange(len(volume)) * HOUR_MS
    return Bars.of(HOURS, ["BTC/USDT"], ts, close=np.ones(len(volume)), volume=volume)


def test_it_is_the_mean_of_the_days_at_that_hour() -> None:
    first, second = np.arange(24.0), np.arange(24.0) * 3
    found = volume_profile(days(np.concatenate((first, second))), 2 * DAY_MS, 3 * DAY_MS, 24)
    assert found == pytest.approx(np.arange(24.0) / np.arange(24.0).sum())


def test_a_slice_may_begin_inside_a_bar_and_run_over_midnight() -> None:
    volume = np.ones(24)
    volume[23], volume[0] = 6.0, 2.0
    start = DAY_MS + 23 * HOUR_MS + HOUR_MS // 2
    found = volume_profile(days(volume), start, start + HOUR_MS, 2)
    assert found == pytest.approx((0.75, 0.25))


def test_hours_without_a_bar_do_not_count_as_empty() -> None:
    volume = np.tile(np.ones(24), 2)
    volume[5] = np.nan
    assert volume_profile(days(volume), 2 * DAY_MS, 3 * DAY_MS, 24) == pytest.approx([1 / 24] * 24)
    volume[29] = np.nan
    with pytest.raises(NoData, match="time of day"):
        volume_profile(days(volume), 2 * DAY_MS, 3 * DAY_MS, 24)


def test_the_future_is_refused() -> None:
    with pytest.raises(UsageError, match="ended before the start"):
        volume_profile(days(np.ones(48)), 2 * DAY_MS - 1, 3 * DAY_MS, 24)


def test_a_market_that_stood_still_has_no_profile() -> None:
    with pytest.raises(NoData, match="nothing traded"):
        volume_profile(days(np.zeros(24)), DAY_MS, 2 * DAY_MS, 4)
    with pytest.raises(NoData, match="time of day"):
        volume_profile(days(np.zeros(0)), DAY_MS, 2 * DAY_MS, 4)
