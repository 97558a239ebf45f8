"""One suite for every mode of trading that exists: unmodified ccxt against a venue on loopback."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from xq.api.venues import market_data, trading_venue
from xq.api.workspace import Workspace, open_workspace
from xq.clock import ManualClock, SystemClock
from xq.errors import ConfigError, CredentialsMissing, UnknownName
from xq.ports import MarketData, Venue
from xq.timeframe import HOUR_MS, MINUTE_MS, Timeframe
from xq.types import OrderRequest, OrderStatus, OrderType, OutcomeKind, Side, Symbol, TimeInForce

SPOT, PERPETUAL = "BTC/USDT", "BTC/USDT:USDT"
SIZE = Decimal("0.01")


def workspace(root: Path, symbol: str = SPOT, **settings: str) -> Workspace:
    flags = {"exchange.name": "sim", "trade.symbols": (symbol,), **settings}
    return open_workspace(flags=flags, environ={}, cwd=root)


@pytest.fixture(params=["sim", "paper"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[SPOT, PERPETUAL], ids=["spot", "contract"])
def symbol(request: pytest.FixtureRequest) -> Symbol:
    return Symbol.parse(str(request.param))


@pytest.fixture
def desk(tmp_path: Path, mode: str, symbol: Symbol) -> Iterator[tuple[MarketData, Venue]]:
    with trading_venue(workspace(tmp_path, str(symbol)), mode) as pair:
        yield pair


def market_order(symbol: Symbol, side: Side, client_id: str) -> OrderRequest:
    return OrderRequest(symbol, side, OrderType.MARKET, SIZE, client_id)


def resting(market: MarketData, symbol: Symbol, client_id: str) -> OrderRequest:
    """A buy 3 % below the best bid, which nothing in this test's seconds reaches."""
    tick = market.instruments()[symbol].tick
    price = market.book(symbol, 5).bids[0][0] * Decimal("0.97") // tick * tick
    limit = OrderType.LIMIT
    return OrderRequest(symbol, Side.BUY, limit, SIZE, client_id, price, None, TimeInForce.GTC)


def test_a_fresh_account_holds_its_deposit(desk: tuple[MarketData, Venue]) -> None:
    _, venue = desk
    account = venue.account()
    assert account.equity == Decimal(10_000)
    assert [(b.asset, b.total) for b in account.balances] == [("USDT", Decimal(10_000))]
    assert account.positions == ()


def test_a_market_order_fills_and_is_found_everywhere(
    desk: tuple[MarketData, Venue], symbol: Symbol
) -> None:
    market, venue = desk
    before = market.now_ms()
    outcome = venue.place(market_order(symbol, Side.BUY, "xq-buy-1"))
    assert outcome.kind is OutcomeKind.ACCEPTED, outcome
    assert outcome.order is not None
    assert (outcome.order.status, outcome.order.filled) == (OrderStatus.FILLED, SIZE)

    found = venue.order_by_client_id(symbol, "xq-buy-1")
    assert found is not None
    assert (found.venue_id, found.filled) == (outcome.order.venue_id, SIZE)
    assert found.average_price == pytest.approx(outcome.order.average_price)

    fills = venue.fills(symbol, before - MINUTE_MS)
    assert sum(fill.quantity for fill in fills) == SIZE
    assert {fill.order_id for fill in fills} == {found.venue_id}
    assert all(fill.fee > 0 and not fill.maker for fill in fills)

    account = venue.account()
    [position] = account.positions
    fee_in_base = sum(fill.fee for fill in fills if fill.fee_asset == symbol.base)
    assert (position.symbol, position.quantity) == (symbol, SIZE - fee_in_base)
    best = market.book(symbol, 5).bids[0][0]
    assert position.mark_price == pytest.approx(best, rel=Decimal("0.01"))
    assert Decimal(9_990) < account.equity < Decimal(10_000)


def test_a_resting_order_is_listed_and_cancelled_once(
    desk: tuple[MarketData, Venue], symbol: Symbol
) -> None:
    market, venue = desk
    request = resting(market, symbol, "xq-rest-1")
    outcome = venue.place(request)
    assert outcome.kind is OutcomeKind.ACCEPTED, outcome
    assert outcome.order is not None
    assert (outcome.order.status, outcome.order.price) == (OrderStatus.NEW, request.price)
    for listed in (venue.open_orders(), venue.open_orders(symbol)):
        assert [(order.client_id, order.quantity) for order in listed] == [("xq-rest-1", SIZE)]

    cancelled = venue.cancel(symbol, "xq-rest-1")
    assert cancelled.kind is OutcomeKind.ACCEPTED, cancelled
    assert cancelled.order is not None
    assert cancelled.order.status is OrderStatus.CANCELED
    assert venue.open_orders() == ()
    again = venue.cancel(symbol, "xq-rest-1")
    assert (again.kind, again.code) == (OutcomeKind.UNKNOWN, "-2011")
    found = venue.order_by_client_id(symbol, "xq-rest-1")
    assert found is not None
    assert found.status is OrderStatus.CANCELED


def test_a_client_id_in_use_is_unknown_not_rejected(
    desk: tuple[MarketData, Venue], symbol: Symbol
) -> None:
    market, venue = desk
    request = resting(market, symbol, "xq-twice")
    assert venue.place(request).kind is OutcomeKind.ACCEPTED
    assert venue.place(request).kind is OutcomeKind.UNKNOWN
    assert len(venue.open_orders(symbol)) == 1


def test_what_the_account_cannot_pay_is_rejected(
    desk: tuple[MarketData, Venue], symbol: Symbol
) -> None:
    _, venue = desk
    request = OrderRequest(symbol, Side.BUY, OrderType.MARKET, Decimal(90), "xq-big")
    outcome = venue.place(request)
    assert (outcome.kind, outcome.order) == (OutcomeKind.REJECTED, None)
    assert outcome.code in ("-2010", "-2019", "-2027")


def test_an_order_that_never_was_is_none(desk: tuple[MarketData, Venue], symbol: Symbol) -> None:
    _, venue = desk
    assert venue.order_by_client_id(symbol, "xq-never") is None


def test_leverage_can_be_set_twice(desk: tuple[MarketData, Venue], symbol: Symbol) -> None:
    _, venue = desk
    venue.set_leverage(symbol, 3)
    venue.set_leverage(symbol, 3)


def test_the_books_survive_a_restart(tmp_path: Path, mode: str, symbol: Symbol) -> None:
    ws = workspace(tmp_path, str(symbol))
    with trading_venue(ws, mode) as (_, venue):
        assert venue.place(market_order(symbol, Side.BUY, "xq-1")).kind is OutcomeKind.ACCEPTED
        before = venue.account().positions[0].quantity
    with trading_venue(ws, mode) as (_, venue):
        assert venue.account().positions[0].quantity == before
        assert venue.order_by_client_id(symbol, "xq-1") is not None


def test_a_short_is_a_negative_position(tmp_path: Path, mode: str) -> None:
    symbol = Symbol.parse(PERPETUAL)
    with trading_venue(workspace(tmp_path, PERPETUAL), mode) as (_, venue):
        outcome = venue.place(market_order(symbol, Side.SELL, "xq-short"))
        assert outcome.kind is OutcomeKind.ACCEPTED, outcome
        [position] = venue.account().positions
        assert position.quantity == -SIZE
        assert position.entry_price > 0
        closing = OrderRequest(
            symbol, Side.BUY, OrderType.MARKET, SIZE, "xq-close", reduce_only=True
        )
        assert venue.place(closing).kind is OutcomeKind.ACCEPTED
        assert venue.account().positions == ()


def test_a_page_before_the_first_bar_begins_at_the_first_bar(tmp_path: Path) -> None:
    """What `Profile.pages_skip_holes` claims of this venue."""
    with market_data(workspace(tmp_path)) as market:
        hour = Timeframe.parse("1h")
        page = market.bars(Symbol.parse(SPOT), hour, 0, 3)
        assert page[0, 0] == 1_679_702_400_000
        assert (page[1:, 0] - page[:-1, 0] == HOUR_MS).all()


def test_both_faces_are_one_market(tmp_path: Path) -> None:
    with market_data(workspace(tmp_path)) as market:
        rules = market.instruments()
        assert {Symbol.parse(SPOT), Symbol.parse(PERPETUAL)} <= set(rules)
        assert rules[Symbol.parse(PERPETUAL)].synthetic
        assert not rules[Symbol.parse(SPOT)].synthetic
        assert market.synthetic_from_ms(Symbol.parse(PERPETUAL)) == 0


def test_the_paper_venue_has_the_real_venues_time_and_prices(tmp_path: Path) -> None:
    symbol = Symbol.parse(SPOT)
    with trading_venue(workspace(tmp_path), "paper") as (market, venue):
        assert abs(venue.account().ts - market.now_ms()) < 5_000
        outcome = venue.place(market_order(symbol, Side.BUY, "xq-1"))
        assert outcome.order is not None
        best = market.book(symbol, 5).asks[0][0]
        assert outcome.order.average_price == pytest.approx(best, rel=Decimal("0.01"))


@pytest.mark.parametrize("other", ["live", "testnet"])
def test_real_money_is_refused_before_any_call(tmp_path: Path, other: str) -> None:
    with (
        pytest.raises(CredentialsMissing, match="XQ_API_KEY"),
        trading_venue(workspace(tmp_path), other),
    ):
        pass
    environ = {"XQ_API_KEY": "k", "XQ_API_SECRET": "s"}
    keyed = open_workspace(environ=environ, cwd=tmp_path)
    with pytest.raises(ConfigError, match="not armed"), trading_venue(keyed, "live"):
        pass
    assert not (tmp_path / "state").exists()


def test_an_unknown_mode_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(UnknownName, match="did you mean 'paper'"),
        trading_venue(workspace(tmp_path), "papr"),
    ):
        pass


def test_spot_and_contracts_are_not_traded_together(tmp_path: Path) -> None:
    flags = {"exchange.name": "sim", "trade.symbols": (SPOT, PERPETUAL)}
    ws = open_workspace(flags=flags, environ={}, cwd=tmp_path)
    with pytest.raises(ConfigError, match="one kind and quote asset"), trading_venue(ws, "sim"):
        pass


def test_paper_refuses_what_its_account_cannot_pay_for(tmp_path: Path) -> None:
    ws = workspace(tmp_path, "BTC/USDC")
    with pytest.raises(ConfigError, match="pays in USDT, found BTC/USDC"), \
            trading_venue(ws, "paper"):  # fmt: skip
        pass


def test_contract_fills_are_found_however_long_ago_the_last_one_was(tmp_path: Path) -> None:
    """One request answers for a week at most."""
    symbol = Symbol.parse(PERPETUAL)
    clock = ManualClock(SystemClock().now_ms())
    ws = replace(workspace(tmp_path, PERPETUAL), clock=clock)
    with trading_venue(ws, "sim") as (market, venue):
        start = market.now_ms()
        venue.place(market_order(symbol, Side.BUY, "xq-1"))
        clock.sleep(16 * 86_400)
        venue.place(market_order(symbol, Side.BUY, "xq-2"))
        for since in (0, start):
            assert sum(fill.quantity for fill in venue.fills(symbol, since)) == 2 * SIZE


def test_a_paper_order_without_prices_is_rejected_and_not_booked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xq.errors import VenueUnreachable

    symbol = Symbol.parse(SPOT)
    with trading_venue(workspace(tmp_path), "paper") as (market, venue):
        assert venue.account().equity == Decimal(10_000)

        def gone(*_: object) -> None:
            raise VenueUnreachable("the exchange cannot be reached")

        with monkeypatch.context() as patch:
            patch.setattr(market, "bars", gone)
            patch.setattr(market, "book", gone)
            outcome = venue.place(market_order(symbol, Side.BUY, "xq-1"))
        assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, "-1008")
        assert "the exchange cannot be reached" in outcome.reason
        assert venue.order_by_client_id(symbol, "xq-1") is None
