"""Smart routing: equal to the linear programme, and to the integer one within a lot."""

from decimal import Decimal
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from xq.errors import UsageError
from xq.execution.router import Quote, route
from xq.types import Book, Instrument, Side, Symbol

D = Decimal
SYMBOL = Symbol("BTC", "USDT")


def quotes(seed: int, venues: int, lots: list[str], least: str = "0") -> list[Quote]:
    chance = Random(seed)
    found = []
    for number in range(venues):
        lot = D(lots[number % len(lots)])
        bids, asks = [], []
        bid, ask = 10_000 - chance.randint(1, 300), 10_000 + chance.randint(1, 300)
        for _ in range(chance.randint(1, 12)):
            bids.append((D(bid) / 10, chance.randint(1, 40) * lot))
            asks.append((D(ask) / 10, chance.randint(1, 40) * lot))
            bid, ask = bid - chance.randint(1, 30), ask + chance.randint(1, 30)
        fee = D(chance.randint(-2, 20)) / 10_000
        rules = Instrument(SYMBOL, D("0.1"), lot, lot, D(least), D(0), fee)
        found.append(Quote(f"v{number}", Book(SYMBOL, tuple(bids), tuple(asks), 0), rules))
    return found


def levels(side: Side, found: list[Quote]) -> tuple[np.ndarray, np.ndarray]:
    """Price after fees, signed so that less is better, and size of every level."""
    rows = [
        (side.sign * float(price * (1 + side.sign * q.instrument.taker)), float(size))
        for q in found
        for price, size in (q.book.asks if side is Side.BUY else q.book.bids)
    ]
    table = np.array(rows)
    return table[:, 0], table[:, 1]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.sampled_from(list(Side)), st.integers(1, 100))
def test_it_is_the_solution_of_the_linear_programme(
    seed: int, venues: int, side: Side, percent: int
) -> None:
    found = quotes(seed, venues, ["0.001"])
    price, size = levels(side, found)
    quantity = max(D("0.001"), round(D(size.sum()) * percent / 100, 3))
    quantity = min(quantity, round(D(size.sum()), 3))
    made = route(side, quantity, found)
    assert made.unrouted == 0
    assert sum(share.quantity for share in made.shares) == quantity
    best = linprog(
        price, A_eq=np.ones((1, len(price))), b_eq=[float(quantity)],
        bounds=list(zip(np.zeros(len(size)), size, strict=True)), method="highs",
    )  # fmt: skip
    assert float(made.cost(side)) == pytest.approx(best.fun, rel=1e-12)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("side", list(Side))
def test_with_lots_of_their_own_it_is_within_a_lot_of_the_integer_programme(
    seed: int, side: Side
) -> None:
    lots = ["0.001", "0.01", "0.005"]
    found = quotes(seed, 3, lots)
    price, size = levels(side, found)
    quantity = D(Random(seed).randint(1, int(size.sum() * 900))) / 1000
    made = route(side, quantity, found)
    for share, quote in ((s, q) for s in made.shares for q in found if q.venue == s.venue):
        assert share.quantity % quote.instrument.lot == 0
    routed = quantity - made.unrouted
    assert sum(share.quantity for share in made.shares) == routed
    steps = [
        float(q.instrument.lot)
        for q in found
        for _ in (q.book.asks if side is Side.BUY else q.book.bids)
    ]
    best = milp(
        price * np.array(steps),
        integrality=np.ones(len(price)),
        bounds=Bounds(0, np.round(size / np.array(steps))),
        constraints=LinearConstraint(np.array([steps]), float(routed) - 1e-9, float(routed) + 1e-9),
        options={"mip_rel_gap": 0.0},
    )
    assert best.success
    widest = max(D(lot) for lot in lots)
    gap = float(made.cost(side)) - best.fun
    assert -1e-6 <= gap <= float(widest) * (price.max() - price.min()) + 1e-6


def test_a_share_below_the_smallest_order_goes_elsewhere() -> None:
    def quote(name: str, ask: int, size: int, least: int) -> Quote:
        rules = Instrument(SYMBOL, D(1), D(1), D(least), D(0), D(0), D(0))
        return Quote(name, Book(SYMBOL, (), ((D(ask), D(size)),), 0), rules)

    made = route(
        Side.BUY, D(6), [quote("a", 100, 5, 1), quote("b", 101, 9, 3), quote("c", 103, 9, 1)]
    )
    assert [(s.venue, s.quantity) for s in made.shares] == [("a", D(5)), ("c", D(1))]


def test_what_no_book_holds_is_told() -> None:
    found = quotes(3, 2, ["0.001"])
    everything = sum(size for q in found for _, size in q.book.asks)
    assert route(Side.BUY, everything + 5, found).unrouted == 5


def test_a_share_says_how_far_it_reaches_and_what_it_pays() -> None:
    found = quotes(5, 1, ["0.001"])
    book, fee = found[0].book, found[0].instrument.taker
    (first, size), (second, _) = book.bids[:2]
    made = route(Side.SELL, size + D("0.001"), found).shares[0]
    assert made.worst == second
    assert made.notional == first * size + second * D("0.001")
    assert made.fee == made.notional * fee


def test_a_venue_twice_is_refused() -> None:
    found = quotes(1, 1, ["0.001"])
    with pytest.raises(UsageError, match="each venue once"):
        route(Side.BUY, D(1), [*found, *found])
