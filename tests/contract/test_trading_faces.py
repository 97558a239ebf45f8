"""One suite for every face of the venue: place, echo, query, cancel, fills, positions."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from support.trading_faces import CONTRACT, FACES, SIZE, Face, Orders, prices, trading

from xq.clock import ManualClock, SystemClock
from xq.errors import VenueRefused
from xq.sim.wire.embed import ensure
from xq.timeframe import MINUTE_MS
from xq.types import OrderRequest, OrderStatus, OrderType, OutcomeKind, Side, TimeInForce
from xq.venue_types import FlowKind
from xq.venues.ccxt_trading import CcxtTrading

CONTRACTS = ["futures", "bybit"]


@pytest.fixture
def face(request: pytest.FixtureRequest) -> Face:
    return Face(getattr(request, "param", "futures"))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SystemClock().now_ms())


@pytest.fixture
def url(tmp_path: Path, clock: ManualClock) -> Iterator[str]:
    with ensure(tmp_path, clock=clock, seed=7) as handle:
        yield handle.url


@pytest.fixture
def venue(url: str, face: Face) -> Iterator[CcxtTrading]:
    with trading(url, face) as made:
        yield made


@pytest.fixture
def orders(venue: CcxtTrading, face: Face) -> Orders:
    return Orders(face.symbol, venue.marks(face.symbol).mark)


every_face = pytest.mark.parametrize("face", FACES, indirect=True)
every_contract = pytest.mark.parametrize("face", CONTRACTS, indirect=True)


def accepted(venue: CcxtTrading, request: OrderRequest) -> str:
    """The venue's id of an order that must be taken, and that its answer echoes."""
    outcome = venue.place(request)
    assert outcome.kind is OutcomeKind.ACCEPTED, outcome
    assert outcome.order is not None
    told = outcome.order
    assert (told.client_id, told.side, told.type) == (request.client_id, request.side, request.type)
    assert told.quantity == (0 if request.close_position else request.quantity) or (
        request.close_position and told.quantity == request.quantity
    )
    assert (told.price, told.stop_price) == (request.price, request.stop_price)
    return told.venue_id


@every_face
def test_a_market_order_is_found_with_its_fills_and_position(
    venue: CcxtTrading, orders: Orders, face: Face
) -> None:
    number = accepted_market(venue, orders)
    found = venue.order_by_client_id(face.symbol, "xq-1")
    assert found is not None
    assert (found.venue_id, found.status, found.filled) == (number, OrderStatus.FILLED, SIZE)
    assert found.average_price == pytest.approx(orders.last, rel=Decimal("0.01"))
    fills = venue.fills(face.symbol, venue.account().ts - MINUTE_MS)
    assert sum(fill.quantity for fill in fills) == SIZE
    assert {(fill.order_id, fill.side, fill.maker) for fill in fills} == {(number, Side.BUY, False)}
    assert all(fill.fee > 0 for fill in fills)
    account = venue.account()
    [position] = account.positions
    assert position.symbol == face.symbol
    assert position.quantity == pytest.approx(SIZE, rel=Decimal("0.01"))
    assert account.equity == pytest.approx(Decimal(10_000), rel=Decimal("0.01"))


def accepted_market(venue: CcxtTrading, orders: Orders, name: str = "xq-1") -> str:
    outcome = venue.place(orders.market(name))
    assert outcome.kind is OutcomeKind.ACCEPTED, outcome
    assert outcome.order is not None
    return outcome.order.venue_id


@every_face
def test_a_resting_order_is_listed_and_cancelled(
    venue: CcxtTrading, orders: Orders, face: Face
) -> None:
    request = orders.limit("xq-rest")
    number = accepted(venue, request)
    for listed in (venue.open_orders(), venue.open_orders(face.symbol)):
        [order] = listed
        assert (order.venue_id, order.client_id, order.symbol) == (number, "xq-rest", face.symbol)
        assert (order.price, order.quantity, order.status) == (
            request.price,
            SIZE,
            OrderStatus.NEW,
        )
    assert venue.cancel(face.symbol, "xq-rest").kind is OutcomeKind.ACCEPTED
    assert venue.open_orders() == ()
    found = venue.order_by_client_id(face.symbol, "xq-rest")
    assert found is not None
    assert (found.venue_id, found.status) == (number, OrderStatus.CANCELED)
    again = venue.cancel(face.symbol, "xq-rest")
    assert (again.kind, again.code) in [
        (OutcomeKind.UNKNOWN, "-2011"),
        (OutcomeKind.UNKNOWN, "110001"),
    ]


@every_face
def test_times_in_force(venue: CcxtTrading, orders: Orders, face: Face) -> None:
    """What cannot fill at once ends at once, by whichever answer the venue tells it."""
    for force in (TimeInForce.IOC, TimeInForce.FOK):
        outcome = venue.place(orders.limit(f"xq-{force}", "0.97", force))
        found = venue.order_by_client_id(face.symbol, f"xq-{force}")
        if outcome.kind is OutcomeKind.ACCEPTED:
            assert found is not None
            assert found.status in (OrderStatus.EXPIRED, OrderStatus.CANCELED)
        else:
            assert (outcome.kind, found) == (OutcomeKind.REJECTED, None)
    resting = venue.place(orders.limit("xq-maker", "0.97", TimeInForce.GTX))
    assert resting.kind is OutcomeKind.ACCEPTED
    taking = venue.place(orders.limit("xq-taker", "1.01", TimeInForce.GTX))
    found = venue.order_by_client_id(face.symbol, "xq-taker")
    if taking.kind is OutcomeKind.ACCEPTED:  # acknowledged first, then cancelled
        assert found is not None
        assert (found.status, found.filled) == (OrderStatus.CANCELED, 0)
    else:
        assert (taking.kind, found) == (OutcomeKind.REJECTED, None)
    assert [order.client_id for order in venue.open_orders()] == ["xq-maker"]


@every_face
def test_conditional_orders_wait_in_their_book(
    venue: CcxtTrading, orders: Orders, face: Face
) -> None:
    accepted_market(venue, orders)
    reduces = face.symbol.is_contract
    for kind in face.conditional:
        size = SIZE if reduces else SIZE / 10
        request = orders.of(kind, f"xq-{kind}", reduce_only=reduces)
        number = accepted(venue, OrderRequest(**{**_fields(request), "quantity": size}))
        found = venue.order_by_client_id(face.symbol, request.client_id)
        assert found is not None
        assert (found.venue_id, found.status) == (number, OrderStatus.NEW)
        assert (found.quantity, found.reduce_only) == (size, reduces)
    plain = orders.limit("xq-plain")
    accepted(venue, plain)
    listed = {order.client_id: order for order in venue.open_orders(face.symbol)}
    assert set(listed) == {"xq-plain"} | {f"xq-{kind}" for kind in face.conditional}
    if reduces:
        assert all(listed[f"xq-{kind}"].type is kind for kind in face.conditional)
    for kind in face.conditional:
        assert venue.cancel(face.symbol, f"xq-{kind}").kind is OutcomeKind.ACCEPTED
        found = venue.order_by_client_id(face.symbol, f"xq-{kind}")
        assert found is not None
        assert found.status is OrderStatus.CANCELED
    assert [order.client_id for order in venue.open_orders()] == ["xq-plain"]


def _fields(request: OrderRequest) -> dict[str, object]:
    return {name: getattr(request, name) for name in request.__slots__}


@every_face
def test_another_process_finds_and_cancels_what_waits(
    url: str, venue: CcxtTrading, orders: Orders, face: Face
) -> None:
    """Which book an order is in is found out, not remembered."""
    accepted_market(venue, orders)
    reduces = face.symbol.is_contract
    stop = orders.stop("xq-stop", reduce_only=reduces)
    stop = OrderRequest(**{**_fields(stop), "quantity": SIZE if reduces else SIZE / 2})
    accepted(venue, stop)
    with trading(url, face) as other:
        found = other.order_by_client_id(face.symbol, "xq-stop")
        assert found is not None
        assert found.status is OrderStatus.NEW
        assert other.cancel(face.symbol, "xq-stop").kind is OutcomeKind.ACCEPTED
    assert venue.open_orders() == ()


@every_contract
def test_a_stop_that_triggers_is_followed_to_its_fills(
    venue: CcxtTrading, orders: Orders, face: Face, clock: ManualClock
) -> None:
    accepted_market(venue, orders)
    for number, factor in enumerate(("0.9995", "0.999")):
        accepted(venue, orders.stop(f"xq-stop-{number}", factor, reduce_only=True))
    for _ in range(400):
        clock.sleep(60)
        found = venue.order_by_client_id(face.symbol, "xq-stop-0")
        assert found is not None
        if found.status.is_final:
            break
    assert (found.status, found.filled, found.client_id) == (
        OrderStatus.FILLED,
        SIZE,
        "xq-stop-0",
    )
    fills = [fill for fill in venue.fills(face.symbol, 0) if fill.side is Side.SELL]
    assert {fill.order_id for fill in fills} == {found.venue_id}
    assert venue.account().positions == ()


@every_contract
def test_a_stop_closes_whatever_is_held(venue: CcxtTrading, orders: Orders, face: Face) -> None:
    accepted_market(venue, orders)
    accepted(venue, orders.stop("xq-all", close_position=True))
    [order] = venue.open_orders(face.symbol)
    assert (order.client_id, order.reduce_only) == ("xq-all", True)


@every_contract
def test_a_resting_order_changes_in_place(venue: CcxtTrading, orders: Orders, face: Face) -> None:
    number = accepted(venue, orders.limit("xq-rest"))
    [order] = venue.open_orders(face.symbol)
    changed = venue.replace(order, price=orders.at("0.96"), quantity=2 * SIZE)
    assert changed.kind is OutcomeKind.ACCEPTED, changed
    [order] = venue.open_orders(face.symbol)
    assert (order.venue_id, order.client_id) == (number, "xq-rest")
    assert (order.price, order.quantity) == (orders.at("0.96"), 2 * SIZE)


def test_spot_orders_are_not_changed_in_place(url: str) -> None:
    face = Face("spot")
    with trading(url, face) as venue:
        made = Orders(face.symbol, venue.marks(face.symbol).mark)
        accepted(venue, made.limit("xq-rest"))
        [order] = venue.open_orders(face.symbol)
        assert venue.replace(order, price=made.at("0.96")).kind is OutcomeKind.NOT_SENT
        [same] = venue.open_orders(face.symbol)
        assert same.price == order.price


@every_face
def test_what_is_malformed_never_leaves(venue: CcxtTrading, orders: Orders, face: Face) -> None:
    far = orders.at("0.97")
    symbol, buy = face.symbol, Side.BUY
    for wrong in (
        OrderRequest(symbol, buy, OrderType.MARKET, Decimal("0.0123456789"), "xq-a"),
        OrderRequest(symbol, buy, OrderType.LIMIT, SIZE, "xq-b", far + Decimal("0.001")),
        OrderRequest(symbol, buy, OrderType.LIMIT, SIZE, "xq-c"),
        OrderRequest(symbol, buy, OrderType.MARKET, SIZE, "xq-d", far),
        OrderRequest(symbol, buy, OrderType.STOP_MARKET, SIZE, "xq-e"),
        OrderRequest(symbol, buy, OrderType.MARKET, SIZE, "xq-f", close_position=True),
        OrderRequest(symbol, buy, OrderType.TRAILING_STOP_MARKET, SIZE, "xq-g"),
        orders.limit("xq-h", force=TimeInForce.GTD),
    ):
        assert venue.place(wrong).kind is OutcomeKind.NOT_SENT, wrong
        assert venue.order_by_client_id(symbol, wrong.client_id) is None


@every_face
def test_a_client_id_in_use_is_unknown(venue: CcxtTrading, orders: Orders) -> None:
    accepted(venue, orders.limit("xq-twice"))
    assert venue.place(orders.limit("xq-twice")).kind is OutcomeKind.UNKNOWN
    assert len(venue.open_orders()) == 1


@every_face
def test_what_cannot_be_paid_is_rejected(venue: CcxtTrading, orders: Orders, face: Face) -> None:
    big = OrderRequest(face.symbol, Side.BUY, OrderType.MARKET, Decimal(90), "xq-big")
    outcome = venue.place(big)
    assert (outcome.kind, outcome.order) == (OutcomeKind.REJECTED, None)
    assert venue.order_by_client_id(face.symbol, "xq-big") is None


@every_face
def test_marks_stand_near_the_price(url: str, venue: CcxtTrading, face: Face) -> None:
    with prices(url, face) as market:
        last = market.book(face.symbol, 5).bids[0][0]
    mark = venue.marks(face.symbol)
    for price in (mark.mark, mark.index):
        assert price == pytest.approx(last, rel=Decimal("0.02"))
    assert mark.ts == pytest.approx(venue.account().ts, abs=60_000)


@every_contract
def test_money_that_came_in_is_no_profit(
    venue: CcxtTrading, orders: Orders, face: Face, clock: ManualClock
) -> None:
    accepted_market(venue, orders)
    clock.sleep(9 * 3600)
    venue.place(orders.market("xq-2", Side.SELL, reduce_only=True))
    flows = venue.cash_flows(0)
    outside = [flow for flow in flows if flow.kind.is_external]
    assert sum(flow.amount for flow in outside) == Decimal(10_000)
    kinds = {flow.kind for flow in flows}
    assert {FlowKind.FEE, FlowKind.FUNDING, FlowKind.REALIZED} <= kinds
    assert len({flow.id for flow in flows}) == len(flows)
    assert [flow.ts for flow in flows] == sorted(flow.ts for flow in flows)
    total = sum(flow.amount for flow in flows)
    [usdt] = venue.account().balances
    assert total == usdt.total
    since = outside[0].ts + 1
    assert [flow for flow in venue.cash_flows(since) if flow.kind.is_external] == []


def test_leverage_may_be_set_twice(url: str) -> None:
    for name in FACES:
        face = Face(name)
        with trading(url, face) as venue:
            venue.set_leverage(face.symbol, 3)
            venue.set_leverage(face.symbol, 3)


def test_the_rights_of_a_key_are_told_where_the_venue_knows_them(url: str) -> None:
    with trading(url, Face("bybit")) as venue:
        assert venue.permissions().can_trade
    with trading(url, Face("futures")) as venue, pytest.raises(VenueRefused, match="test venue"):
        venue.permissions()


def test_the_dead_man_timer_spares_protective_stops(
    venue: CcxtTrading, orders: Orders, clock: ManualClock
) -> None:
    """Shown at this venue; where nobody has shown it, it is not armed."""
    accepted_market(venue, orders)
    accepted(venue, orders.stop("xq-stop", "0.5", reduce_only=True))
    accepted(venue, orders.limit("xq-entry", "0.9"))
    assert venue.extend_dead_man(CONTRACT, 120)
    clock.sleep(100)
    assert venue.extend_dead_man(CONTRACT, 120)
    clock.sleep(100)
    assert len(venue.open_orders()) == 2
    clock.sleep(30)
    assert [order.client_id for order in venue.open_orders()] == ["xq-stop"]


def test_no_timer_is_armed_that_might_cancel_stops(url: str) -> None:
    for name in ("spot", "bybit"):
        face = Face(name)
        with trading(url, face) as venue:
            assert not venue.extend_dead_man(face.symbol, 120)


def test_trailing_stops_are_refused_where_the_venue_has_none(url: str) -> None:
    for name in ("spot", "bybit"):
        face = Face(name)
        with trading(url, face) as venue:
            outcome = venue.place(Orders(face.symbol, Decimal(100)).trailing("xq-t"))
            assert outcome.kind is OutcomeKind.NOT_SENT
            assert "trails no" in outcome.reason
