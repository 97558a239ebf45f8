"""A seeded sample of what `tests/support/outcome_torture.py` tries in full."""

from pathlib import Path
from random import Random

from support.outcome_faults import SLOW
from support.outcome_matrix import Case, cases, matrix

SAMPLE, SEED = 150, 6
_CALLS = ("place", "cancel", "replace", "query", "list", "fills", "account", "positions")


def _sample() -> list[Case]:
    """Some of every call; few of those that wait for a client's patience to end."""
    quick = [case for case in cases() if case.fault.split(" ")[0] not in SLOW]
    slow = [case for case in cases() if case.fault.split(" ")[0] in SLOW]
    rng = Random(SEED)
    return rng.sample(quick, SAMPLE - 6) + rng.sample(slow, 6)


def test_there_are_thousands_of_combinations() -> None:
    every = cases()
    assert len(set(every)) == len(every) >= 3_000
    assert {case.call for case in _sample()} == set(_CALLS)


_CERTAIN = {  # a matrix full of "unknown" would never be wrong
    Case("futures", "place", "stop", "no fault"): "accepted",
    Case("futures", "place", "market", "throttled"): "rejected",
    Case("futures", "place", "stop", "ban"): "rejected",
    Case("futures", "place", "limit", "other lot"): "rejected",
    Case("spot", "place", "limit", "clock 60000"): "rejected",
    Case("bybit", "place", "stop", "no fault"): "accepted",
    Case("bybit", "place", "limit", "too often, Bybit"): "rejected",
    Case("bybit", "place", "limit", "server error, Bybit after"): "unknown",
    Case("bybit", "cancel", "stop", "lose_answer"): "unknown",
    Case("futures", "list", "all", "nothing before"): "error",  # no list is not an empty one
    Case("futures", "positions", "all", "nothing before"): "error",
    Case("spot", "fills", "some", "nothing before"): "error",
}


def test_no_answer_is_misread_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    with matrix(tmp_path) as made:
        found = [made.run(case) for case in [*_CERTAIN, *_sample()]]
    assert [one for one in found if one.wrong] == []
    said = {one.case: one.said for one in found}
    assert {case: said[case] for case in _CERTAIN} == _CERTAIN
