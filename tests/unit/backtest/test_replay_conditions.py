"""The venue's rules in a replay: as the vector engine has them, or refused."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xq.backtest.conditions import (
    Brackets,
    Conditions,
    Era,
    Filters,
    Frictions,
    Path,
    simulated_brackets,
)
from xq.backtest.replay import Handling, replay
from xq.backtest.replay_track import Inside, Track
from xq.backtest.simulation import Funding, Rules, Simulation
from xq.backtest.vector import simulate
from xq.backtest.verify import verify
from xq.bars import Bars
from xq.errors import UsageError
from xq.portfolio.accounting import Reason
from xq.portfolio.costs import FREE, Costs
from xq.timeframe import HOUR_MS, Timeframe

HOUR = Timeframe.parse("1h")
SPOT, SWAP = "BTC/USDT", "BTC/USDT:USDT"
PLAIN = Filters(lot=0.001, min_quantity=0.001, min_notional=40.0, tick=0.5)
WIDE = Handling(max_leverage=1_000.0)


def bars_of(rows: int, name: str, seed: int = 1) -> Bars:
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.004, rows)))
    opens = np.concatenate((close[:1], close[:-1])) * np.exp(random.normal(0, 0.001, rows))
    return Bars.of(
        HOUR, [name], np.arange(rows) * HOUR_MS, open=opens, close=close,
        high=np.maximum(opens, close) * 1.001, low=np.minimum(opens, close) * 0.999,
    )  # fmt: skip


def weights_of(rows: int, name: str, seed: int = 2) -> np.ndarray:
    random = np.random.default_rng(seed)
    levels = random.uniform(-0.9 if ":" in name else 0.0, 0.9, rows)
    kept = np.maximum.accumulate(np.where(random.random(rows) < 0.4, np.arange(rows), 0))
    return levels[kept][:, None]


def world(name: str, filters: Filters = PLAIN, **parts: Any) -> Conditions:
    brackets = simulated_brackets(name) if ":" in name else Brackets.flat(0.0)
    return Conditions((Era(0, (filters,), (brackets,)),), **parts)


def net(run: Simulation) -> np.ndarray:
    found = np.zeros(len(run.equity))
    np.add.at(found, run.fills.row, run.fills.quantity)
    return found


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    name=st.sampled_from([SPOT, SWAP]),
    measured=st.booleans(),
    fee=st.sampled_from([0.0, 0.001]),
)
def test_lots_ticks_and_spreads_are_those_of_the_vector_engine(
    seed: int, name: str, measured: bool, fee: float
) -> None:
    spread = np.random.default_rng(seed).uniform(0, 0.002, (80, 1))
    frictions = Frictions(spread, np.zeros((80, 1))) if measured else None
    conditions = world(name, Filters(lot=0.001, tick=0.5), frictions=frictions)
    run = assert_same(seed, name, Costs(fee=fee, slippage=0.0005), conditions, 10_000.0)
    steps = run.fills.price / 0.5
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    name=st.sampled_from([SPOT, SWAP]),
    cash=st.sampled_from([60.0, 100.0, 500.0]),
)
def test_the_smallest_order_is_that_of_the_vector_engine(seed: int, name: str, cash: float) -> None:
    smallest = Filters(lot=0.1, min_quantity=0.1, min_notional=20.0)
    assert_same(seed, name, Costs(fee=0.001), world(name, smallest), cash)


def assert_same(
    seed: int, name: str, costs: Costs, conditions: Conditions, cash: float
) -> Simulation:
    bars, weights = bars_of(80, name, seed), weights_of(80, name, seed)
    rules = Rules(initial_cash=cash, max_leverage=1_000.0 if name == SWAP else 1.0)
    vector = simulate(weights, bars, costs, rules, None, conditions)
    found = replay(weights, bars, costs, rules, None, conditions, handling=WIDE)
    assert found.problems == ()
    np.testing.assert_allclose(net(found.simulation), net(vector), atol=1e-9)
    np.testing.assert_allclose(found.simulation.equity, vector.equity, rtol=1e-9)
    return found.simulation


def test_an_order_below_the_smallest_is_not_sent_and_not_tried_again() -> None:
    bars = bars_of(6, SPOT)
    weights = np.array([0.5, 0.5001, 0.5001, 0.8, 0.8, 0.8])[:, None]
    run = replay(weights, bars, FREE, Rules(), None, world(SPOT)).simulation
    assert run.fills.row.tolist() == [1, 4]


def test_a_difference_of_one_lot_is_an_order_although_it_is_a_hair_smaller() -> None:
    flat = np.full(6, 100.0)
    bars = Bars.of(HOUR, [SWAP], np.arange(6) * HOUR_MS, open=flat, high=flat, low=flat, close=flat)
    weights = np.array([0.5, 0.5, 0.4, 0.4, 0.4, 0.4])[:, None]  # 0.5 - 0.4 < 0.1
    rules, known = Rules(initial_cash=100.0), world(SWAP, Filters(lot=0.1, min_quantity=0.1))
    for run in (
        simulate(weights, bars, FREE, rules, None, known),
        replay(weights, bars, FREE, rules, None, known).simulation,
    ):
        assert run.fills.quantity.tolist() == pytest.approx([0.5, -0.1])


def test_margin_is_judged_on_the_mark_prices_inside_a_bar() -> None:
    """The bars stand still; only the mark price of the second of three lines inside one falls."""
    flat = np.full(8, 100.0)
    bars = Bars.of(HOUR, [SWAP], np.arange(8) * HOUR_MS, open=flat, high=flat, low=flat, close=flat)
    first = np.array([0, 1, 2, 3, 4, 7, 8, 9, 10])
    prices = np.full((10, 1), 100.0)
    low = prices.copy()
    low[5] = 85.0
    path = Path(first, prices, prices, prices)
    conditions = Conditions(path=path, marks=replace(path, low=low))
    weights, rules = np.full((8, 1), 9.0), Rules(max_leverage=20.0)
    calm = replay(weights, bars, FREE, rules)
    assert calm.simulation.ruin_row is None
    run = replay(weights, bars, FREE, rules, None, conditions)
    vector = simulate(weights, bars, FREE, rules, None, conditions)
    assert run.simulation.ruin_row == 4
    forced = vector.fills.row[vector.fills.reason == Reason.LIQUIDATION]
    assert forced[0] == 4


def test_a_price_goes_through_the_finer_bars_inside() -> None:
    bars = Bars.of(
        HOUR, [SWAP], [0, HOUR_MS], open=[10.0, 20.0], high=[20, 21], low=[8, 19], close=[20, 20]
    )
    column = [
        np.array(values)[:, None] for values in ([10.0, 18, 20], [19.0, 20, 21], [8.0, 17, 19])
    ]
    inside = Inside(Path(np.array([0, 2, 3]), *column))
    assert inside.step_ms(bars) == HOUR_MS // 6
    track, sixth = Track(bars, 0, inside, inside.extremes(bars)), HOUR_MS // 6
    assert [track.last(k * sixth) for k in range(6)] == [10, 8, 19, 18, 17, 20]
    assert track.last(sixth // 2) == pytest.approx(9.0, abs=1e-5)
    assert track.last(HOUR_MS - 1) == 20
    assert [track.last(HOUR_MS), track.mark(HOUR_MS)] == [20, 20]
    assert track.range(2 * sixth, 4 * sixth) == (17, 19)


NOTHING: np.ndarray = np.zeros((3, 1))


@pytest.mark.parametrize(
    ("name", "rules", "conditions", "expected", "hint"),
    [
        (SPOT, Rules(delay=2), {}, "found a delay of 2", "--delay 1"),
        (SPOT, Rules(take_profit=0.1), {}, "for contracts alone", "the perpetual"),
        (
            SWAP, Rules(take_profit=0.1, limit_exits=True), {},
            "backtest.limit_exits = true", "XQ_BACKTEST__LIMIT_EXITS=false",
        ),
        (
            SPOT, Rules(), {"flows": np.array([0.0, 5.0, -2.5])},
            "what a withdrawal leaves, found -2.5", "without the negative --deposit",
        ),
        (
            SPOT, Rules(), {"frictions": Frictions(NOTHING, NOTHING + 1)},
            "slippage that grows with it", "--slippage-model half_spread",
        ),
        (
            SWAP, Rules(liquidation_fee=0.5), {},
            "backtest.liquidation_fee = 0.5", "XQ_BACKTEST__LIQUIDATION_FEE=0.0125",
        ),
    ],
)  # fmt: skip
def test_what_a_replay_does_not_do_is_refused(
    name: str, rules: Rules, conditions: dict[str, Any], expected: str, hint: str
) -> None:
    bars, known = bars_of(3, name), world(name, **conditions)
    for run in (replay, verify):
        with pytest.raises(UsageError, match=expected) as refused:
            run(np.zeros((3, 1)), bars, FREE, rules, None, known)
        assert hint in str(refused.value.hint)


def test_rules_that_change_and_foreign_brackets_are_refused() -> None:
    bars, weights = bars_of(3, SWAP), np.zeros((3, 1))
    (era,) = world(SWAP).eras
    later = replace(era, row=2, filters=(Filters(),))
    with pytest.raises(UsageError, match="found others from 1970-01-01T02:00:00Z on"):
        replay(weights, bars, FREE, Rules(), None, Conditions((era, later)))
    replay(weights, bars, FREE, Rules(), None, Conditions((era, replace(era, row=2))))
    foreign = replace(era, brackets=(Brackets.flat(0.01),))
    with pytest.raises(UsageError, match="found stored ones that differ"):
        replay(weights, bars, FREE, Rules(), None, Conditions((foreign,)))


def test_every_friction_is_a_row_of_its_own_and_explained() -> None:
    rows = 60
    bars, weights = bars_of(rows, SWAP), weights_of(rows, SWAP)
    funding = Funding(np.full((rows, 1), 0.01), np.zeros((rows, 1)))
    spread = Frictions(np.full((rows, 1), 0.001), np.zeros((rows, 1)))
    conditions = world(SWAP, replace(PLAIN, max_quantity=20.0), frictions=spread)
    found = verify(weights, bars, Costs(fee=0.001), Rules(), funding, conditions)
    assert [row.name for row in found] == [
        "none", "liquidation", "fee", "slippage", "funding", "lots", "price tick",
        "smallest order", "largest order", "leverage limit", "latency of 1,000 ms",
        "all of the run",
    ]  # fmt: skip
    assert all(row.is_explained for row in found)
    by_name = {row.name: row for row in found}
    for name in ("fee", "slippage", "funding", "lots", "price tick", "smallest order"):
        assert by_name[name].vector == pytest.approx(by_name[name].replay, abs=1e-9)
        assert abs(by_name[name].replay) > 1e-8
    assert "orders refused" in by_name["largest order"].explanation


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    name=st.sampled_from([SPOT, SWAP]),
    band=st.sampled_from([None, 0.02]),
    owed=st.booleans(),
    rows=st.sets(st.integers(0, 79), min_size=1, max_size=6),
)
def test_deposits_are_those_of_the_vector_engine(
    seed: int, name: str, band: float | None, owed: bool, rows: set[int]
) -> None:
    bars, weights, flows = bars_of(80, name, seed), weights_of(80, name, seed), np.zeros(80)
    flows[sorted(rows)] = np.random.default_rng(seed).uniform(1, 20_000, len(rows))
    funding = Funding(np.full((80, 1), 0.01), np.zeros((80, 1))) if owed and name == SWAP else None
    rules = Rules(rebalance_band=band, max_leverage=1_000.0 if name == SWAP else 1.0)
    given_ = weights, bars, Costs(fee=0.001), rules, funding, world(name, Filters(), flows=flows)
    vector, found = simulate(*given_), replay(*given_, handling=WIDE)
    assert found.problems == ()
    np.testing.assert_allclose(net(found.simulation), net(vector), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.simulation.equity, vector.equity, rtol=1e-9)
    np.testing.assert_array_equal(found.simulation.flows, vector.flows)
    np.testing.assert_allclose(found.simulation.growth, vector.growth, rtol=1e-9)
    assert found.wallet == pytest.approx(vector.equity[-1], rel=1e-9)


@pytest.mark.parametrize("name", [SPOT, SWAP])
def test_a_deposit_is_a_friction_of_its_own(name: str) -> None:
    bars, weights, flows = bars_of(60, name), weights_of(60, name), np.zeros(60)
    flows[30] = 5_000.0
    found = verify(weights, bars, FREE, Rules(), None, world(name, Filters(), flows=flows))
    (row,) = [row for row in found if row.name == "deposits"]
    assert (row.explanation, row.is_explained) == ("modelled alike", True)
    assert row.vector == pytest.approx(row.replay, abs=1e-9)
    assert all(row.is_explained for row in found)


def test_nothing_is_brought_into_an_account_that_was_liquidated() -> None:
    close = np.array([100.0, 100.0, 100.0, 5.0, 5.0, 5.0, 5.0])
    bars = Bars.of(HOUR, [SWAP], np.arange(7) * HOUR_MS, open=close, close=close)
    weights, flows = np.full((7, 1), 3.0), np.array([0.0, 0, 0, 0, 0, 700.0, 0])
    rules = Rules(max_leverage=4.0)
    given_ = weights, bars, FREE, rules, None, world(SWAP, Filters(), flows=flows)
    vector, found = simulate(*given_), replay(*given_)
    assert vector.ruin_row == found.simulation.ruin_row == 3
    assert vector.flows is not None
    assert not vector.flows.any()
    assert found.simulation.flows is None
    assert found.wallet < 1.0
