"""What a tired person types: said what is wrong with it, and what would do."""

from dataclasses import replace
from decimal import Decimal

import pytest
from support.toy_venue import PERPETUAL, SPOT, instrument

from xq.errors import UsageError
from xq.live.wish import Wish, check_words, order_of
from xq.types import OrderType, Side, TimeInForce

D = Decimal
BUY = Wish(PERPETUAL, Side.BUY, OrderType.MARKET, quantity=D("0.1"))
LIMIT = replace(BUY, type=OrderType.LIMIT, price=D(39_000))
STOP = replace(BUY, side=Side.SELL, type=OrderType.STOP_MARKET, stop_price=D(39_000))
PROFIT = replace(STOP, type=OrderType.TAKE_PROFIT_MARKET, stop_price=D(41_000))
STOP_LIMIT = replace(STOP, type=OrderType.STOP, price=D(38_900))
TRAIL = replace(STOP, type=OrderType.TRAILING_STOP_MARKET, stop_price=None, trail=D("0.01"))


def asked(wish: Wish):
    check_words(wish)
    return order_of(wish, "xq-1", D(40_000), D(10_000), instrument(wish.symbol))


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (replace(BUY, quantity=None), "found none"),
        (replace(BUY, notional=D(5)), "found --quantity and --notional"),
        (replace(BUY, quantity=D(-1)), "--quantity must be positive, found -1"),
        (replace(BUY, quantity=D("nan")), "--quantity must be positive, found NaN"),
        (replace(BUY, price=D(1)), "a market order has no --price"),
        (replace(LIMIT, price=None), "a limit order needs --price"),
        (replace(LIMIT, price=D(0)), "--price must be positive"),
        (replace(LIMIT, stop_price=D(1)), "a limit order has no --stop-price"),
        (replace(STOP, stop_price=None), "a stop_market order needs --stop-price"),
        (replace(BUY, time_in_force=TimeInForce.IOC), "a market order has no --time-in-force"),
        (replace(BUY, symbol=SPOT, reduce_only=True), "--reduce-only is for contracts"),
        (replace(BUY, quantity=D("0.1234567")), "no multiple of the lot 0.001"),
        (replace(BUY, quantity=D("0.0001")), "no multiple of the lot 0.001"),
        (replace(LIMIT, quantity=D("0.001"), price=D(4_000)), "worth 4.00 USDT, below"),
        (replace(BUY, quantity=None, notional=D(1)), "0.000 BTC is below the venue's minimum"),
        (replace(LIMIT, price=D("39000.123")), "no multiple of the tick 0.01; it is not rounded"),
        (replace(STOP, stop_price=D("1.001")), "--stop-price 1.001 is no multiple"),
        (replace(STOP, stop_price=D(40_500)), "to sell must be below the market at 40000"),
        (replace(STOP, side=Side.BUY), "to buy must be above the market"),
        (replace(STOP_LIMIT, price=None), "a stop_limit order needs --price"),
        (replace(STOP_LIMIT, stop_price=D(40_500)), "the stop_limit to sell must be below"),
        (replace(STOP_LIMIT, side=Side.BUY), "to buy must be above the market"),
        (replace(STOP_LIMIT, price=D("1.001")), "--price 1.001 is no multiple"),
        (replace(TRAIL, trail=None), "a trailing_stop order needs --trail"),
        (replace(TRAIL, trail=D(2)), "--trail is a share of the price, found 2"),
        (replace(TRAIL, price=D(39_000)), "a trailing_stop order has no --price"),
        (replace(TRAIL, stop_price=D(39_000)), "to sell must be above the market"),
        (replace(TRAIL, symbol=SPOT), "BTC/USDT is spot"),
        (replace(STOP, trail=D("0.01")), "a stop_market order has no --trail"),
        (replace(PROFIT, stop_price=D(39_000)), "to sell must be above the market"),
        (replace(PROFIT, side=Side.BUY), "to buy must be below the market"),
        (replace(BUY, stop_loss=D(41_000)), "to sell must be below the market at 40000"),
        (replace(BUY, stop_loss=D("39000.001")), "--stop-loss 39000.001 is no multiple"),
        (replace(LIMIT, stop_loss=D(38_000)), "needs an order that never rests"),
        (replace(BUY, symbol=SPOT, stop_loss=D(39_000)), "is for entries of contracts"),
    ],
)
def test_what_cannot_be_is_said(wish: Wish, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        asked(wish)


def test_hints_can_be_pasted() -> None:
    for wish, hint in (
        (replace(BUY, quantity=D("0.0015")), "--quantity 0.001 or --quantity 0.002"),
        (replace(BUY, quantity=D("0.0001")), "--quantity 0.001"),
        (replace(LIMIT, price=D("39000.123")), "--price 39000.12 or --price 39000.13"),
        (replace(LIMIT, quantity=D("0.001"), price=D(4_000)), "--quantity 0.002"),
        (replace(LIMIT, quantity=None, notional=D(1), price=D(4_000)), "--quantity 0.002"),
        (replace(BUY, stop_loss=D(41_000)), "another --stop-loss"),
    ):
        with pytest.raises(UsageError) as refused:
            asked(wish)
        assert refused.value.hint == hint


@pytest.mark.parametrize("wish", [BUY, LIMIT, STOP, PROFIT])
def test_what_can_be_is_asked_for_exactly(wish: Wish) -> None:
    request, note = asked(wish)
    assert (request.quantity, request.price, request.stop_price, note) == (
        D("0.1"), wish.price, wish.stop_price, "",
    )  # fmt: skip


def test_money_buys_whole_lots_and_says_so() -> None:
    request, note = asked(replace(BUY, quantity=None, notional=D(99)))
    assert (request.quantity, note) == (
        D("0.002"), "99 USDT at 40000 is 0.002 BTC, in whole lots of 0.001",
    )  # fmt: skip
    request, note = asked(replace(LIMIT, quantity=None, percent=D(25)))
    assert request.quantity == D("0.064")  # of 2,500 at the limit
    assert note.startswith("25 % of 10000.00 USDT at 39000 is 0.064 BTC")


def test_a_reducing_order_may_be_small() -> None:
    small = replace(LIMIT, quantity=D("0.001"), price=D(4_000), reduce_only=True)
    assert asked(small)[0].reduce_only
