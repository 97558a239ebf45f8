"""Orders that leave together: each judged as if those before it were filled, then sent at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from xq.execution import resolve, send
from xq.execution.orders import client_order_id
from xq.execution.records import JournalOrder
from xq.frozen import quick
from xq.live import facts
from xq.live.holdings import Holdings
from xq.live.order_lines import line_of, read_fills
from xq.live.plan import Leg
from xq.live.reconcile import held
from xq.live.report import OrderLine
from xq.live.resting import intents, may_still_fill
from xq.live.session import Session
from xq.live.touch import worst_price
from xq.live.tripped import barring, tripped
from xq.live.turn import Turn
from xq.risk.gate import Approved, check
from xq.risk.limits import MINUTE_MS, SECOND_MS, Intent, Situation
from xq.types import OrderRequest, OrderType


@quick
@dataclass(frozen=True, slots=True)
class Pending:
    """An order that passed the gate and has not left yet."""

    turn: Turn
    leg: Leg
    approved: Approved
    situation: Situation


@quick
@dataclass(frozen=True, slots=True)
class _Before:
    """What the journal tells of orders before a round."""

    recent: Sequence[JournalOrder]
    recent_intents: tuple[Intent, ...]
    messages: int
    resting: Sequence[JournalOrder]
    journalled: frozenset[str]
    tripped: tuple[str, ...]


class Round:
    """What was approved since the account was last asked.

    Attributes
    ----------
    pending
        What the gate let pass, in the order in which it will leave.
    """

    def __init__(self, session: Session) -> None:
        self.pending: list[Pending] = []
        self._session = session
        self._real = self._holdings = session.holdings_before()
        self._is_old = False
        self._counted = 0
        self._before: _Before | None = None

    def holdings(self) -> Holdings:
        """What will be held at worst once everything approved is filled.

        What entries use up is gone, what exits free is not there yet. Raises `VenueError`.
        """
        if self._is_old:  # what sized the targets bounds them still
            equity = self._real.equity
            self._real = self._holdings = replace(self._session.holdings(), equity=equity)
            self._is_old = False
        for item in self.pending[self._counted :]:
            self._holdings = _used_up(self._holdings, item)
        self._counted = len(self.pending)
        return self._holdings

    def add(self, turn: Turn, leg: Leg) -> None:
        """Let the gate judge an order.

        Raises
        ------
        OrderRefused
            If it does not pass beside those before it.
        VenueError
            If what the gate wants to know cannot be asked.
        """
        request = self._request(turn, leg)
        situation = self._situation(request, turn, leg)
        approved = check(request, situation, self._session.terms.limits)
        self.pending.append(Pending(turn, leg, approved, situation))

    def dispatch(self) -> list[tuple[Pending, OrderLine]]:
        """Send everything approved and find out what became of it; nothing stays pending."""
        if self._session.dry_run:
            return self._rehearsed()
        desk, terms = self._session.desk, self._session.terms
        sent = self._taken()
        self._is_old = True
        due = [(item.approved, self._ticket(item)) for item in sent]
        orders = send.place_all(
            due, desk.venue, desk.journal, desk.clock, barring(desk, terms), desk.pool
        )
        return [(item, self._settled(order)) for item, order in zip(sent, orders, strict=True)]

    def _rehearsed(self) -> list[tuple[Pending, OrderLine]]:
        worst, sent = self.holdings(), self._taken()
        self._real = self._holdings = _freed(worst, sent, self._session.terms.leverage)
        return [(p, OrderLine.planned(p.approved, p.situation.price)) for p in sent]

    def _taken(self) -> list[Pending]:
        sent, self.pending, self._counted, self._before = self.pending, [], 0, None
        return sent

    def _settled(self, order: JournalOrder) -> OrderLine:
        desk = self._session.desk
        if not order.state.is_final:
            patience = self._session.terms.patience
            order = resolve.resolve(
                order, desk.venue, desk.journal, desk.clock, held(desk), patience
            )
        if order.filled:
            read_fills(order, desk)
        return line_of(order, desk)

    def _known(self) -> _Before:
        if self._before is None:
            desk = self._session.desk
            now_ms = desk.clock.now_ms()
            recent = desk.journal.orders_since(now_ms - MINUTE_MS)
            messages = sum(order.created_ms > now_ms - SECOND_MS for order in recent)
            resting = desk.journal.unsettled_orders()
            own = frozenset(o.client_id for o in desk.journal.orders_of(self._session.decision))
            latched = tripped(desk, self._session.terms)
            self._before = _Before(recent, intents(recent), messages, resting, own, latched)
        return self._before

    def _request(self, turn: Turn, leg: Leg) -> OrderRequest:
        terms, decision = self._session.terms, self._session.decision
        symbol, bar = turn.signal.symbol, decision.key.bar
        name = client_order_id(
            terms.account, terms.strategy, symbol, bar, leg.name, decision.attempt
        )
        return OrderRequest(
            symbol, leg.side, OrderType.MARKET, leg.quantity, name, reduce_only=leg.reduce_only
        )

    def _situation(self, request: OrderRequest, turn: Turn, leg: Leg) -> Situation:
        session, now, before = self._session, self.holdings(), self._known()
        terms, decision, symbol = session.terms, session.decision, request.symbol
        venue_ms, count = session.seen.now_ms(), len(self.pending)
        mark = facts.mark_of(request, terms, session.seen.mark)
        return Situation(
            instrument=turn.instrument,
            now_ms=venue_ms,
            price=turn.price,
            price_ms=turn.book.ts,
            worst_price=worst_price(turn.book, leg),
            reference=turn.signal.close,
            bar_ms=decision.key.bar_ms,
            last_closed_ms=terms.timeframe.last_closed(venue_ms),
            position=now.positions[symbol],
            equity=now.equity,
            cash=now.cash,
            other_notional=now.notional_of_others(symbol),
            recent_orders=len(before.recent) + count,
            journalled=request.client_id in before.journalled,
            frozen=session.frozen.get(symbol),
            tripped=before.tripped,
            mark=mark.mark if mark else None,
            index=mark.index if mark else None,
            other_net=self._net_of_others(request),
            working=may_still_fill(before.resting, symbol, leg.side),
            open_orders=len(before.resting),
            recent_messages=before.messages + count,
            recent_intents=before.recent_intents + tuple(map(_intent, self.pending)),
            decision=f"{decision.id}:{leg.name}",
            leverage=Decimal(terms.leverage),
        )

    def _net_of_others(self, request: OrderRequest) -> Decimal:
        """Others' net exposure if only those approved are filled that pull the same way."""
        same = (
            item.leg.side.sign * item.leg.quantity * self._real.marks[item.turn.signal.symbol]
            for item in self.pending
            if item.leg.side is request.side and item.turn.signal.symbol != request.symbol
        )
        return sum(same, self._real.net_of_others(request.symbol))

    def _ticket(self, item: Pending) -> send.Ticket:
        return send.Ticket(
            decision_id=self._session.decision.id,
            leg=item.leg.name,
            expected_price=item.situation.price,
            position_before=item.situation.position,
            venue_ms=item.situation.now_ms,
            strategy=self._session.terms.strategy,
        )


def _intent(item: Pending) -> Intent:
    request, met = item.approved.request, item.situation
    return Intent(request.symbol, request.side, request.quantity, met.now_ms, met.decision)


def _used_up(now: Holdings, item: Pending) -> Holdings:
    """Holdings once an entry is filled at the worst price that the book shows for it."""
    if item.approved.reducing:
        return now
    leg, turn, met = item.leg, item.turn, item.situation
    symbol = turn.signal.symbol
    share = 1 / met.leverage if symbol.is_contract else Decimal(1)
    worst = max(met.price, met.worst_price or met.price)
    cost = leg.quantity * worst * (share + turn.instrument.taker)
    position = now.positions[symbol] + leg.side.sign * leg.quantity
    return replace(now, positions={**now.positions, symbol: position}, cash=now.cash - cost)


def _freed(now: Holdings, sent: Sequence[Pending], leverage: int) -> Holdings:
    """Holdings as they would be once planned exits are filled: their margin or value is free."""
    positions, cash = dict(now.positions), now.cash
    for item in sent:
        if not item.approved.reducing:
            continue  # counted when it was approved
        symbol, leg, turn = item.turn.signal.symbol, item.leg, item.turn
        share = 1 / Decimal(leverage) if symbol.is_contract else Decimal(1)
        positions[symbol] += leg.side.sign * leg.quantity
        cash += leg.quantity * turn.price * (share - turn.instrument.taker)
    return replace(now, positions=positions, cash=cash)
