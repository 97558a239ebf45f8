"""Exits in a replay: orders that wait for a price, and why a fill closed what was held."""

from collections.abc import Mapping
from decimal import Decimal

from xq.backtest.simulation import Rules
from xq.execution.journal import Journal
from xq.execution.records import JournalOrder
from xq.live.decide import EXITED
from xq.live.exits import on_tick
from xq.live.legs import STOP, TAKE_PROFIT, UNPROTECTED
from xq.portfolio.accounting import Reason
from xq.sim.algos import AlgoOrder, AlgoStatus, NewAlgo
from xq.sim.ledger_memory import MemoryLedger
from xq.sim.records import SimFill
from xq.strategy.base import Exits
from xq.types import Instrument, Order, OrderRequest, OrderStatus, OrderType, Symbol

CONDITIONAL = (OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET)
_STATUS = {
    AlgoStatus.CANCELED: OrderStatus.CANCELED,
    AlgoStatus.EXPIRED: OrderStatus.EXPIRED,
    AlgoStatus.REJECTED: OrderStatus.REJECTED,
}


def exits_of(rules: Rules) -> Exits | None:
    """What the strategy declares, as the live loop is told it.

    Examples
    --------
    >>> exits_of(Rules()), exits_of(Rules(stop_loss=0.1)).stop_loss
    (None, 0.1)
    """
    if not rules.has_exits:
        return None
    return Exits(rules.stop_loss, rules.take_profit, rules.trailing_stop, rules.max_bars)


def waiting(request: OrderRequest, market: str) -> NewAlgo:
    """A request as the simulated venue takes it: triggered by the last price, as live."""
    return NewAlgo(
        market,
        request.side,
        request.type,
        client_id=request.client_id,
        quantity=request.quantity,
        trigger_price=request.stop_price,
        reduce_only=request.reduce_only,
    )


def told(algo: AlgoOrder, symbol: Symbol) -> Order:
    """What the venue says of one that sent no order."""
    return Order(
        symbol=symbol,
        venue_id=f"algo-{algo.id}",
        client_id=algo.client_id,
        side=algo.side,
        type=algo.type,
        quantity=algo.quantity,
        status=_STATUS.get(algo.status, OrderStatus.NEW),
        stop_price=algo.trigger_price,
        reduce_only=algo.reduce_only,
        ts=algo.updated_ms,
    )


class Reasons:
    """Why positions were closed.

    Parameters
    ----------
    journal, ledger
        Of the run that has ended, and of its venue.
    instruments
        Trading rules, for the tick that levels lie on.
    """

    def __init__(
        self,
        journal: Journal,
        ledger: MemoryLedger,
        rules: Rules,
        instruments: Mapping[Symbol, Instrument],
    ) -> None:
        self._ledger, self._rules, self._instruments = ledger, rules, instruments
        self._orders: dict[str, JournalOrder] = {}
        self._timed: set[tuple[int | None, Symbol]] = set()
        if not rules.has_exits:
            return
        self._orders = {order.client_id: order for order in journal.orders()}
        for key, signal in journal.decisions.signals():
            decision = journal.decisions.find(key)
            if signal.note == EXITED and signal.position and decision is not None:
                self._timed.add((decision.id, signal.symbol))

    def of(self, fill: SimFill) -> Reason:
        """Why an order was filled."""
        order = self._orders.get(self._ledger.name_of(fill.order_id))
        if order is None:
            return Reason.SIGNAL
        if order.leg == TAKE_PROFIT:
            return Reason.TAKE_PROFIT
        if order.leg in (STOP, UNPROTECTED):
            return self._stop(order, fill)
        timed = (order.decision_id, order.symbol) in self._timed
        return Reason.TIME_STOP if timed else Reason.SIGNAL

    def _stop(self, order: JournalOrder, fill: SimFill) -> Reason:
        """Which of two stops it was: the fixed one, if the level is its."""
        if self._rules.stop_loss is None:
            return Reason.TRAILING_STOP
        if self._rules.trailing_stop is None or order.stop_price is None:
            return Reason.STOP_LOSS
        side = -fill.side.sign
        entry = fill.price - side * fill.realized / fill.quantity
        away = Decimal(str(self._rules.stop_loss))
        tick = self._instruments[order.symbol].tick
        fixed = on_tick(entry * (1 - side * away), tick, side)
        return Reason.STOP_LOSS if abs(order.stop_price - fixed) <= tick else Reason.TRAILING_STOP
