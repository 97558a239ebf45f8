"""Targets of a market strategy through a tape: orders that arrive late and take from the book.

An order is decided at an event, its quantity is fixed there, and it meets the book as it is
`MarketTerms.latency_ms` later: the newest state up to that time. What it takes leaves no mark on
the recorded book, so that an account which is large beside the book trades too well here.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np

from xq.backtest.market_account import Account, Fill, MarketTerms, Row, mid_of
from xq.errors import UsageError
from xq.portfolio.accounting import Reason
from xq.strategy.market_tape import TRADE, Tape


@dataclass(frozen=True, slots=True, eq=False)
class MarketRun:
    """An account through a tape.

    Attributes
    ----------
    equity, position
        (E,) after each event: quote asset at the mid, base asset signed.
    fills
        In time order.
    funding
        (E,) quote asset paid at each event; negative is received.
    ruin
        Event at which the account was liquidated; None if never.
    unfilled
        Orders still on their way when the tape ended.
    short_of_book
        Orders that found less than their size in the recorded levels.
    """

    equity: np.ndarray
    position: np.ndarray
    fills: tuple[Fill, ...]
    funding: np.ndarray
    ruin: int | None
    unfilled: int
    short_of_book: int


@dataclass(slots=True)
class _Order:
    due: int
    quantity: float
    reason: Reason


def run(
    tape: Tape,
    targets: np.ndarray,
    terms: MarketTerms,
    settlements: Sequence[tuple[int, float]] = (),
) -> MarketRun:
    """Trade targets that passed the law.

    Parameters
    ----------
    targets
        (E,) weights; NaN leaves the target as it was. A target that is answered again is no order.
    settlements
        Time and rate of each funding, ascending; paid on the position at the mid.

    Raises
    ------
    UsageError
        If the latency is below 1 ms.
    """
    if terms.latency_ms < 1:
        raise UsageError(f"expected a latency of at least 1 ms, found {terms.latency_ms}")
    runner = _Runner(tape, terms, list(settlements))
    for index in range(len(tape)):
        if runner.step(index, float(targets[index])):
            break
    return runner.finished()


class _Runner:
    def __init__(self, tape: Tape, terms: MarketTerms, due: list[tuple[int, float]]) -> None:
        count = len(tape)
        self._terms = terms
        self._account = Account(terms)
        self._settlements = due[::-1]
        self._times, self._kinds = tape.ts.tolist(), tape.kind.tolist()
        self._books = tape.books
        self._row: Row = [float("nan")] * self._books.shape[1]
        self._mid = float("nan")
        self._orders: deque[_Order] = deque()
        self._target, self._blocked = 0.0, 0.0
        self._equity = np.full(count, terms.initial_cash)
        self._position, self._funding = np.zeros(count), np.zeros(count)
        self._ruin: int | None = None

    def step(self, index: int, target: float) -> bool:
        """Take one event; True once the account is ruined."""
        now = self._times[index]
        self._funding[index] = self._settle(now)
        while self._orders and self._orders[0].due < now and not isnan(mid_of(self._row)):
            order = self._orders.popleft()  # it meets the book before this event
            self._account.trade_to(order.due, order.quantity, self._row, order.reason)
        if self._kinds[index] != TRADE:
            self._row = self._books[index].tolist()
            if not isnan(mid := mid_of(self._row)):
                self._mid = mid
                self._watch(now)
        if not isnan(target) and target != self._target:
            self._decide(now, target)
        account = self._account
        if not isnan(self._mid) and account.is_ruined(self._mid):
            account.trade_to(now, 0.0, self._row, Reason.LIQUIDATION)
            account.cash = 0.0
            self._ruin = index
            self._equity[index:] = self._position[index:] = 0.0
            return True
        self._equity[index] = account.equity(self._mid) if account.position else account.cash
        self._position[index] = account.position
        return False

    def _settle(self, now: int) -> float:
        paid = 0.0
        while self._settlements and self._settlements[-1][0] <= now:
            _, rate = self._settlements.pop()
            if self._account.position:
                paid += self._account.position * self._mid * rate
        self._account.cash -= paid
        return paid

    def _watch(self, now: int) -> None:
        reason = self._account.exit_reason(self._row)
        if reason is None or (self._orders and self._orders[-1].quantity == 0.0):
            return
        self._blocked = 1.0 if self._account.position > 0 else -1.0
        self._orders.append(_Order(now + self._terms.latency_ms, 0.0, reason))

    def _decide(self, now: int, target: float) -> None:
        self._target = target
        if target * self._blocked > 0.0:
            return  # out until the target is 0 or turns
        self._blocked = 0.0
        if not isnan(self._mid):
            quantity = self._account.wanted(target, self._mid)
            self._orders.append(_Order(now + self._terms.latency_ms, quantity, Reason.SIGNAL))

    def finished(self) -> MarketRun:
        return MarketRun(
            self._equity,
            self._position,
            tuple(self._account.fills),
            self._funding,
            self._ruin,
            len(self._orders),
            self._account.short_of_book,
        )
