"""Almgren–Chriss: the paper's numbers, and no schedule that a minimiser finds is better."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from xq.errors import UsageError
from xq.execution.almgren_chriss import (
    Impact,
    deviation,
    expected_cost,
    impact_of,
    trajectory,
)

PAPER = Impact(volatility=0.95, temporary=2.5e-6, permanent=2.5e-7, fixed=0.0625)


def test_the_numbers_of_the_paper() -> None:
    patient = trajectory(1e6, 5.0, 5, PAPER, 0.0)
    assert patient.cost == pytest.approx(662_500.0, abs=1e-6)
    assert patient.half_life == math.inf
    averse = trajectory(1e6, 5.0, 5, PAPER, 1e-6)
    assert averse.cost == pytest.approx(911_227, abs=1)
    assert averse.deviation == pytest.approx(603_431, abs=1)
    assert 1.0 / averse.half_life == pytest.approx(0.607, abs=5e-4)


def test_the_half_life_of_another_implementation() -> None:
    """DRIP's table for a risk aversion of 1e-9: 0.6625 million, 51.30 days."""
    found = trajectory(1e6, 5.0, 5, PAPER, 1e-9)
    assert found.half_life == pytest.approx(51.30, abs=5e-3)
    assert found.cost / 1e6 == pytest.approx(0.6625, abs=5e-5)


@pytest.mark.parametrize("aversion", [0.0, 1e-9, 1e-7, 1e-6, 2e-5, 1e-3])
@pytest.mark.parametrize("slices", [2, 5, 24])
def test_no_schedule_costs_less(aversion: float, slices: int) -> None:
    found = trajectory(1e6, 5.0, slices, PAPER, aversion)
    interval = 5.0 / slices

    def objective(inner: np.ndarray) -> float:
        held = (1e6, *(float(left) for left in inner * 1e6), 0.0)
        risk = aversion * deviation(held, interval, PAPER) ** 2
        return (expected_cost(held, interval, PAPER) + risk) / 1e6

    even = np.linspace(1.0, 0.0, slices + 1)[1:-1]
    best = minimize(objective, even, method="BFGS", options={"gtol": 1e-9, "maxiter": 2000})
    mine = np.array(found.holdings[1:-1]) / 1e6
    assert objective(mine) <= best.fun * (1 + 1e-9)
    assert mine == pytest.approx(best.x, abs=2e-4)


@pytest.mark.parametrize("aversion", [1e-12, 1e-6, 1.0, 1e6, 1e300])
def test_it_ends_at_nothing_and_never_turns(aversion: float) -> None:
    found = trajectory(7.0, 5.0, 50, PAPER, aversion)
    assert found.holdings[0] == 7.0
    assert found.holdings[-1] == 0.0
    assert all(trade >= 0.0 for trade in found.trades)
    assert math.fsum(found.trades) == pytest.approx(7.0, rel=1e-12)


@pytest.mark.parametrize("hole", [0, 1, 3])
def test_a_market_that_nothing_is_known_of_has_no_impact(hole: int) -> None:
    for missing in (0.0, math.nan, -1.0):
        values = [50.0, 0.0025, 0.02, 5e6]
        values[hole] = missing
        with pytest.raises(UsageError, match="above 0"):
            impact_of(*values)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UsageError, match="too long"):
        trajectory(1.0, 100.0, 1, PAPER, 0.0)
    with pytest.raises(UsageError, match="at least 0"):
        trajectory(1.0, 1.0, 1, PAPER, -1.0)
    with pytest.raises(UsageError, match="positive"):
        trajectory(math.nan, 1.0, 1, PAPER, 0.0)
    with pytest.raises(UsageError, match="temporary"):
        Impact(volatility=1.0, temporary=0.0)
