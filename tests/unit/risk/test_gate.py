"""Every limit of the gate refuses, and none of them stands in the way of getting out."""

from dataclasses import replace
from decimal import Decimal

import pytest
from support.toy_venue import ETHER, PERPETUAL, SPOT, instrument, limits

from xq.errors import OrderRefused, XqError
from xq.risk.gate import (
    Approved,
    ApprovedCancel,
    ApprovedReplace,
    check,
    check_cancel,
    check_replace,
    replace_of,
)
from xq.risk.limits import Situation
from xq.types import Order, OrderRequest, OrderStatus, OrderType, Side, Symbol

NAN = Decimal("nan")


def order(side: Side = Side.BUY, quantity: str = "0.1", symbol: Symbol = SPOT) -> OrderRequest:
    return OrderRequest(symbol, side, OrderType.MARKET, Decimal(quantity), "xq-1")


def situation(symbol: Symbol = SPOT, **changes: object) -> Situation:
    base = Situation(
        instrument=instrument(symbol),
        now_ms=7_205_000,
        price=Decimal(40_000),
        price_ms=7_204_000,
        worst_price=Decimal(40_000),
        reference=Decimal(40_000),
        bar_ms=3_600_000,
        last_closed_ms=3_600_000,
        position=Decimal(0),
        equity=Decimal(10_000),
        cash=Decimal(10_000),
        other_notional=Decimal(0),
        recent_orders=0,
    )
    return replace(base, **changes)


def test_a_sound_order_passes() -> None:
    approved = check(order(), situation(), limits())
    assert (approved.request, approved.reducing) == (order(), False)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"now_ms": 7_300_000}, "at most 30 s old, found 96 s"),
        ({"price_ms": 7_300_000}, "at most 30 s old, found -95 s"),
        ({"last_closed_ms": 7_200_000}, "the last closed one, found one 3600 s older"),
        ({"price": Decimal(42_001)}, "within 5.00% of the bar's close"),
        ({"price": Decimal(37_999)}, "within 5.00% of the bar's close"),
        ({"worst_price": Decimal(42_001)}, "within 5.00% of the bar's close"),
        ({"worst_price": Decimal(37_999)}, "within 5.00% of the bar's close"),
        ({"worst_price": None}, "the book shows less than 0.1 BTC"),
        ({"worst_price": NAN}, "worst price must be a number, found NaN"),
        ({"equity": Decimal(3_999)}, "at most 1 times equity, would be 1.00"),
        ({"other_notional": Decimal(6_001)}, "at most 1 times equity, would be 1.00"),
        ({"cash": Decimal("3999.99")}, "order costs 4000.00, cash is 3999.99"),
        ({"recent_orders": 30}, "at most 30 orders a minute, 30 were sent"),
        ({"journalled": True}, "is already in the journal"),
        ({"frozen": "order xq-0 is unknown"}, "takes no new exposure: order xq-0 is unknown"),
        ({"position": Decimal("-0.05")}, None),  # covers and then some: still a sound order
        ({"price": NAN}, "price must be a number, found NaN"),
        ({"price": Decimal("snan")}, "price must be a number"),
        ({"reference": Decimal("inf")}, "reference price must be a number"),
        ({"reference": Decimal(0)}, "reference price must be positive"),
        ({"equity": NAN}, "equity must be a number"),
        ({"equity": None}, "equity must be a number, found None"),
        ({"position": NAN}, "position must be a number"),
        ({"cash": NAN}, "cash must be a number"),
        ({"other_notional": NAN}, "exposure of other symbols must be a number"),
        ({"instrument": replace(instrument(SPOT), min_notional=NAN)}, "minimum notional must be"),
        ({"instrument": instrument(ETHER)}, "rules of ETH/USDT cannot judge"),
    ],
)
def test_situations(change: dict[str, object], said: str | None) -> None:
    if said is None:
        assert not check(order(), situation(**change), limits()).reducing
        return
    with pytest.raises(OrderRefused, match=said) as refused:
        check(order(), situation(**change), limits())
    assert refused.value.exit_code == 7


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"max_order_notional": Decimal("3999.99")}, "order notional must be at most 3999.99"),
        ({"max_position_notional": Decimal("3999.99")}, "position notional must stay at most"),
        ({"max_leverage": Decimal("0.39")}, "at most 0.39 times equity"),
        ({"price_collar": NAN}, "price_collar must be a number"),
        ({"max_orders_per_minute": 0}, "at most 0 orders a minute"),
        ({"symbols": frozenset({ETHER})}, "BTC/USDT is not an allowed symbol; allowed: ETH/USDT"),
        ({"symbols": frozenset()}, "allowed: none"),
    ],
)
def test_limits(change: dict[str, object], said: str) -> None:
    with pytest.raises(OrderRefused, match=said):
        check(order(), situation(), limits(**change))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"quantity": Decimal(0)}, "quantity must be a positive number, found 0"),
        ({"quantity": Decimal("-1")}, "quantity must be a positive number"),
        ({"quantity": NAN}, "quantity must be a positive number"),
        ({"quantity": Decimal("0.0005")}, "is no multiple of the lot"),
        ({"price": NAN}, "limit price must be a positive number"),
        ({"price": Decimal(50_000)}, "within 5.00% of the bar's close"),
        ({"client_id": ""}, "is not 1 to 36 of"),
        ({"client_id": "x" * 37}, "is not 1 to 36 of"),
        ({"client_id": "a b"}, "is not 1 to 36 of"),
        ({"reduce_only": True}, "a reduce-only order does not reduce"),
        ({"side": Side.SELL}, "spot cannot be sold short"),
    ],
)
def test_requests(change: dict[str, object], said: str) -> None:
    with pytest.raises(OrderRefused, match=said):
        check(replace(order(), **change), situation(), limits())


def test_a_small_order_is_below_the_minimum() -> None:
    rules = replace(instrument(SPOT), min_notional=Decimal(100))
    with pytest.raises(OrderRefused, match=r"at least 100, found 40\.00"):
        check(order(quantity="0.001"), situation(instrument=rules), limits())


@pytest.mark.parametrize("symbol", [SPOT, PERPETUAL])
def test_getting_out_meets_no_entry_limit(symbol: Symbol) -> None:
    awful = situation(
        symbol,
        position=Decimal("0.1"),
        price=NAN,
        equity=Decimal(-5),
        cash=Decimal(0),
        other_notional=Decimal(1_000_000),
        recent_orders=1_000,
        frozen="order xq-0 is unknown",
        last_closed_ms=99 * 3_600_000,
    )
    tight = limits((), max_order_notional=Decimal(0), max_orders_per_minute=0)
    assert check(order(Side.SELL, "0.1", symbol), awful, tight).reducing
    with pytest.raises(OrderRefused):
        check(order(Side.SELL, "0.101", symbol), awful, tight)  # beyond flat is an entry


def test_nobody_else_makes_an_approval() -> None:
    approved = check(order(), situation(), limits())
    with pytest.raises(TypeError, match=r"only xq\.risk\.gate\.check"):
        Approved(order(), False, seal=object())
    with pytest.raises((TypeError, ValueError)):
        replace(approved, request=order(quantity="5"))
    with pytest.raises(TypeError, match="only"):
        ApprovedCancel(SPOT, "xq-1", seal=None)
    assert check_cancel(SPOT, "xq-1").client_id == "xq-1"
    with pytest.raises(OrderRefused):
        check_cancel(SPOT, "no good")


def test_a_change_is_judged_like_a_new_order_and_holds_for_that_order_only() -> None:
    resting = Order(
        SPOT, "7", "xq-1", Side.BUY, OrderType.LIMIT, Decimal("0.1"), OrderStatus.NEW,
        price=Decimal(39_000),
    )  # fmt: skip
    wanted = OrderRequest(
        SPOT, Side.BUY, OrderType.LIMIT, Decimal("0.1"), "xq-1", price=Decimal(39_500)
    )
    leave = check_replace(resting, wanted, situation(), limits())
    assert replace_of(leave) == (resting, wanted)
    with pytest.raises(OrderRefused, match="price must be within"):
        check_replace(resting, replace(wanted, price=Decimal(60_000)), situation(), limits())
    with pytest.raises(OrderRefused, match="only price and quantity"):
        check_replace(resting, replace(wanted, side=Side.SELL), situation(), limits())
    with pytest.raises(TypeError, match="only"):
        ApprovedReplace(resting, wanted, seal=None)
    object.__setattr__(leave, "request", replace(wanted, quantity=Decimal(9)))
    with pytest.raises(XqError, match="no ApprovedReplace that the gate made"):
        replace_of(leave)
