"""What a taker meets, level by level and order by order."""

from dataclasses import replace
from decimal import Decimal

import pytest

from xq.sim.book import Book, units
from xq.sim.exact import exact
from xq.sim.instruments import Face
from xq.sim.matching import Resting, Taker
from xq.sim.matching import plan as plan_of
from xq.sim.records import PositionSide, SelfTrade, SimOrder
from xq.types import OrderStatus, OrderType, Side, TimeInForce

D = Decimal
ASKS = [(D(100), D(1)), (D(101), D(2)), (D(105), D(10))]
BIDS = [(D(99), D(1)), (D(98), D(2)), (D(90), D(10))]
BUYER = Taker("me", Side.BUY, D(4))
SELLER = Taker("me", Side.SELL, D(4))


def resting(number: int, side: Side, price: str, quantity: str = "1", **more: object) -> SimOrder:
    order = SimOrder(
        id=number,
        owner="other",
        face=Face.SPOT,
        symbol="BTCUSDT",
        client_id=f"c{number}",
        side=side,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        price=D(price),
        quantity=D(quantity),
        quote_quantity=D(0),
        reduce_only=False,
        status=OrderStatus.NEW,
        filled=D(0),
        filled_quote=D(0),
        created_ms=0,
        updated_ms=0,
    )
    return replace(order, **more)


def scene(*orders: tuple[SimOrder, str | None], reducible: str = "0") -> Resting:
    """Orders and the outside quantity ahead of them."""
    book = Book()
    known = {order.id: order for order, _ in orders}
    ahead = {order.id: None if text is None else D(text) for order, text in orders}
    for order, _ in orders:
        buy = order.side is Side.BUY
        book.add(order.id, buy, units(order.price), units(order.remaining), order.id)

    def fillable(order: SimOrder, already: Decimal) -> Decimal:
        return (
            min(order.remaining, D(reducible) - already) if order.reduce_only else order.remaining
        )

    return Resting(book, known.__getitem__, ahead.__getitem__, fillable)


@exact
def steps(taker: Taker, levels: list, *orders: tuple[SimOrder, str | None], **more: str) -> list:
    found = plan_of(taker, levels, scene(*orders, **more))
    return [(str(s.price), str(s.quantity), s.maker) for s in found.steps]


def plan(taker: Taker, levels: list, *orders: tuple[SimOrder, str | None]):
    return exact(plan_of)(taker, levels, scene(*orders))


def test_a_taker_pays_level_after_level():
    assert steps(BUYER, ASKS) == [("100", "1", 0), ("101", "2", 0), ("105", "1", 0)]
    done = plan(BUYER, ASKS)
    assert (done.quantity, done.quote) == (4, 100 + 202 + 105)


def test_a_limit_stops_the_walk():
    assert steps(replace(BUYER, limit=D(101)), ASKS) == [("100", "1", 0), ("101", "2", 0)]
    assert steps(replace(BUYER, limit=D("99.9")), ASKS) == []
    assert steps(replace(SELLER, limit=D(98)), BIDS) == [("99", "1", 0), ("98", "2", 0)]


def test_an_empty_book_gives_nothing_and_a_thin_one_what_it_has():
    assert steps(BUYER, []) == []
    assert steps(replace(BUYER, quote=D(100), lot=D("0.1")), []) == []
    assert plan(replace(BUYER, quantity=D(100)), ASKS).quantity == 13


@pytest.mark.parametrize("quote", ["5", "100", "150", "302.01", "1000", "99999"])
def test_spending_quote_never_spends_more_and_keeps_whole_lots(quote):
    lot = D("0.03")
    done = plan(Taker("me", Side.BUY, D(0), quote=D(quote), lot=lot), ASKS)
    assert done.quote <= D(quote)
    partial = [s.quantity for s in done.steps if s.quantity not in {size for _, size in ASKS}]
    assert all(quantity % lot == 0 for quantity in partial)
    assert len(partial) <= 1
    if done.quantity < 13:
        price = next(p for p, _ in ASKS if done.quantity < sum(q for r, q in ASKS if r <= p))
        assert D(quote) - done.quote < price * lot


def test_a_rest_too_small_for_a_lot_seeks_no_worse_price():
    bids = [(D(100), D(5)), (D(40), D(5))]
    seller = Taker("me", Side.SELL, D(0), quote=D(150), lot=D(1))
    assert steps(seller, bids) == [("100", "1", 0)]  # 50 are left, more than a lot at 40 brings
    assert steps(replace(seller, quote=D(540)), bids) == [("100", "5", 0)]
    assert steps(replace(seller, quote=D(640)), bids) == [("100", "5", 0), ("40", "3", 0)]


def test_the_better_price_comes_first_whoever_offers_it():
    orders = [(resting(1, Side.SELL, "100.5"), "0"), (resting(2, Side.SELL, "103"), "0")]
    assert steps(BUYER, ASKS, *orders) == [
        ("100", "1", 0), ("100.5", "1", 1), ("101", "2", 0),
    ]  # fmt: skip
    assert steps(replace(BUYER, quantity=D(5)), ASKS, *orders)[3] == ("103", "1", 2)


def test_at_one_price_outside_comes_first_only_as_far_as_it_was_there_before():
    early = (resting(1, Side.SELL, "101"), "0.5")
    late = (resting(2, Side.SELL, "101"), "1.5")
    walk = replace(BUYER, quantity=D(5), limit=D(101))
    assert steps(walk, ASKS, early, late) == [
        ("100", "1", 0), ("101", "0.5", 0), ("101", "1", 1), ("101", "1.0", 0), ("101", "1", 2),
        ("101", "0.5", 0),
    ]  # fmt: skip


def test_what_is_ahead_is_never_more_than_is_there():
    assert steps(replace(BUYER, quantity=D(2)), ASKS, (resting(1, Side.SELL, "100"), "50")) == [
        ("100", "1", 0), ("100", "1", 1),
    ]  # fmt: skip
    unknown = (resting(1, Side.SELL, "100"), None)
    assert steps(replace(BUYER, quantity=D(1)), ASKS, unknown) == [("100", "1", 0)]


def test_of_two_orders_the_first_come_is_served_first_and_in_part():
    orders = [(resting(n, Side.BUY, "99.5", "3"), "0") for n in (1, 2)]
    assert steps(SELLER, BIDS, *orders) == [("99.5", "3", 1), ("99.5", "1", 2)]


MINE = [(resting(1, Side.SELL, "99", owner="me"), "0"), (resting(2, Side.SELL, "99"), "0")]


@pytest.mark.parametrize(
    ("mode", "expected", "stopped"),
    [
        (SelfTrade.NONE, [("99", "1", 1), ("99", "1", 2), ("100", "1", 0), ("101", "1", 0)], False),
        (SelfTrade.EXPIRE_TAKER, [], True),
        (SelfTrade.EXPIRE_MAKER, [("99", "0", 1), ("99", "1", 2), ("100", "1", 0),
                                  ("101", "2", 0)], False),
        (SelfTrade.EXPIRE_BOTH, [("99", "0", 1)], True),
    ],
)  # fmt: skip
def test_an_accounts_own_orders(mode, expected, stopped):
    taker = replace(BUYER, self_trade=mode)
    assert steps(taker, ASKS, *MINE) == expected
    assert plan(taker, ASKS, *MINE).stopped is stopped


def test_a_reducing_order_trades_no_more_than_there_is_to_reduce():
    orders = [(resting(n, Side.SELL, "99", reduce_only=True), "0") for n in (1, 2)]
    assert steps(BUYER, [], *orders, reducible="1.5") == [("99", "1", 1), ("99", "0.5", 2)]
    assert steps(BUYER, [], *orders, reducible="1") == [("99", "1", 1), ("99", "0", 2)]


def test_trading_with_oneself_leaves_as_much_to_reduce():
    mine = [(resting(1, Side.SELL, "99", owner="me"), "0")]
    mine.append((resting(2, Side.SELL, "99.5", owner="me", reduce_only=True), "0"))
    both = [("99", "1", 1), ("99.5", "1", 2)]
    assert steps(BUYER, [], *mine, reducible="1") == both
    closing = replace(BUYER, position_side=PositionSide.SHORT)
    assert steps(closing, [], *mine, reducible="1") == [("99", "1", 1), ("99.5", "0", 2)]
