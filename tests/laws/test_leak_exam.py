"""A sample of the checker's exam; ``make exam`` takes all of it."""

import pytest
from support.leak_exam import PAIRS, examine
from support.leaks.features import FEATURES
from support.leaks.pairs import Pair
from support.plugins import walk

SAMPLE = PAIRS[::5]


@pytest.mark.parametrize("pair", SAMPLE, ids=lambda pair: pair.name)
def test_the_leak_is_refused_and_its_twin_is_not(pair: Pair) -> None:
    verdict = examine(pair, walk(600))
    assert verdict.caught, verdict.leak
    assert verdict.honest is None


def test_the_exam_is_the_whole_catalogue() -> None:
    names = [pair.name for pair in PAIRS]
    assert len(set(names)) == len(names) >= 58
    assert len(FEATURES) == 25
    assert all(pair.leak != pair.honest or pair.module != pair.honest_module for pair in PAIRS)
