"""Exits rest at the venue and fire there as the vector engine has them, to 1e-9."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from xq.backtest.conditions import Conditions, Era, Filters, simulated_brackets
from xq.backtest.replay import Handling, Replayed, replay
from xq.backtest.simulation import Rules, Simulation
from xq.backtest.vector import simulate
from xq.backtest.verify import verify
from xq.bars import Bars
from xq.portfolio.accounting import Reason
from xq.portfolio.costs import FREE, Costs
from xq.timeframe import HOUR_MS, Timeframe

START = 1_600_000_000_000 // HOUR_MS * HOUR_MS
COSTS = Costs(fee=0.001, slippage=0.0005)
KNOWN = Conditions((Era(0, (Filters(),), (simulated_brackets("BTC/USDT:USDT"),)),))
NAMES = ("BTC/USDT:USDT", "ETH/USDT:USDT", "XRP/USDT:USDT")


def bars_of(*rows: tuple[float, float, float, float]) -> Bars:
    """Hours of one perpetual: open, high, low, close."""
    prices = dict(zip(("open", "high", "low", "close"), np.array(rows).T, strict=True))
    times = START + np.arange(len(rows)) * HOUR_MS
    return Bars.of(Timeframe.parse("1h"), NAMES[:1], times, **prices)


def column(*weights: float) -> np.ndarray:
    return np.array(weights)[:, None]


def told(run: Simulation) -> list[tuple[int, float, Reason]]:
    rows, prices, reasons = run.fills.row.tolist(), run.fills.price.tolist(), run.fills.reason
    return [(r, p, Reason(w)) for r, p, w in zip(rows, prices, reasons.tolist(), strict=True)]


def net(run: Simulation) -> np.ndarray:
    """(T, N) what was bought and sold in each bar; a turn through zero is two orders."""
    found = np.zeros(run.positions.shape)
    np.add.at(found, (run.fills.row, run.fills.symbol), run.fills.quantity)
    return found


def assert_same(vector: Simulation, replayed: Replayed) -> None:
    run = replayed.simulation
    assert replayed.problems == ()
    np.testing.assert_allclose(run.equity, vector.equity, rtol=1e-9)
    np.testing.assert_allclose(net(run), net(vector), rtol=1e-8, atol=1e-9 * abs(net(vector)).max())
    stops = Reason.STOP_LOSS, Reason.TRAILING_STOP  # which of two at one level is a matter of ulps
    for reasons in (stops, *((r,) for r in Reason if r not in stops)):
        mine, theirs = (
            np.unique(r.fills.row[np.isin(r.fills.reason, reasons)]) for r in (run, vector)
        )
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(
    ("rules", "price", "reason"),
    [
        (Rules(stop_loss=0.05), 95.0, Reason.STOP_LOSS),
        (Rules(take_profit=0.1), 110.0, Reason.TAKE_PROFIT),
        (Rules(trailing_stop=0.1), 97.2, Reason.TRAILING_STOP),
        (Rules(stop_loss=0.02, trailing_stop=0.1), 98.0, Reason.STOP_LOSS),
        (Rules(stop_loss=0.2, trailing_stop=0.1), 97.2, Reason.TRAILING_STOP),
        (Rules(max_bars=2), 108.0, Reason.TIME_STOP),
    ],
)
def test_an_exit_fills_at_its_level_and_the_symbol_stays_flat(
    rules: Rules, price: float, reason: Reason
) -> None:
    bars = bars_of(
        (100, 100, 100, 100), (100, 104, 100, 104), (104, 108, 104, 108), (108, 111, 80, 90),
        (90, 95, 90, 95), (95, 95, 95, 95), (95, 99, 95, 99),
    )  # fmt: skip
    weights = column(0.5, 0.5, 0.5, 0.4, 0.0, 0.5, 0.5)  # new only after a target of 0
    run = replay(weights, bars, FREE, rules)
    assert_same(simulate(weights, bars, FREE, rules), run)
    assert told(run.simulation) == [
        (1, 100.0, Reason.SIGNAL), (3, pytest.approx(price), reason),
        (6, 95.0, Reason.SIGNAL),
    ]  # fmt: skip
    assert run.simulation.fills.slippage.tolist() == pytest.approx([0.0, 0.0, 0.0], abs=1e-7)


def test_a_stop_that_the_open_has_passed_fills_at_the_open() -> None:
    bars = bars_of((100, 100, 100, 100), (100, 101, 99, 100), (90, 92, 88, 91), (91, 91, 91, 91))
    weights, rules = column(0.5, 0.5, 0.5, 0.5), Rules(stop_loss=0.05)
    run = replay(weights, bars, COSTS, rules)
    assert_same(simulate(weights, bars, COSTS, rules), run)
    assert told(run.simulation)[1] == (2, pytest.approx(90 * 0.9995), Reason.STOP_LOSS)


def test_a_bar_with_stop_and_profit_is_read_otherwise_and_that_is_told() -> None:
    """The venue passes the nearer extreme first, the vector engine the worse one."""
    bars = bars_of((100, 100, 100, 100), (100, 106, 90, 95), (95, 95, 95, 95))
    weights, rules = column(0.5, 0.5, 0.5), Rules(stop_loss=0.05, take_profit=0.05)
    run, vector = (f(weights, bars, FREE, rules) for f in (replay, simulate))
    assert told(run.simulation)[1] == (1, pytest.approx(105.0), Reason.TAKE_PROFIT)
    assert told(vector)[1] == (1, pytest.approx(95.0), Reason.STOP_LOSS)
    found = verify(weights, bars, FREE, rules, None, KNOWN)
    [exits] = [row for row in found if row.name == "exits"]
    assert exits.is_explained
    assert exits.difference == pytest.approx(0.05, rel=0.05)
    assert "the worst of a bar first" in exits.explanation


def test_one_level_alone_must_agree_in_a_verification() -> None:
    bars = bars_of((100, 100, 100, 100), (100, 106, 90, 96), (96, 96, 96, 96))
    found = verify(column(0.5, 0.5, 0.5), bars, FREE, Rules(stop_loss=0.05), None, KNOWN)
    [exits] = [row for row in found if row.name == "exits"]
    assert (exits.explanation, exits.is_explained) == ("modelled alike", True)
    assert exits.vector == pytest.approx(exits.replay) != 0.0


def test_a_trailing_stop_that_the_next_open_has_passed_is_left_at_that_open() -> None:
    """Raised at the close it would trigger at once, which the venue refuses; the loop leaves."""
    bars = bars_of(
        (100, 100, 100, 100), (100, 120, 100, 120), (106, 107, 105, 106), (106, 106, 106, 106)
    )
    weights, rules = column(0.5, 0.5, 0.5, 0.5), Rules(trailing_stop=0.1)
    run = replay(weights, bars, FREE, rules)
    assert_same(simulate(weights, bars, FREE, rules), run)
    assert told(run.simulation)[1] == (2, pytest.approx(106.0), Reason.TRAILING_STOP)


@dataclass(frozen=True)
class Knobs:
    """What one random account is made from."""

    seed: int
    columns: int
    rows: int
    news: float
    band: float | None
    lot: float
    costs: Costs
    exits: tuple[tuple[str, float], ...]

    def case(self) -> tuple[np.ndarray, Bars, Costs, Rules]:
        random = np.random.default_rng(self.seed)
        shape = self.rows, self.columns
        close = 10.0 ** random.uniform(-2, 4, self.columns)
        close = close * np.exp(np.cumsum(random.normal(0, 0.01, shape), axis=0))
        gap = 0.0 if self.exits[0][0] == "take_profit" else 0.002  # profits: see the next test
        opens = np.vstack((close[:1], close[:-1])) * np.exp(random.normal(0, 1, shape) * gap)
        high = np.maximum(opens, close) * (1 + np.abs(random.normal(0, 0.003, shape)))
        low = np.minimum(opens, close) * (1 - np.abs(random.normal(0, 0.003, shape)))
        bars = Bars.of(
            Timeframe.parse("1h"), NAMES[: self.columns], START + np.arange(self.rows) * HOUR_MS,
            open=opens, high=high, low=low, close=close,
        )  # fmt: skip
        levels = random.uniform(-0.9, 0.9, shape) / self.columns
        levels[random.random(shape) < 0.2] = 0.0
        news = random.random((self.rows, 1)) < self.news
        kept = np.maximum.accumulate(np.where(news, np.arange(self.rows)[:, None], 0))
        weights = np.take_along_axis(levels, np.broadcast_to(kept, shape), axis=0)
        exits = {name: int(x) if name == "max_bars" else x for name, x in self.exits}
        rules = Rules(
            max_leverage=1_000.0, rebalance_band=self.band, lots=(self.lot,) * self.columns,
            **exits,  # type: ignore[arg-type]  # names and values come in pairs
        )  # fmt: skip
        return weights, bars, self.costs, rules


level = st.floats(0.01, 0.05)
bars_long = st.integers(1, 10)
knobs = st.builds(
    Knobs,
    seed=st.integers(0, 2**32 - 1),
    columns=st.integers(1, 3),
    rows=st.integers(2, 60),
    news=st.sampled_from([0.05, 0.3]),
    band=st.sampled_from([None, 0.01]),
    lot=st.sampled_from([0.0, 0.001]),
    costs=st.sampled_from([FREE, COSTS]),
    exits=st.one_of(
        st.tuples(st.tuples(st.just("stop_loss"), level)),
        st.tuples(st.tuples(st.just("take_profit"), level)),
        st.tuples(
            st.tuples(st.just("stop_loss"), level),
            st.tuples(st.just("trailing_stop"), level),
            st.tuples(st.just("max_bars"), bars_long),
        ),
        st.tuples(
            st.tuples(st.just("take_profit"), level), st.tuples(st.just("max_bars"), bars_long)
        ),
    ),
)


@settings(max_examples=25, deadline=None)
@given(knobs)
def test_random_accounts_with_exits(knobs: Knobs) -> None:
    weights, bars, costs, rules = knobs.case()
    vector = simulate(weights, bars, costs, rules)
    replayed = replay(weights, bars, costs, rules, handling=Handling(max_leverage=1_000.0))
    # At an open that passed a raised stop the loop leaves before it decides, the engine after.
    assume(not any(trades_and_stops(run) for run in (vector, replayed.simulation)))
    assert_same(vector, replayed)


def test_a_profit_that_the_open_has_passed_is_the_venues_price() -> None:
    """The vector engine never takes more than the level; the venue gives what there is."""
    bars = bars_of((100, 100, 100, 100), (100, 101, 99, 100), (115, 115, 112, 113), (113,) * 4)
    weights, rules = column(0.5, 0.5, 0.5, 0.5), Rules(take_profit=0.1)
    run, vector = (f(weights, bars, FREE, rules) for f in (replay, simulate))
    assert told(run.simulation)[1] == (2, pytest.approx(115.0), Reason.TAKE_PROFIT)
    assert told(vector)[1] == (2, pytest.approx(110.0), Reason.TAKE_PROFIT)


def trades_and_stops(run: Simulation) -> bool:
    """Whether a symbol is traded by its weights and stopped in one bar."""
    places = np.stack((run.fills.row, run.fills.symbol), axis=1)
    stopped = np.isin(run.fills.reason, (Reason.STOP_LOSS, Reason.TRAILING_STOP))
    signals = {(row, j) for row, j in places[run.fills.reason == Reason.SIGNAL].tolist()}
    return any((row, j) in signals for row, j in places[stopped].tolist())
