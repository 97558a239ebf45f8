"""The gate's limits at their edges: the last order that passes, and the first that does not."""

from dataclasses import replace
from decimal import Decimal

import pytest
from support.toy_venue import PERPETUAL, SPOT, instrument, limits

from xq.errors import OrderRefused
from xq.risk.gate import check
from xq.risk.limits import Intent, Situation
from xq.risk.switches import Switch
from xq.types import OrderRequest, OrderType, Side, Symbol

D = Decimal
ONE_BTC = Intent(SPOT, Side.BUY, D("0.1"), 7_204_000, "7:open")


def order(side: Side = Side.BUY, quantity: str = "0.1", symbol: Symbol = SPOT) -> OrderRequest:
    return OrderRequest(symbol, side, OrderType.MARKET, D(quantity), "xq-1")


def situation(symbol: Symbol = SPOT, **changes: object) -> Situation:
    price = D(40_000)
    base = Situation(
        instrument(symbol), 7_205_000, price, 7_204_000, price, price, 3_600_000, 3_600_000,
        D(0), D(10_000), D(10_000), D(0), 0,
    )  # fmt: skip
    return replace(base, **changes)


def refusal(request: OrderRequest, now: dict[str, object], bounds: dict[str, object]) -> str | None:
    try:
        check(request, situation(request.symbol, **now), limits((request.symbol,), **bounds))
    except OrderRefused as error:
        return error.message
    return None


@pytest.mark.parametrize(
    ("now", "bounds", "said"),
    [
        ({"tripped": (Switch.DRAWDOWN,)}, {}, "while a kill switch is tripped: drawdown"),
        ({}, {"max_quantities": {SPOT: D("0.1")}}, None),
        ({}, {"max_quantities": {SPOT: D("0.099")}}, "quantity must be at most 0.099"),
        ({}, {"max_quantities": {PERPETUAL: D("0.01")}}, None),
        ({}, {"max_quantities": {SPOT: D("nan")}}, "max_quantity must be a number"),
        ({"instrument": replace(instrument(SPOT), min_notional=D(4_000))}, {}, None),
        ({"instrument": replace(instrument(SPOT), min_notional=D("4000.01"))}, {},
         "order notional must be at least 4000.01"),
        ({"instrument": replace(instrument(SPOT), min_quantity=D("0.1"))}, {}, None),
        ({"instrument": replace(instrument(SPOT), min_quantity=D("0.101"))}, {},
         "quantity must be at least 0.101"),
        ({"mark": D(42_105)}, {}, None),
        ({"mark": D(42_106)}, {}, "within 5.00% of the mark 42106"),
        ({"index": D(38_095)}, {}, "within 5.00% of the index 38095"),
        ({"index": D(38_096)}, {}, None),
        ({"mark": D("nan")}, {}, "mark must be a number"),
        ({"index": D(0)}, {}, "index must be positive"),
        ({"other_net": None}, {"max_net_leverage": D(1)}, "net exposure of other symbols must be"),
        ({"other_net": D(0)}, {"max_net_leverage": D("0.4")}, None),
        ({"other_net": D(1)}, {"max_net_leverage": D("0.4")}, "net exposure must stay at most 0.4"),
        ({"other_net": D(-8_000), "other_notional": D(6_000)}, {"max_net_leverage": D("0.4")},
         None),
        ({"other_net": D(-8_001), "other_notional": D(6_000)}, {"max_net_leverage": D("0.4")},
         "net exposure must stay at most 0.4"),
        ({"working": D("0.15")}, {}, None),
        ({"working": D("0.151")}, {}, "gross exposure must stay at most 1 times equity"),
        ({"working": D("0.1")}, {"max_position_notional": D(7_999)}, "would be 8000.00"),
        ({"working": D("nan")}, {}, "quantity of resting orders must be a number"),
        ({"working": D(-1)}, {}, "quantity of resting orders cannot be negative"),
        ({"other_notional": D(-1)}, {}, "exposure of other symbols cannot be negative"),
        ({"open_orders": 4}, {"max_open_orders": 5}, None),
        ({"open_orders": 5}, {"max_open_orders": 5}, "at most 5 open orders, there are 5"),
        ({"open_orders": None}, {"max_open_orders": 5}, "how many there are is not known"),
        ({"recent_messages": 4}, {"max_messages_per_second": 5}, None),
        ({"recent_messages": 5}, {"max_messages_per_second": 5}, "orders and cancels a second"),
        ({}, {"max_messages_per_second": 5}, "how many there are is not known"),
        ({}, {"min_balance": D(6_000)}, None),
        ({}, {"min_balance": D("6000.01")}, "cash is 10000.00, of which 6000.01 must be left"),
        ({}, {"min_balance": D("inf")}, "min_balance must be a number"),
    ],
)  # fmt: skip
def test_each_limit(now: dict[str, object], bounds: dict[str, object], said: str | None) -> None:
    found = refusal(order(), now, bounds)
    assert (found is None) is (said is None), found
    assert (said or "") in (found or "")


@pytest.mark.parametrize(
    ("now", "bounds", "said"),
    [
        ({"mark": D(40_000)}, {"marked": True}, "index must be a number, found None"),
        ({"mark": D(40_000), "index": D(40_000)}, {"marked": True}, None),
        ({"cash": D(4_000)}, {}, None),
        ({"cash": D("3999.99")}, {}, "order needs 4000.00 of margin, cash is 3999.99"),
        ({"cash": D(800), "leverage": D(5)}, {}, None),
        ({"cash": D(799), "leverage": D(5)}, {}, "order needs 800.00 of margin"),
        ({"cash": D(0), "position": D("-0.06")}, {}, None),  # turns around, and is smaller then
        ({"leverage": D(0)}, {}, "leverage at the venue must be positive"),
    ],
)
def test_contracts(now: dict[str, object], bounds: dict[str, object], said: str | None) -> None:
    found = refusal(order(symbol=PERPETUAL), now, bounds)
    assert (found is None) is (said is None), found
    assert (said or "") in (found or "")


@pytest.mark.parametrize(
    ("change", "passes"),
    [
        ({}, False),
        ({"decision": "8:open"}, True),  # another decision wants the same
        ({"decision": None}, True),
        ({"quantity": D("0.101")}, True),
        ({"side": Side.SELL}, True),
        ({"symbol": PERPETUAL}, True),
        ({"at_ms": 7_203_001}, False),
        ({"at_ms": 7_203_000}, True),  # as long ago as the window is long
        ({"at_ms": 7_206_999}, False),  # a clock that went back
        ({"at_ms": 7_207_000}, True),
    ],
)
def test_the_same_order_within_two_seconds(change: dict[str, object], passes: bool) -> None:
    now = {"recent_intents": (replace(ONE_BTC, **change),), "decision": "7:open"}
    found = refusal(order(), now, {"duplicate_ms": 2_000})
    assert (found is None) is passes
    assert passes or "the same order was sent" in (found or "")
    assert refusal(order(), now, {"duplicate_ms": 0}) is None


def test_orders_on_demand_ask_alike() -> None:
    now = {"recent_intents": (replace(ONE_BTC, decision=None),), "decision": None}
    assert "the same order was sent 1 s ago" in (
        refusal(order(), now, {"duplicate_ms": 2_000}) or ""
    )


@pytest.mark.parametrize(
    ("quantity", "working", "reduce_only", "reducing"),
    [
        ("1", "0", False, True),
        ("0.5", "0.5", False, True),
        ("0.501", "0.5", False, False),  # together they would turn the position around
        ("1", "0.5", True, True),  # the venue sees to it
        ("1", "nan", False, False),
    ],
)
def test_resting_orders_and_the_way_out(
    quantity: str, working: str, reduce_only: bool, reducing: bool
) -> None:
    sale = replace(order(Side.SELL, quantity, PERPETUAL), reduce_only=reduce_only)
    now = situation(PERPETUAL, position=D(1), working=D(working), tripped=tuple(Switch))
    if reducing:
        assert check(sale, now, limits(())).reducing
        return
    with pytest.raises(OrderRefused):
        check(sale, now, limits(()))


@pytest.mark.parametrize("change", [{"price": D(0)}, {"stop_price": D(0)}, {"price": D(-1)}])
def test_prices_of_an_order_are_positive_even_on_the_way_out(change: dict[str, Decimal]) -> None:
    sale = replace(order(Side.SELL), **change)
    with pytest.raises(OrderRefused, match="price must be a positive number"):
        check(sale, situation(position=D(1)), limits())


def test_a_lot_of_nothing_is_refused() -> None:
    rules = replace(instrument(SPOT), lot=D(0))
    with pytest.raises(OrderRefused, match="lot must be a positive number, found 0"):
        check(order(), situation(instrument=rules), limits())


@pytest.mark.parametrize("quantity", ["1e30", "1e999999", "1e-999999", "9" * 60])
def test_a_quantity_beyond_all_measure_is_refused_in_words(quantity: str) -> None:
    with pytest.raises(OrderRefused):
        check(order(quantity=quantity), situation(), limits())
