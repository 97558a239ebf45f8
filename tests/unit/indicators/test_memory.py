"""Memories that ordinary bars do not exhaust, and sums over more than one block."""

from pathlib import Path

import numpy as np
import pytest
from support.plugins import recorded

from xq import indicators as ta
from xq.indicators.indicator import fading
from xq.indicators.rolling import rolling_sum


def test_the_slowest_average_needs_all_of_its_memory() -> None:
    memory = ta.kama.memory(10)
    start = np.linspace(150, 200, 50)
    nowhere = np.where(np.arange(memory) % 2, 100.0, 100.5)  # up and down: efficiency 0
    series = np.concatenate([start, nowhere])
    whole = ta.kama(series, 10)[-1]
    assert abs(ta.kama(series[-memory:], 10)[-1] - whole) < 1e-9
    fast = fading(11, 2 / 31)  # enough for an average that forgets at that speed
    cut = np.concatenate([start, nowhere[:fast]])
    assert abs(ta.kama(cut[-fast:], 10)[-1] - ta.kama(cut, 10)[-1]) > 1e-3


@pytest.mark.parametrize(("length", "width"), [(2, 10.0), (10, 10.0), (10, 3.0), (50, 5.0)])
def test_wide_stops_are_remembered_for_as_long_as_stated(
    length: int, width: float, market_data: Path
) -> None:
    bars = recorded(market_data, "binance_um_BTCUSDT_1m", "1m", 0, 30_000)
    memory = ta.supertrend.memory(length, width)
    whole = ta.supertrend(bars, length, width)
    for row in np.linspace(memory, 29_999, 200).astype(int):
        window = ta.supertrend(bars.slice(row - memory + 1, row + 1), length, width)
        assert abs(window.line[-1, 0] - whole.line[row, 0]) < 1e-9 * whole.line[row, 0]
        assert window.direction[-1, 0] == whole.direction[row, 0]


@pytest.mark.parametrize("n", [1, 2, 20, 5000, 16_384, 49_999, 50_000])
def test_sums_over_several_blocks(n: int) -> None:
    values = np.random.default_rng(3).integers(-1000, 1000, 50_000).astype(float)
    totals = np.concatenate([[0], np.cumsum(values)])  # whole numbers: exact
    found = rolling_sum(values, n)
    assert np.isnan(found[: n - 1]).all()
    assert np.array_equal(found[n - 1 :], totals[n:] - totals[:-n])


def test_a_sum_over_more_than_there_is_is_nothing() -> None:
    assert np.isnan(rolling_sum(np.ones(5), 6)).all()
    assert rolling_sum(np.ones(0), 1).shape == (0,)


def test_a_window_has_the_same_bits_wherever_it_lies() -> None:
    values = np.random.default_rng(4).lognormal(0, 5, 40_000)
    whole = rolling_sum(values, 37)
    for row in (36, 16_383, 16_384, 16_420, 39_999):
        assert rolling_sum(values[row - 36 : row + 1], 37)[-1] == whole[row]
