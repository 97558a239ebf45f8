"""What a replayed order meets that weights alone do not say."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xq.backtest.conditions import Brackets, Conditions, Era, Filters
from xq.backtest.replay import Handling, replay
from xq.backtest.simulation import Rules
from xq.backtest.vector import simulate
from xq.bars import Bars
from xq.errors import BadWeights, UsageError
from xq.portfolio.accounting import Reason
from xq.portfolio.costs import FREE, Costs
from xq.timeframe import HOUR_MS, MINUTE_MS, Timeframe

START = 1_600_000_200_000 // HOUR_MS * HOUR_MS
MINUTE = Timeframe.parse("1m")


def bars_of(close: list[float], name: str = "BTC/USDT", *, width: float | np.ndarray = 0.0) -> Bars:
    """Minutes that open where the one before closed."""
    closes = np.array(close)
    opens = np.concatenate((closes[:1], closes[:-1]))
    return Bars.of(
        MINUTE, [name], START + np.arange(len(close)) * MINUTE_MS, open=opens, close=closes,
        high=np.maximum(opens, closes) * (1 + width), low=np.minimum(opens, closes) * (1 - width),
    )  # fmt: skip


def column(*weights: float) -> np.ndarray:
    return np.array(weights)[:, None]


def test_only_bars_that_change_something_are_looked_at() -> None:
    weights = np.repeat([0.0, 0.5, 0.5, 0.2], 100)[:, None]
    run = replay(weights, bars_of([100.0] * 400), FREE, Rules())
    assert run.ticks == 2
    assert run.simulation.fills.row.tolist() == [101, 301]


def test_a_late_order_meets_the_price_of_that_moment() -> None:
    bars = bars_of([100.0, 100.0, 130.0, 130.0])
    late = Handling(latency_ms=9_999)  # and the millisecond that every order takes
    run = replay(column(0, 0.5, 0.5, 0.5), bars, FREE, Rules(), handling=late).simulation
    # From the open at 100 a bar without a low goes to its high of 130 in two thirds of a minute,
    # the nearer extreme, which is the open itself, in the first of them.
    assert run.fills.price.tolist() == [100.0]
    later = replace(late, latency_ms=29_999)
    run = replay(column(0, 0.5, 0.5, 0.5), bars, FREE, Rules(), handling=later).simulation
    assert run.fills.price.tolist() == [pytest.approx(100 + 30 * (30_000 - 20_000) / 20_000)]
    assert run.fills.row.tolist() == [2]


def test_the_fee_of_a_purchase_may_come_from_what_is_bought() -> None:
    bars, weights = bars_of([100.0] * 4), column(0.5, 0.5, 0.5, 0.5)
    bought = Handling(fee_in_quote=False)
    run = replay(weights, bars, Costs(fee=0.01), Rules(), handling=bought).simulation
    assert run.positions[:, 0].tolist() == pytest.approx([0.0, 49.5, 49.5, 49.5])
    assert run.fills.fee.tolist() == pytest.approx([50.0])
    assert run.equity.tolist() == pytest.approx([10_000, 9_950, 9_950, 9_950])


def test_an_order_that_is_too_small_is_not_sent() -> None:
    bars, weights = bars_of([100.0] * 4), column(0.5, 0.5004, 0.6, 0.6)
    small = Conditions((Era(0, (Filters(min_notional=5.0),), (Brackets.flat(0.0),)),))
    run = replay(weights, bars, FREE, Rules(), conditions=small)
    assert run.simulation.fills.quantity.tolist() == pytest.approx([50.0, 10.0])
    assert run.problems == ()


def test_a_refused_order_is_told_and_tried_again_at_the_next_bar() -> None:
    bars = bars_of([100.0, 100.0, 130.0, 130.0, 130.0])  # dearer than the cash when it arrives
    late = Handling(latency_ms=40_000)
    run = replay(column(0, 1.0, 1.0, 1.0, 1.0), bars, FREE, Rules(), handling=late)
    ((bar_ms, problem),) = run.problems
    assert bar_ms == bars.ts[1]
    assert "no funds" in problem.message
    assert run.simulation.fills.row.tolist() == [3]


@pytest.mark.parametrize(("name", "weight"), [("BTC/USDT:USDT", 10.0), ("BTC/USDT:USDT", -10.0)])
def test_an_account_is_liquidated_in_the_bar_of_the_vector_engine(name: str, weight: float) -> None:
    prices = [100.0, 100.0, 100.0, 98.0, 102.0, 88.0 if weight > 0 else 112.0, 100.0, 100.0]
    bars, rules = bars_of(prices, name), Rules(max_leverage=20.0)
    weights = np.full((len(prices), 1), weight)
    run = replay(weights, bars, FREE, rules)
    vector = simulate(weights, bars, FREE, rules)
    assert run.simulation.ruin_row == vector.ruin_row == 5
    first, *rest = run.simulation.fills.reason.tolist()
    assert first == Reason.SIGNAL
    assert set(rest) == {Reason.LIQUIDATION}  # the venue closes step by step, as long as it must
    assert abs(run.simulation.positions[-1, 0]) < abs(run.simulation.positions[4, 0])
    assert 0.0 <= run.simulation.equity[-1] < 10_000.0
    assert run.wallet == pytest.approx(run.simulation.equity[-1], abs=1e-6)


def test_what_the_live_loop_does_not_do_is_refused() -> None:
    bars, weights = bars_of([100.0] * 3), column(0, 0.5, 0.5)
    with pytest.raises(UsageError, match="rests stops and take-profits for contracts alone"):
        replay(weights, bars, FREE, Rules(stop_loss=0.1))
    with pytest.raises(BadWeights, match="short weight is impossible on spot"):
        replay(-weights, bars, FREE, Rules())
    two = Bars.of(MINUTE, ["BTC/USDT", "BTC/EUR"], bars.ts, close=np.ones((3, 2)))
    with pytest.raises(UsageError, match="one quote asset"):
        replay(np.zeros((3, 2)), two, FREE, Rules())


def test_a_position_that_the_venue_cut_is_brought_back_into_its_band() -> None:
    """Closes stand still; only the wick of one bar, which no close shows, moves the position."""
    wicks = np.where(np.arange(30) == 12, 0.19, 0.0)
    bars = bars_of([100.0] * 30, "BTC/USDT:USDT", width=wicks)
    rules = Rules(initial_cash=3e6, max_leverage=5.0, rebalance_band=0.05)
    run = replay(np.full((30, 1), 4.95), bars, FREE, rules)
    assert run.simulation.fills.row.tolist() == [1, 12, 13]
    assert run.simulation.fills.reason.tolist()[1:] == [Reason.LIQUIDATION, Reason.SIGNAL]
    assert run.ticks < 29


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    leverage=st.sampled_from([1.0, 5.0]),
    band=st.sampled_from([None, 0.02, 4.0]),
    contract=st.booleans(),
)
def test_no_bar_is_skipped_at_which_the_loop_would_act(
    seed: int, leverage: float, band: float | None, contract: bool
) -> None:
    """Calm closes, wicks that liquidate: woken at every bar the loop does the same."""
    random = np.random.default_rng(seed)
    rows, limit = 150, leverage if contract else 1.0
    moves = random.normal(0, 0.004, rows)
    wicks = np.where(random.random(rows) < 0.04, random.uniform(0.15, 0.2, rows), 0.002)
    name = "BTC/USDT:USDT" if contract else "BTC/USDT"
    bars = bars_of((100 * np.exp(np.cumsum(moves))).tolist(), name, width=wicks)
    levels = random.choice([-0.99 if contract else 0.3, 0.5, 0.99], rows) * limit
    news = np.maximum.accumulate(np.where(random.random(rows) < 0.05, np.arange(rows), 0))
    weights = levels[news][:, None]
    rules = Rules(initial_cash=3e6, max_leverage=limit, rebalance_band=band)
    skipping = replay(weights, bars, Costs(fee=0.0005), rules)
    every = replay(weights, bars, Costs(fee=0.0005), rules, decide=weights.__getitem__)
    assert skipping.ticks <= every.ticks
    for field in ("row", "quantity", "price", "fee", "reason"):
        ours, theirs = (getattr(run.simulation.fills, field) for run in (skipping, every))
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(skipping.simulation.equity, every.simulation.equity)
    assert [str(error) for _, error in skipping.problems] == [
        str(error) for _, error in every.problems
    ]
