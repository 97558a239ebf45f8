"""A sample of the bootstrap's exam; ``make torture`` takes all of it."""

import pytest
from support.bootstrap_exam import LEAST, coverage


@pytest.mark.parametrize("name", LEAST)
def test_intervals_cover_what_they_say_and_single_draws_do_not(name: str) -> None:
    process, _ = LEAST[name]
    found = coverage(process, 120, 1)
    assert 0.82 <= found.blocks <= 0.95
    if name == "AR(0.3)":
        assert found.single < found.blocks - 0.05
