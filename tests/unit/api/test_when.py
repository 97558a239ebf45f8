"""Times and ranges as people type them."""

import math

import pytest

from xq.api.params import assigned
from xq.api.when import check_range, epoch_ms
from xq.errors import UsageError

DAY = 86_400_000


def test_eight_digits_are_a_date_and_not_a_day_of_1970() -> None:
    assert epoch_ms("20231220") == epoch_ms("2023-12-20") == 1_703_030_400_000


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2023", "202312", "20231399", "20.12.2023", "12/20/2023", "-5"]
)
def test_what_is_no_time_is_refused_with_what_was_found(text: str) -> None:
    with pytest.raises(UsageError, match="expected a date like 2024-01-31") as caught:
        epoch_ms(text)
    assert repr(text) in caught.value.message


@pytest.mark.parametrize("text", ["9999-01-01", "0001-01-01", "9" * 20])
def test_a_time_out_of_this_world_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="from 1970 to 2099"):
        epoch_ms(text)


@pytest.mark.parametrize("days", [math.nan, math.inf, -math.inf, 0.0, -1.0, 1e9])
def test_days_are_a_number_one_can_count(days: float) -> None:
    with pytest.raises(UsageError, match="--days above 0"):
        check_range(None, None, days)


@pytest.mark.parametrize("until_ms", [0, DAY])
def test_a_range_ends_after_it_begins(until_ms: int) -> None:
    with pytest.raises(UsageError, match=r"--until after --since, found .* and 1970-01-02"):
        check_range(DAY, until_ms, None)


def test_a_parameter_is_given_once() -> None:
    with pytest.raises(UsageError, match="'fast' is given twice, as 20 and 21"):
        assigned(["fast=20", "slow=50", "fast=21"])
