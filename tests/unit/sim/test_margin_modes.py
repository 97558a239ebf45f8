"""Hedge mode, isolated margin, liquidation step by step."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest
from support.scripted_feed import EIGHT_HOURS, HOUR, START, WALL, Bench, ScriptedFeed

from xq.clock import ManualClock
from xq.sim.accounts import MAIN
from xq.sim.brackets import made, maintenance, max_notional, tiers_of
from xq.sim.events import Cause, ConfigEvent, Liquidation, MarginCall, OrderEvent
from xq.sim.instruments import Face, instruments
from xq.sim.ledger import FILE_NAME, Ledger
from xq.sim.records import Account, MarginMode, NewOrder, PositionSide
from xq.sim.refusal import Reason, Refusal
from xq.sim.venue import SimVenue
from xq.types import OrderType, Side

D = Decimal
FUTURES = Face.FUTURES
BOTH, LONG, SHORT = PositionSide.BOTH, PositionSide.LONG, PositionSide.SHORT


@pytest.fixture
def bench(tmp_path):
    made_ = Bench(tmp_path, accounts=(MAIN, "alice", "bob"))
    yield made_
    made_.venue.ledger.close()


def trade(
    bench: Bench, side: Side, quantity: str, on: PositionSide = BOTH, owner: str = MAIN, **more
):
    order = NewOrder("BTCUSDT", side, OrderType.MARKET, None, D(quantity), position_side=on)
    return bench.venue.place(owner, FUTURES, replace(order, **more))


def rest(bench: Bench, side: Side, price: str, on: PositionSide = BOTH, quantity: str = "0.1"):
    order = NewOrder(
        "BTCUSDT", side, OrderType.LIMIT, None, D(quantity), price=D(price), position_side=on
    )
    return bench.venue.place(MAIN, FUTURES, order).order


def refused(action, *values, **more) -> Reason:
    with pytest.raises(Refusal) as caught:
        action(*values, **more)
    return caught.value.reason


def held(bench: Bench, side: PositionSide = BOTH, owner: str = MAIN):
    return bench.venue.state.position(owner, "BTCUSDT", side)


def balance(bench: Bench, account: Account, owner: str = MAIN) -> Decimal:
    return bench.venue.state.balance(owner, FUTURES, account, "USDT")


# -- hedge mode ---------------------------------------------------------------------------------


def test_hedge_mode_holds_both_sides_at_once(bench):
    bench.venue.set_position_mode(MAIN, hedge=True)
    trade(bench, Side.BUY, "0.3", LONG)
    trade(bench, Side.SELL, "0.2", SHORT)
    assert (held(bench, LONG).quantity, held(bench, SHORT).quantity) == (D("0.3"), D("-0.2"))
    assert held(bench).quantity == 0
    account = bench.reopen().margin(MAIN)
    assert [item.position.side for item in account.positions] == [LONG, SHORT]
    assert account.initial == (D("0.3") + D("0.2")) * 40_000 / 20
    trade(bench, Side.SELL, "0.3", LONG)
    assert held(bench, LONG).quantity == 0
    assert bench.venue.ledger.check() == []


def test_closing_orders_of_hedge_mode_never_turn_a_side(bench):
    bench.venue.set_position_mode(MAIN, hedge=True)
    assert refused(trade, bench, Side.SELL, "0.1", LONG) is Reason.REDUCE_ONLY
    trade(bench, Side.BUY, "0.1", LONG)
    placed = trade(bench, Side.SELL, "0.3", LONG)
    assert placed.order.filled == D("0.1")
    assert held(bench, LONG).quantity == 0


def test_each_mode_wants_its_own_sides(bench):
    assert refused(trade, bench, Side.BUY, "0.1", LONG) is Reason.POSITION_SIDE
    bench.venue.set_position_mode(MAIN, hedge=True)
    assert refused(trade, bench, Side.BUY, "0.1") is Reason.POSITION_SIDE
    order = {"reduce_only": True}
    assert refused(trade, bench, Side.SELL, "0.1", LONG, **order) is Reason.UNWANTED_PARAMETER


def test_the_mode_changes_only_when_nothing_is_open(bench):
    events: list = []
    bench.venue.subscribe(events.append)
    assert refused(bench.venue.set_position_mode, MAIN, hedge=False) is Reason.POSITION_MODE_SAME
    order = rest(bench, Side.BUY, "39000")
    assert refused(bench.venue.set_position_mode, MAIN, hedge=True) is Reason.POSITION_MODE_ORDERS
    bench.venue.cancel(MAIN, FUTURES, "BTCUSDT", order_id=order.id)
    trade(bench, Side.BUY, "0.1")
    change = bench.venue.set_position_mode
    assert refused(change, MAIN, hedge=True) is Reason.POSITION_MODE_POSITION
    trade(bench, Side.SELL, "0.1")
    bench.venue.set_position_mode(MAIN, hedge=True)
    assert [e.hedge for e in events if isinstance(e, ConfigEvent)] == [True]
    assert not bench.venue.state.is_hedged("alice")


# -- isolated margin ----------------------------------------------------------------------------


@pytest.fixture
def apart(bench):
    bench.venue.set_margin_mode(MAIN, "BTCUSDT", MarginMode.ISOLATED)
    return bench


def test_a_position_takes_its_margin_with_it_and_brings_it_home(apart):
    [fill] = trade(apart, Side.BUY, "0.5").fills
    margin = D("0.5") * D("40000.5") / 20
    assert held(apart).margin == margin == balance(apart, Account.ISOLATED)
    assert balance(apart, Account.FREE) == 10_000 - margin - fill.fee
    apart.futures.print("BTCUSDT", START + 1_000, "41000")
    apart.advance(2_000)
    [half] = trade(apart, Side.SELL, "0.25").fills
    assert held(apart).margin == margin / 2
    assert half.realized == D("0.25") * (D("40999.5") - D("40000.5"))
    [rest_] = trade(apart, Side.SELL, "0.25").fills
    fees = fill.fee + half.fee + rest_.fee
    assert balance(apart, Account.ISOLATED) == 0
    assert balance(apart, Account.FREE) == 10_000 + 2 * half.realized - fees
    assert apart.venue.ledger.check() == []


def test_turning_a_position_brings_fresh_margin(apart):
    trade(apart, Side.BUY, "0.5")
    trade(apart, Side.SELL, "0.8")
    assert held(apart).quantity == D("-0.3")
    assert held(apart).margin == D("0.3") * D("39999.5") / 20 == balance(apart, Account.ISOLATED)


def test_a_loss_beyond_its_margin_stays_with_the_position(apart):
    trade(apart, Side.BUY, "0.5")
    free = balance(apart, Account.FREE)
    apart.futures.print("BTCUSDT", START + 30_000, "30000")
    apart.advance(HOUR)
    assert held(apart).quantity == 0
    assert balance(apart, Account.ISOLATED) == 0
    assert free - 20 < balance(apart, Account.FREE) <= free
    assert balance(apart, Account.INSURANCE) < 0
    assert apart.venue.ledger.check() == []


def test_the_fund_pays_only_what_is_beyond_the_whole_margin(apart):
    """Two fills of one liquidation: what the first leaves of its share answers for the second."""
    trade(apart, Side.BUY, "0.5")
    margin, free = held(apart).margin, balance(apart, Account.FREE)
    apart.futures.show("BTCUSDT", START + 10_000, {"38500": "0.25", "37000": "9"}, {"38600": "9"})
    apart.futures.print("BTCUSDT", START + 30_000, "38100")
    apart.advance(HOUR)
    fees = (D("38500") + D("37000")) * D("0.25") * D("0.0005")
    loss = D("0.5") * D("40000.5") - (D("38500") + D("37000")) * D("0.25")
    assert balance(apart, Account.ISOLATED) == held(apart).quantity == 0
    assert balance(apart, Account.FREE) == free - fees
    assert balance(apart, Account.INSURANCE) == margin - loss < 0
    assert apart.venue.ledger.check() == []


def test_only_the_failing_position_is_liquidated(bench):
    bench.venue.set_margin_mode(MAIN, "ETHUSDT", MarginMode.ISOLATED)
    trade(bench, Side.BUY, "0.1")
    bench.venue.place(
        MAIN, FUTURES, NewOrder("ETHUSDT", Side.BUY, OrderType.MARKET, None, D("0.5"))
    )
    order = rest(bench, Side.BUY, "30000")
    bench.futures.print("ETHUSDT", START + 30_000, "1500")
    bench.advance(HOUR)
    assert bench.venue.state.position(MAIN, "ETHUSDT").quantity == 0
    assert held(bench).quantity == D("0.1")
    assert order.id in bench.venue.state.open_orders


def test_funding_is_paid_from_the_positions_wallet(apart):
    trade(apart, Side.BUY, "0.5")
    before, free = held(apart).margin, balance(apart, Account.FREE)
    apart.futures.rates[START // EIGHT_HOURS * EIGHT_HOURS + EIGHT_HOURS] = D("0.001")
    apart.advance(EIGHT_HOURS)
    assert held(apart).margin == before - 20
    assert balance(apart, Account.FREE) == free


def test_margin_can_be_added_and_taken_within_bounds(apart):
    change = apart.venue.change_margin
    assert refused(change, MAIN, "BTCUSDT", BOTH, D(10)) is Reason.NO_POSITION
    trade(apart, Side.BUY, "0.5")
    far = apart.venue.margin(MAIN).positions[0].liquidation_price
    assert refused(change, MAIN, "BTCUSDT", BOTH, D(0)) is Reason.MARGIN_NOT_POSITIVE
    assert refused(change, MAIN, "BTCUSDT", LONG, D(10)) is Reason.POSITION_SIDE
    assert refused(change, MAIN, "BTCUSDT", BOTH, D(9_990)) is Reason.MARGIN_TOO_MUCH
    assert refused(change, MAIN, "BTCUSDT", BOTH, D(-10)) is Reason.MARGIN_TOO_LITTLE
    change(MAIN, "BTCUSDT", BOTH, D(500))
    assert held(apart).margin == D("1000.0125") + 500
    assert apart.venue.margin(MAIN).positions[0].liquidation_price < far
    change(MAIN, "BTCUSDT", BOTH, D(-400))
    assert held(apart).margin == D("1000.0125") + 100 == balance(apart, Account.ISOLATED)


def test_the_margin_mode_changes_only_when_nothing_is_open(apart):
    change = apart.venue.set_margin_mode
    assert refused(change, MAIN, "BTCUSDT", MarginMode.ISOLATED) is Reason.MARGIN_TYPE_SAME
    order = rest(apart, Side.BUY, "39000")
    assert refused(change, MAIN, "BTCUSDT", MarginMode.CROSSED) is Reason.MARGIN_TYPE_ORDERS
    apart.venue.cancel(MAIN, FUTURES, "BTCUSDT", order_id=order.id)
    trade(apart, Side.BUY, "0.1")
    assert refused(change, MAIN, "BTCUSDT", MarginMode.CROSSED) is Reason.MARGIN_TYPE_POSITION
    assert refused(apart.venue.set_leverage, MAIN, "BTCUSDT", 5) is Reason.LEVERAGE_ISOLATED


def test_an_isolated_position_is_liquidated_at_its_own_price(apart):
    trade(apart, Side.BUY, "0.5")
    [item] = apart.venue.margin(MAIN).positions
    mark = item.liquidation_price
    equity = item.position.margin + D("0.5") * mark - item.position.cost
    assert abs(equity - maintenance("BTCUSDT", D("0.5") * mark)) < D("0.0001")


# -- liquidation --------------------------------------------------------------------------------


def test_a_large_position_is_cut_to_the_bracket_that_can_be_carried(tmp_path):
    feeds = {
        FUTURES: ScriptedFeed(FUTURES, {"UNIUSDT": [(START - 1, "7.000")]}),
        Face.SPOT: ScriptedFeed(Face.SPOT, {}),
    }
    feeds[FUTURES].show("UNIUSDT", START - 1, {"6.990": "90000"}, {"7.001": "90000"})
    clock = ManualClock(WALL)
    with Ledger(tmp_path / FILE_NAME) as ledger:
        venue = SimVenue(ledger, feeds, clock, seed=7)
        for _ in "12":
            order = NewOrder("UNIUSDT", Side.BUY, OrderType.MARKET, None, D(10_000))
            venue.place(MAIN, FUTURES, order)
        events: list = []
        venue.subscribe(events.append)
        feeds[FUTURES].show("UNIUSDT", START + 30_000, {"6.650": "90000"}, {"6.660": "90000"})
        feeds[FUTURES].print("UNIUSDT", START + 30_000, "6.660")
        clock.advance_to(WALL + HOUR)
        venue.settle()
        [forced] = [event for event in events if isinstance(event, Liquidation)]
        left = venue.state.position(MAIN, "UNIUSDT").quantity
        assert left == 20_000 - forced.order.filled
        assert left * D("6.66") <= tiers_of("UNIUSDT")[2].floor < (left + 1) * D("6.66")
        account = venue.margin(MAIN)
        assert account.cross_equity > account.cross_maintenance > 0
        fee = D("0.0125") * forced.order.filled * D("6.65")
        assert venue.state.balance(MAIN, FUTURES, Account.INSURANCE, "USDT") == fee
        assert ledger.check() == []


def test_what_the_book_cannot_take_goes_to_the_most_profitable_other_side(bench):
    """Two accounts are short; the more leveraged profit is closed first."""
    bench.venue.set_leverage("alice", "BTCUSDT", 125)
    for owner in ("alice", "bob"):
        trade(bench, Side.SELL, "0.5", owner=owner)
    trade(bench, Side.BUY, "3")
    bench.futures.show("BTCUSDT", START + 10_000, {"36900": "2.4"}, {"37100": "9"})
    bench.futures.print("BTCUSDT", START + 30_000, "36800")
    events: list = []
    bench.venue.subscribe(events.append)
    bench.advance(HOUR)
    adl = [e for e in events if isinstance(e, OrderEvent) and e.cause is Cause.ADL]
    assert [(e.owner, e.fill.quantity, e.fill.price) for e in adl] == [
        ("alice", D("0.5"), 36_900),
        ("bob", D("0.1"), 36_900),
    ]
    assert held(bench, owner="bob").quantity == D("-0.4")
    assert bench.venue.ledger.check() == []


def test_a_margin_call_comes_once_before_the_end(bench):
    trade(bench, Side.BUY, "4.5")
    events: list = []
    bench.venue.subscribe(events.append)
    bench.futures.print("BTCUSDT", START + 30_000, "38000")
    bench.advance(2 * HOUR)
    [call] = [event for event in events if isinstance(event, MarginCall)]
    assert (call.ts, call.owner) == (START + 60_000, MAIN)
    assert call.positions[0].quantity == D("4.5")
    assert held(bench).quantity == D("4.5")


# -- brackets -----------------------------------------------------------------------------------


def test_brackets_are_continuous_and_ever_stricter():
    tables = [tiers_of(item.id) for item in instruments(FUTURES)] + [tiers_of("NEWUSDT")]
    for table in [*tables, *(made(turnover) for turnover in (1.0, 1e6, 3e7, 5e8, 9e10))]:
        for lower, upper in pairwise(table):
            assert lower.cap == upper.floor
            assert lower.leverage > upper.leverage
            assert lower.cap * lower.rate - lower.amount == upper.floor * upper.rate - upper.amount
        assert all(tier.rate < D(1) / tier.leverage for tier in table)


def test_busier_markets_carry_more():
    assert max_notional("BTCUSDT", 20) > max_notional("SOLUSDT", 20) > max_notional("UNIUSDT", 20)
