"""Before anything is decided: what became of earlier orders, and do books and venue agree."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from xq.execution import resolve, send
from xq.execution.orders import OrderState
from xq.execution.records import Decision, DecisionStatus, JournalOrder
from xq.execution.resolve import ONE_LOOK, Patience
from xq.live import foreign
from xq.live.desk import Desk, Terms
from xq.live.legs import BY_HAND, PROTECTIVE
from xq.risk.gate import check_cancel
from xq.timeframe import Timeframe
from xq.types import Account, Order, Symbol

_PROOF = Patience(waits=(0.05,), total=1.0, settling=0.0)  # enough to prove an exit lost
OPENING_PRICE = "opening_price:"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was found out.

    Attributes
    ----------
    frozen
        Symbols that take no new exposure, and why.
    notes
        What a person should know.
    """

    frozen: Mapping[Symbol, str]
    notes: tuple[str, ...]


NOTHING_FOUND = Reconciled({}, ())


def reconcile(
    desk: Desk, terms: Terms, patience: Patience, *, may_cancel: bool = True
) -> Reconciled:
    """Settle every order that is not final, then bring the books in line with the venue.

    Orders of the other kind (spot, contract) than the run's are left to a run of that kind.

    Raises
    ------
    VenueError
        If the venue cannot be asked; nothing was sent.
    """
    notes: list[str] = []
    frozen: dict[Symbol, str] = {}
    resting = {symbol: desk.venue.open_orders(symbol) for symbol in terms.symbols}
    names = {order.client_id for orders in resting.values() for order in orders}
    worked = {parent.parent_id for parent in desk.journal.parents.unfinished()}
    for order in desk.journal.unsettled_orders():
        if order.leg in PROTECTIVE and order.symbol in resting:
            notes += _follow(order, names, desk)
        elif order.symbol.is_contract != terms.contracts:
            continue
        elif order.parent_id in worked:  # whoever steps the parent looks after it
            if order.state.is_unclear:
                frozen[order.symbol] = f"order {order.client_id} is {order.state}"
        elif order.leg in BY_HAND:
            notes += _follow(order, names, desk, patience)
            if desk.journal.order(order.client_id).state.is_unclear:
                frozen[order.symbol] = f"what became of order {order.client_id} is not known"
        else:
            settled = _settle(order, desk, patience, may_cancel)
            notes.append(f"order {settled.client_id} of an earlier run is {settled.state}")
            if not settled.state.is_final:
                frozen[settled.symbol] = f"order {settled.client_id} is {settled.state}"
    _close_decisions(desk)
    account = desk.venue.account()
    for symbol in terms.symbols:
        strange = _foreign_orders(symbol, resting[symbol], desk)
        strange += check_books(symbol, desk, account)
        strange += _foreign_leverage(symbol, desk, terms, account)
        notes += strange
        halted = foreign.judge(symbol, strange, desk, terms)
        if halted:
            frozen.setdefault(symbol, halted)
    return Reconciled(frozen, tuple(notes))


def _settle(order: JournalOrder, desk: Desk, patience: Patience, may_cancel: bool) -> JournalOrder:
    known = resolve.resolve(order, desk.venue, desk.journal, desk.clock, held(desk), patience)
    if may_cancel and known.state in (OrderState.NEW, OrderState.PARTIALLY_FILLED):
        send.cancel(check_cancel(known.symbol, known.client_id), desk.venue)
        known = resolve.resolve(known, desk.venue, desk.journal, desk.clock, held(desk), patience)
    return known


def held(desk: Desk) -> resolve.Held:
    """Reads the signed quantity of a symbol from the venue."""
    return lambda symbol: position_of(symbol, desk.venue.account())


def position_of(symbol: Symbol, account: Account) -> Decimal:
    """Signed quantity of a symbol in an account, base asset."""
    return sum((p.quantity for p in account.positions if p.symbol == symbol), Decimal(0))


def _close_decisions(desk: Desk) -> None:
    """Give decisions whose run died their end, as soon as all their orders have one.

    One of which nothing left may be taken again while its bar is the newest, by whoever made it.
    """
    now_ms = desk.market.now_ms()
    for decision in desk.journal.decisions.unfinished():
        orders = desk.journal.orders_of(decision)
        if any(not order.state.is_final for order in orders):
            continue
        if any(order.state is not OrderState.NOT_SENT for order in orders):
            _credit(decision, orders, desk)
            desk.journal.decisions.finish(decision, DecisionStatus.RECONCILED)
        elif decision.key.bar_ms == Timeframe.parse(decision.key.timeframe).last_closed(now_ms):
            desk.journal.decisions.finish(decision, DecisionStatus.AGAIN)
        else:
            desk.journal.decisions.finish(decision, DecisionStatus.RECONCILED)


def _credit(decision: Decision, orders: Sequence[JournalOrder], desk: Desk) -> None:
    """Targets whose orders all filled are met, although the run that sent them died."""
    known = [s for key, s in desk.journal.decisions.signals() if key == decision.key]
    ended = []
    for signal in known:
        own = [order.state for order in orders if order.symbol == signal.symbol]
        legs = 2 if signal.position * signal.target < 0 else 1
        met = own.count(OrderState.FILLED) == len(own) == legs
        ended.append(replace(signal, reached=signal.reached or met))
    desk.journal.decisions.record_signals(decision, ended)


def _follow(
    order: JournalOrder, resting: Collection[str], desk: Desk, unclear: Patience = ONE_LOOK
) -> list[str]:
    """What became of an order that may rest until something, or somebody, takes it away."""
    if order.client_id in resting and order.state is OrderState.NEW:
        return []
    aged = desk.clock.now_ms() - order.created_ms >= _PROOF.proof_ms
    patience = (_PROOF if aged else unclear) if order.state.is_unclear else ONE_LOOK
    known = resolve.resolve(order, desk.venue, desk.journal, desk.clock, held(desk), patience)
    if not known.filled or known.filled == order.filled:
        return []
    if order.leg in BY_HAND:
        return [f"{order.symbol}: {known.filled:f} of order {order.client_id} by hand filled"]
    return [f"{order.symbol}: the {order.leg.replace('_', ' ')} closed {known.filled:f}"]


def _foreign_orders(symbol: Symbol, resting: Sequence[Order], desk: Desk) -> list[str]:
    return [
        f"{symbol}: order {order.client_id or order.venue_id} rests at the venue and is not ours"
        for order in resting
        if not desk.journal.has_order(order.client_id)
    ]


def _foreign_leverage(symbol: Symbol, desk: Desk, terms: Terms, account: Account) -> list[str]:
    """Leverage that somebody changed; it is set anew before the next order."""
    if not symbol.is_contract:
        return []
    position = next((p for p in account.positions if p.symbol == symbol), None)
    note = f"leverage:{symbol}"
    ours = desk.journal.books.note(note)
    if position is None or ours != str(terms.leverage):
        return []
    if position.leverage == terms.leverage:
        return []
    desk.journal.books.set_note(note, "")
    return [f"{symbol}: leverage is {position.leverage:f}, it was set to {ours}"]


def check_books(symbol: Symbol, desk: Desk, account: Account) -> list[str]:
    """Read new fills and compare what the books and the venue say is held; the venue is right."""
    books = desk.journal.books
    at_venue = position_of(symbol, account)
    if books.opening(symbol) is None:
        books.open(symbol, account.ts, at_venue)
        _value(symbol, account, desk)
        return [f"{symbol}: {foreign.OPENED}, {at_venue:f} held before"] if at_venue else []
    notes = []
    strange = resolve.collect_fills(symbol, desk.venue, desk.journal, desk.clock)
    if strange:
        notes.append(f"{symbol}: {strange} fills of orders that are not ours")
    by_books = books.position(symbol)
    if abs(by_books - at_venue) >= desk.market.instruments()[symbol].lot:
        notes.append(f"{symbol}: the books say {by_books:f}, the venue {at_venue:f}; taking that")
        books.adopt(symbol, at_venue)
        _value(symbol, account, desk)
    return notes


def _value(symbol: Symbol, account: Account, desk: Desk) -> None:
    """Remember what was worth what when it was taken over: its profit is counted from there."""
    position = next((p for p in account.positions if p.symbol == symbol), None)
    if position is not None:
        desk.journal.books.set_note(f"{OPENING_PRICE}{symbol}", str(position.mark_price))
