"""A small sitting of the gate's exam; the whole one is `tests/support/gate_exam.py`."""

import shutil

import numpy as np
import pytest
from support import gate_exam
from support.gate_markets import PLANTED, SETTINGS, WALK, market

from xq.backtest.vector import simulate
from xq.metrics.returns import bar_returns, sharpe_ratio

SEEDS = range(8)


def weights(kind, seed):
    bits = market(kind, seed).volume.astype(np.int64)
    return [np.where((bits >> k) & 1, 1.0, -1.0) for k in range(SETTINGS)]


def sitting(kind):
    return [gate_exam.judge(kind, seed, weights(kind, seed)) for seed in SEEDS]


def test_luck_does_not_pass():
    answers = sitting(WALK)
    assert sum(answer.passed for answer in answers) <= 1
    assert all(answer.reasons for answer in answers if not answer.passed)


def test_an_edge_does():
    assert sum(answer.passed for answer in sitting(PLANTED)) >= len(SEEDS) // 2


def test_what_is_planted_is_a_sharpe_ratio_of_three_after_costs():
    found = []
    for seed in range(40):
        bars = market(PLANTED, seed)
        run = simulate(weights(PLANTED, seed)[0], bars, gate_exam.COSTS, gate_exam.RULES)
        found.append(sharpe_ratio(bar_returns(run.equity, run.initial_cash), 365.0))
    assert np.mean(found) == pytest.approx(3.0, abs=0.45)  # ± 3 standard errors


def test_the_exam_asks_the_strategy_under_the_law(tmp_path):
    shutil.copy(gate_exam.STRATEGY, tmp_path / "gate.py")
    (asked,) = gate_exam.weights_of(7, [(PLANTED, 3)], tmp_path)
    assert (asked == weights(PLANTED, 3)[7]).all()


def test_wilson_is_scipys():
    from scipy.stats import binomtest

    for hits, count in ((0, 200), (7, 200), (120, 200)):
        exact = binomtest(hits, count).proportion_ci(0.95, method="wilson")
        assert gate_exam.wilson(hits, count) == pytest.approx((exact.low, exact.high), abs=1e-6)


@pytest.mark.parametrize(("walks", "edges", "good"), [(0, 2, True), (1, 4, False), (0, 1, False)])
def test_the_exam_can_be_failed(walks, edges, good, capsys):
    answers = [
        gate_exam.Answer(kind, seed, seed < hits, ())
        for kind, hits in ((WALK, walks), (PLANTED, edges))
        for seed in range(4)
    ]
    assert gate_exam.report(answers) is good
    assert "Wilson interval" in capsys.readouterr().out
