"""Orders that take from a recorded book: by hand, and the law that a prefix gives the same."""

import numpy as np
import pytest
from support.tapes import tape_of, walk_tape

from xq.backtest.market import MarketRun, run
from xq.backtest.market_account import MarketTerms
from xq.backtest.market_bars import bars_of, simulation_of
from xq.errors import UsageError
from xq.portfolio.accounting import Reason
from xq.strategy.market_tape import Tape
from xq.timeframe import Timeframe

NONE = float("nan")


def targets(count: int, **answers: float) -> np.ndarray:
    found = np.full(count, NONE)
    for name, value in answers.items():
        found[int(name[1:])] = value
    return found


def test_an_order_meets_the_book_that_there_is_when_it_arrives() -> None:
    tape = tape_of(
        [(0, 99, 101), (50, 199, 201), (100, 299, 301), (101, 399, 401), (900, 499, 501)]
    )
    for latency, price in ((49, 101), (50, 201), (99, 201), (100, 301), (101, 401), (899, 401)):
        done = run(tape, targets(5, _0=0.5), MarketTerms(1000.0, latency_ms=latency))
        [fill] = done.fills
        assert (fill.ts, fill.quantity, fill.price) == (latency, 5.0, price)  # 0.5 x 1000 / mid 100
        assert done.unfilled == 0
    late = run(tape, targets(5, _4=0.5), MarketTerms(1000.0))
    assert (late.fills, late.unfilled) == ((), 1)


def test_an_account_by_hand() -> None:
    """Bought 5 at 101 of 1000 with 1 % fee; sold at 109; each leg 1 beside the mid."""
    tape = tape_of(
        [(0, 99, 101), (200, 99, 101), (400, 109, 111), (600, 109, 111), (800, 109, 111)]
    )
    done = run(tape, targets(5, _0=0.5, _2=0.0), MarketTerms(1000.0, fee=0.01))
    first, last = done.fills
    assert (first.quantity, first.price, first.fee, first.slippage) == (5.0, 101.0, 5.05, 5.0)
    assert (last.quantity, last.price, last.fee, last.slippage) == (-5.0, 109.0, 5.45, 5.0)
    held = 1000 - 505 - 5.05
    expected = [1000, held + 500, held + 550, held + 545 - 5.45, held + 545 - 5.45]
    np.testing.assert_allclose(done.equity, expected, atol=1e-9)
    assert done.position.tolist() == [0.0, 5.0, 5.0, 0.0, 0.0]
    assert done.ruin is None


def test_a_repeated_target_is_no_order_and_two_on_their_way_both_arrive() -> None:
    tape = tape_of([(n * 40, 99, 101) for n in range(12)])
    again = run(tape, targets(12, _0=0.5, _1=0.5, _6=0.5), MarketTerms(1000.0))
    assert len(again.fills) == 1
    both = run(tape, targets(12, _0=0.5, _1=0.0), MarketTerms(1000.0))
    assert [fill.quantity for fill in both.fills] == [5.0, -5.0]


def test_orders_larger_than_the_book_take_what_is_there() -> None:
    tape = tape_of([(0, 99, 101), (200, 99, 101), (400, 99, 101)], size=2.0)
    done = run(tape, targets(3, _0=0.5), MarketTerms(1000.0))
    assert [fill.quantity for fill in done.fills] == [2.0]
    assert done.short_of_book == 1
    lots = run(tape, targets(3, _0=0.17), MarketTerms(1000.0, lot=0.5))
    assert [fill.quantity for fill in lots.fills] == [1.5]


def test_a_stop_leaves_and_stays_out_until_the_target_turns() -> None:
    rows = [(0, 99, 101), (200, 99, 101), (400, 95, 97), (600, 95, 97), (800, 99, 101),
            (1000, 99, 101), (1200, 99, 101), (1400, 99, 101)]  # fmt: skip
    tape = tape_of(rows)
    asked = targets(8, _0=0.5, _4=0.4, _5=0.0, _6=0.5)
    done = run(tape, asked, MarketTerms(1000.0, stop_loss=0.05))
    assert [(f.quantity, f.price, f.reason) for f in done.fills] == [
        (5.0, 101.0, Reason.SIGNAL), (-5.0, 95.0, Reason.STOP_LOSS),
        (pytest.approx(0.5 * 970 / 100), 101.0, Reason.SIGNAL),
    ]  # fmt: skip
    assert done.fills[1].ts == 500
    kept = run(tape, asked, MarketTerms(1000.0, stop_loss=0.07))
    assert kept.fills[1].reason is Reason.SIGNAL


@pytest.mark.parametrize(
    ("terms", "reason"),
    [({"take_profit": 0.05}, Reason.TAKE_PROFIT), ({"trailing_stop": 0.02}, Reason.TRAILING_STOP)],
)
def test_other_exits(terms: dict[str, float], reason: Reason) -> None:
    rows = [(0, 99, 101), (200, 99, 101), (400, 110, 112), (600, 105, 107), (800, 105, 107)]
    done = run(tape_of(rows), targets(5, _0=0.5), MarketTerms(1000.0, **terms))
    assert [fill.reason for fill in done.fills] == [Reason.SIGNAL, reason]


def test_shorts_mirror_longs() -> None:
    tape = walk_tape(2000, 5)
    flipped = tape.values.copy()
    blocks = np.hsplit(tape.books, 4)
    turned = [200 - blocks[2], blocks[3], 200 - blocks[0], blocks[1]]
    flipped[:, 4:] = np.hstack(turned)
    mirror = Tape(tape.symbol, tape.ts, flipped)
    chance = np.random.default_rng(1)
    asked = np.where(chance.random(2000) < 0.05, chance.integers(-1, 2, 2000) * 1e-6, NONE)
    terms = MarketTerms(1e6)
    plain, other = run(tape, asked, terms), run(mirror, -asked, terms)
    assert len(plain.fills) == len(other.fills) > 20
    for one, two in zip(plain.fills, other.fills, strict=True):
        assert one.quantity * two.quantity < 0
        assert one.price + two.price == pytest.approx(200)


def test_funding_is_paid_on_what_is_held() -> None:
    tape = tape_of([(0, 99, 101), (200, 99, 101), (400, 109, 111), (600, 109, 111)])
    done = run(tape, targets(4, _0=0.5), MarketTerms(1000.0), [(50, 0.5), (300, 0.01), (999, 1.0)])
    np.testing.assert_allclose(done.funding, [0, 0, 5.0, 0])  # 5 x 100 x 1 %: the mid known then
    assert done.equity[-1] == pytest.approx(1000 - 505 + 550 - 5)


def test_ruin_ends_the_run() -> None:
    tape = tape_of([(0, 99, 101), (200, 99, 101), (400, 80, 82), (600, 99, 101)], size=1e6)
    done = run(tape, targets(4, _0=5.0), MarketTerms(1000.0, maintenance=0.005))
    assert done.ruin == 2
    assert done.equity[2:].tolist() == [0.0, 0.0]
    assert done.position[2:].tolist() == [0.0, 0.0]
    assert done.fills[-1].reason is Reason.LIQUIDATION


def _some(tape: Tape, seed: int) -> np.ndarray:
    chance = np.random.default_rng(seed)
    return np.where(chance.random(len(tape)) < 0.05, chance.integers(0, 3, len(tape)) / 2, NONE)


@pytest.mark.parametrize("seed", range(4))
def test_a_prefix_of_events_gives_the_same_account(seed: int) -> None:
    tape = walk_tape(1500, seed)
    asked = _some(tape, seed)
    terms = MarketTerms(1000.0, fee=0.001, stop_loss=0.01)
    whole = run(tape, asked, terms)
    assert len(whole.fills) > 10
    for stop in (1, 2, 399, 1000, 1499):
        part = run(tape.prefix(stop), asked[:stop], terms)
        assert np.array_equal(part.equity, whole.equity[:stop])
        assert np.array_equal(part.position, whole.position[:stop])
        assert part.fills == whole.fills[: len(part.fills)]


def test_cash_and_position_account_for_every_fill() -> None:
    tape = walk_tape(1500, 9)
    done: MarketRun = run(tape, _some(tape, 9), MarketTerms(1000.0, fee=0.001))
    paid = sum(fill.quantity * fill.price + fill.fee for fill in done.fills)
    mid = (tape.books[-1, 0] + tape.books[-1, 6]) / 2
    held = sum(fill.quantity for fill in done.fills)
    assert done.position[-1] == pytest.approx(held, abs=1e-9)
    assert done.equity[-1] == pytest.approx(1000.0 - paid + held * mid, abs=1e-9)


def test_bars_and_figures_of_a_run() -> None:
    tape = tape_of([(500, 99, 101), (700, 101, 103), (3200, 97, 99), (3900, 99, 101)])
    bars, last = bars_of(tape, Timeframe.parse("1s"))
    assert bars.ts.tolist() == [0, 1000, 2000, 3000]
    rows = zip(bars.open[:, 0], bars.high[:, 0], bars.low[:, 0], bars.close[:, 0], strict=True)
    assert list(rows) == [(100, 102, 100, 102), (102,) * 4, (102,) * 4, (102, 102, 98, 100)]
    assert last.tolist() == [1, 1, 1, 3]
    done = run(tape, targets(4, _0=0.5), MarketTerms(1000.0))
    simulation = simulation_of(done, bars, last, 1000.0)
    assert simulation.fills.row.tolist() == [0]
    np.testing.assert_array_equal(simulation.equity, done.equity[last])
    assert simulation.positions.shape == (4, 1)


def test_no_order_arrives_before_it_is_sent() -> None:
    with pytest.raises(UsageError, match="at least 1 ms"):
        run(tape_of([(0, 99, 101)]), targets(1), MarketTerms(latency_ms=0))
