import numpy as np
import pytest
from support.plugins import walk

from xq.bars import Bars
from xq.errors import BadWeights
from xq.strategy import laws
from xq.strategy.laws import Difference
from xq.timeframe import Timeframe


def test_rows_are_the_ends_the_changes_and_chance() -> None:
    weights = np.zeros((1000, 2))
    weights[300:400, 1] = 1.0
    bars = _flat(1000, 2)
    rows = laws.choose(weights, bars, 50, 24, seed=1)
    assert len(rows) == len(set(rows)) == 24
    assert rows == sorted(rows)
    assert {49, 300, 400, 999} <= set(rows)
    assert laws.choose(weights, bars, 50, 24, seed=1) == rows
    assert laws.choose(weights, bars, 50, 24, seed=2) != rows
    assert len(laws.choose(weights, bars, 50, 1000, seed=1)) == 951
    assert laws.choose(weights, bars, 1000, 24, seed=1) == [999]


def test_rows_where_everything_changes_leave_room_for_chance() -> None:
    weights = np.random.default_rng(0).uniform(size=(500, 1))
    assert len(laws.choose(weights, _flat(500, 1), 1, 24, seed=0)) == 24
    assert len(laws.choose(weights, _flat(500, 1), 1, 2, seed=0)) == 2


def test_the_best_decisions_are_among_the_rows() -> None:
    bars = walk(2000)
    gains = bars.close[1:, 0] / bars.close[:-1, 0] - 1
    weights = np.full((2000, 1), 0.5)
    best = np.argsort(gains)[-4:]
    weights[best] = 1.0
    assert set(best.tolist()) <= set(laws.choose(weights, bars, 20, 24, seed=0))


def _flat(rows: int, symbols: int) -> Bars:
    times = np.arange(rows) * 3_600_000
    names = [f"C{n}/USDT" for n in range(symbols)]
    return Bars.of(Timeframe.parse("1h"), names, times, close=np.ones((rows, symbols)))


def test_prefixes_must_be_equal_bit_for_bit() -> None:
    weights = np.arange(10.0).reshape(-1, 1)
    weights[2] = np.nan
    tails = np.stack([np.vstack([[np.nan]] * 1 + [weights[:2]]), weights[5:8]])
    assert laws.prefix_differences(weights, [1, 7], tails) == []
    tails[1, 1] += 1e-16 * 8
    (found,) = laws.prefix_differences(weights, [1, 7], tails)
    assert (found.row, found.column, found.full) == (6, 0, 6.0)


def test_windows_may_differ_by_a_billionth() -> None:
    weights = np.array([[0.5, np.nan], [0.5, 0.5]])
    answers = np.array([[0.5 + 9e-10, np.nan], [0.5 + 2e-9, np.nan]])
    found = laws.window_differences(weights, [0, 1], answers)
    assert [(d.row, d.column) for d in found] == [(1, 0), (1, 1)]


def test_thin_is_what_a_billionth_brings_back() -> None:
    flipped = Difference(0, 0, 1.0, 0.0)
    assert laws.is_thin(flipped, np.array([[0.0], [1.0]]))
    assert not laws.is_thin(flipped, np.zeros((16, 1)))
    assert not laws.is_thin(Difference(0, 0, 0.5, 0.4), np.full((16, 1), 0.4 + 1e-8))


def test_nan_is_judged_by_each_symbols_own_history() -> None:
    bars = walk(30, symbols=2)
    weights = np.zeros((30, 2))
    weights[:9] = np.nan
    laws.check_values(weights, bars, 10, "x")
    weights[9, 1] = np.nan
    with pytest.raises(BadWeights, match=r"nan for C1/USDT at 1970-01-01T09:00:00Z"):
        laws.check_values(weights, bars, 10, "x")
    weights[9, 1], weights[0, 0] = 0.0, np.inf
    with pytest.raises(BadWeights, match="finite, found inf for C0/USDT"):
        laws.check_values(weights, bars, 10, "x")
