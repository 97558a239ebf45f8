"""Several accounts on one venue: each sees and moves its own things only."""

from copy import deepcopy
from decimal import Decimal

import pytest
from support.scripted_feed import START, Bench

from xq.clock import ManualClock
from xq.errors import UsageError
from xq.sim.accounts import MAIN, Login, login_of
from xq.sim.events import BalanceEvent, Cause, ConfigEvent, Liquidation, MarginCall, OrderEvent
from xq.sim.instruments import Face
from xq.sim.ledger import FILE_NAME, Ledger, Page
from xq.sim.records import Account, Kind, NewOrder
from xq.sim.refusal import Reason, Refusal
from xq.sim.venue import SimVenue
from xq.sim.wire.auth import Message, sign
from xq.sim.wire.dispatch import dispatch
from xq.types import OrderType, Side

D = Decimal
NAMES = (MAIN, "alice")


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path, accounts=NAMES)
    yield made
    made.venue.ledger.close()


def limit(price: str, quantity: str = "0.1", client_id: str | None = None) -> NewOrder:
    return NewOrder("BTCUSDT", Side.BUY, OrderType.LIMIT, client_id, D(quantity), price=D(price))


def market(side: Side, quantity: str) -> NewOrder:
    return NewOrder("BTCUSDT", side, OrderType.MARKET, quantity=D(quantity))


def test_each_account_has_its_own_money_orders_and_positions(bench):
    venue = bench.venue
    venue.place("alice", Face.FUTURES, market(Side.BUY, "0.1"))
    venue.place("alice", Face.SPOT, limit("39000", client_id="mine"))
    assert venue.state.position(MAIN, "BTCUSDT").quantity == 0
    assert venue.state.position("alice", "BTCUSDT").quantity == D("0.1")
    assert venue.state.balance(MAIN, Face.SPOT, Account.FREE, "USDT") == 10_000
    assert venue.state.balance("alice", Face.SPOT, Account.HELD, "USDT") == 3_900
    assert venue.state.orders_of(MAIN, Face.SPOT) == []
    with pytest.raises(Refusal) as caught:
        venue.cancel(MAIN, Face.SPOT, "BTCUSDT", client_id="mine")
    assert caught.value.reason is Reason.UNKNOWN_CANCEL
    [order] = venue.state.orders_of("alice", Face.SPOT)
    with pytest.raises(Refusal):
        venue.order(MAIN, Face.SPOT, "BTCUSDT", order_id=order.id)
    assert venue.ledger.fills(MAIN, Face.FUTURES, "BTCUSDT", Page()) == []
    assert venue.ledger.check() == []


def test_client_ids_are_unique_per_account_only(bench):
    for owner in NAMES:
        bench.venue.place(owner, Face.SPOT, limit("39000", client_id="same"))
    with pytest.raises(Refusal) as caught:
        bench.venue.place(MAIN, Face.SPOT, limit("39000", client_id="same"))
    assert caught.value.reason is Reason.DUPLICATE_CLIENT_ID


def test_one_account_is_ruined_and_the_other_is_not(bench):
    for owner, quantity in zip(NAMES, ("0.1", "4.5"), strict=True):
        bench.venue.place(owner, Face.FUTURES, market(Side.BUY, quantity))
    bench.futures.print("BTCUSDT", START + 30_000, "30000")
    bench.advance(3_600_000)
    assert bench.venue.state.position(MAIN, "BTCUSDT").quantity == D("0.1")
    assert bench.venue.state.position("alice", "BTCUSDT").quantity == 0
    assert bench.venue.ledger.check() == []


def test_the_ledger_remembers_who_there_is(bench):
    bench.venue.place("alice", Face.SPOT, limit("39000"))
    before = deepcopy(bench.venue.state)
    bench.venue.ledger.close()
    feeds = {Face.SPOT: bench.spot, Face.FUTURES: bench.futures}
    with Ledger(bench.folder / FILE_NAME) as ledger:
        venue = SimVenue(ledger, feeds, ManualClock(bench.clock.now_ms()), seed=7)
        assert venue.state == before
        assert venue.logins == {
            "sim": Login(MAIN, "sim", "sim"),
            "alice": Login("alice", "alice", "alice-secret"),
        }


@pytest.mark.parametrize("name", ["", "Alice", "a b", "sim", "x" * 33, "-a"])
def test_bad_names_are_refused(name):
    with pytest.raises(UsageError):
        login_of(name)


def asked(key: str, secret: str, now_ms: int) -> Message:
    query = f"timestamp={now_ms}"
    return Message("GET", "/fapi/v2/balance", f"{query}&signature={sign(query, secret)}", "", key)


def test_the_key_says_who_asks(bench):
    bench.venue.place("alice", Face.FUTURES, market(Side.BUY, "0.1"))
    wall = ManualClock(bench.clock.now_ms())
    rich = dispatch(bench.venue, asked("sim", "sim", wall.now_ms()), wall).payload[0]["balance"]
    poor = dispatch(bench.venue, asked("alice", "alice-secret", wall.now_ms()), wall).payload[0]
    assert D(rich) == 10_000 > D(poor["balance"])
    for key, secret, code in (("bob", "bob-secret", -2015), ("alice", "sim", -1022)):
        reply = dispatch(bench.venue, asked(key, secret, wall.now_ms()), wall)
        assert reply.payload["code"] == code


# -- events -------------------------------------------------------------------------------------


def heard(bench: Bench) -> list:
    events: list = []
    bench.venue.subscribe(events.append)
    return events


def test_a_futures_order_is_told_in_causal_order(bench):
    events = heard(bench)
    bench.venue.place(MAIN, Face.FUTURES, market(Side.BUY, "2.5"))
    assert [getattr(event, "cause", None) for event in events] == [
        Cause.NEW, Cause.TRADE, Cause.TRADE, None,
    ]  # fmt: skip
    assert [event.fill.quantity for event in events[1:3]] == [D(1), D("1.5")]
    assert events[2].order.filled == D("2.5")
    balance = events[3]
    assert isinstance(balance, BalanceEvent)
    assert balance.reason is Kind.TRADE
    [change], [position] = balance.balances, balance.positions
    fees = sum((event.fill.fee for event in events[1:3]), D(0))
    assert (change.free, change.change) == (10_000 - fees, -fees)
    assert position.quantity == D("2.5")
    assert {event.owner for event in events} == {MAIN}


def test_what_rests_holds_and_releases_is_told(bench):
    events = heard(bench)
    order = bench.venue.place("alice", Face.SPOT, limit("39000")).order
    bench.venue.cancel("alice", Face.SPOT, "BTCUSDT", order_id=order.id)
    kinds = [event.cause if isinstance(event, OrderEvent) else event.reason for event in events]
    assert kinds == [Cause.NEW, Kind.HOLD, Cause.CANCELED, Kind.RELEASE]
    assert [(b.free, b.held, b.change) for b in events[1].balances] == [(6_100, 3_900, 0)]


def test_what_happens_by_itself_is_told_with_its_own_time(bench):
    bench.venue.place(MAIN, Face.FUTURES, market(Side.BUY, "4.5"))
    events = heard(bench)
    bench.futures.print("BTCUSDT", START + 30_000, "30000")
    bench.advance(3_600_000)
    forced = [event for event in events if isinstance(event, Liquidation)]
    assert sum(fill.quantity for event in forced for fill in event.fills) == D("4.5")
    assert all(event.order.filled == event.order.quantity for event in forced)
    assert {e.cause for e in events if isinstance(e, OrderEvent)} == {Cause.NEW, Cause.LIQUIDATION}
    assert [type(event) for event in events].index(MarginCall) == 0
    assert {event.ts for event in events} == {START + 60_000}


def test_nothing_is_told_of_a_refusal_and_nobody_hears_after_leaving(bench):
    events: list = []
    leave = bench.venue.subscribe(events.append)
    with pytest.raises(Refusal):
        bench.venue.place(MAIN, Face.FUTURES, market(Side.BUY, "90"))
    bench.venue.rehearse(MAIN, Face.FUTURES, market(Side.BUY, "1"))
    assert events == []
    bench.venue.set_leverage(MAIN, "BTCUSDT", 9)
    assert events == [ConfigEvent(START, MAIN, "BTCUSDT", leverage=9)]
    leave()
    bench.venue.set_leverage(MAIN, "BTCUSDT", 8)
    assert len(events) == 1


def test_what_is_told_is_on_disk_already(bench):
    seen = []
    number = bench.venue.state.counters.order

    def listen(_event: object) -> None:
        with Ledger(bench.folder / FILE_NAME) as ledger:
            seen.append(ledger.order(MAIN, Face.FUTURES, "BTCUSDT", order_id=number))

    bench.venue.subscribe(listen)
    bench.venue.place(MAIN, Face.FUTURES, market(Side.BUY, "0.1"))
    assert seen
    assert None not in seen


def test_the_depth_shows_clients_orders(bench):
    bids, asks = bench.venue.depth(Face.FUTURES, "BTCUSDT", 2)
    assert bids == [(D("39999.5"), 1), (D("39989.5"), 2)]
    bench.venue.place(MAIN, Face.FUTURES, limit("39990", "0.2"))
    bench.venue.place("alice", Face.FUTURES, limit("39999.5", "0.3"))
    bids, after = bench.venue.depth(Face.FUTURES, "BTCUSDT", 2)
    assert bids == [(D("39999.5"), D("1.3")), (D("39990"), D("0.2"))]
    assert after == asks
