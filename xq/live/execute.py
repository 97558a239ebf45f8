"""Bringing one symbol to its target: price, legs, gate, send once, find out what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from xq.errors import (
    NoData,
    OrderRefused,
    UsageError,
    XqError,
)
from xq.execution import resolve, send
from xq.execution.ledger_records import Parent
from xq.execution.orders import OrderState, client_order_id
from xq.execution.records import Decision, JournalOrder, Signal
from xq.live import decided_parents, facts, guard
from xq.live.desk import Desk, Terms
from xq.live.holdings import Holdings, holdings
from xq.live.order_lines import line_of, problem_of, read_fills
from xq.live.plan import Leg, legs, within_margin
from xq.live.reconcile import held
from xq.live.report import OrderLine
from xq.live.resting import may_still_fill
from xq.risk.gate import Approved, check
from xq.risk.limits import MINUTE_MS, SECOND_MS, Intent, Situation
from xq.types import Book, Instrument, OrderRequest, OrderType, Side, Symbol

_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Session:
    """One decision being carried out; ``dry_run`` stops at the door."""

    desk: Desk
    terms: Terms
    decision: Decision
    closes: Mapping[Symbol, Decimal]
    frozen: Mapping[Symbol, str] = field(default_factory=dict)
    dry_run: bool = False

    def holdings(self) -> Holdings:
        """What the account holds now."""
        return holdings(self.desk.venue.account(), self.terms.symbols, self.closes)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of one symbol.

    Attributes
    ----------
    reached
        Whether what was planned was done.
    short
        Whether less was planned than the target asks, for want of cash or below the minimum.
    parents
        What is worked from now on instead of orders sent at once; none of it is begun yet.
    """

    orders: tuple[OrderLine, ...] = ()
    reached: bool = True
    note: str = ""
    problem: XqError | None = None
    short: bool = False
    parents: tuple[Parent, ...] = ()


def carry_out(session: Session, signal: Signal) -> Done:
    """Trade one symbol to its target.

    Raises
    ------
    VenueError
        If the venue cannot be asked before an order is sent.
    StorageFailed
        If the journal cannot be written.
    """
    desk, terms, symbol = session.desk, session.terms, signal.symbol
    now = session.holdings()
    position = now.positions[symbol]
    instrument = desk.market.instruments()[symbol]
    book = desk.market.book(symbol, _DEPTH)
    try:
        price = far_touch(book, signal.target > position)
    except OrderRefused as refusal:
        return Done(reached=False, problem=refusal)
    spendable = now.cash * (1 - terms.cash_buffer)
    planned, note = legs(signal.target, position, instrument, price, spendable)
    reach = position + sum((leg.side.sign * leg.quantity for leg in planned), Decimal(0))
    if terms.manner is not None and planned:
        return _worked(session, signal, planned, book, instrument)
    lines: list[OrderLine] = []
    for index, due in enumerate(planned):
        leg = due
        if index:
            done = (
                _after(planned[0], now, price, instrument, terms)
                if session.dry_run
                else session.holdings()
            )
            now = replace(done, equity=now.equity)  # what sized the target bounds it
            spare = (now.cash - terms.limits.min_balance) * (1 - terms.cash_buffer)
            leg, less = within_margin(due, spare, price, terms.leverage, instrument.lot)
            note = note or less
        try:
            approved, situation = _approve(session, signal, leg, instrument, book, now, price)
        except OrderRefused as refusal:
            return Done(tuple(lines), False, note, refusal)
        if session.dry_run:
            lines.append(OrderLine.planned(approved, price))
            continue
        line = _send(session, leg, approved, situation)
        lines.append(line)
        if line.state != OrderState.FILLED:
            note = note or f"{line.filled} of {line.quantity} filled, the order is {line.state}"
            return Done(tuple(lines), False, note, problem_of(line))
    return Done(tuple(lines), True, note, short=reach != signal.target)


def _worked(
    session: Session, signal: Signal, planned: Sequence[Leg], book: Book, instrument: Instrument
) -> Done:
    """Parents in place of orders; their children meet the gate one by one."""
    frozen = session.frozen.get(signal.symbol)
    if frozen and not all(leg.reduce_only for leg in planned):
        text = f"{signal.symbol} takes no new exposure: {frozen}"
        return Done(reached=False, problem=OrderRefused(text, hint="xq execute list --open"))
    try:
        made = decided_parents.parents_of(
            session.decision, signal, planned, book, instrument, session.desk, session.terms
        )
    except (NoData, UsageError) as error:
        return Done(reached=False, problem=error)
    names = ", ".join(parent.parent_id for parent in made)
    quantity = sum((parent.quantity for parent in made), Decimal(0))
    note = f"{made[0].side} {quantity:f} worked as {names}"
    return Done(reached=False, note=note, parents=made)


def far_touch(book: Book, buying: bool) -> Decimal:
    """Best price that an order taking at once meets. Raises `OrderRefused` if there is none."""
    levels = book.asks if buying else book.bids
    if not levels:
        raise OrderRefused(f"nobody {'sells' if buying else 'buys'} {book.symbol}: no price")
    return levels[0][0]


def worst_price(book: Book, leg: Leg) -> Decimal | None:
    """Price of the last level that a leg takes from; None if the book holds less."""
    left = leg.quantity
    for price, size in book.asks if leg.side is Side.BUY else book.bids:
        left -= size
        if left <= 0:
            return price
    return None


def _after(
    closing: Leg, now: Holdings, price: Decimal, instrument: Instrument, terms: Terms
) -> Holdings:
    """Holdings as they would be once a planned closing is filled: its margin is free again."""
    symbol = instrument.symbol
    position = now.positions[symbol] + closing.side.sign * closing.quantity
    freed = closing.quantity * price * (1 / Decimal(terms.leverage) - instrument.taker)
    positions = {**now.positions, symbol: position}
    return replace(now, positions=positions, cash=now.cash + freed)


def _approve(
    session: Session,
    signal: Signal,
    leg: Leg,
    instrument: Instrument,
    book: Book,
    now: Holdings,
    price: Decimal,
) -> tuple[Approved, Situation]:
    desk, terms, decision = session.desk, session.terms, session.decision
    client_id = client_order_id(
        terms.account, terms.strategy, signal.symbol, decision.key.bar, leg.name, decision.attempt
    )
    request = OrderRequest(
        signal.symbol,
        leg.side,
        OrderType.MARKET,
        leg.quantity,
        client_id,
        reduce_only=leg.reduce_only,
    )
    mark = facts.mark_of(request, desk, terms)
    venue_ms, now_ms = desk.market.now_ms(), desk.clock.now_ms()
    recent = desk.journal.orders_since(now_ms - MINUTE_MS)
    resting = desk.journal.unsettled_orders()
    situation = Situation(
        instrument=instrument,
        now_ms=venue_ms,
        price=price,
        price_ms=book.ts,
        worst_price=worst_price(book, leg),
        reference=signal.close,
        bar_ms=decision.key.bar_ms,
        last_closed_ms=terms.timeframe.last_closed(venue_ms),
        position=now.positions[signal.symbol],
        equity=now.equity,
        cash=now.cash,
        other_notional=now.notional_of_others(signal.symbol),
        recent_orders=len(recent),
        journalled=desk.journal.has_order(client_id),
        frozen=session.frozen.get(signal.symbol),
        tripped=guard.tripped(desk, terms),
        mark=mark.mark if mark else None,
        index=mark.index if mark else None,
        other_net=now.net_of_others(signal.symbol),
        working=may_still_fill(resting, signal.symbol, leg.side),
        open_orders=len(resting),
        recent_messages=sum(order.created_ms > now_ms - SECOND_MS for order in recent),
        recent_intents=intents(recent),
        decision=f"{decision.id}:{leg.name}",
        leverage=Decimal(terms.leverage),
    )
    return check(request, situation, terms.limits), situation


def intents(recent: Sequence[JournalOrder]) -> tuple[Intent, ...]:
    """Orders that may have reached the venue and added exposure there."""
    nothing_left = (OrderState.NOT_SENT, OrderState.REJECTED)
    return tuple(
        Intent(o.symbol, o.side, o.quantity, o.venue_ms, _asker(o))
        for o in recent
        if o.state not in nothing_left and not o.reduce_only
    )


def _asker(order: JournalOrder) -> str | None:
    return None if order.decision_id is None else f"{order.decision_id}:{order.leg}"


def _send(session: Session, leg: Leg, approved: Approved, situation: Situation) -> OrderLine:
    desk = session.desk
    ticket = send.Ticket(
        decision_id=session.decision.id,
        leg=leg.name,
        expected_price=situation.price,
        position_before=situation.position,
        venue_ms=situation.now_ms,
        strategy=session.terms.strategy,
    )
    order = send.place(approved, ticket, desk.venue, desk.journal, desk.clock)
    if not order.state.is_final:
        order = resolve.resolve(
            order, desk.venue, desk.journal, desk.clock, held(desk), session.terms.patience
        )
    if order.filled:
        read_fills(order, desk)
    return line_of(order, desk)
