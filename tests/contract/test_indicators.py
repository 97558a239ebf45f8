"""What every indicator must keep: causality, its stated memory, honest NaN, columns apart."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.plugins import recorded, walk

from xq.bars import FIELDS, Bars
from xq.indicators.indicator import Indicator
from xq.indicators.registry import every

ALL = list(every())
IDS = [item.name for item in ALL]

each = pytest.mark.parametrize("item", ALL, ids=IDS)


def results(item: Indicator[Any], bars: Bars) -> tuple[np.ndarray, ...]:
    result = item(bars)
    return result if isinstance(result, tuple) else (result,)


@pytest.fixture(scope="module")
def hours(market_data: Path) -> Bars:
    return recorded(market_data, "binance_spot_BTCUSDT_1h", "1h", -12_000, 12_000)


@pytest.fixture(scope="module")
def flat_minutes(market_data: Path) -> Bars:
    """Minutes around 72 bars without a trade; 2023-03-24 11:28 to 12:39 UTC."""
    return recorded(market_data, "binance_spot_BTCUSDT_1m", "1m", 644_438 - 12_000, 12_000)


@each
def test_it_says_what_it_is(item: Indicator[Any]) -> None:
    assert item.title
    assert item.source
    assert not item.title.endswith(".")
    assert set(item.inputs) <= {"ts", *FIELDS}
    assert item.memory() >= 1
    assert item.signature.split(":")[0] == item.name
    for parameter in item.parameters:
        assert parameter.low <= parameter.default <= parameter.high


@each
def test_the_past_does_not_change_when_the_future_is_cut_off(
    item: Indicator[Any], hours: Bars
) -> None:
    full = results(item, hours)
    for stop in (1, 2, item.memory() // 2 + 1, 1000, 3517, 11_999):
        for whole, cut in zip(full, results(item, hours.prefix(stop)), strict=True):
            assert np.array_equal(whole[:stop], cut, equal_nan=True)


@each
@pytest.mark.parametrize("source", ["hours", "flat_minutes"])
def test_its_memory_is_what_it_states(
    item: Indicator[Any], source: str, request: pytest.FixtureRequest
) -> None:
    bars: Bars = request.getfixturevalue(source)
    full, memory = results(item, bars), item.memory()
    rows = np.unique(np.linspace(memory, len(bars) - 1, 250).astype(int))
    for output, whole in enumerate(full):
        scale = np.nanmedian(np.abs(whole))
        for row in rows:
            window = results(item, bars.slice(row - memory + 1, row + 1))[output][-1, 0]
            expected = whole[row, 0]
            if item.name == "stochrsi" and source == "flat_minutes" and row > 11_900:
                continue  # the range of an RSI that does not move is rounding alone
            if np.isnan(expected):
                assert np.isnan(window)
                continue
            assert abs(window - expected) <= 1e-9 * max(abs(expected), scale), (row, output)


@pytest.mark.parametrize(
    "item", [item for item in ALL if item.kind == "finite"], ids=lambda item: item.name
)
def test_one_bar_less_than_a_finite_memory_is_not_enough(item: Indicator[Any], hours: Bars) -> None:
    bars = hours.slice(0, item.memory() - 1)
    assert all(np.isnan(values).all() for values in results(item, bars)[-1:])
    bars = hours.slice(0, item.memory())
    assert all(np.isfinite(values[-1]).all() for values in results(item, bars))


@each
def test_a_hole_costs_one_warm_up_and_nothing_else(item: Indicator[Any]) -> None:
    bars = walk(2500)  # longer than the warm-up, if not than the memory
    holey = Bars.of(
        bars.timeframe,
        bars.symbols,
        bars.ts,
        **{name: np.where(np.arange(2500) == 1200, np.nan, getattr(bars, name)[:, 0])
           for name in FIELDS},
    )  # fmt: skip
    after = bars.slice(1201, 2500)
    for whole, cut, rest in zip(
        results(item, bars), results(item, holey), results(item, after), strict=True
    ):
        assert np.array_equal(cut[:1200], whole[:1200], equal_nan=True)
        assert np.isnan(cut[1200]).all()
        assert np.array_equal(cut[1201:], rest, equal_nan=True)


@each
def test_columns_do_not_touch_each_other(item: Indicator[Any]) -> None:
    bars = walk(900, symbols=3)
    together = results(item, bars)
    for column in range(3):
        alone = Bars.of(
            bars.timeframe,
            bars.symbols[column : column + 1],
            bars.ts,
            **{name: getattr(bars, name)[:, column] for name in FIELDS},
        )
        for wide, narrow in zip(together, results(item, alone), strict=True):
            assert np.array_equal(wide[:, column], narrow[:, 0], equal_nan=True)


@each
def test_one_dimension_stays_one(item: Indicator[Any]) -> None:
    bars = walk(900)
    lines = [bars.ts if name == "ts" else getattr(bars, name)[:, 0] for name in item.inputs]
    result = item(*lines)
    for flat, tall in zip(
        result if isinstance(result, tuple) else (result,), results(item, bars), strict=True
    ):
        assert flat.shape == (900,)
        assert np.array_equal(flat, tall[:, 0], equal_nan=True)


@each
def test_nothing_is_too_short(item: Indicator[Any]) -> None:
    for rows in (1, 2, 3):
        assert all(values.shape == (rows, 1) for values in results(item, walk(rows)))
