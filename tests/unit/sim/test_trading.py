"""Clients trade with each other and with outside liquidity that does not grow back by itself."""

from dataclasses import replace
from decimal import Decimal

import pytest
from support.scripted_feed import START, Bench

from xq.sim.accounts import MAIN
from xq.sim.events import Cause, OrderEvent
from xq.sim.instruments import Face
from xq.sim.records import Account, NewOrder, SelfTrade
from xq.sim.refusal import Reason, Refusal
from xq.types import OrderStatus, OrderType, Side, TimeInForce

D = Decimal
SPOT, FUTURES = Face.SPOT, Face.FUTURES


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path, accounts=(MAIN, "alice"))
    for feed in (made.futures, made.spot):
        feed.show("BTCUSDT", START - 1, {"39990": "1"}, {"40010": "1"})
    yield made
    made.venue.ledger.close()


def limit(side: Side, price: str, quantity: str = "0.1", **more: object) -> NewOrder:
    order = NewOrder("BTCUSDT", side, OrderType.LIMIT, None, D(quantity), price=D(price))
    return replace(order, **more)


def market(side: Side, quantity: str = "0.1", **more: object) -> NewOrder:
    return replace(NewOrder("BTCUSDT", side, OrderType.MARKET, None, D(quantity)), **more)


def free(bench: Bench, owner: str, face: Face, asset: str = "USDT") -> Decimal:
    return bench.venue.state.balance(owner, face, Account.FREE, asset)


@pytest.mark.parametrize("face", list(Face))
def test_a_taker_meets_a_client_inside_the_spread(bench, face):
    maker = bench.venue.place("alice", face, limit(Side.BUY, "40000")).order
    if face is SPOT:
        bench.venue.place(MAIN, face, market(Side.BUY, "0.2"))
    events: list = []
    bench.venue.subscribe(events.append)
    placed = bench.venue.place(MAIN, face, market(Side.SELL))
    [fill] = placed.fills
    assert (fill.price, fill.maker) == (40_000, False)
    done = bench.venue.order("alice", face, "BTCUSDT", order_id=maker.id)
    assert done.status is OrderStatus.FILLED
    told = [(e.owner, e.cause) for e in events if isinstance(e, OrderEvent)]
    assert told == [(MAIN, Cause.NEW), (MAIN, Cause.TRADE), ("alice", Cause.TRADE)]
    assert bench.venue.ledger.check() == []
    if face is SPOT:
        assert bench.venue.state.balance("alice", SPOT, Account.HELD, "USDT") == 0
        assert free(bench, "alice", SPOT, "BTC") == D("0.0999")
    else:
        assert bench.venue.state.position("alice", "BTCUSDT").quantity == D("0.1")
        assert free(bench, "alice", FUTURES) == 10_000 - D("4000") * D("0.0002")


def test_a_resting_order_is_met_in_part_and_keeps_its_place(bench):
    first = bench.venue.place("alice", FUTURES, limit(Side.SELL, "40005")).order
    bench.venue.place("alice", FUTURES, limit(Side.SELL, "40005"))
    for _ in range(2):
        [fill] = bench.venue.place(MAIN, FUTURES, market(Side.BUY, "0.04")).fills
        assert fill.price == 40_005
    order = bench.venue.order("alice", FUTURES, "BTCUSDT", order_id=first.id)
    assert (order.filled, order.status) == (D("0.08"), OrderStatus.PARTIALLY_FILLED)


def test_outside_liquidity_is_gone_until_the_level_changes(bench):
    prices = []
    for _ in range(2):
        placed = bench.venue.place(MAIN, FUTURES, market(Side.BUY, "0.6"))
        prices.append([(f.price, f.quantity) for f in placed.fills])
        assert placed.order.filled <= D("0.6")
    assert prices == [[(40_010, D("0.6"))], [(40_010, D("0.4"))]]
    assert bench.venue.depth(FUTURES, "BTCUSDT", 5)[1] == []
    bench.reopen()
    assert bench.venue.depth(FUTURES, "BTCUSDT", 5)[1] == []
    bench.futures.show("BTCUSDT", START + 500, {"39990": "1"}, {"40010": "1.5"})
    bench.advance(1_000)
    assert bench.venue.depth(FUTURES, "BTCUSDT", 5)[1] == [(40_010, D("1.5"))]


def test_taking_what_is_ahead_moves_the_queue_up(bench):
    order = bench.venue.place("alice", FUTURES, limit(Side.SELL, "40010")).order
    assert bench.venue.state.queues[order.id].ahead == 1
    bench.venue.place(MAIN, FUTURES, market(Side.BUY, "0.7"))
    assert bench.venue.state.queues[order.id].ahead == D("0.3")
    fills = bench.venue.place(MAIN, FUTURES, market(Side.BUY, "0.35")).fills
    assert [(fill.price, fill.quantity) for fill in fills] == [
        (40_010, D("0.3")), (40_010, D("0.05")),
    ]  # fmt: skip
    assert bench.venue.order("alice", FUTURES, "BTCUSDT", order_id=order.id).filled == D("0.05")


@pytest.mark.parametrize(
    ("mode", "taker", "maker"),
    [
        (SelfTrade.NONE, OrderStatus.FILLED, OrderStatus.FILLED),
        (SelfTrade.EXPIRE_TAKER, OrderStatus.EXPIRED, OrderStatus.NEW),
        (SelfTrade.EXPIRE_MAKER, OrderStatus.FILLED, OrderStatus.EXPIRED),
        (SelfTrade.EXPIRE_BOTH, OrderStatus.EXPIRED, OrderStatus.EXPIRED),
    ],
)
def test_ones_own_orders_meet_as_the_taker_wants(bench, mode, taker, maker):
    own = bench.venue.place(MAIN, FUTURES, limit(Side.SELL, "40005")).order
    request = limit(Side.BUY, "40010", self_trade=mode)
    order = bench.venue.place(MAIN, FUTURES, request).order
    assert order.status is taker
    assert bench.venue.order(MAIN, FUTURES, "BTCUSDT", order_id=own.id).status is maker
    assert bench.venue.ledger.check() == []


def test_post_only_is_refused_by_a_client_inside_the_spread(bench):
    bench.venue.place("alice", FUTURES, limit(Side.SELL, "40005"))
    order = limit(Side.BUY, "40005", time_in_force=TimeInForce.GTX)
    with pytest.raises(Refusal) as caught:
        bench.venue.place(MAIN, FUTURES, order)
    assert caught.value.reason is Reason.POST_ONLY
    assert bench.venue.place(MAIN, FUTURES, replace(order, price=D(40_004))).order.is_open


def test_fill_or_kill_counts_clients_too(bench):
    bench.venue.place("alice", FUTURES, limit(Side.SELL, "40005", "0.5"))
    order = limit(Side.BUY, "40010", "1.5", time_in_force=TimeInForce.FOK)
    with pytest.raises(Refusal) as caught:
        bench.venue.place(MAIN, FUTURES, replace(order, quantity=D("1.501")))
    assert caught.value.reason is Reason.FILL_OR_KILL
    assert bench.venue.place(MAIN, FUTURES, order).order.status is OrderStatus.FILLED


def test_a_reducing_maker_never_turns_its_position(bench):
    bench.venue.place("alice", FUTURES, market(Side.BUY, "0.1"))
    for price in ("40005", "40006"):
        bench.venue.place("alice", FUTURES, limit(Side.SELL, price, reduce_only=True))
    placed = bench.venue.place(MAIN, FUTURES, market(Side.BUY, "0.15"))
    assert [(f.price, f.quantity) for f in placed.fills] == [
        (40_005, D("0.1")), (40_010, D("0.05")),
    ]  # fmt: skip
    assert bench.venue.state.position("alice", "BTCUSDT").quantity == 0
    assert bench.venue.state.orders_of("alice", FUTURES) == []


def test_the_taker_gets_the_resting_price_and_both_pay_their_fee(bench):
    bench.venue.place("alice", FUTURES, limit(Side.BUY, "40003"))
    bench.venue.place(MAIN, FUTURES, limit(Side.SELL, "39995"))
    assert free(bench, MAIN, FUTURES) == 10_000 - D("4000.3") * D("0.0005")
    assert free(bench, "alice", FUTURES) == 10_000 - D("4000.3") * D("0.0002")
