"""What happens inside a bar, by hand-computed examples."""

import numpy as np
import pytest

from xq.backtest import own_engine
from xq.backtest.simulation import Funding, Rules, Simulation
from xq.backtest.vector import simulate
from xq.bars import Bars
from xq.errors import BadWeights, UsageError
from xq.portfolio.accounting import Reason
from xq.portfolio.costs import FREE, Costs
from xq.timeframe import Timeframe

HOUR = 3_600_000
SPOT = "BTC/USDT"
PERP = "BTC/USDT:USDT"


def bars_of(rows: list[tuple[float, float, float, float]], symbol: str = SPOT) -> Bars:
    """Bars from (open, high, low, close) rows of one symbol."""
    opens, highs, lows, closes = (
        np.array(column, dtype=float) for column in zip(*rows, strict=True)
    )
    times = np.arange(len(rows)) * HOUR
    return Bars.of(
        Timeframe.parse("1h"), [symbol], times, open=opens, high=highs, low=lows, close=closes
    )


def play(
    rows: list[tuple[float, float, float, float]],
    weights: list[float],
    rules: Rules,
    *,
    symbol: str = SPOT,
    costs: Costs = FREE,
    funding: Funding | None = None,
) -> Simulation:
    return simulate(np.array(weights)[:, None], bars_of(rows, symbol), costs, rules, funding)


def reasons(run: Simulation) -> list[str]:
    return [Reason(int(code)).label for code in run.fills.reason]


FLAT = (100.0, 100.0, 100.0, 100.0)


def test_a_stop_loss_fills_at_its_level_and_the_symbol_stays_flat_until_the_target_is_zero():
    rows = [FLAT, (100, 101, 99, 100), (100, 100, 94, 99), FLAT, FLAT, FLAT, FLAT]
    run = play(rows, [1, 1, 1, 1, 0, 1, 1], Rules(initial_cash=1000, stop_loss=0.05))
    assert reasons(run) == ["signal", "stop_loss", "signal"]
    assert run.fills.row.tolist() == [1, 2, 6]
    assert run.fills.price.tolist() == [100.0, 95.0, 100.0]
    assert run.equity[2] == 950.0


def test_a_stop_passed_by_the_open_fills_at_the_open_not_at_its_level():
    run = play([FLAT, FLAT, (80, 85, 79, 84)], [1, 1, 1], Rules(1000, stop_loss=0.05))
    assert run.fills.price.tolist() == [100.0, 80.0]
    assert run.equity[-1] == 800.0


def test_when_one_bar_reaches_stop_and_target_the_stop_is_taken():
    rules = Rules(1000, stop_loss=0.05, take_profit=0.05)
    run = play([FLAT, FLAT, (100, 110, 90, 100)], [1, 1, 1], rules)
    assert reasons(run) == ["signal", "stop_loss"]


def test_a_take_profit_never_fills_better_than_its_level():
    run = play([FLAT, FLAT, (120, 121, 119, 120)], [1, 1, 1], Rules(1000, take_profit=0.05))
    assert reasons(run) == ["signal", "take_profit"]
    assert run.fills.price[1] == 105.0


def test_a_trailing_stop_follows_the_highs_of_earlier_bars_only():
    calm = (100.0, 100.0, 99.0, 100.0)
    spike = (100.0, 120.0, 100.0, 119.0)  # low is not 10 % below 120 from a high known before
    fall = (119.0, 119.0, 107.0, 108.0)
    run = play([FLAT, calm, spike, fall], [1, 1, 1, 1], Rules(1000, trailing_stop=0.1))
    assert reasons(run) == ["signal", "trailing_stop"]
    assert run.fills.row.tolist() == [1, 3]
    assert run.fills.price[1] == pytest.approx(108.0)


def test_the_same_bar_can_enter_and_be_stopped():
    run = play([FLAT, (100, 100, 90, 95)], [1, 1], Rules(1000, stop_loss=0.05))
    assert run.fills.row.tolist() == [1, 1]
    assert run.equity[-1] == 950.0


def test_a_time_stop_leaves_at_the_open_after_so_many_bars():
    run = play([FLAT] * 7, [1] * 7, Rules(1000, max_bars=3))
    assert reasons(run) == ["signal", "time_stop"]
    assert run.fills.row.tolist() == [1, 4]


def test_after_an_exit_a_turn_of_the_target_trades_again():
    rows = [FLAT, (100, 100, 90, 95), (95, 95, 95, 95), (95, 95, 95, 95), (95, 95, 95, 95)]
    rules = Rules(1000, stop_loss=0.05)
    run = play(rows, [1, 1, 1, -1, -1], rules, symbol=PERP)
    assert reasons(run) == ["signal", "stop_loss", "signal"]
    assert run.fills.quantity[2] < 0


def test_a_short_is_stopped_above_and_pays_slippage_upwards():
    rows = [FLAT, FLAT, (100, 106, 100, 103)]
    run = play(
        rows, [-1, -1, -1], Rules(1000, stop_loss=0.05), symbol=PERP, costs=Costs(slippage=0.01)
    )
    # sold at 99; the stop is 5 % above that entry, bought 1 % worse
    assert run.fills.price.tolist() == pytest.approx([99.0, 99.0 * 1.05 * 1.01])


def test_drift_beyond_the_band_is_traded_back_and_within_it_is_not():
    rows = [FLAT, FLAT, (100, 150, 100, 150), (150, 150, 150, 150), (150, 150, 150, 150)]
    inside = play(rows, [0.5] * 5, Rules(1000, rebalance_band=0.2))
    outside = play(rows, [0.5] * 5, Rules(1000, rebalance_band=0.05))
    assert len(inside.fills) == 1
    assert outside.fills.row.tolist() == [1, 3]
    assert outside.positions[-1, 0] * 150 == pytest.approx(0.5 * outside.equity[-1])


def test_quantity_is_fixed_at_the_close_and_filled_at_the_next_open():
    run = play([FLAT, (125, 125, 125, 125)], [0.5, 0.5], Rules(1000))
    assert run.fills.quantity.tolist() == [5.0]
    assert run.fills.price.tolist() == [125.0]


def test_a_buy_on_spot_is_cut_to_the_cash_there_is():
    run = play([FLAT, (125, 125, 125, 125)], [1, 1], Rules(1000), costs=Costs(fee=0.25))
    assert run.fills.quantity.tolist() == [1000 / (125 * 1.25)]
    assert run.equity[-1] == pytest.approx(800.0)


def test_quantities_are_whole_lots_also_when_cut():
    rules = Rules(1000, lots=(0.3,))
    run = play([FLAT, (125, 125, 125, 125), FLAT], [1, 0, 0], rules)
    assert run.fills.quantity.tolist() == pytest.approx([7.8, -7.8])
    assert run.positions[-1, 0] == 0.0


def test_funding_at_the_open_is_paid_by_what_was_held_before_the_fills_there():
    owed = np.array([[1.0], [1.0], [1.0], [1.0]])
    run = play(
        [FLAT] * 4, [0.5, 0.5, 0, 0], Rules(1000), symbol=PERP, funding=Funding(owed, owed * 0)
    )
    assert run.funding.tolist() == [0.0, 0.0, 5.0, 5.0]
    assert run.equity[-1] == 990.0


def test_funding_inside_a_bar_meets_what_was_filled_at_its_open_and_shorts_receive():
    owed = np.array([[0.0], [2.0], [0.0]])
    run = play([FLAT] * 3, [-0.5] * 3, Rules(1000), symbol=PERP, funding=Funding(owed * 0, owed))
    assert run.funding.tolist() == [0.0, -10.0, 0.0]
    assert run.equity[-1] == 1010.0


def test_liquidation_comes_where_equity_meets_the_maintenance_margin_and_ends_the_run():
    rules = Rules(1000, max_leverage=10, maintenance=0.01)
    rows = [FLAT, FLAT, (100, 100, 80, 99), FLAT]
    run = play(rows, [10, 10, 10, 10], rules, symbol=PERP)
    # 100 units on 1,000: equity 1000 + 100 (P - 100) = 0.01 * 100 P at P = 9000 / 99
    assert run.fills.price[-1] == pytest.approx(9000 / 99)
    assert reasons(run) == ["signal", "liquidation"]
    assert run.ruin_row == 2
    assert run.equity.tolist() == [1000.0, 1000.0, 0.0, 0.0]


def test_a_stop_nearer_than_the_liquidation_price_saves_the_account():
    rules = Rules(1000, max_leverage=10, maintenance=0.01, stop_loss=0.05)
    run = play([FLAT, FLAT, (100, 100, 80, 99)], [10, 10, 10], rules, symbol=PERP)
    assert reasons(run) == ["signal", "stop_loss"]
    assert run.ruin_row is None
    assert run.equity[-1] == pytest.approx(500.0)


def test_a_gap_through_the_liquidation_price_leaves_nothing_but_never_less():
    rules = Rules(1000, max_leverage=10)
    run = play([FLAT, FLAT, (50, 50, 50, 50), FLAT], [10] * 4, rules, symbol=PERP)
    assert run.fills.price[-1] == 50.0
    assert run.equity[-1] == 0.0
    assert run.fills.fee[-1] < 0  # the venue's insurance pays what the margin could not


def test_margin_limits_an_increase_at_the_fill_price_with_costs():
    costs = Costs(fee=0.01, slippage=0.01)
    run = play([FLAT, (110, 110, 110, 110)], [3, 3], Rules(1000, max_leverage=3), symbol=PERP,
               costs=costs)  # fmt: skip
    quantity = float(run.fills.quantity[0])
    after_costs = 1000 - quantity * (1.1 + 0.01 * 111.1)
    assert quantity < 30
    assert quantity * 110 == pytest.approx(3 * after_costs)


def test_reductions_fill_before_increases_so_that_their_cash_can_be_used():
    bars = Bars.of(
        Timeframe.parse("1h"), ["A/USDT", "B/USDT"], np.arange(4) * HOUR, close=np.full((4, 2), 10)
    )
    weights = np.array([[0, 1], [1, 0], [1, 0], [1, 0]], dtype=float)
    run = simulate(weights, bars, FREE, Rules(100))
    assert run.positions[-1].tolist() == [10.0, 0.0]
    assert run.fills.symbol.tolist() == [1, 1, 0]


def test_a_missing_bar_is_no_decision_and_no_fill_and_keeps_the_last_price():
    nan = float("nan")
    rows = [FLAT, FLAT, (nan, nan, nan, nan), (120, 120, 120, 120), (120, 120, 120, 120)]
    spot = play(rows, [1, 0, 0, 0, 0], Rules(1000))
    own = own_engine.run(
        np.array([[1.0], [0], [0], [0], [0]]),
        bars_of(rows),
        FREE,
        Rules(1000),
        None,
        margined=False,
    )
    assert spot.engine == "vectorbt"
    assert spot.fills.row.tolist() == [1, 4]
    assert spot.equity.tolist() == [1000.0, 1000.0, 1000.0, 1200.0, 1200.0]
    assert own.equity.tolist() == spot.equity.tolist()


def test_nan_weights_leave_the_position_alone():
    run = play([FLAT] * 4, [1, float("nan"), float("nan"), 0], Rules(1000))
    assert run.positions[:, 0].tolist() == [0, 10, 10, 10]


@pytest.mark.parametrize(
    ("weights", "symbol", "message"),
    [
        ([0.0, -0.5], SPOT, "a short weight is impossible on spot, found -0.5"),
        ([0.0, 1.5], SPOT, "gross weight may be at most 1, found 1.5"),
        ([0.0, -3.0], PERP, "gross weight may be at most 2, found 3"),
        ([0.0, float("inf")], SPOT, "a weight must be finite, found inf"),
    ],
)
def test_impossible_weights_are_refused_with_symbol_and_bar(weights, symbol, message):
    with pytest.raises(BadWeights) as caught:
        play([FLAT, FLAT], weights, Rules(1000, max_leverage=2), symbol=symbol)
    assert caught.value.message == message
    assert caught.value.where == f"{symbol} 1h, bar 1970-01-01T01:00:00Z"
    assert caught.value.exit_code == 5


def test_spot_and_perpetuals_do_not_share_an_account():
    bars = Bars.of(Timeframe.parse("1h"), [SPOT, PERP], [0, HOUR], close=np.ones((2, 2)))
    with pytest.raises(UsageError, match="cannot share"):
        simulate(np.zeros((2, 2)), bars, FREE, Rules())


def test_weights_of_another_shape_are_refused():
    with pytest.raises(BadWeights, match="shape"):
        simulate(np.zeros((3, 1)), bars_of([FLAT, FLAT]), FREE, Rules())
