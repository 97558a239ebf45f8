"""Conditional orders: what is refused, when they trigger, what they become."""

from dataclasses import replace
from decimal import Decimal

import pytest
from support.scripted_feed import HOUR, START, Bench

from xq.sim.accounts import MAIN
from xq.sim.algos import AlgoOrder, AlgoStatus, NewAlgo, Working
from xq.sim.events import AlgoEvent, BalanceEvent, OrderEvent
from xq.sim.filters import MAX_ALGOS
from xq.sim.instruments import Face
from xq.sim.ledger import Page
from xq.sim.records import Account, NewOrder
from xq.sim.refusal import Reason, Refusal
from xq.types import OrderStatus, OrderType, Side, TimeInForce

D = Decimal
SPOT, FUTURES = Face.SPOT, Face.FUTURES
STOP = NewAlgo(
    "BTCUSDT", Side.SELL, OrderType.STOP_MARKET, quantity=D("0.1"), trigger_price=D(39_000)
)
TRAIL = NewAlgo(
    "BTCUSDT", Side.SELL, OrderType.TRAILING_STOP_MARKET, quantity=D("0.1"), callback_rate=D(1)
)


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path, accounts=(MAIN, "alice"))
    yield made
    made.venue.ledger.close()


def buy(bench: Bench, quantity: str = "0.1") -> None:
    order = NewOrder("BTCUSDT", Side.BUY, OrderType.MARKET, None, D(quantity))
    bench.venue.place(MAIN, FUTURES, order)


def tape(bench: Bench, *prices: str) -> None:
    """One trade each second from now on."""
    now = bench.venue.now_ms
    for second, price in enumerate(prices, start=1):
        bench.futures.print("BTCUSDT", now + second * 1000, price)


def after(bench: Bench, algo: AlgoOrder) -> AlgoOrder:
    return bench.venue.algo(MAIN, algo_id=algo.id)


def position(bench: Bench) -> Decimal:
    return bench.venue.state.position(MAIN, "BTCUSDT").quantity


# -- refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algo", "reason"),
    [
        (replace(STOP, trigger_price=D(40_000)), Reason.WOULD_TRIGGER),
        (replace(STOP, side=Side.BUY), Reason.WOULD_TRIGGER),
        (replace(STOP, type=OrderType.TAKE_PROFIT_MARKET), Reason.WOULD_TRIGGER),
        (replace(STOP, trigger_price=None), Reason.MISSING_PARAMETER),
        (replace(STOP, trigger_price=D("39000.05")), Reason.TOO_PRECISE),
        (replace(STOP, trigger_price=D(0)), Reason.NOT_POSITIVE),
        (replace(STOP, type=OrderType.STOP), Reason.MISSING_PARAMETER),
        (replace(STOP, quantity=None), Reason.MISSING_PARAMETER),
        (replace(STOP, quantity=D("0.0001")), Reason.TOO_PRECISE),
        (replace(STOP, quantity=D("100.001")), Reason.MARKET_LOT_LARGE),
        (replace(STOP, quantity=D("0.001")), Reason.NOTIONAL_SMALL),
        (replace(STOP, close_position=True), Reason.CLOSE_WITH_QUANTITY),
        (replace(TRAIL, close_position=True, quantity=None), Reason.CLOSE_TYPE),
        (replace(STOP, close_position=True, quantity=None, reduce_only=True),
         Reason.CLOSE_WITH_REDUCE),
        (replace(STOP, with_position=True), Reason.CLOSE_NOTHING),
        (replace(STOP, time_in_force=TimeInForce.GTD, good_till_ms=START), Reason.BAD_GOOD_TILL),
        (replace(TRAIL, callback_rate=None), Reason.BAD_CALLBACK),
        (replace(TRAIL, callback_rate=D("10.1")), Reason.BAD_CALLBACK),
        (replace(TRAIL, callback_rate=D("0.15")), Reason.BAD_CALLBACK),
        (replace(TRAIL, activate_price=D(39_000)), Reason.WOULD_TRIGGER),
    ],
)  # fmt: skip
def test_what_is_refused_is_refused_at_once(bench, algo, reason):
    with pytest.raises(Refusal) as caught:
        bench.venue.place_algo(MAIN, algo)
    assert caught.value.reason is reason
    assert bench.venue.state.algos == {}


def test_client_ids_are_unique_among_waiting_ones(bench):
    named = replace(STOP, client_id="mine")
    algo = bench.venue.place_algo(MAIN, named)
    with pytest.raises(Refusal) as caught:
        bench.venue.place_algo(MAIN, named)
    assert caught.value.reason is Reason.DUPLICATE_CLIENT_ID
    bench.venue.place_algo("alice", named)
    bench.venue.cancel_algo(MAIN, client_id="mine")
    assert bench.venue.place_algo(MAIN, named).id != algo.id
    assert after(bench, algo).status is AlgoStatus.CANCELED


def test_only_so_many_wait_and_one_closer_each_way(bench):
    closer = replace(STOP, close_position=True, quantity=None)
    bench.venue.place_algo(MAIN, closer)
    with pytest.raises(Refusal) as caught:
        bench.venue.place_algo(MAIN, replace(closer, trigger_price=D(38_000)))
    assert caught.value.reason is Reason.CLOSE_EXISTS
    for _ in range(MAX_ALGOS - 1):
        bench.venue.place_algo(MAIN, STOP)
    with pytest.raises(Refusal) as caught:
        bench.venue.place_algo(MAIN, STOP)
    assert caught.value.reason is Reason.TOO_MANY_STOPS


# -- triggered ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "side", "trigger"),
    [
        (OrderType.STOP_MARKET, Side.SELL, "39000"),
        (OrderType.STOP_MARKET, Side.BUY, "41000"),
        (OrderType.TAKE_PROFIT_MARKET, Side.BUY, "39000"),
        (OrderType.TAKE_PROFIT_MARKET, Side.SELL, "41000"),
    ],
)
def test_the_trade_that_meets_the_price_sends_the_order(bench, kind, side, trigger):
    algo = bench.venue.place_algo(
        MAIN, replace(STOP, type=kind, side=side, trigger_price=D(trigger))
    )
    beyond = (D(trigger) - 40_000) / 1000
    tape(bench, "40000", str(D(trigger) - beyond), trigger, "40000")
    bench.advance(HOUR)
    done = after(bench, algo)
    assert (done.status, done.triggered_ms) == (AlgoStatus.FINISHED, START + 3_000)
    order = bench.venue.order(MAIN, FUTURES, "BTCUSDT", order_id=done.order_id)
    assert (order.status, order.type, order.algo_id) == (
        OrderStatus.FILLED, OrderType.MARKET, algo.id,
    )  # fmt: skip
    assert order.created_ms == START + 3_000
    assert position(bench) == side.sign * D("0.1")


def test_the_life_of_one_is_told_in_order(bench):
    buy(bench)
    events: list = []
    bench.venue.subscribe(events.append)
    bench.venue.place_algo(MAIN, replace(STOP, reduce_only=True))
    tape(bench, "38900")
    bench.advance(HOUR)
    told = [
        e.algo.status if isinstance(e, AlgoEvent) else getattr(e, "cause", "balance")
        for e in events
        if isinstance(e, AlgoEvent | OrderEvent | BalanceEvent)
    ]
    assert told == [
        AlgoStatus.NEW, AlgoStatus.TRIGGERING, "new", "trade", "balance", AlgoStatus.TRIGGERED,
        AlgoStatus.FINISHED,
    ]  # fmt: skip
    assert position(bench) == 0


def test_a_stop_limit_rests_and_finishes_with_its_order(bench):
    buy(bench)
    stop = replace(STOP, type=OrderType.STOP, price=D(39_500), reduce_only=True)
    algo = bench.venue.place_algo(MAIN, stop)
    tape(bench, "38900")
    bench.advance(10_000)
    triggered = after(bench, algo)
    assert triggered.status is AlgoStatus.TRIGGERED
    order = bench.venue.order(MAIN, FUTURES, "BTCUSDT", order_id=triggered.order_id)
    assert (order.type, order.price, order.status) == (OrderType.LIMIT, 39_500, OrderStatus.NEW)
    assert bench.venue.open_algos(MAIN) == []
    bench.reopen()
    assert bench.venue.state.index.algo_named(MAIN, algo.client_id) is None
    tape(bench, "39600")
    bench.advance(10_000)
    assert after(bench, algo).status is AlgoStatus.FINISHED
    assert position(bench) == 0


def test_an_order_that_is_refused_when_it_triggers_is_rejected(bench):
    algo = bench.venue.place_algo(MAIN, replace(STOP, reduce_only=True))
    poor = bench.venue.place_algo(MAIN, replace(STOP, quantity=D(90)))
    closer = bench.venue.place_algo(MAIN, replace(STOP, close_position=True, quantity=None))
    tape(bench, "38900")
    bench.advance(10_000)
    assert [(a.status, a.note) for a in (after(bench, x) for x in (algo, poor, closer))] == [
        (AlgoStatus.REJECTED, "reduce_only"),
        (AlgoStatus.REJECTED, "no_margin"),
        (AlgoStatus.EXPIRED, "no position"),
    ]
    assert bench.venue.state.open_orders == {}
    assert bench.venue.ledger.check() == []


def test_a_closer_closes_whatever_there_is(bench):
    algo = bench.venue.place_algo(MAIN, replace(STOP, close_position=True, quantity=None))
    buy(bench, "0.3")
    tape(bench, "38900")
    bench.advance(10_000)
    assert after(bench, algo).status is AlgoStatus.FINISHED
    assert position(bench) == 0


def test_one_tied_to_a_position_ends_with_it(bench):
    buy(bench)
    closer = replace(STOP, close_position=True, quantity=None, with_position=True)
    algo = bench.venue.place_algo(MAIN, closer)
    sell = NewOrder("BTCUSDT", Side.SELL, OrderType.MARKET, None, D("0.1"))
    bench.venue.place(MAIN, FUTURES, sell)
    assert after(bench, algo).status is AlgoStatus.EXPIRED


def test_a_dated_one_ends_on_its_date(bench):
    dated = replace(STOP, time_in_force=TimeInForce.GTD, good_till_ms=START + 700_000)
    algo = bench.venue.place_algo(MAIN, dated)
    bench.futures.print("BTCUSDT", START + 700_001, "38000")
    bench.advance(HOUR)
    assert (after(bench, algo).status, position(bench)) == (AlgoStatus.EXPIRED, 0)


def test_protection_ends_one_whose_prices_are_far_apart(bench, monkeypatch):
    monkeypatch.setattr(bench.futures, "mark_price", lambda *_: D(42_000))
    algo = bench.venue.place_algo(MAIN, replace(STOP, price_protect=True))
    tape(bench, "38900")
    bench.advance(10_000)
    assert (after(bench, algo).status, after(bench, algo).note) == (
        AlgoStatus.EXPIRED, "price protection",
    )  # fmt: skip


def test_the_mark_price_triggers_on_the_second(bench, monkeypatch):
    def mark(_symbol: str, ts: int) -> Decimal:
        return D(38_990) if ts >= START + 90_500 else D(39_010)

    tape(bench, "39300")
    bench.futures.print("BTCUSDT", START + HOUR, "39300")
    monkeypatch.setattr(bench.futures, "mark_price", mark)
    monkeypatch.setattr(bench.futures, "mark_range", lambda *_: (D(38_990), D(39_010)))
    by_mark = bench.venue.place_algo(MAIN, replace(STOP, working=Working.MARK_PRICE))
    by_last = bench.venue.place_algo(MAIN, STOP)
    bench.advance(30 * 60_000)
    assert after(bench, by_mark).triggered_ms == START + 91_000
    assert after(bench, by_last).status is AlgoStatus.NEW


# -- trailing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [500, 999, 60_000])
def test_a_trailing_stop_follows_the_extreme(bench, step):
    algo = bench.venue.place_algo(MAIN, TRAIL)
    tape(bench, "39700", "40400", "40100", "41000", "40600.1", "40590", "42000")
    for _ in range(-(-60_000 // step)):
        bench.advance(step)
    done = after(bench, algo)
    assert (done.triggered_ms, done.extreme) == (START + 6_000, 41_000)


def test_a_trailing_stop_to_buy_follows_downwards_from_its_activation(bench):
    trail = replace(TRAIL, side=Side.BUY, activate_price=D(39_500))
    algo = bench.venue.place_algo(MAIN, trail)
    tape(bench, "39900", "41000", "39500", "39000", "39300")
    bench.advance(5_500)
    waiting = after(bench, algo)
    assert (waiting.status, waiting.extreme) == (AlgoStatus.NEW, 39_000)
    bench.reopen()
    tape(bench, "39390")
    bench.advance(5_000)
    assert after(bench, algo).status is AlgoStatus.FINISHED
    assert position(bench) == D("0.1")


def test_many_trades_are_followed_one_by_one(bench):
    algo = bench.venue.place_algo(MAIN, TRAIL)
    bench.futures.trades_of["BTCUSDT"] += [
        (START + 1 + n, D(40_000) + n % 300) for n in range(2_500)
    ]
    bench.futures.print("BTCUSDT", START + 2_700, "39896")
    bench.advance(HOUR)
    assert (after(bench, algo).triggered_ms, after(bench, algo).extreme) == (
        START + 2_700, 40_299,
    )  # fmt: skip


# -- spot ---------------------------------------------------------------------------------------


def spot_stop(kind: OrderType, side: Side, stop: str, price: str | None = None) -> NewOrder:
    return NewOrder(
        "BTCUSDT", side, kind, "s", D("0.1"), price=None if price is None else D(price),
        stop_price=D(stop),
    )  # fmt: skip


def spot_print(bench: Bench, second: int, price: str) -> None:
    bench.spot.print("BTCUSDT", START + second * 1000, price)


def test_a_spot_stop_waits_with_its_money_and_then_works(bench):
    request = spot_stop(OrderType.STOP, Side.BUY, "41000", "41200")
    order = bench.venue.place(MAIN, SPOT, request).order
    assert (order.waiting, order.status) == (True, OrderStatus.NEW)
    assert bench.venue.state.balance(MAIN, SPOT, Account.HELD, "USDT") == 4_120
    spot_print(bench, 1, "40900")
    bench.advance(1_500)
    assert bench.venue.state.open_orders[order.id].waiting
    bench.reopen()
    spot_print(bench, 2, "41000")
    bench.advance(5_000)
    done = bench.venue.order(MAIN, SPOT, "BTCUSDT", order_id=order.id)
    assert (done.status, done.average_price) == (OrderStatus.FILLED, D("41000.5"))
    [fill] = bench.venue.ledger.fills(MAIN, SPOT, "BTCUSDT", Page())
    assert (fill.ts, fill.maker) == (START + 2_000, False)
    assert bench.venue.state.balance(MAIN, SPOT, Account.HELD, "USDT") == 0
    assert bench.venue.ledger.check() == []


def test_a_spot_stop_that_does_not_fill_rests(bench):
    request = spot_stop(OrderType.STOP, Side.BUY, "41000", "40800")
    order = bench.venue.place(MAIN, SPOT, request).order
    spot_print(bench, 1, "41000")
    bench.advance(2_000)
    assert not bench.venue.state.open_orders[order.id].waiting
    assert order.id in bench.venue.state.queues
    bench.venue.cancel(MAIN, SPOT, "BTCUSDT", client_id="s")
    assert bench.venue.state.balance(MAIN, SPOT, Account.FREE, "USDT") == 10_000


def test_a_spot_stop_at_market_that_costs_too_much_expires(bench):
    request = replace(spot_stop(OrderType.STOP_MARKET, Side.BUY, "41000"), quantity=D("0.243"))
    order = bench.venue.place(MAIN, SPOT, request).order
    spot_print(bench, 1, "42000")
    bench.advance(2_000)
    assert bench.venue.order(MAIN, SPOT, "BTCUSDT", order_id=order.id).status is OrderStatus.EXPIRED
    assert bench.venue.state.balance(MAIN, SPOT, Account.FREE, "USDT") == 10_000


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (spot_stop(OrderType.STOP_MARKET, Side.BUY, "40000"), Reason.WOULD_TRIGGER),
        (spot_stop(OrderType.TAKE_PROFIT_MARKET, Side.BUY, "40000"), Reason.WOULD_TRIGGER),
        (spot_stop(OrderType.STOP_MARKET, Side.SELL, "39000"), Reason.NO_FUNDS),
        (replace(spot_stop(OrderType.STOP, Side.BUY, "41000", "41200"), quantity=D(1)),
         Reason.NO_FUNDS),
    ],
)  # fmt: skip
def test_spot_stops_that_are_refused(bench, request_, reason):
    with pytest.raises(Refusal) as caught:
        bench.venue.place(MAIN, SPOT, request_)
    assert caught.value.reason is reason


def test_only_so_many_spot_stops_wait(bench):
    request = replace(spot_stop(OrderType.STOP_MARKET, Side.BUY, "41000"), quantity=D("0.01"))
    for number in range(5):
        bench.venue.place(MAIN, SPOT, replace(request, client_id=f"n{number}"))
    with pytest.raises(Refusal) as caught:
        bench.venue.place(MAIN, SPOT, request)
    assert caught.value.reason is Reason.TOO_MANY_STOPS
