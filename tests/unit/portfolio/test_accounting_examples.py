"""Round trips by hand-computed examples."""

from decimal import Decimal

import numpy as np
import pytest

from xq.portfolio.accounting import Fills, Reason, RoundTrips, round_trips
from xq.portfolio.costs import Costs
from xq.portfolio.sizing import target_decimal, target_quantity


def trips_of(
    quantity: list[float], price: list[float], fee: float = 0.0, last: float = 0.0
) -> RoundTrips:
    count = len(quantity)
    fills = Fills(
        np.arange(count), np.zeros(count, np.int64), np.array(quantity, float),
        np.array(price, float), np.full(count, fee), np.zeros(count),
        np.zeros(count, np.int8),
    )  # fmt: skip
    return round_trips(fills, np.array([last]), count)


def test_scaling_in_and_out_is_one_round_trip_at_average_prices():
    trips = trips_of([1, 3, -2, -2], [10, 14, 16, 18], fee=0.5)
    assert len(trips) == 1
    assert (trips.entry_price[0], trips.exit_price[0], trips.quantity[0]) == (13.0, 17.0, 4.0)
    assert trips.pnl[0] == 4 * 4 - 4 * 0.5
    assert trips.returns[0] == trips.pnl[0] / 52
    assert (trips.entry_row[0], trips.exit_row[0]) == (0, 3)


def test_turning_around_shares_the_fee_by_quantity():
    trips = trips_of([2, -5, 3], [10, 12, 11], fee=1.0)
    assert trips.direction.tolist() == [1, -1]
    assert trips.fee.tolist() == pytest.approx([1.4, 1.6])
    assert trips.pnl.tolist() == pytest.approx([4 - 1.4, 3 - 1.6])


def test_an_open_round_trip_is_valued_at_the_last_close_and_comes_last():
    trips = trips_of([1, -1, 2], [10, 11, 12], last=15.0)
    assert trips.closed.tolist() == [True, False]
    assert trips.pnl.tolist() == [1.0, 6.0]
    assert trips.closed_pnl.tolist() == [1.0]
    assert trips.exit_row.tolist() == [1, 3]


def test_no_fills_no_round_trips():
    assert len(trips_of([], [])) == 0


def test_symbols_do_not_mix():
    fills = Fills(
        np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]), np.array([1.0, -1.0, 1.0, -1.0]),
        np.array([10.0, 20.0, 18.0, 11.0]), np.zeros(4), np.zeros(4), np.zeros(4, np.int8),
    )  # fmt: skip
    trips = round_trips(fills, np.array([0.0, 0.0]), 3)
    assert trips.symbol.tolist() == [1, 0]  # in order of their end
    assert trips.pnl.tolist() == [2.0, 1.0]


def test_reasons_have_the_words_of_the_configuration():
    assert [reason.label for reason in Reason] == [
        "signal", "stop_loss", "take_profit", "trailing_stop", "time_stop", "liquidation",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("weight", "lot", "expected"),
    [
        (0.3, "0.1", "0.3"),
        (0.35, "0.1", "0.3"),
        (-0.35, "0.1", "-0.3"),
        (0.05, "0.1", "0.0"),
        (1.0, "0.3", "0.9"),
    ],
)
def test_order_code_gets_exact_multiples_of_the_lot(weight, lot, expected):
    assert target_decimal(weight, Decimal(1), Decimal(1), Decimal(lot)) == Decimal(expected)


def test_without_equity_nothing_is_held_and_nan_stays_nan():
    assert target_quantity(1.0, 0.0, 10.0) == 0.0
    assert target_quantity(1.0, -5.0, 10.0, 0.1) == 0.0
    assert np.isnan(target_quantity(float("nan"), 5.0, 10.0, 0.1))


def test_costs_worsen_both_sides():
    costs = Costs(fee=0.0, slippage=0.01)
    assert (costs.fill_price(100, 1), costs.fill_price(100, -1)) == (101.0, 99.0)
    assert not costs.is_free
