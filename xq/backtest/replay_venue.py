"""The simulated venue in this process, at the ports of the live loop: no wire between them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from xq.backtest.replay_core import Money, ReplayCore, nothing
from xq.backtest.replay_exits import CONDITIONAL, told, waiting
from xq.backtest.replay_feed import BarFeed
from xq.backtest.replay_listing import Listing
from xq.backtest.replay_wake import Standing
from xq.clock import ManualClock
from xq.errors import VenueRefused, VenueUnclear
from xq.sim.accounts import MAIN
from xq.sim.exact import ZERO
from xq.sim.instruments import Face
from xq.sim.ledger_memory import MemoryLedger
from xq.sim.margin import ASSET
from xq.sim.records import Account as Purse
from xq.sim.records import NewOrder, SimFill, SimOrder
from xq.sim.refusal import Refusal
from xq.timeframe import Timeframe
from xq.types import (
    Account,
    Balance,
    Book,
    Fill,
    Instrument,
    Order,
    OrderRequest,
    Outcome,
    OutcomeKind,
    Position,
    Symbol,
)
from xq.venue_types import Ticker

if TYPE_CHECKING:
    import numpy as np

NAME = "replay"


class ReplayVenue:
    """`xq.ports.Venue` and `xq.ports.MarketData` of one account that trades one kind of symbol.

    Parameters
    ----------
    listings
        The symbols, in the order of the feed's columns.
    clock
        Moved by who replays; the venue follows it.
    money
        What the account is given.
    latency_ms
        How long orders travel beyond the moment that each takes.
    """

    def __init__(
        self,
        listings: Sequence[Listing],
        feed: BarFeed,
        clock: ManualClock,
        money: Money,
        latency_ms: int = 0,
    ) -> None:
        self.name = NAME
        self.face = Face.FUTURES if listings[0].symbol.is_contract else Face.SPOT
        other = Face.SPOT if self.face is Face.FUTURES else Face.FUTURES
        feeds = {self.face: feed, other: nothing()}
        self._core = ReplayCore(feeds, clock, money, latency_ms)
        self._clock, self._feed, self._state = clock, feed, self._core.state
        self._quote = listings[0].symbol.quote
        self._ids = {item.symbol: item.market().id for item in listings}
        self._assets = {item.symbol: str(item.symbol) for item in listings}
        self._symbols = {number: symbol for symbol, number in self._ids.items()}
        self._read, self._told = 0, {symbol: list[Fill]() for symbol in self._ids}
        self._account: tuple[tuple[int, int, int], Account] | None = None
        self._rules = {s: feed.instrument(number).instrument for s, number in self._ids.items()}

    @property
    def ledger(self) -> MemoryLedger:
        """Everything that was booked."""
        return self._core.memory

    def standing(self) -> Standing:
        """The account as it is until the next trade, settlement or liquidation."""
        money = float(self._state.balance(MAIN, self.face, Purse.FREE, ASSET))
        held = [self._held(symbol, number) for symbol, number in self._ids.items()]
        positions = tuple(float(quantity) for quantity, _ in held)
        return Standing(money - float(sum(cost for _, cost in held)), positions)

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is held and nothing waits."""
        idle = self._state.is_idle
        return idle and not any(self._held(s, number)[0] for s, number in self._ids.items())

    def settle(self) -> None:
        """Let what happened until now happen."""
        self.now_ms()

    def now_ms(self) -> int:
        """The venue's own time, up to which everything has happened."""
        if self._clock.now_ms() > self._state.settled_ms:
            self._core.settle()
        return self._state.settled_ms

    def instruments(self) -> Mapping[Symbol, Instrument]:
        """Trading rules of every replayed symbol."""
        return self._rules

    def tickers(self) -> Sequence[Ticker]:
        """Not served. Raises `VenueUnclear`."""
        raise VenueUnclear("a replay serves no tickers")

    def bars(self, symbol: Symbol, timeframe: Timeframe, since_ms: int, limit: int) -> "np.ndarray":
        """Closed bars of the timeframe that is replayed, float64 (n, 6)."""
        if timeframe != self._feed.timeframe:
            raise VenueUnclear(f"a replay serves bars of {self._feed.timeframe}, not {timeframe}")
        return self._feed.closed(self._ids[symbol], since_ms, self.now_ms())[:limit]

    def book(self, symbol: Symbol, depth: int) -> Book:
        """Resting orders, best first."""
        now = self.now_ms()
        bids, asks = self._feed.book(self._ids[symbol], now, depth)
        return Book(symbol, tuple(bids), tuple(asks), now)

    def account(self) -> Account:
        """Cash, positions at the mark price, and equity."""
        state, now = self._state, self.now_ms()
        moment = now, state.counters.transaction, state.counters.fill
        if self._account is None or self._account[0] != moment:
            self._account = moment, self._valued(now)
        return self._account[1]

    def _valued(self, now: int) -> Account:
        state = self._state
        cash = state.balance(MAIN, self.face, Purse.FREE, ASSET)
        equity, positions = cash, []
        for symbol, number in self._ids.items():
            quantity, cost = self._held(symbol, number)
            if quantity:
                mark = self._feed.mark_price(number, now)
                entry = cost / quantity
                positions.append(Position(symbol, quantity, entry, mark))
                equity += quantity * mark - cost
        return Account((Balance(self._quote, cash),), tuple(positions), equity, now)

    def _held(self, symbol: Symbol, number: str) -> tuple[Decimal, Decimal]:
        """Quantity, and what of its value is not the account's own."""
        state = self._state
        if self.face is Face.SPOT:
            return state.balance(MAIN, Face.SPOT, Purse.FREE, self._assets[symbol]), ZERO
        position = state.position(MAIN, number)
        return position.quantity, position.cost

    def open_orders(self, symbol: Symbol | None = None) -> Sequence[Order]:
        """Exits that wait for their price: other orders of the loop are filled at once."""
        state = self._state
        if not (state.open_orders or state.algos):
            return []
        orders = [self._order(order) for order in state.open_orders.values()]
        orders += [told(a, self._symbols[a.symbol]) for a in self._core.open_algos(MAIN)]
        return [order for order in orders if symbol in (None, order.symbol)]

    def order_by_client_id(self, symbol: Symbol, client_id: str) -> Order | None:
        """The order, or None when the venue says that it does not exist."""
        try:
            found = self._core.order(MAIN, self.face, self._ids[symbol], client_id=client_id)
        except Refusal:
            return self._conditional(symbol, client_id)
        return self._order(found)

    def _conditional(self, symbol: Symbol, client_id: str) -> Order | None:
        try:
            return told(self._core.algo(MAIN, client_id=client_id), symbol)
        except Refusal:
            return None

    def fills(self, symbol: Symbol, since_ms: int) -> Sequence[Fill]:
        """Own executions, oldest first."""
        made = self.ledger.executions
        while self._read < len(made):
            fill = made[self._read]
            owner = self._symbols[fill.symbol]
            self._told[owner].append(self._fill(owner, fill))
            self._read += 1
        known = self._told[symbol]
        first = len(known)
        while first and known[first - 1].ts >= since_ms:  # few: the loop knows the older ones
            first -= 1
        return known[first:]

    def set_leverage(self, symbol: Symbol, leverage: int) -> None:
        """Choose a contract's leverage. Raises `VenueError`."""
        if symbol.is_contract:
            try:
                self._core.set_leverage(MAIN, self._ids[symbol], leverage)
            except Refusal as refusal:
                raise VenueRefused(_text(refusal), where=f"leverage of {symbol}") from None

    def place(self, request: OrderRequest) -> Outcome:
        """Send one order once."""
        self.settle()
        if request.type in CONDITIONAL:
            return self._wait(request)
        self._core.forget_book()
        wanted = NewOrder(
            symbol=self._ids[request.symbol],
            side=request.side,
            type=request.type,
            client_id=request.client_id,
            quantity=request.quantity,
            price=request.price,
            reduce_only=request.reduce_only and self.face is Face.FUTURES,
        )
        try:
            placed = self._core.place(MAIN, self.face, wanted)
        except Refusal as refusal:
            return _rejected(refusal)
        return Outcome(OutcomeKind.ACCEPTED, self._order(placed.order))

    def _wait(self, request: OrderRequest) -> Outcome:
        try:
            algo = self._core.place_algo(MAIN, waiting(request, self._ids[request.symbol]))
        except Refusal as refusal:
            return _rejected(refusal)
        return Outcome(OutcomeKind.ACCEPTED, told(algo, request.symbol))

    def cancel(self, symbol: Symbol, client_id: str) -> Outcome:
        """Cancel one exit that waits for its price."""
        try:
            self._core.cancel_algo(MAIN, client_id=client_id)
        except Refusal as refusal:
            return _rejected(refusal)
        return Outcome(OutcomeKind.ACCEPTED, self._conditional(symbol, client_id))

    def close(self) -> None:
        """Nothing to release."""

    def _order(self, order: SimOrder) -> Order:
        return Order(
            symbol=self._symbols[order.symbol],
            venue_id=str(order.id),
            client_id=order.client_id,
            side=order.side,
            type=order.type,
            quantity=order.quantity,
            status=order.status,
            filled=order.filled,
            average_price=order.average_price if order.filled else None,
            reduce_only=order.reduce_only,
            ts=order.updated_ms,
        )

    def _fill(self, symbol: Symbol, fill: SimFill) -> Fill:
        asset = self._quote if fill.fee_asset == ASSET else symbol.base
        return Fill(
            symbol=symbol,
            fill_id=str(fill.id),
            order_id=str(fill.order_id),
            side=fill.side,
            price=fill.price,
            quantity=fill.quantity,
            fee=fill.fee,
            fee_asset=asset,
            ts=fill.ts,
            maker=fill.maker,
        )


def _rejected(refusal: Refusal) -> Outcome:
    return Outcome(OutcomeKind.REJECTED, code=refusal.reason.name, reason=_text(refusal))


def _text(refusal: Refusal) -> str:
    return str(refusal).lower().replace("_", " ")
