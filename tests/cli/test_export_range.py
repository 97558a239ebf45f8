"""``xq data export`` of a range given the wrong way round."""

from collections.abc import Callable
from typing import Any

Run = Callable[..., Any]


def test_a_range_that_ends_before_it_begins_is_not_asked_of_the_venue(xq: Run) -> None:
    range_ = ("--since", "2024-01-02", "--until", "2024-01-01")
    result = xq("data", "export", "bars.csv", *range_)
    assert (result.exit_code, "expected --until after --since" in result.stderr) == (2, True)
