"""The toy exchange with bars, cash flows, marks, and conditional orders that rest and fire."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np
from support.toy_venue import HOUR, ToyVenue

from xq.errors import VenueRefused
from xq.execution.journal import Journal
from xq.live.calls import CallLog
from xq.live.desk import Desk, Forecast
from xq.strategy.base import Exits
from xq.timeframe import Timeframe
from xq.types import (
    Account,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Outcome,
    OutcomeKind,
    Side,
    Symbol,
)
from xq.venue_types import CashFlow, Mark

UP = {
    (OrderType.STOP_MARKET, Side.BUY),
    (OrderType.TAKE_PROFIT_MARKET, Side.SELL),
}  # those that a rising price fires


@dataclass
class GuardedVenue(ToyVenue):
    """``closes`` are those of the newest closed bars, oldest first; ``ranges`` their extremes."""

    flows: list[CashFlow] = field(default_factory=list)
    closes: list[float] = field(default_factory=lambda: [40_000.0] * 60)
    ranges: dict[int, tuple[float, float]] = field(default_factory=dict)
    entries: dict[Symbol, Decimal] = field(default_factory=dict)
    silent_flows: bool = False
    leverage: Decimal = Decimal(1)
    log: list[str] = field(default_factory=list)

    def bars(self, symbol: Symbol, timeframe: Timeframe, since_ms: int, limit: int) -> np.ndarray:
        self._hear()
        last = timeframe.last_closed(self.clock.now_ms())
        times = [last - timeframe.ms * n for n in range(len(self.closes))][::-1]
        rows = []
        for ts, close in zip(times, self.closes, strict=True):
            low, high = self.ranges.get(ts, (close, close))
            rows.append((ts, close, high, low, close, 1.0))
        found = [row for row in rows if row[0] >= since_ms][:limit]
        return np.array(found, dtype=np.float64).reshape(-1, 6)

    def marks(self, symbol: Symbol) -> Mark:
        self._hear()
        return Mark(symbol, self.price(symbol), self.price(symbol), self.clock.now_ms())

    def cash_flows(self, since_ms: int) -> Sequence[CashFlow]:
        self._hear()
        if self.silent_flows:
            raise VenueRefused("toy does not tell")
        return [flow for flow in self.flows if flow.ts >= since_ms]

    def account(self) -> Account:
        found = super().account()
        positions = tuple(
            replace(
                p,
                entry_price=self.entries.get(p.symbol, p.mark_price),
                leverage=self.leverage,
            )
            for p in found.positions
        )
        return replace(found, positions=positions)

    def set_leverage(self, symbol: Symbol, leverage: int) -> None:
        super().set_leverage(symbol, leverage)
        self.leverage = Decimal(leverage)

    def place(self, request: OrderRequest) -> Outcome:
        self.log.append(f"place {request.type} {request.side} {request.quantity}")
        if not request.type.is_conditional:
            before = self.held.get(request.symbol, Decimal(0))
            outcome = super().place(request)
            if not before and self.held.get(request.symbol):
                self.entries[request.symbol] = self.price(request.symbol)
            return outcome
        self.requests.append(request)
        act = self.script.pop(0) if self.script else "ok"
        if act == "reject":
            return Outcome(OutcomeKind.REJECTED, code="-2021", reason="Order would trigger.")
        if act == "not_sent":
            return Outcome(OutcomeKind.NOT_SENT, reason="connection refused")
        if act == "request_lost":
            return Outcome(OutcomeKind.UNKNOWN, reason="no answer in time")
        order = Order(
            request.symbol,
            str(len(self.orders) + 1),
            request.client_id,
            request.side,
            request.type,
            request.quantity,
            OrderStatus.NEW,
            stop_price=request.stop_price,
            reduce_only=request.reduce_only,
            ts=self.clock.now_ms(),
        )
        self.orders.append(order)
        if act == "ack_lost":
            return Outcome(OutcomeKind.UNKNOWN, reason="no answer in time")
        return Outcome(OutcomeKind.ACCEPTED, order)

    def cancel(self, symbol: Symbol, client_id: str) -> Outcome:
        self.log.append("cancel")
        return super().cancel(symbol, client_id)

    def working(self) -> list[Order]:
        """Conditional orders that rest."""
        return [o for o in self.orders if o.type.is_conditional and not o.status.is_final]

    def move(self, symbol: Symbol, price: Decimal) -> None:
        """Let the price go somewhere; what it meets on the way fires there."""
        for index, order in enumerate(list(self.orders)):
            if order.symbol != symbol or order.status.is_final or not order.type.is_conditional:
                continue
            rising = (order.type, order.side) in UP
            level = order.stop_price or Decimal(0)
            if (price >= level) if rising else (price <= level):
                self._fire(index, order, level)
        self.prices[symbol] = price

    def _fire(self, index: int, order: Order, level: Decimal) -> None:
        held = self.held.get(order.symbol, Decimal(0))
        if held * order.side.sign >= 0:
            self.orders[index] = replace(order, status=OrderStatus.EXPIRED)
            return
        done = min(order.quantity, abs(held))
        self.prices[order.symbol] = level
        asked = OrderRequest(order.symbol, order.side, OrderType.MARKET, done, order.client_id)
        made = self.execute(asked, done)
        self.orders.pop()
        self.orders[index] = replace(
            order,
            venue_id=made.venue_id,
            status=OrderStatus.FILLED,
            filled=done,
            average_price=level,
        )


def guarded_desk(
    venue: GuardedVenue,
    journal: Journal,
    weights: Mapping[Symbol, float],
    exits: Exits | None = None,
    calls: CallLog | None = None,
) -> Desk:
    """A desk whose strategy declares exits, and whose calls are heard."""

    def forecast(bar_ms: int) -> Forecast:
        closes = {symbol: venue.price(symbol) for symbol in weights}
        return Forecast(bar_ms, dict(weights), closes, exits=exits)

    log = CallLog(venue.clock) if calls is None else calls
    return Desk(venue, log.listen(venue), journal, venue.clock, forecast, log)


__all__ = ["HOUR", "GuardedVenue", "guarded_desk"]
