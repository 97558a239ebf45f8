"""Care for what is held, at every tick and between them: switches, what they demand, exits."""

import json
from dataclasses import dataclass
from decimal import Decimal

from xq.errors import TradingHalted, XqError
from xq.execution import send
from xq.execution.ledger_records import Event, Severity
from xq.execution.orders import OrderState
from xq.live import facts, hand_stop, protect
from xq.live.desk import Desk, Terms
from xq.live.latches import JournalLatches
from xq.live.legs import FLATTEN
from xq.live.reconcile import check_books
from xq.live.reducing import close_out
from xq.risk.case import cancel_problem
from xq.risk.gate import check_cancel
from xq.risk.judge import judge
from xq.risk.latch import Latches
from xq.risk.readings import Readings
from xq.risk.switches import Action, Switch, Trip
from xq.risk.watch import Facts, readings
from xq.types import Account, Order, Side, Symbol

READINGS = "readings"


@dataclass(frozen=True, slots=True)
class Care:
    """What was found and done.

    Attributes
    ----------
    acted
        Whether an order was placed or canceled.
    """

    notes: tuple[str, ...] = ()
    problems: tuple[XqError, ...] = ()
    acted: bool = False


NO_CARE = Care()


def is_needed(desk: Desk, terms: Terms) -> bool:
    """Whether a bar that is decided already leaves something to look after."""
    if terms.rules:
        action = JournalLatches(desk.journal).load(desk.clock.now_ms()).action
        if action in (Action.CANCEL, Action.FLATTEN):
            return True
    if hand_stop.due(terms.symbols, desk):
        return True
    if protect.promised(desk) is None:
        return False
    books = desk.journal.books
    known = (s for s in terms.symbols if books.opening(s) is not None)
    return any(books.position(symbol) for symbol in known)


def care(desk: Desk, terms: Terms, *, dry_run: bool) -> Care:
    """Look at the switches, do what they demand, restore exits that are missing.

    Raises
    ------
    VenueError
        If the venue cannot be asked: then nothing is entered either.
    StorageFailed
        If the journal does not take or tell a latch.
    """
    account = desk.venue.account()
    found = look(desk, terms, account) if terms.rules else NO_CARE
    if dry_run:
        return found
    acted = _demands(desk, terms, account) if terms.rules else NO_CARE
    if acted.acted:
        account = desk.venue.account()
        for symbol in terms.symbols:
            check_books(symbol, desk, account)
    guarded = protect.protect(desk, terms, account, restoring=True)
    notes = found.notes + acted.notes + guarded.notes
    problems = found.problems + acted.problems + guarded.problems
    for symbol in hand_stop.due(terms.symbols, desk):
        kept = hand_stop.keep(symbol, desk, terms)
        notes, problems = notes + kept.notes, problems + kept.problems
    return Care(notes, problems, acted.acted or guarded.acted)


def look(desk: Desk, terms: Terms, account: Account) -> Care:
    """Measure, judge and latch the switches; which tripped just now."""
    known = facts.gather(desk, terms, account)
    now_ms = desk.market.now_ms()
    with desk.journal.together():
        told = _judge(known, desk, terms, now_ms)
    return Care(tuple(f"kill switch {t.switch.value} tripped: {t.reason}" for t in told))


def _judge(known: Facts, desk: Desk, terms: Terms, now_ms: int) -> list[Trip]:
    """Measure, judge and latch in one commit; what tripped just now."""
    kept = JournalLatches(desk.journal)
    kept.learn_time(now_ms - desk.clock.now_ms())
    latches = kept.load(now_ms)
    seen = readings(known, terms.rules, latches, now_ms)
    _keep_readings(seen, desk)
    changed = kept.store(latches.after(judge(seen, terms.rules, now_ms)), now_ms)
    told = [state.trip for state in changed if state.trip is not None]
    for trip in told:
        about = json.dumps({"switch": trip.switch.value, "action": trip.action.value})
        text = f"kill switch {trip.switch.value} tripped: {trip.reason}"
        desk.journal.events.append(Event(now_ms, "switch", Severity.ALARM, text, about))
    return told


def _keep_readings(seen: Readings, desk: Desk) -> None:
    """For `xq risk status`; once a minute, so that a long watch leaves a short chain."""
    told = {}
    for switch in Switch:
        reading = seen.of(switch)
        if reading is not None:
            value = None if reading.value is None else str(reading.value)
            told[switch.value] = [value, reading.as_of_ms, reading.problem]
    earlier = json.loads(desk.journal.books.note(READINGS) or "{}")
    now_ms = desk.clock.now_ms()
    if now_ms - earlier.get("at_ms", 0) >= 60_000 or now_ms < earlier.get("at_ms", 0):
        desk.journal.books.set_note(READINGS, json.dumps({"at_ms": now_ms, "of": told}))


def _demands(desk: Desk, terms: Terms, account: Account) -> Care:
    """What the gravest latch demands: cancels, then closes."""
    latches = JournalLatches(desk.journal).load(desk.clock.now_ms())
    if latches.action not in (Action.CANCEL, Action.FLATTEN):
        return Care()
    notes = _cancel_adding(desk, terms)
    problems: list[XqError] = []
    if latches.action is Action.FLATTEN:
        said, problems = _flatten(desk, terms, account, latches)
        notes += said
    return Care(tuple(notes), tuple(problems), bool(notes))


def _cancel_adding(desk: Desk, terms: Terms) -> list[str]:
    """Cancel whatever rests and may add exposure, whoever sent it; protective stops stay."""
    notes = []
    for symbol in terms.symbols:
        for order in desk.venue.open_orders(symbol):
            if not may_add(order):
                continue
            if cancel_problem(order.client_id):
                notes.append(f"{symbol}: order {order.venue_id} has no name to cancel it by")
                continue
            send.cancel(check_cancel(symbol, order.client_id), desk.venue)
            notes.append(f"{symbol}: order {order.client_id} canceled: a kill switch is tripped")
    return notes


def may_add(order: Order) -> bool:
    """Whether a resting order may add exposure; sales on spot cannot."""
    if order.symbol.is_contract:
        return not order.reduce_only
    return order.side is Side.BUY


def _flatten(
    desk: Desk, terms: Terms, account: Account, latches: Latches
) -> tuple[list[str], list[XqError]]:
    notes: list[str] = []
    problems: list[XqError] = []
    names = ", ".join(switch.value for switch in latches.tripped)
    for symbol, quantity, price in _held(account, terms):
        order = close_out(symbol, quantity, price, FLATTEN, desk, terms)
        if order is None:
            continue
        notes.append(f"{symbol}: {order.filled:f} of {quantity:f} closed: {names} demands it")
        if order.state is not OrderState.FILLED:
            text = f"{quantity:f} {symbol} is not closed: the order is {order.state}"
            problems.append(TradingHalted(text, hint="xq trade --once"))
    return notes, problems


def _held(account: Account, terms: Terms) -> list[tuple[Symbol, Decimal, Decimal]]:
    wanted = set(terms.symbols)
    return [
        (p.symbol, p.quantity, p.mark_price)
        for p in account.positions
        if p.symbol in wanted and p.quantity
    ]
