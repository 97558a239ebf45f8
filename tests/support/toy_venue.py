"""An exchange in memory, at the ports: for tests of the loop that need to choose every answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from xq.clock import ManualClock
from xq.errors import VenueRefused, VenueUnreachable
from xq.execution.journal import Journal
from xq.execution.resolve import Patience
from xq.live.desk import Desk, Forecast, Terms
from xq.risk.limits import Limits
from xq.timeframe import HOUR_MS, Timeframe
from xq.types import (
    Account,
    Balance,
    Book,
    Fill,
    Instrument,
    Order,
    OrderRequest,
    OrderStatus,
    Outcome,
    OutcomeKind,
    Position,
    Side,
    Symbol,
)

SPOT = Symbol.parse("BTC/USDT")
ETHER = Symbol.parse("ETH/USDT")
PERPETUAL = Symbol.parse("BTC/USDT:USDT")
HOUR = Timeframe.parse("1h")
START_MS = 1_704_067_200_000 + 5_000  # 5 s into 2024
TAKER = Decimal("0.001")
_DEPTHS = (5, 10, 20, 50, 100, 500, 1000)  # of a contract's book, as Binance gives it


def instrument(symbol: Symbol) -> Instrument:
    """Rules like Binance's for BTC/USDT."""
    d = Decimal
    return Instrument(symbol, d("0.01"), d("0.001"), d("0.001"), d("5"), d("0.001"), TAKER)


@dataclass
class ToyVenue:
    """Both `MarketData` and `Venue`. ``script`` holds what the next `place` calls do:
    ``ok``, ``reject``, ``not_sent``, ``ack_lost`` (executed), ``request_lost`` (not executed),
    ``half`` (half filled, then expired). Orders meet ``prices``, the account is valued at
    ``marked`` where there are any.
    """

    clock: ManualClock
    symbols: tuple[Symbol, ...] = (SPOT,)
    name: str = "toy"
    cash: Decimal = Decimal(10_000)
    prices: dict[Symbol, Decimal] = field(default_factory=dict)
    marked: dict[Symbol, Decimal] = field(default_factory=dict)
    held: dict[Symbol, Decimal] = field(default_factory=dict)
    script: list[str] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    trades: list[Fill] = field(default_factory=list)
    requests: list[OrderRequest] = field(default_factory=list)
    leverages: list[tuple[Symbol, int]] = field(default_factory=list)
    deaf: bool = False
    book_age_ms: int = 0
    spread: Decimal = Decimal(0)
    behind: tuple[Decimal, Decimal] | None = None  # size of the best level, distance of the next

    def price(self, symbol: Symbol) -> Decimal:
        return self.prices.get(symbol, Decimal(40_000))

    def _hear(self) -> None:
        if self.deaf:
            raise VenueUnreachable("toy cannot be reached: told not to answer")

    def now_ms(self) -> int:
        self._hear()
        return self.clock.now_ms()

    def instruments(self) -> Mapping[Symbol, Instrument]:
        return {symbol: instrument(symbol) for symbol in self.symbols}

    def tickers(self) -> Sequence[object]:
        return ()

    def bars(self, *_: object) -> object:
        raise NotImplementedError

    def book(self, symbol: Symbol, depth: int) -> Book:
        self._hear()
        if symbol.is_contract and depth not in _DEPTHS:
            raise VenueRefused(f"toy refused with code -4021: {depth} is not valid depth limit")
        price, size = self.price(symbol), Decimal(1000)
        half = self.spread / 2
        ts = self.clock.now_ms() - self.book_age_ms
        bids, asks = [(price - half, size)], [(price + half, size)]
        if self.behind is not None:
            first, gap = self.behind
            bids = [(price - half, first), (price - half - gap, size)]
            asks = [(price + half, first), (price + half + gap, size)]
        return Book(symbol, tuple(bids), tuple(asks), ts)

    def account(self) -> Account:
        self._hear()
        positions = tuple(
            Position(
                symbol,
                quantity,
                mark_price=self.marked.get(symbol, self.price(symbol)),
                leverage=Decimal(dict(self.leverages).get(symbol, 1)),
            )
            for symbol, quantity in self.held.items()
            if quantity
        )
        worth = sum((p.quantity * p.mark_price for p in positions), Decimal(0))
        balances = (Balance("USDT", self.cash),)
        return Account(balances, positions, self.cash + worth, self.clock.now_ms())

    def open_orders(self, symbol: Symbol | None = None) -> Sequence[Order]:
        self._hear()
        return [o for o in self.orders if not o.status.is_final and symbol in (None, o.symbol)]

    def order_by_client_id(self, symbol: Symbol, client_id: str) -> Order | None:
        self._hear()
        found = [o for o in self.orders if (o.symbol, o.client_id) == (symbol, client_id)]
        return found[-1] if found else None

    def fills(self, symbol: Symbol, since_ms: int) -> Sequence[Fill]:
        self._hear()
        return [fill for fill in self.trades if fill.symbol == symbol and fill.ts >= since_ms]

    def set_leverage(self, symbol: Symbol, leverage: int) -> None:
        self.leverages.append((symbol, leverage))

    def place(self, request: OrderRequest) -> Outcome:
        self.requests.append(request)
        act = self.script.pop(0) if self.script else "ok"
        if act == "reject":
            return Outcome(OutcomeKind.REJECTED, code="-2019", reason="Margin is insufficient.")
        if act == "not_sent":
            return Outcome(OutcomeKind.NOT_SENT, reason="connection refused")
        if act == "request_lost":
            return Outcome(OutcomeKind.UNKNOWN, reason="no answer in time")
        done = request.quantity / 2 if act == "half" else request.quantity
        order = self.execute(request, done)
        if act == "ack_lost":
            return Outcome(OutcomeKind.UNKNOWN, reason="no answer in time")
        return Outcome(OutcomeKind.ACCEPTED, order)

    def execute(self, request: OrderRequest, done: Decimal) -> Order:
        """Fill an order at the price."""
        price = self.price(request.symbol)
        number = str(len(self.orders) + 1)
        full = done == request.quantity
        order = Order(
            request.symbol,
            number,
            request.client_id,
            request.side,
            request.type,
            request.quantity,
            OrderStatus.FILLED if full else OrderStatus.EXPIRED,
            done,
            average_price=price,
            ts=self.clock.now_ms(),
        )
        self.orders.append(order)
        fee = done * price * TAKER
        self.trades.append(
            Fill(request.symbol, number, number, request.side, price, done, fee, "USDT", order.ts)
        )
        signed = done if request.side is Side.BUY else -done
        self.held[request.symbol] = self.held.get(request.symbol, Decimal(0)) + signed
        self.cash -= signed * price + fee
        return order

    def rest(self, symbol: Symbol, client_id: str) -> None:
        """Let an order rest that nobody of ours sent."""
        request = OrderRequest(symbol, Side.BUY, "limit", Decimal(1), client_id)
        order = self.execute(request, Decimal(0))
        self.orders[-1] = replace(order, status=OrderStatus.NEW)
        self.trades.pop()

    def cancel(self, symbol: Symbol, client_id: str) -> Outcome:
        for index, order in enumerate(self.orders):
            if (order.symbol, order.client_id) == (symbol, client_id):
                self.orders[index] = replace(order, status=OrderStatus.CANCELED)
                return Outcome(OutcomeKind.ACCEPTED, self.orders[index])
        return Outcome(OutcomeKind.UNKNOWN)

    def close(self) -> None:
        pass


def limits(symbols: tuple[Symbol, ...] = (SPOT,), **changes: object) -> Limits:
    """Wide limits."""
    base = Limits(
        max_order_notional=Decimal(50_000),
        max_position_notional=Decimal(50_000),
        max_leverage=Decimal(1),
        price_collar=Decimal("0.05"),
        max_orders_per_minute=30,
        max_price_age_ms=30_000,
        symbols=frozenset(symbols),
    )
    return replace(base, **changes)


def terms(symbols: tuple[Symbol, ...] = (SPOT,), **changes: object) -> Terms:
    """Terms of a run on the toy venue."""
    base = Terms("toy", "plan", symbols, HOUR, limits(symbols), patience=Patience())
    return replace(base, **changes)


def desk(venue: ToyVenue, journal: Journal, weights: Mapping[Symbol, float]) -> Desk:
    """A desk whose strategy says what ``weights`` holds at the time."""

    def forecast(bar_ms: int) -> Forecast:
        return Forecast(bar_ms, dict(weights), {s: venue.price(s) for s in weights})

    return Desk(venue, venue, journal, venue.clock, forecast)


def next_bar(venue: ToyVenue) -> None:
    """Let the next bar close."""
    venue.clock.advance_to(venue.clock.now_ms() + HOUR_MS)


def journal_path(folder: Path) -> Path:
    """Where the tests keep a journal."""
    return folder / "state" / "journal-toy.sqlite"
