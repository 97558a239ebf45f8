"""What every indicator makes of odd inputs: dead markets, other units, refused parameters."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.plugins import recorded, walk

from xq.bars import FIELDS, Bars
from xq.errors import UsageError
from xq.indicators.indicator import Indicator, Number, Parameter
from xq.indicators.registry import every, parse

ALL = list(every())
each = pytest.mark.parametrize("item", ALL, ids=lambda item: item.name)
PRICES = ("open", "high", "low", "close")


def results(item: Indicator[Any], bars: Bars, *values: Number) -> tuple[np.ndarray, ...]:
    result = item(bars, *values)
    return result if isinstance(result, tuple) else (result,)


def changed(bars: Bars, **fields: np.ndarray) -> Bars:
    return replace(bars, **{name: values.copy() for name, values in fields.items()})


@pytest.fixture(scope="module")
def hours(market_data: Path) -> Bars:
    return recorded(market_data, "binance_spot_BTCUSDT_1h", "1h", -9000, 9000)


@pytest.fixture(scope="module")
def dead(market_data: Path) -> Bars:
    """Minutes that end in 72 without a trade."""
    return recorded(market_data, "binance_spot_BTCUSDT_1m", "1m", 644_438 - 8928, 9000)


@each
@pytest.mark.parametrize("source", ["hours", "dead"])
def test_there_is_a_value_after_warm_up_or_it_says_where_not(
    item: Indicator[Any], source: str, request: pytest.FixtureRequest
) -> None:
    bars: Bars = request.getfixturevalue(source)
    for values in results(item, bars):
        assert not np.isinf(values).any()
        after = values[item.memory() :]
        assert len(after)
        assert np.isfinite(after).all() or item.undefined
        assert np.isfinite(after).any()
        first = int(np.argmax(np.isfinite(values[:, 0])))
        assert item.undefined or np.isfinite(values[first:]).all()  # none within warm-up either


@each
def test_it_says_where_there_is_no_value_only_if_there_is_such_a_place(
    item: Indicator[Any], dead: Bars
) -> None:
    if item.undefined:
        silent = changed(dead, volume=np.zeros_like(dead.volume))
        rising = np.arange(9000.0)[:, None] + 1
        trend = changed(silent, **dict.fromkeys(PRICES, rising))
        assert any(np.isnan(values[-1]).all() for values in results(item, trend))


@each
@pytest.mark.parametrize("factor", [2.0**-34, 3.7e-6, 2.0**20])
def test_another_unit_of_price_or_volume_changes_nothing_else(
    item: Indicator[Any], hours: Bars, factor: float
) -> None:
    priced = changed(hours, **{name: getattr(hours, name) * factor for name in PRICES})
    lots = changed(hours, volume=hours.volume * factor)
    plain = results(item, hours)
    for unit, before, in_price, in_lots in zip(
        item.units, plain, results(item, priced), results(item, lots), strict=True
    ):
        scale = np.nanmedian(np.abs(before)) + 1e-300
        by_price = factor if unit == "price" else 1.0
        by_volume = factor if unit == "volume" else 1.0
        settled = slice(item.memory(), None)
        if unit == "log price":
            in_price = in_price - np.nanmedian(in_price - before)
        for found, by in ((in_price, by_price), (in_lots, by_volume)):
            np.testing.assert_allclose(
                found[settled] / by, before[settled], rtol=1e-9, atol=1e-9 * scale
            )


@each
def test_a_market_that_never_moved_gives_plain_numbers(item: Indicator[Any], hours: Bars) -> None:
    flat = np.full_like(hours.close, 0.1)
    still = changed(hours, **dict.fromkeys(PRICES, flat))
    for unit, values in zip(item.units, results(item, still), strict=True):
        assert not np.isinf(values).any()
        after = values[item.memory() :]
        assert np.isfinite(after).all() or item.undefined
        if unit == "price":
            level = after[np.isfinite(after)]
            assert ((np.abs(level - 0.1) < 1e-12) | (np.abs(level) < 1e-12)).all()
        if unit in ("percent", "number"):
            assert (np.abs(after[np.isfinite(after)]) <= 100).all()


def _beyond(parameter: Parameter) -> Iterator[object]:
    step = 1 if isinstance(parameter.default, int) else 1e-6
    yield parameter.low - step
    yield parameter.high + step
    yield from (float("nan"), float("inf"), "x", None)
    if isinstance(parameter.default, int):
        yield parameter.default + 0.5


@each
def test_parameters_out_of_range_are_refused(item: Indicator[Any]) -> None:
    bars = walk(50)
    for parameter in item.parameters:
        for value in _beyond(parameter):
            with pytest.raises(UsageError, match=f"{parameter.name} must be"):
                item(bars, **{parameter.name: value})
            with pytest.raises(UsageError, match=f"{parameter.name} must be"):
                parse(f"{item.name}:{parameter.name}={value}")
            with pytest.raises(UsageError, match=f"{parameter.name} must be"):
                item.memory(**{parameter.name: value})


@each
@pytest.mark.parametrize("end", ["low", "high"])
def test_the_ends_of_the_ranges_keep_the_law(item: Indicator[Any], end: str, hours: Bars) -> None:
    for parameter in item.parameters:
        values = [getattr(p, end) if p is parameter else p.default for p in item.parameters]
        memory = item.memory(*values)
        full = results(item, hours, *values)
        if memory > len(hours):
            assert all(values.shape == (9000, 1) for values in full)
            continue
        for row in (memory - 1, (memory + 8999) // 2, 8999):
            window = results(item, hours.slice(row - memory + 1, row + 1), *values)
            for whole, part in zip(full, window, strict=True):
                scale = np.nanmedian(np.abs(whole))
                np.testing.assert_allclose(part[-1], whole[row], rtol=1e-9, atol=1e-9 * scale)


@each
def test_volume_of_nothing_is_no_error(item: Indicator[Any], hours: Bars) -> None:
    silent = changed(hours, volume=np.zeros_like(hours.volume))
    for values in results(item, silent):
        assert not np.isinf(values).any()
        assert np.isfinite(values[item.memory() :]).all() or item.undefined


def test_units_stand_beside_every_output() -> None:
    for item in ALL:
        assert len(item.units) == len(item.outputs)
        assert set(FIELDS) & set(item.inputs)
        assert (item.kind == "anchored") == bool(item.anchor)
        assert item.start or item.kind != "decaying"
