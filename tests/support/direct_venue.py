"""The simulated venue at the ports of the live loop, in this process: contracts, stops and all.

Unlike a replay's it takes conditional and limit orders, and what a test decides may befall a call.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import numpy as np
from support.scripted_feed import START, ScriptedFeed

from xq.clock import ManualClock
from xq.errors import VenueRefused
from xq.sim.account import open_account
from xq.sim.accounts import MAIN
from xq.sim.algos import AlgoOrder, AlgoStatus, NewAlgo
from xq.sim.instruments import Face
from xq.sim.ledger_memory import MemoryLedger
from xq.sim.records import Account as Purse
from xq.sim.records import NewOrder, Posting, SimFill, SimOrder
from xq.sim.refusal import Refusal
from xq.sim.venue import SimVenue
from xq.timeframe import Timeframe
from xq.types import (
    Account,
    Balance,
    Book,
    Fill,
    Instrument,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Outcome,
    OutcomeKind,
    Position,
    Side,
    Symbol,
    TimeInForce,
)
from xq.venue_types import CashFlow, FlowKind, Mark

BTC, MARKET = Symbol.parse("BTC/USDT:USDT"), "BTCUSDT"
_STATUS = {
    AlgoStatus.NEW: OrderStatus.NEW,
    AlgoStatus.CANCELED: OrderStatus.CANCELED,
    AlgoStatus.REJECTED: OrderStatus.REJECTED,
}
_ZERO = Decimal(0)


class DirectVenue:
    """`xq.ports.Venue` and `xq.ports.MarketData` of one account and one perpetual.

    Attributes
    ----------
    core
        The venue itself.
    memory
        Everything that it booked.
    fate
        What befalls the next order: ``ok``, ``ack lost``, ``request lost`` or ``not sent``.
    """

    name = "direct"

    def __init__(self, clock: ManualClock) -> None:
        self.clock, self.memory = clock, MemoryLedger()
        self.feed = ScriptedFeed(Face.FUTURES, {MARKET: [(START - 1, "40000")]})
        spot = ScriptedFeed(Face.SPOT, {MARKET: [(START - 1, "40000")]})
        feeds = {Face.SPOT: spot, Face.FUTURES: self.feed}
        self.core = SimVenue(self.memory, feeds, clock, seed=7)  # type: ignore[arg-type]
        self.core.settle()
        self.fate = "ok"
        self._rules = {BTC: self.feed.instrument(MARKET).instrument}

    # what happens there

    def price(self) -> Decimal:
        """The last one."""
        return self.feed.last_price(MARKET, self.core.now_ms)

    def print(self, price: Decimal, quantity: Decimal = _ZERO, *, sold: bool = False) -> None:
        """A trade of others, a moment from now; resting orders meet it."""
        self.feed.print(MARKET, self.core.now_ms + 1, str(price), str(quantity), sold=sold)
        self.pass_time(2)

    def pass_time(self, milliseconds: int) -> None:
        """Let it settle what falls due meanwhile."""
        self.clock.advance_to(self.clock.now_ms() + milliseconds)
        self.core.settle()

    def deposit(self, amount: Decimal) -> None:
        """More money, from outside."""
        with self.core._change() as draft:
            open_account(draft, MAIN, amount)

    def held(self) -> Decimal:
        """The position as booked."""
        return self.core.state.position(MAIN, MARKET).quantity

    # market data

    def now_ms(self) -> int:
        self.core.settle()
        return self.core.now_ms

    def instruments(self) -> Mapping[Symbol, Instrument]:
        return self._rules

    def bars(self, symbol: Symbol, timeframe: Timeframe, since_ms: int, limit: int) -> np.ndarray:
        rows, ts = [], timeframe.floor(since_ms)
        while ts <= self.core.now_ms and len(rows) < limit:
            end = min(timeframe.shift(ts, 1), self.core.now_ms)
            low, high = map(float, self.feed.price_range(MARKET, ts - 1, end))
            close = float(self.feed.last_price(MARKET, end))
            rows.append((ts, close, high, low, close, 1.0))
            ts = timeframe.shift(ts, 1)
        return np.array(rows).reshape(-1, 6)

    def book(self, symbol: Symbol, depth: int) -> Book:
        self.core.settle()
        bids, asks = self.core.depth(Face.FUTURES, MARKET, depth)
        return Book(symbol, tuple(bids), tuple(asks), self.core.now_ms)

    # the account

    def account(self) -> Account:
        self.core.settle()
        state = self.core.state
        cash = state.balance(MAIN, Face.FUTURES, Purse.FREE, "USDT")
        position, mark = state.position(MAIN, MARKET), self.price()
        equity = cash + position.quantity * mark - position.cost
        held = ()
        if position.quantity:
            entry = position.cost / position.quantity
            leverage = Decimal(state.setting(MAIN, MARKET).leverage)
            held = (Position(BTC, position.quantity, entry, mark, leverage=leverage),)
        return Account((Balance("USDT", cash),), held, equity, self.core.now_ms)

    def marks(self, symbol: Symbol) -> Mark:
        return Mark(symbol, self.price(), self.price(), ts=self.core.now_ms)

    def postings(self) -> Iterator[Posting]:
        return (posting for item in self.memory.written for posting in item.postings())

    def cash_flows(self, since_ms: int) -> Sequence[CashFlow]:
        return [
            CashFlow(str(number), FlowKind.DEPOSIT, "USDT", posting.amount, posting.ts)
            for number, posting in enumerate(self.postings())
            if posting.kind == "deposit"
            and (posting.face, posting.account) == (Face.FUTURES, Purse.FREE)
            and posting.ts >= since_ms
        ]

    def set_leverage(self, symbol: Symbol, leverage: int) -> None:
        try:
            self.core.set_leverage(MAIN, MARKET, leverage)
        except Refusal as refusal:
            raise VenueRefused(str(refusal)) from None

    # orders

    def open_orders(self, symbol: Symbol | None = None) -> Sequence[Order]:
        self.core.settle()
        plain = self.core.state.orders_of(MAIN, Face.FUTURES, MARKET)
        return [
            *map(_order, plain),
            *(self._algo(algo) for algo in self.core.open_algos(MAIN, MARKET)),
        ]

    def order_by_client_id(self, symbol: Symbol, client_id: str) -> Order | None:
        self.core.settle()
        try:
            return self._algo(self.core.algo(MAIN, client_id=client_id))
        except Refusal:
            pass
        try:
            return _order(self.core.order(MAIN, Face.FUTURES, MARKET, client_id=client_id))
        except Refusal:
            return None

    def fills(self, symbol: Symbol, since_ms: int) -> Sequence[Fill]:
        self.core.settle()
        return [_fill(fill) for fill in self.memory.executions if fill.ts >= since_ms]

    def place(self, request: OrderRequest) -> Outcome:
        fate, self.fate = self.fate, "ok"
        if fate == "not sent":
            return Outcome(OutcomeKind.NOT_SENT, reason="nobody listens")
        if fate == "request lost":
            return Outcome(OutcomeKind.UNKNOWN, reason="the connection broke")
        try:
            order = self._place(request)
        except Refusal as refusal:
            return Outcome(OutcomeKind.REJECTED, reason=str(refusal), code=refusal.reason.name)
        if fate == "ack lost":
            return Outcome(OutcomeKind.UNKNOWN, reason="the connection broke")
        return Outcome(OutcomeKind.ACCEPTED, order)

    def _place(self, request: OrderRequest) -> Order:
        if request.type in (OrderType.MARKET, OrderType.LIMIT):
            asked = NewOrder(
                MARKET, request.side, request.type, request.client_id, request.quantity,
                price=request.price, reduce_only=request.reduce_only,
                time_in_force=request.time_in_force or TimeInForce.GTC,
            )  # fmt: skip
            return _order(self.core.place(MAIN, Face.FUTURES, asked).order)
        waits = NewAlgo(
            MARKET, request.side, request.type, request.client_id, request.quantity,
            trigger_price=request.stop_price, reduce_only=request.reduce_only,
        )  # fmt: skip
        return self._algo(self.core.place_algo(MAIN, waits))

    def cancel(self, symbol: Symbol, client_id: str) -> Outcome:
        try:
            try:
                return Outcome(
                    OutcomeKind.ACCEPTED,
                    self._algo(self.core.cancel_algo(MAIN, client_id=client_id)),
                )
            except Refusal:
                gone = self.core.cancel(MAIN, Face.FUTURES, MARKET, client_id=client_id)
                return Outcome(OutcomeKind.ACCEPTED, _order(gone))
        except Refusal as refusal:
            return Outcome(OutcomeKind.REJECTED, reason=str(refusal), code=refusal.reason.name)

    def _algo(self, algo: AlgoOrder) -> Order:
        sent = None
        if algo.order_id:
            sent = self.core.order(MAIN, Face.FUTURES, MARKET, order_id=algo.order_id)
        return Order(
            BTC, str(algo.order_id or f"algo-{algo.id}"), algo.client_id, algo.side, algo.type,
            algo.quantity, sent.status if sent else _STATUS.get(algo.status, OrderStatus.EXPIRED),
            sent.filled if sent else _ZERO,
            average_price=sent.average_price if sent and sent.filled else None,
            stop_price=algo.trigger_price, reduce_only=algo.reduce_only, ts=algo.created_ms,
        )  # fmt: skip


def _order(order: SimOrder) -> Order:
    return Order(
        BTC, str(order.id), order.client_id, order.side, order.type, order.quantity, order.status,
        order.filled, average_price=order.average_price if order.filled else None,
        price=order.price or None, reduce_only=order.reduce_only, ts=order.created_ms,
    )  # fmt: skip


def _fill(fill: SimFill) -> Fill:
    return Fill(
        BTC, str(fill.id), str(fill.order_id), fill.side, fill.price, fill.quantity, fill.fee,
        "USDT", fill.ts, fill.maker,
    )  # fmt: skip


def by_hand(side: Side, quantity: Decimal, price: Decimal | None = None) -> NewOrder:
    """An order that somebody sends past us."""
    kind = OrderType.MARKET if price is None else OrderType.LIMIT
    return NewOrder(MARKET, side, kind, quantity=quantity, price=price)
