"""Slippage: the book walked exactly, the law beyond it, a range that holds what it says."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xq.errors import NoData, UsageError
from xq.execution.slippage_prediction import (
    Market,
    middle,
    pinball,
    predict,
    residuals_of,
    walk,
)
from xq.portfolio.slippage import HalfSpread, SquareRootImpact
from xq.types import Book, Side, Symbol

D = Decimal
SYMBOL = Symbol("BTC", "USDT")
CALM = Market(spread=0.0002, volatility=0.04, volume=10_000.0)
UNKNOWN = Market(spread=float("nan"), volatility=float("nan"), volume=float("nan"))
BOOK = Book(
    SYMBOL,
    bids=((D(99), D(1)), (D(98), D(2)), (D(90), D(10))),
    asks=((D(101), D(1)), (D(103), D(2)), (D(110), D(10))),
    ts=0,
)


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 9)), min_size=1, max_size=8),
       st.integers(1, 60), st.sampled_from(list(Side)))  # fmt: skip
def test_a_walk_is_what_unit_by_unit_would_be(
    rows: list[tuple[int, int]], quantity: int, side: Side
) -> None:
    prices = sorted({price for price, _ in rows}, reverse=side is Side.SELL)
    levels = tuple((D(p), D(size)) for p, (_, size) in zip(prices, rows, strict=False))
    book = Book(SYMBOL, bids=levels, asks=levels, ts=0)
    units = [price for price, size in levels for _ in range(int(size))][:quantity]
    found = walk(side, D(quantity), book)
    assert (found.filled, found.notional, found.worst) == (len(units), sum(units), units[-1])


@pytest.mark.parametrize(("side", "notional"), [(Side.BUY, 101 + 206), (Side.SELL, 99 + 196)])
def test_what_the_book_shows_costs_what_it_shows(side: Side, notional: int) -> None:
    found = predict(side, D(3), book=BOOK, market=UNKNOWN, model=SquareRootImpact())
    assert found.expected == pytest.approx(side.sign * (notional / 3 / 100 - 1))
    assert found.shown == 1.0
    assert found.low == found.high == found.expected


def test_what_the_book_does_not_show_costs_its_last_level_or_the_law() -> None:
    thin = Book(SYMBOL, BOOK.bids[:1], BOOK.asks[:1], 0)
    quiet = predict(Side.BUY, D(4), book=thin, market=CALM, model=HalfSpread())
    assert quiet.expected == pytest.approx(0.01)
    wild = Market(spread=0.02, volatility=1.0, volume=100.0)
    loud = predict(Side.BUY, D(4), book=thin, market=wild, model=SquareRootImpact())
    assert loud.expected == pytest.approx(0.25 * 0.01 + 0.75 * (0.01 + 0.2))
    assert loud.shown == 0.25


def test_without_anything_it_says_so() -> None:
    with pytest.raises(NoData, match="neither book nor history"):
        predict(Side.BUY, D(1), book=None, market=UNKNOWN, model=SquareRootImpact())
    with pytest.raises(NoData, match="empty side"):
        middle(Book(SYMBOL, (), BOOK.asks, 0))
    with pytest.raises(UsageError, match="positive"):
        predict(Side.BUY, D(0), book=BOOK, market=CALM, model=HalfSpread())


def test_the_range_covers_what_it_says_on_orders_not_seen() -> None:
    """2,000 draws of a skewed noise around the law; 90 ± 2 % fall inside."""
    rng = np.random.default_rng(7)
    share = rng.uniform(1e-6, 1e-2, 4_000)
    law = 0.0001 + 0.04 * np.sqrt(share)
    paid = law + 0.0003 * (rng.exponential(size=4_000) - 1.0)
    found = residuals_of(law[:2_000], paid[:2_000])
    inside = (law[2_000:] + found.low <= paid[2_000:]) & (paid[2_000:] <= law[2_000:] + found.high)
    assert 0.88 <= inside.mean() <= 0.92
    halves = np.full(2_000, 0.0001)
    assert pinball(0.5, law[2_000:], paid[2_000:]) < pinball(0.5, halves, paid[2_000:]) / 5


def test_residuals_move_and_widen_the_prediction() -> None:
    found = residuals_of([0.0] * 300, [0.001 + 0.00001 * n for n in range(300)])
    told = predict(Side.BUY, D(3), book=BOOK, market=CALM, model=HalfSpread(), residuals=found)
    plain = predict(Side.BUY, D(3), book=BOOK, market=CALM, model=HalfSpread())
    assert told.low < told.expected < told.high
    assert told.expected == pytest.approx(plain.expected + found.middle)


def test_few_orders_make_no_range() -> None:
    with pytest.raises(NoData, match="needs 200 own orders, found 199"):
        residuals_of([0.0] * 199, [0.0] * 199)
    with pytest.raises(NoData, match="found 0"):
        residuals_of([0.0] * 500, [float("nan")] * 500)
