"""The venue as a client sees it, without the wire: orders, refusals, time, margin."""

from copy import deepcopy
from dataclasses import replace
from decimal import Decimal

import pytest
from support.scripted_feed import EIGHT_HOURS, HOUR, START, Bench

from xq.clock import ManualClock
from xq.errors import ConfigError, UsageError
from xq.sim.accounts import MAIN
from xq.sim.instruments import Face
from xq.sim.ledger import FILE_NAME, Ledger, Page
from xq.sim.records import Account, Kind, NewOrder
from xq.sim.refusal import Reason, Refusal
from xq.sim.venue import SimVenue
from xq.types import OrderStatus, OrderType, Side, TimeInForce

D = Decimal
SPOT, FUTURES = Face.SPOT, Face.FUTURES


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.venue.ledger.close()


def market(side: Side, quantity: str, **more: object) -> NewOrder:
    order = NewOrder("BTCUSDT", side, OrderType.MARKET, quantity=D(quantity))
    return replace(order, **more)


def limit(side: Side, quantity: str, price: str, **more: object) -> NewOrder:
    order = NewOrder("BTCUSDT", side, OrderType.LIMIT, quantity=D(quantity), price=D(price))
    return replace(order, **more)


def refusal(bench: Bench, face: Face, order: NewOrder) -> Reason:
    """The reason of a refusal that changed nothing, neither in memory nor on disk."""
    before, written = deepcopy(bench.venue.state), bench.venue.ledger.load()
    with pytest.raises(Refusal) as caught:
        bench.venue.place(MAIN, face, order)
    assert bench.venue.state == before
    assert bench.venue.ledger.load() == written
    return caught.value.reason


def wallet(bench: Bench) -> Decimal:
    return bench.venue.state.balance(MAIN, FUTURES, Account.FREE, "USDT")


# -- entering -----------------------------------------------------------------------------------


def test_a_market_order_walks_the_levels(bench):
    placed = bench.venue.place(MAIN, FUTURES, market(Side.BUY, "2.5"))
    assert [(f.price, f.quantity) for f in placed.fills] == [
        (D("40000.5"), 1),
        (D("40010.5"), D("1.5")),
    ]
    assert placed.order.status is OrderStatus.FILLED
    assert placed.order.average_price == D("40006.5")


def test_a_limit_order_takes_what_it_may_and_rests_with_the_remainder(bench):
    placed = bench.venue.place(MAIN, FUTURES, limit(Side.BUY, "1.5", "40000.5"))
    assert placed.order.status is OrderStatus.PARTIALLY_FILLED
    assert placed.order.filled == 1
    bench.futures.print("BTCUSDT", START + 1_000, "40000.4")
    bench.advance(5_000)
    order = bench.venue.order(MAIN, FUTURES, "BTCUSDT", order_id=placed.order.id)
    assert order.status is OrderStatus.FILLED
    fills = bench.venue.ledger.fills(MAIN, FUTURES, "BTCUSDT", Page())
    assert [(fill.maker, fill.ts) for fill in fills] == [(False, START), (True, START + 1_000)]
    assert fills[1].fee == D("0.5") * D("40000.5") * D("0.0002")


def test_immediate_or_cancel_keeps_nothing_in_the_book(bench):
    ioc = limit(Side.BUY, "1.5", "40000.5", time_in_force=TimeInForce.IOC)
    order = bench.venue.place(MAIN, FUTURES, ioc).order
    assert (order.status, order.filled) == (OrderStatus.EXPIRED, 1)
    assert bench.venue.state.open_orders == {}


def test_fill_or_kill(bench):
    whole = limit(Side.BUY, "0.1", "40000.5", time_in_force=TimeInForce.FOK)
    assert bench.venue.place(MAIN, SPOT, whole).order.status is OrderStatus.FILLED
    too_much = replace(whole, quantity=D("1.1"), client_id="fok")
    assert refusal(bench, FUTURES, too_much) is Reason.FILL_OR_KILL
    thin = replace(whole, price=D("39000"))
    order = bench.venue.place(MAIN, SPOT, thin).order
    assert (order.status, order.filled) == (OrderStatus.EXPIRED, 0)


def test_post_only_never_takes(bench):
    crossing = limit(Side.BUY, "0.1", "40000.5", time_in_force=TimeInForce.GTX)
    assert refusal(bench, SPOT, crossing) is Reason.POST_ONLY
    assert refusal(bench, FUTURES, crossing) is Reason.POST_ONLY
    behind = replace(crossing, price=D("40000"))
    assert bench.venue.place(MAIN, SPOT, behind).order.status is OrderStatus.NEW


def test_quote_quantity_buys_whole_lots(bench):
    order = NewOrder("BTCUSDT", Side.BUY, OrderType.MARKET, quote_quantity=D(100))
    placed = bench.venue.place(MAIN, SPOT, order)
    assert placed.order.status is OrderStatus.FILLED
    assert placed.order.filled == D("0.00249")
    assert placed.order.filled_quote <= 100


def test_client_ids_are_unique_among_open_orders_only(bench):
    resting = limit(Side.BUY, "0.01", "39000", client_id="mine")
    bench.venue.place(MAIN, SPOT, resting)
    assert refusal(bench, SPOT, resting) is Reason.DUPLICATE_CLIENT_ID
    bench.venue.cancel(MAIN, SPOT, "BTCUSDT", client_id="mine")
    again = bench.venue.place(MAIN, SPOT, resting).order
    assert bench.venue.order(MAIN, SPOT, "BTCUSDT", client_id="mine").id == again.id
    bench.venue.place(MAIN, FUTURES, replace(resting, client_id="mine"))


def test_the_venue_names_what_the_client_does_not(bench):
    ids = {
        bench.venue.place(MAIN, SPOT, limit(Side.BUY, "0.01", "39000")).order.client_id
        for _ in "12"
    }
    assert len(ids) == 2


def test_spot_sells_only_what_is_there(bench):
    assert refusal(bench, SPOT, market(Side.SELL, "0.1")) is Reason.NO_FUNDS
    assert refusal(bench, SPOT, limit(Side.SELL, "0.1", "41000")) is Reason.NO_FUNDS
    assert refusal(bench, SPOT, market(Side.BUY, "0.26")) is Reason.NO_FUNDS
    bench.venue.place(MAIN, SPOT, limit(Side.BUY, "0.2", "39000"))
    assert refusal(bench, SPOT, market(Side.BUY, "0.1")) is Reason.NO_FUNDS


def test_unknown_markets_and_orders(bench):
    assert refusal(bench, SPOT, replace(market(Side.BUY, "1"), symbol="NOPE")) is Reason.BAD_SYMBOL
    with pytest.raises(Refusal) as caught:
        bench.venue.cancel(MAIN, SPOT, "BTCUSDT", order_id=99)
    assert caught.value.reason is Reason.UNKNOWN_CANCEL
    with pytest.raises(Refusal) as caught:
        bench.venue.order(MAIN, SPOT, "BTCUSDT", client_id="never")
    assert caught.value.reason is Reason.UNKNOWN_ORDER


def test_a_canceled_or_filled_order_cannot_be_canceled_again(bench):
    order = bench.venue.place(MAIN, SPOT, limit(Side.BUY, "0.01", "39000")).order
    bench.venue.cancel(MAIN, SPOT, "BTCUSDT", order_id=order.id)
    filled = bench.venue.place(MAIN, SPOT, market(Side.BUY, "0.01")).order
    for number in (order.id, filled.id):
        with pytest.raises(Refusal) as caught:
            bench.venue.cancel(MAIN, SPOT, "BTCUSDT", order_id=number)
        assert caught.value.reason is Reason.UNKNOWN_CANCEL


def test_both_ids_must_name_the_same_order(bench):
    one = bench.venue.place(MAIN, SPOT, limit(Side.BUY, "0.01", "39000", client_id="one")).order
    bench.venue.place(MAIN, SPOT, limit(Side.BUY, "0.01", "39000", client_id="two"))
    with pytest.raises(Refusal):
        bench.venue.cancel(MAIN, SPOT, "BTCUSDT", order_id=one.id, client_id="two")
    assert len(bench.venue.state.open_orders) == 2


def test_cancel_all_touches_one_symbol_of_one_face(bench):
    bench.venue.place(MAIN, SPOT, limit(Side.BUY, "0.01", "39000"))
    bench.venue.place(MAIN, FUTURES, limit(Side.BUY, "0.01", "39000"))
    eth = replace(limit(Side.BUY, "1", "1950"), symbol="ETHUSDT")
    bench.venue.place(MAIN, FUTURES, eth)
    assert len(bench.venue.cancel_all(MAIN, FUTURES, "BTCUSDT")) == 1
    assert {order.symbol for order in bench.venue.state.orders_of(MAIN, FUTURES)} == {"ETHUSDT"}
    assert len(bench.venue.state.orders_of(MAIN, SPOT)) == 1


def test_a_rehearsal_changes_nothing(bench):
    before = deepcopy(bench.venue.state)
    bench.venue.rehearse(MAIN, SPOT, market(Side.BUY, "0.1"))
    with pytest.raises(Refusal):
        bench.venue.rehearse(MAIN, SPOT, market(Side.BUY, "10"))
    assert bench.venue.state == before


# -- reduce-only --------------------------------------------------------------------------------


def test_reduce_only_needs_something_to_reduce(bench):
    assert refusal(bench, FUTURES, market(Side.SELL, "1", reduce_only=True)) is Reason.REDUCE_ONLY
    bench.venue.place(MAIN, FUTURES, market(Side.BUY, "0.1"))
    assert refusal(bench, FUTURES, market(Side.BUY, "1", reduce_only=True)) is Reason.REDUCE_ONLY


def test_reduce_only_never_turns_a_position(bench):
    bench.venue.place(MAIN, FUTURES, market(Side.BUY, "0.1"))
    order = bench.venue.place(MAIN, FUTURES, market(Side.SELL, "5", reduce_only=True)).order
    assert (order.status, order.filled) == (OrderStatus.FILLED, D("0.1"))
    assert bench.venue.state.positions == {}


def test_resting_reductions_end_with_the_position(bench):
    bench.venue.place(MAIN, FUTURES, market(Side.BUY, "0.1"))
    stop = limit(Side.SELL, "0.1", "41000", reduce_only=True, client_id="tp")
    bench.venue.place(MAIN, FUTURES, stop)
    bench.venue.place(MAIN, FUTURES, market(Side.SELL, "0.1"))
    assert bench.venue.state.open_orders == {}
    order = bench.venue.order(MAIN, FUTURES, "BTCUSDT", client_id="tp")
    assert order.status is OrderStatus.EXPIRED


def test_two_resting_reductions_close_once(bench):
    bench.venue.place(MAIN, FUTURES, market(Side.BUY, "0.1"))
    for name in ("a", "b"):
        order = limit(Side.SELL, "0.08", "41000", reduce_only=True, client_id=name)
        bench.venue.place(MAIN, FUTURES, order)
    bench.futures.print("BTCUSDT", START + 1_000, "41001")
    bench.advance(5_000)
    first = bench.venue.order(MAIN, FUTURES, "BTCUSDT", client_id="a")
    second = bench.venue.order(MAIN, FUTURES, "BTCUSDT", client_id="b")
    assert (first.filled, second.filled) == (D("0.08"), D("0.02"))
    assert bench.venue.state.positions == {}
    assert bench.venue.state.open_orders == {}


# -- margin -------------------------------------------------------------------------------------


def test_margin_bounds_the_size(bench):
    assert refusal(bench, FUTURES, market(Side.BUY, "5")) is Reason.NO_MARGIN
    bench.venue.place(MAIN, FUTURES, market(Side.BUY, "4.5"))
    assert refusal(bench, FUTURES, market(Side.BUY, "1")) is Reason.NO_MARGIN
    bench.venue.place(MAIN, FUTURES, market(Side.SELL, "9"))
    assert bench.venue.state.position(MAIN, "BTCUSDT").quantity == D("-4.5")


def test_the_price_of_taking_counts_as_margin(bench):
    """4.94 BTC need 9,886 of margin and 99 of fees; taking them loses 119 to the book as well."""
    assert refusal(bench, FUTURES, market(Side.BUY, "4.94")) is Reason.NO_MARGIN
    bench.venue.place(MAIN, FUTURES, limit(Side.BUY, "4.94", "40000"))
    assert bench.venue.margin(MAIN).available == 120


def test_resting_orders_use_margin(bench):
    bench.venue.place(MAIN, FUTURES, limit(Side.BUY, "3", "39000"))
    assert bench.venue.margin(MAIN).order_initial == 3 * 39000 / D(20)
    assert refusal(bench, FUTURES, limit(Side.BUY, "3", "39000")) is Reason.NO_MARGIN
    bench.venue.place(MAIN, FUTURES, limit(Side.SELL, "2", "41000"))
    assert bench.venue.margin(MAIN).order_initial == 3 * 39000 / D(20)


def test_the_account_adds_up(bench):
    bench.venue.place(MAIN, FUTURES, market(Side.BUY, "1"))
    bench.futures.print("BTCUSDT", START + 1_000, "41000")
    bench.advance(5_000)
    account = bench.venue.margin(MAIN)
    assert account.unrealized == D("999.5")
    assert account.initial == 41000 / D(20)
    assert account.equity == account.wallet + account.unrealized
    assert account.available == account.equity - account.used
    [item] = account.positions
    assert item.maintenance == D(41000) * D("0.004")


def test_at_the_liquidation_price_equity_meets_maintenance(bench):
    bench.venue.place(MAIN, FUTURES, market(Side.BUY, "4"))
    [item] = bench.venue.margin(MAIN).positions
    bench.futures.print("BTCUSDT", START + 1_000, f"{item.liquidation_price:.2f}")
    bench.advance(2_000)
    account = bench.venue.margin(MAIN)
    assert abs(account.equity - account.maintenance) < 1


def test_leverage(bench):
    with pytest.raises(Refusal) as caught:
        bench.venue.set_leverage(MAIN, "BTCUSDT", 126)
    assert caught.value.reason is Reason.BAD_LEVERAGE
    bench.venue.place(MAIN, FUTURES, market(Side.BUY, "1"))
    with pytest.raises(Refusal) as caught:
        bench.venue.set_leverage(MAIN, "BTCUSDT", 2)
    assert caught.value.reason is Reason.NO_MARGIN
    bench.venue.set_leverage(MAIN, "BTCUSDT", 10)
    assert bench.venue.margin(MAIN).initial == 4000
    assert bench.reopen().margin(MAIN).initial == 4000


def test_small_brackets_limit_the_position(bench):
    bench.venue.set_leverage(MAIN, "BTCUSDT", 125)
    assert refusal(bench, FUTURES, market(Side.BUY, "2")) is Reason.POSITION_LIMIT


# -- time ---------------------------------------------------------------------------------------


def test_funding_is_paid_every_eight_hours_by_longs_when_positive(bench):
    bench.futures.rates = {
        START + EIGHT_HOURS: D("0.0001"),
        START + 2 * EIGHT_HOURS: D("-0.0002"),
    }
    bench.venue.place(MAIN, FUTURES, market(Side.BUY, "1"))
    before = wallet(bench)
    bench.advance(EIGHT_HOURS - 1)
    assert wallet(bench) == before
    bench.advance(1)
    assert wallet(bench) == before - 4
    bench.advance(EIGHT_HOURS)
    assert wallet(bench) == before - 4 + 8
    income = bench.venue.ledger.income(MAIN, FUTURES, [Kind.FUNDING], None, Page())
    assert [item.amount for item in income] == [-4, 8]


def test_shorts_receive_positive_funding(bench):
    bench.futures.rates = {START + EIGHT_HOURS: D("0.0001")}
    bench.venue.place(MAIN, FUTURES, market(Side.SELL, "1"))
    before = wallet(bench)
    bench.advance(EIGHT_HOURS)
    assert wallet(bench) == before + 4


def test_the_story_does_not_depend_on_how_often_anyone_looked(tmp_path):
    def story(folder, step: int) -> tuple[object, ...]:
        bench = Bench(folder)
        bench.futures.rates = {START + EIGHT_HOURS: D("0.0001")}
        for ts, price in ((10, "39900"), (20, "39700"), (500, "40200"), (900, "39000")):
            bench.futures.print("BTCUSDT", START + ts * 60_000, price)
        bench.venue.place(MAIN, FUTURES, limit(Side.BUY, "1", "39800"))
        bench.venue.place(MAIN, FUTURES, limit(Side.SELL, "0.5", "40100"))
        bench.venue.place(MAIN, FUTURES, limit(Side.BUY, "0.5", "39100"))
        for _ in range(960 * 60_000 // step):
            bench.advance(step)
        fills = bench.venue.ledger.fills(MAIN, FUTURES, "BTCUSDT", Page())
        outcome = (wallet(bench), bench.venue.state.positions, fills)
        bench.venue.ledger.close()
        return outcome

    once, often = story(tmp_path / "once", 960 * 60_000), story(tmp_path / "often", 96_000)
    assert once == often
    assert len(once[2]) == 3


def test_liquidation_closes_everything_and_never_leaves_a_debt(bench):
    bench.venue.place(MAIN, FUTURES, market(Side.BUY, "4.5"))
    bench.venue.place(MAIN, FUTURES, limit(Side.BUY, "0.01", "37000", client_id="rest"))
    bench.futures.print("BTCUSDT", START + 30_000, "38000")
    bench.futures.print("BTCUSDT", START + 10 * 60_000, "30000")
    bench.advance(HOUR)
    assert bench.venue.state.positions == {}
    assert bench.venue.state.open_orders == {}
    assert wallet(bench) >= 0
    orders = bench.venue.ledger.orders(MAIN, FUTURES, "BTCUSDT", Page())
    assert orders[-1].client_id.startswith("autoclose-")
    assert orders[-1].status is OrderStatus.FILLED
    assert bench.venue.ledger.check() == []


def test_an_order_met_by_the_trade_that_ruins_the_account_is_filled_first(bench):
    bench.venue.place(MAIN, FUTURES, market(Side.BUY, "4.5"))
    bench.venue.place(MAIN, FUTURES, limit(Side.BUY, "0.01", "38500", client_id="rest"))
    bench.futures.print("BTCUSDT", START + 60_000, "37000")
    bench.advance(HOUR)
    assert bench.venue.state.positions == {}
    order = bench.venue.order(MAIN, FUTURES, "BTCUSDT", client_id="rest")
    assert order.status is OrderStatus.FILLED


def test_a_safe_position_survives(bench):
    bench.venue.place(MAIN, FUTURES, market(Side.BUY, "0.1"))
    bench.futures.print("BTCUSDT", START + 30_000, "30000")
    bench.advance(HOUR)
    assert bench.venue.state.position(MAIN, "BTCUSDT").quantity == D("0.1")


def test_an_account_that_gaps_below_zero_is_made_whole(bench):
    bench.venue.place(MAIN, FUTURES, market(Side.BUY, "4.5"))
    bench.futures.print("BTCUSDT", START + 30_000, "20000")
    bench.advance(HOUR)
    assert wallet(bench) == 0
    assert bench.venue.state.balance(MAIN, FUTURES, Account.INSURANCE, "USDT") < 0


# -- the clock and the world --------------------------------------------------------------------


def test_venue_time_runs_with_wall_time_between_runs(bench):
    bench.advance(1_000)
    bench.clock.advance_to(bench.clock.now_ms() + HOUR)
    bench.reopen()
    assert bench.venue.now_ms == START + HOUR + 1_000


def test_venue_time_never_goes_back(bench):
    bench.advance(HOUR)
    bench.venue.place(MAIN, SPOT, market(Side.BUY, "0.01"))
    feeds = {SPOT: bench.spot, FUTURES: bench.futures}
    earlier = ManualClock(bench.clock.now_ms() - HOUR // 2)
    with Ledger(bench.folder / FILE_NAME) as ledger:
        venue = SimVenue(ledger, feeds, earlier, seed=7)
        venue.settle()
        assert venue.now_ms == START + HOUR


def test_the_clock_can_be_moved_forward_only(bench):
    feeds = {SPOT: bench.spot, FUTURES: bench.futures}
    with Ledger(bench.folder / FILE_NAME) as ledger:
        later = SimVenue(ledger, feeds, bench.clock, seed=7, start_ms=START + HOUR)
        later.settle()
        assert later.now_ms == START + HOUR
        later.place(MAIN, SPOT, market(Side.BUY, "0.01"))
        with pytest.raises(UsageError, match="cannot go back"):
            SimVenue(ledger, feeds, bench.clock, seed=7, start_ms=START)


def test_another_seed_is_another_world(bench):
    feeds = {SPOT: bench.spot, FUTURES: bench.futures}
    with pytest.raises(ConfigError, match="seed 7, found 8") as caught:
        SimVenue(bench.venue.ledger, feeds, bench.clock, seed=8)
    assert "--seed 7," in caught.value.hint
    assert "sim_seed = 7" in caught.value.hint
