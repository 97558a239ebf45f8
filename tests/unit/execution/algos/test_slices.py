"""Schedules: exact in lots, within their bounds, the same after every restart."""

from decimal import Decimal
from random import Random

import pytest

from xq.errors import CorruptFile, UsageError
from xq.execution.algos.codec import read, to_json
from xq.execution.algos.plan import Plan, Scheduled
from xq.execution.algos.progress import Progress
from xq.execution.algos.slices import schedule_of
from xq.types import Instrument, Side, Symbol

D = Decimal


def test_ten_thousand_schedules_sum_to_their_parents_within_their_bounds() -> None:
    chance = Random(7)
    for number in range(10_000):
        lot = D(chance.choice(["0.001", "0.3", "1", "1000"]))
        rules = Instrument(Symbol("A", "B"), D(1), lot, lot, D(0), D(0), D(0))
        weights = tuple(chance.random() for _ in range(chance.randint(1, 12)))
        jitter, late = chance.choice([0.0, 0.3, 0.99]), chance.choice([0.0, 0.9])
        how = Scheduled(weights, size_jitter=jitter, time_jitter=late)
        start = chance.randint(0, 10**12)
        end = start + chance.randint(len(weights), 10**7)
        lots = chance.randint(1, 10_000)
        plan = Plan("p", Side.BUY, lots * lot, rules, how, start, end, seed=number)
        slices = schedule_of(plan, how).slices
        assert sum(part.quantity for part in slices) == plan.quantity
        assert slices[-1].end_ms == end
        for part, weight in zip(slices, weights, strict=True):
            share = lots * weight / sum(weights)
            assert part.quantity % lot == 0
            assert share * (1 - jitter) - 1 <= part.quantity / lot <= share * (1 + jitter) + 1
            assert start <= part.release_ms <= part.end_ms


def test_seeds_differ_and_repeat() -> None:
    rules = Instrument(Symbol("A", "B"), *map(D, ["1", "1", "1", "0", "0", "0"]))
    how = Scheduled((1.0,) * 10, size_jitter=0.5, time_jitter=0.5)
    plans = [Plan("p", Side.BUY, D(1000), rules, how, 0, 10**6, seed=n) for n in (1, 2, 1)]
    first, second, again = (schedule_of(plan, how) for plan in plans)
    assert first != second
    schedule_of.cache_clear()
    assert schedule_of(plans[2], how) == first == again


def test_a_stored_text_that_is_something_else_is_refused() -> None:
    text = to_json(Progress())
    assert read(Progress, text) == Progress()
    for broken in ("", "{}x", text.replace("observed", "seen"), text.replace('"0"', '"NaN"')):
        with pytest.raises(CorruptFile, match="progress of a parent order cannot be read"):
            read(Progress, broken)


def test_a_stored_plan_that_contradicts_itself_is_refused() -> None:
    rules = Instrument(Symbol("A", "B"), *map(D, ["1", "1", "1", "0", "0", "0"]))
    text = to_json(Plan("p", Side.BUY, D(3), rules, Scheduled((1.0,)), 0, 1000))
    with pytest.raises(UsageError):
        read(Plan, text.replace('"quantity":"3"', '"quantity":"0"'))
