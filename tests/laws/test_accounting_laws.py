"""Identities that hold for every account, whatever the weights, prices and rules."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from xq.backtest.measure import measure
from xq.backtest.simulation import Funding, Rules, Simulation
from xq.backtest.vector import simulate
from xq.bars import Bars
from xq.portfolio.accounting import Fills, positions_after, round_trips
from xq.portfolio.costs import Costs
from xq.portfolio.sizing import round_to_lot, target_decimal, target_quantity
from xq.timeframe import Timeframe

HOUR = 3_600_000
ROWS = 120


def market(seed: int, rows: int, columns: int, *, perpetual: bool) -> Bars:
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, (rows, columns)), axis=0))
    opens = np.vstack([close[:1], close[:-1]]) * np.exp(random.normal(0, 0.005, (rows, columns)))
    high = np.maximum(opens, close) * np.exp(np.abs(random.normal(0, 0.01, (rows, columns))))
    low = np.minimum(opens, close) * np.exp(-np.abs(random.normal(0, 0.01, (rows, columns))))
    symbols = [f"S{j}/USDT" + (":USDT" if perpetual else "") for j in range(columns)]
    return Bars.of(
        Timeframe.parse("1h"), symbols, np.arange(rows) * HOUR,
        open=opens, high=high, low=low, close=close,
    )  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One account to be played."""

    seed: int
    perpetual: bool
    columns: int
    leverage: float
    exits: dict[str, float | None]
    max_bars: int | None
    lot: float | None
    costs: Costs

    def play(self) -> tuple[Bars, Simulation, Rules]:
        random = np.random.default_rng(self.seed)
        bars = market(self.seed, ROWS, self.columns, perpetual=self.perpetual)
        leverage = self.leverage if self.perpetual else 1.0
        shape = ROWS, self.columns
        fresh = random.uniform(-1 if self.perpetual else 0, 1, shape) * leverage / self.columns
        fresh[random.random(shape) < 0.2] = 0.0
        keep = np.maximum.accumulate(np.where(random.random(ROWS) < 0.2, np.arange(ROWS), 0))
        lots = () if self.lot is None else (self.lot,) * self.columns
        rules = Rules(
            10_000.0, max_leverage=leverage, max_bars=self.max_bars, lots=lots, **self.exits
        )
        owed = random.normal(0, 0.05, (2, *shape))
        funding = Funding(owed[0], owed[1]) if self.perpetual else None
        return bars, simulate(fresh[keep], bars, self.costs, rules, funding), rules


CASES = st.builds(
    Case,
    seed=st.integers(0, 2**32 - 1),
    perpetual=st.booleans(),
    columns=st.integers(1, 3),
    leverage=st.sampled_from([1.0, 3.0, 20.0]),
    exits=st.fixed_dictionaries(
        {
            name: st.none() | st.floats(0.005, 0.2)
            for name in ("stop_loss", "take_profit", "trailing_stop", "rebalance_band")
        }
    ),
    max_bars=st.none() | st.integers(1, 20),
    lot=st.sampled_from([None, 0.001, 1.0]),
    costs=st.builds(Costs, st.sampled_from([0.0, 0.001]), st.sampled_from([0.0, 0.002])),
)


@settings(max_examples=120, deadline=None)
@given(CASES)
def test_equity_is_cash_plus_holdings_at_every_close(case):
    bars, run, rules = case.play()
    fills = run.fills
    flows = np.bincount(
        fills.row, fills.quantity * fills.price + fills.fee, minlength=len(bars)
    ) + run.funding  # fmt: skip
    cash = rules.initial_cash - np.cumsum(flows)
    equity = cash + (run.positions * bars.close).sum(axis=1)
    np.testing.assert_allclose(run.equity, equity, rtol=1e-9, atol=1e-6)


@settings(max_examples=120, deadline=None)
@given(CASES)
def test_positions_are_the_sum_of_fills(case):
    _, run, _ = case.play()
    moved = np.zeros(run.positions.shape)
    np.add.at(moved, (run.fills.row, run.fills.symbol), run.fills.quantity)
    np.testing.assert_allclose(run.positions, np.cumsum(moved, axis=0), atol=1e-7)


@settings(max_examples=120, deadline=None)
@given(CASES)
def test_round_trips_account_for_every_unit_of_profit(case):
    bars, run, rules = case.play()
    trips = round_trips(run.fills, bars.close[-1], len(bars) - 1)
    earned = float(trips.pnl.sum()) - float(run.funding.sum())
    assert rules.initial_cash + earned == pytest.approx(float(run.equity[-1]), abs=1e-5)
    assert np.isclose(trips.fee.sum(), run.fills.fee.sum(), atol=1e-7)
    assert (trips.quantity > 0).all()
    assert (trips.exit_row >= trips.entry_row).all()


@settings(max_examples=120, deadline=None)
@given(CASES)
def test_costs_are_never_negative_but_for_a_bankrupt_account(case):
    _, run, _ = case.play()
    alive = run.fills.reason != 5
    assert (run.fills.fee[alive] >= 0).all()
    assert (run.fills.slippage >= 0).all()
    if case.costs.is_free:
        assert run.fills.fee[alive].sum() == 0 == run.fills.slippage.sum()


@settings(max_examples=120, deadline=None)
@given(CASES)
def test_spot_never_owes_and_nothing_lives_after_ruin(case):
    bars, run, _ = case.play()
    assert (run.equity >= 0).all()
    if not bars.symbols[0].endswith(":USDT"):
        assert (run.positions >= 0).all()
        assert run.ruin_row is None
    elif run.ruin_row is not None:
        assert (run.equity[run.ruin_row :] == 0).all()
        assert (run.positions[run.ruin_row :] == 0).all()


@settings(max_examples=60, deadline=None)
@given(CASES)
def test_the_same_run_twice_is_the_same_to_the_last_bit_and_lots_are_whole(case):
    bars, run, rules = case.play()
    for j, lot in enumerate(rules.lots):
        own = run.positions[:, j] / lot
        np.testing.assert_allclose(own, np.round(own), atol=1e-6)
    trips = round_trips(run.fills, bars.close[-1], len(bars) - 1)
    metrics = measure(run, trips, 8760.0).as_dict()
    again = case.play()[1]
    assert again.equity.tobytes() == run.equity.tobytes()
    assert metrics == measure(again, trips, 8760.0).as_dict()
    assert metrics["max_drawdown"] <= 0
    assert all(value is None or np.isfinite(value) for value in metrics.values())


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(-5, 5).filter(bool), min_size=1, max_size=30), st.integers(1, 50))
def test_round_trips_of_any_fills_add_up(steps, last):
    quantity = np.array(steps, dtype=float)
    count = len(quantity)
    price = np.linspace(10, 20, count)
    fills = Fills(
        np.arange(count), np.zeros(count, np.int64), quantity, price,
        np.abs(quantity) * 0.01, np.zeros(count), np.zeros(count, np.int8),
    )  # fmt: skip
    trips = round_trips(fills, np.array([float(last)]), count)
    left = quantity.sum()
    assert trips.pnl.sum() == pytest.approx(
        -(quantity * price).sum() - fills.fee.sum() + left * last
    )
    assert int((~trips.closed).sum()) == (left != 0)
    after = positions_after(quantity)
    crossings = int(np.sum(after[:-1] * after[1:] < 0))
    assert len(trips) == int(np.sum(after == 0)) + crossings + (left != 0)


@settings(max_examples=300, deadline=None)
@given(
    st.floats(-3, 3), st.floats(1, 1e7), st.floats(1e-4, 1e5),
    st.sampled_from(["0.00001", "0.001", "0.1", "1", "10"]),
)  # fmt: skip
def test_sizing_rounds_toward_zero_to_whole_lots(weight, equity, price, lot):
    from decimal import Decimal

    exact = weight * equity / price
    assume(abs(exact) < 1e11 * float(lot))  # more lots than that no float can count
    quantity = target_quantity(weight, equity, price, float(lot))
    assert abs(quantity) <= abs(exact) * (1 + 1e-12) + 1e-9 * float(lot)
    assert abs(exact) - abs(quantity) < float(lot)
    assert quantity * exact >= 0
    assert round_to_lot(quantity, float(lot)) == quantity
    decimal = target_decimal(weight, Decimal(repr(equity)), Decimal(repr(price)), Decimal(lot))
    assert decimal % Decimal(lot) == 0
    assert float(decimal) == pytest.approx(quantity, rel=1e-12, abs=1e-12)
