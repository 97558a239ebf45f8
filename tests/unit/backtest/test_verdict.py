"""The gate: what passes, and the words for what does not."""

from dataclasses import replace

import numpy as np
import pytest

from xq.backtest.conditions import NOTHING, Conditions, Frictions
from xq.backtest.stress import at_costs, in_conditions
from xq.backtest.verdict import Evidence, verdict
from xq.portfolio.costs import Costs

GOOD = Evidence(
    trials=50,
    deflated_sharpe_ratio=0.95,
    probability_of_overfitting=0.10,
    total_return=0.8,
    stressed_return=0.6,
    stress=2.0,
    checked_rows=24,
)
NAN = float("nan")


def test_exactly_at_the_bounds_survives():
    found = verdict(GOOD)
    assert found.survives
    assert found.reasons == ()
    assert found.sentence.startswith("survives")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"deflated_sharpe_ratio": 0.9499}, "is 95 % after 50 trials, below 95 %"),
        ({"deflated_sharpe_ratio": 0.2, "trials": 1}, "is 20 % after 1 trial, below 95 %"),
        ({"deflated_sharpe_ratio": NAN}, "do not vary enough"),
        ({"probability_of_overfitting": 0.1001}, "fails out of sample in 10 % of splits, more"),
        (
            {"probability_of_overfitting": None},
            "none of the 49 other trials is saved with the",
        ),
        ({"total_return": 0.0}, "it earns nothing: 0 % after costs"),
        ({"total_return": NAN}, "it earns nothing"),
        ({"stressed_return": -0.032}, "at 2 times the costs it earns -3.2 %"),
        ({"stressed_return": NAN}, "at 2 times the costs"),
        ({"checked_rows": 0}, "the law had no row to check"),
    ],
)
def test_one_no_is_enough(change, words):
    found = verdict(replace(GOOD, **change))
    assert not found.survives
    (reason,) = found.reasons
    assert words in reason
    assert reason in found.sentence


def test_every_no_is_told():
    bad = Evidence(7, 0.1, 0.5, -0.3, -0.6, 2.0, 0)
    assert len(verdict(bad).reasons) == 4


def test_a_single_trial_was_not_chosen():
    assert verdict(replace(GOOD, trials=1, probability_of_overfitting=None)).survives


def test_stress_multiplies_every_cost_and_nothing_else():
    assert at_costs(Costs(0.001, 0.0004), 3.0) == Costs(0.003, pytest.approx(0.0012))
    frictions = Frictions(np.array([[0.001]]), np.array([[0.01]]))
    found = in_conditions(Conditions(frictions=frictions), 2.0).frictions
    assert (found.base.tolist(), found.impact.tolist()) == ([[0.002]], [[0.02]])
    assert in_conditions(NOTHING) is NOTHING
