"""Delay, filters, brackets, measured slippage, prices inside bars and cash flows, by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from xq.backtest import own_engine
from xq.backtest.conditions import Brackets, Conditions, Era, Filters, Frictions, Path
from xq.backtest.simulation import Rules, Simulation
from xq.backtest.vector import simulate
from xq.bars import Bars
from xq.errors import UsageError
from xq.portfolio.accounting import Reason
from xq.portfolio.costs import FREE, Costs
from xq.timeframe import Timeframe

HOUR = 3_600_000
SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"
FLAT = (100.0, 100.0, 100.0, 100.0)
TIERS = Brackets.of([(0.0, 0.01), (5_000.0, 0.05)])


def bars_of(rows: list[tuple[float, ...]], symbol: str = SPOT) -> Bars:
    opens, highs, lows, closes = (
        np.array(column, dtype=float) for column in zip(*rows, strict=True)
    )
    return Bars.of(
        Timeframe.parse("1h"), [symbol], np.arange(len(rows)) * HOUR,
        open=opens, high=highs, low=lows, close=closes,
    )  # fmt: skip


def play(
    rows: list[tuple[float, ...]],
    weights: list[float],
    rules: Rules,
    conditions: Conditions = Conditions(),  # noqa: B008
    *,
    symbol: str = SPOT,
    costs: Costs = FREE,
) -> Simulation:
    return simulate(np.array(weights)[:, None], bars_of(rows, symbol), costs, rules, None,
                    conditions)  # fmt: skip


def era(row: int = 0, filters: Filters | None = None, brackets: Brackets = TIERS) -> Era:
    return Era(row, (filters or Filters(),), (brackets,))


def reasons(run: Simulation) -> list[str]:
    return [Reason(int(code)).label for code in run.fills.reason]


def test_a_longer_delay_fills_later_the_quantity_decided_at_the_close():
    rows = [FLAT, FLAT, (110, 110, 110, 110), (125, 125, 125, 125), (125, 125, 125, 125)]
    run = play(rows, [0.5, 0.5, 0.0, 0.0, 0.0], Rules(1000, delay=2))
    assert run.fills.row.tolist() == [2, 4]
    assert run.fills.quantity.tolist() == [5.0, -5.0]
    assert run.fills.price.tolist() == [110.0, 125.0]


def test_an_exit_cancels_what_is_still_waiting():
    rows = [FLAT, FLAT, FLAT, (100, 100, 90, 95), FLAT, FLAT]
    run = play(rows, [0.5, 0.5, 0.6, 0.6, 0.6, 0.6], Rules(1000, delay=2, stop_loss=0.05))
    assert reasons(run) == ["signal", "stop_loss"]
    assert run.positions[-1, 0] == 0.0


def test_a_delay_below_one_bar_is_refused():
    with pytest.raises(UsageError, match="found a delay of 0"):
        play([FLAT, FLAT], [1, 1], Rules(1000, delay=0))


def test_orders_below_the_least_are_refused_and_those_above_the_largest_cut():
    filters = Filters(lot=0.1, min_quantity=0.5, max_quantity=3.0, min_notional=100.0)
    known = Conditions(eras=(era(filters=filters),))
    small = play([FLAT] * 4, [0.04, 0.04, 0.08, 0.08], Rules(1000), known)
    assert (len(small.fills), small.orders_refused) == (0, 2)
    large = play([FLAT] * 4, [1.0, 1.0, 0.0, 0.0], Rules(1000), known)
    assert large.fills.quantity.tolist() == pytest.approx([3.0, -3.0])
    assert (large.orders_refused, large.orders_cut) == (0, 1)


def test_a_reduction_of_contracts_needs_no_least_notional_and_a_small_turn_only_closes():
    known = Conditions(eras=(era(filters=Filters(min_notional=100.0)),))
    reduced = play([FLAT] * 4, [0.5, 0.45, 0.45, 0.45], Rules(1000), known, symbol=PERP)
    assert reduced.fills.quantity.tolist() == pytest.approx([5.0, -0.5])
    turned = play([FLAT] * 3, [0.5, -0.05, -0.05], Rules(1000), known, symbol=PERP)
    assert turned.fills.quantity.tolist() == [5.0, -5.0]
    assert turned.orders_refused == 1
    spot = play([FLAT] * 4, [0.5, 0.45, 0.45, 0.45], Rules(1000), known)
    assert spot.fills.quantity.tolist() == [5.0]


def test_filters_change_with_their_time():
    known = Conditions(eras=(era(filters=Filters(lot=1.0)), era(2, filters=Filters(lot=2.0))))
    run = play([FLAT] * 4, [0.3, 0.3, 0.5, 0.5], Rules(1000), known)
    assert run.fills.quantity.tolist() == [3.0, 1.0]
    later = known.slice(2, 4)
    assert [(item.row, item.filters[0].lot) for item in later.eras] == [(0, 2.0)]


def test_prices_lie_on_the_tick_that_is_worse():
    known = Conditions(eras=(era(filters=Filters(tick=0.5)),))
    run = play([FLAT, FLAT, FLAT], [0.5, 0, 0], Rules(1000), known, costs=Costs(slippage=0.0012))
    assert run.fills.price.tolist() == [100.5, 99.5]
    rows = [FLAT, FLAT, (100, 100, 90, 95)]
    stopped = play(rows, [0.5] * 3, Rules(1000, stop_loss=0.0512), known)
    assert stopped.fills.price[-1] == 94.5


def test_measured_slippage_grows_with_the_square_root_of_the_quantity():
    base, impact = np.full((4, 1), 0.001), np.array([[0.0], [0.002], [0.0], [0.0]])
    known = Conditions(frictions=Frictions(base, impact))
    run = play([FLAT] * 4, [0.4, 0.4, 0.0, 0.0], Rules(1000), known, costs=Costs(slippage=0.5))
    assert run.fills.price.tolist() == pytest.approx([100 * (1 + 0.001 + 0.002 * 2), 99.9])
    assert run.fills.slippage.tolist() == pytest.approx([4 * 0.5, 4 * 0.1])


def test_a_resting_take_profit_pays_the_maker_and_is_filled_only_by_prices_beyond_it():
    rows = [FLAT, FLAT, (100, 112.5, 100, 105), (105, 113, 105, 106)]
    costs = Costs(fee=0.001, slippage=0.01, maker=0.0002)
    rules = Rules(1000, take_profit=0.125)
    touched = play(rows, [0.5] * 4, rules, costs=FREE)
    assert touched.fills.row.tolist() == [1, 2]
    rested = play(rows, [0.5] * 4, replace(rules, limit_exits=True), costs=FREE)
    assert rested.fills.row.tolist() == [1, 3]
    paid = play([*rows, (112, 114, 112, 112)], [0.5] * 5, replace(rules, limit_exits=True),
                costs=costs)  # fmt: skip
    assert paid.fills.price[-1] == pytest.approx(101 * 1.125)
    assert paid.fills.fee[-1] == pytest.approx(5 * 101 * 1.125 * 0.0002)
    assert paid.fills.slippage[-1] == 0.0


def inside(first: list[int], rows: list[tuple[float, float, float]]) -> Path:
    opens, highs, lows = (np.array(part, dtype=float)[:, None] for part in zip(*rows, strict=True))
    return Path(np.array(first), opens, highs, lows)


def test_finer_bars_tell_whether_the_stop_or_the_take_profit_came_first():
    rows = [FLAT, FLAT, (100, 112, 88, 100), FLAT]
    rules = Rules(1000, stop_loss=0.1, take_profit=0.1)
    assert reasons(play(rows, [0.5] * 4, rules)) == ["signal", "stop_loss"]
    still = (100.0, 100.0, 100.0)
    up_first = inside([0, 1, 2, 4, 5], [still, still, (100, 112, 99), (111, 111, 88),
                                        still])  # fmt: skip
    known = Conditions(path=up_first)
    assert reasons(play(rows, [0.5] * 4, rules, known)) == ["signal", "take_profit"]
    assert known.slice(2, 4).path.first.tolist() == [0, 2, 3]


def test_liquidation_is_judged_on_marks_and_filled_at_prices():
    rows = [FLAT, FLAT, (100, 100, 80, 99), FLAT]
    rules = Rules(1000, max_leverage=10, liquidation_fee=0.0)
    marks = inside([0, 1, 2, 3, 4], [(100.0, 100.0, 100.0)] * 4)
    calm = play(rows, [4.0] * 4, rules, Conditions(eras=(era(),), marks=marks), symbol=PERP)
    assert reasons(calm) == ["signal"]
    deep = inside(
        [0, 1, 2, 3, 4], [(100, 100, 100), (100, 100, 100), (100, 100, 60), (100, 100, 100)]
    )
    flat = Brackets.flat(0.0)
    known = Conditions(eras=(era(brackets=flat),), marks=deep)
    run = play(rows, [4.0] * 4, rules, known, symbol=PERP)
    # equity 1000 + 40 (mark - 100) is gone at a mark of 75: 25/40 of the way, where the price is
    assert run.fills.price[-1] == pytest.approx(100 - 20 * 25 / 40)
    assert run.equity[2] == pytest.approx(1000 - 40 * 12.5)
    assert run.ruin_row is None


def test_a_position_is_cut_to_the_bracket_below_and_the_rest_stays_until_it_is_closed():
    brackets = Brackets.of([(0.0, 0.01), (5_000.0, 0.25)])
    known = Conditions(eras=(era(brackets=brackets),))
    rules = Rules(1000, max_leverage=10, liquidation_fee=0.0125)
    rows = [FLAT, FLAT, (100, 100, 95, 96), FLAT, FLAT, FLAT]
    run = play(rows, [8.0, 8.0, 8.0, 8.0, 0.0, 0.0], rules, known, symbol=PERP)
    # 80 units: 1000 + 80 (P - 100) = 0.25 * 80 P - 1200 at P = 5800 / 60
    price = 5800 / 60
    assert run.fills.price[1] == pytest.approx(price)
    assert run.fills.quantity.tolist() == pytest.approx([80, -(80 - 5000 / price), -5000 / price])
    assert reasons(run) == ["signal", "liquidation", "signal"]
    closed = 80 - 5000 / price
    fee = closed * price * 0.0125
    assert run.fills.fee[1] == pytest.approx(fee)
    assert run.equity[2] == pytest.approx(1000 + closed * (price - 100) - fee
                                          + (5000 / price) * (96 - 100))  # fmt: skip
    assert run.fills.row[-1] == 5


def test_a_loss_beyond_the_margin_is_the_venues_and_the_heaviest_position_goes_first():
    bars = Bars.of(
        Timeframe.parse("1h"), ["A/U:U", "B/U:U"], np.arange(4) * HOUR,
        open=np.full((4, 2), 100.0), close=np.array([[100, 100], [100, 100], [60, 100], [60, 100]]),
        low=np.array([[100, 100], [100, 100], [60, 100], [60, 100]]), high=np.full((4, 2), 100.0),
    )  # fmt: skip
    weights = np.tile([2.5, 1.0], (4, 1))
    rules = Rules(1000, max_leverage=4, maintenance=0.01, liquidation_fee=0.0)
    run = simulate(weights, bars, FREE, rules)
    assert reasons(run) == ["signal", "signal", "liquidation"]
    assert run.fills.symbol.tolist() == [0, 1, 0]
    # 1000 + 25 (P - 100) = 0.01 (25 P + 1000) at P = 1510 / 24.75
    assert run.fills.price[-1] == pytest.approx(1510 / 24.75)
    assert run.positions[-1].tolist() == [0.0, 10.0]


def test_cash_brought_in_is_traded_with_but_is_no_profit():
    rows = [FLAT, FLAT, (100, 100, 100, 110), (110, 110, 110, 110), (110, 110, 110, 110)]
    flows = np.array([0.0, 0.0, 0.0, 1000.0, -5000.0])
    run = play(rows, [1.0] * 5, Rules(1000), Conditions(flows=flows))
    assert run.equity.tolist() == [1000.0, 1000.0, 1100.0, 2100.0, 1100.0]
    assert run.flows.tolist() == [0.0, 0.0, 0.0, 1000.0, -1000.0]  # no more than the cash there is
    assert run.growth.tolist() == pytest.approx([1000, 1000, 1100, 1100, 1100])
    assert run.after(3).flows.tolist() == [1000.0, -1000.0]


def test_taking_all_out_is_no_loss_and_what_comes_later_trades_on():
    rows = [FLAT, FLAT, FLAT, (100, 110, 100, 110), (110, 110, 110, 110)]
    flows = np.array([0.0, -5000.0, 500.0, 0.0, 0.0])
    run = play(rows, [0.0, 1.0, 1.0, 1.0, 1.0], Rules(1000), Conditions(flows=flows))
    assert run.flows.tolist() == [0.0, -1000.0, 500.0, 0.0, 0.0]
    assert run.ruin_row is None
    assert run.equity.tolist() == pytest.approx([1000.0, 0.0, 500.0, 550.0, 550.0])
    assert run.growth.tolist() == pytest.approx([1000.0, 1000.0, 1000.0, 1100.0, 1100.0])


def test_a_short_keeps_its_proceeds_and_its_margin():
    flows = np.array([0.0, 0.0, -5000.0])
    half = play([FLAT] * 3, [-0.5] * 3, Rules(1000), Conditions(flows=flows), symbol=PERP)
    assert half.flows.tolist() == [0.0, 0.0, -500.0]
    assert half.equity.tolist() == [1000.0, 1000.0, 500.0]
    whole = play([FLAT] * 3, [-1.0] * 3, Rules(1000), Conditions(flows=flows), symbol=PERP)
    assert whole.flows.tolist() == [0.0, 0.0, 0.0]
    assert whole.ruin_row is None


def test_many_cuts_find_room():
    floors = [(0.0, 0.001), *((300.0 * k, 0.001 * (k + 1) ** 2) for k in range(1, 12))]
    known = Conditions(eras=(era(brackets=Brackets.of(floors)),))
    rows = [(100, 130, 70, 100)] * 60
    weights = [3.0 * (-1) ** k for k in range(60)]
    rules = Rules(1000, max_leverage=3, liquidation_fee=0.0)
    run = play(rows, weights, rules, known, symbol=PERP)
    assert (run.equity >= 0).all()
    assert math.isclose(run.positions[-1, 0], run.fills.quantity.sum(), abs_tol=1e-6)


def test_interpreted_and_compiled_are_equal_bit_for_bit_under_all_conditions():
    random = np.random.default_rng(5)
    rows, names = 250, ("A/U:U", "B/U:U")
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, (rows, 2)), axis=0))
    opens = np.vstack(([[100.0, 100.0]], close[:-1]))
    high, low = np.maximum(opens, close) * 1.006, np.minimum(opens, close) * 0.994
    bars = Bars.of(Timeframe.parse("1h"), names, np.arange(rows) * HOUR, open=opens, high=high,
                   low=low, close=close)  # fmt: skip
    filters = (Filters(0.01, 0.02, 400.0, 5.0, 0.01), Filters(0.1, 0.1, 90.0, 5.0, 0.05))
    tiers = Brackets.of([(0.0, 0.01), (4_000.0, 0.05), (9_000.0, 0.2)])
    eras = tuple(Era(row, filters, (tiers, Brackets.flat(0.02))) for row in (0, 100))
    twice = np.arange(rows + 1) * 2
    path = Path(twice, *(np.repeat(part, 2, axis=0) for part in (opens, high, low)))
    known = Conditions(
        eras, Frictions(np.full((rows, 2), 1e-4), np.full((rows, 2), 1e-5)), path,
        replace(path, low=path.low * 0.85), np.where(np.arange(rows) % 100 == 50, 500.0, 0.0),
    )  # fmt: skip
    weights = np.where(np.cumsum(random.random((rows, 2)) < 0.05, axis=0) % 2 == 0, -1.0, 1.0) * 3
    rules = Rules(10_000, max_leverage=6, stop_loss=0.03, take_profit=0.04, trailing_stop=0.05,
                  limit_exits=True, delay=2)  # fmt: skip
    costs = Costs(0.0005, 0.0, 0.0002)
    runs = [own_engine.run(weights, bars, costs, rules, None, known, margined=True,
                           compile_kernel=compiled) for compiled in (False, True)]  # fmt: skip
    assert {0, 1, 2, 5} <= set(runs[0].fills.reason.tolist())
    assert runs[0].equity.tobytes() == runs[1].equity.tobytes()
    for name in runs[0].fills.__slots__:
        np.testing.assert_array_equal(getattr(runs[0].fills, name), getattr(runs[1].fills, name))
