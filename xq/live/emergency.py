"""The emergency stop at a venue: cancel, close, prove it by reading twice, and keep trying.

It shares nothing with the loop but the door for orders: a loop that hangs, a journal that is locked
and a disk that is full leave it working.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from xq.errors import OrderRefused, VenueError, XqError
from xq.execution import send
from xq.execution.journal import Journal
from xq.execution.orders import OrderState
from xq.execution.resolve import collect_fills
from xq.live.desk import Desk, Forecast, Terms
from xq.live.guard import may_add
from xq.live.plan import to_lot
from xq.live.reducing import place, way_out
from xq.live.stop_file import Demand
from xq.ports import Clock, MarketData, Venue
from xq.risk.case import cancel_problem
from xq.risk.gate import check_cancel
from xq.types import (
    Instrument,
    Order,
    OrderRequest,
    OrderType,
    Outcome,
    OutcomeKind,
    Position,
    Symbol,
)

CLEAN_READS = 2
THROTTLED = ("-1003", "-1015", "10006", "10018")
"""Codes by which venues say that they are asked too often."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done, or could not be.

    Attributes
    ----------
    act
        ``cancel``, ``close`` or ``trouble``.
    about
        The order or quantity concerned.
    outcome
        What the venue answered, or what went wrong.
    """

    act: str
    symbol: str
    about: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How a sweep ended.

    Attributes
    ----------
    done
        Whether two reads in a row found nothing left.
    kept
        Protective orders that were left to rest.
    left
        What is still there, if it is not done.
    """

    done: bool
    rounds: int
    steps: tuple[Step, ...] = ()
    kept: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Persistence:
    """How long to go on, and seconds between tries; the last wait repeats."""

    give_up_seconds: float = 900.0
    waits: tuple[float, ...] = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
    settling: float = 0.25


Tell = Callable[[Step], None]


class Records(Protocol):
    """Where orders are written down before they are sent."""

    def current(self) -> Journal:
        """The journal that takes the next order; never raises."""

    def give_way(self, error: XqError) -> None:
        """The current one refused: from now on the next one."""


@dataclass
class Sweep:
    """One stop at one venue.

    Parameters
    ----------
    closing
        Symbols whose balances are closed on spot, where coins are no positions; all on contracts.
    """

    market: MarketData
    venue: Venue
    clock: Clock
    records: Records
    terms: Terms
    demand: Demand
    tell: Tell
    closing: frozenset[Symbol] = frozenset()
    _steps: list[Step] = field(default_factory=list)
    _most: dict[Symbol, Decimal] = field(default_factory=dict)
    _gained: bool = False
    _kept: tuple[str, ...] = ()
    _left: tuple[str, ...] = ("nothing could be read",)

    def run(self, persistence: Persistence, is_over: Callable[[], bool] = lambda: False) -> Ended:
        """Go on until two reads in a row are clean, the time is up, or nobody wants it any more."""
        started, clean, tries, rounds = self.clock.monotonic(), 0, 0, 0
        while True:
            clean = clean + 1 if self.round() else 0
            rounds += 1
            if clean == CLEAN_READS:
                self._book()
                return Ended(True, rounds, tuple(self._steps), self._kept)
            tries = 0 if self._gained else tries + 1
            waits = persistence.waits
            wait = persistence.settling if clean else waits[min(tries, len(waits) - 1)]
            spent = self.clock.monotonic() - started
            if is_over() or spent + wait > persistence.give_up_seconds:
                return Ended(False, rounds, tuple(self._steps), self._kept, self._left)
            self.clock.sleep(wait)

    def _book(self) -> None:
        """Bring the fills of what was closed into the books; what fails is left to the next run."""
        closed = {Symbol.parse(step.symbol) for step in self._steps if step.act == "close"}
        for symbol in sorted(closed, key=str):
            journal = self.records.current()
            with suppress(XqError):
                if journal.books.opening(symbol) is not None:  # the account's own, not a file's
                    collect_fills(symbol, self.venue, journal, self.clock)

    def round(self) -> bool:
        """Read both books and the positions, and act on what is there; whether nothing was."""
        self._gained = False
        left = [*self._guarded("orders", self._cancel_all)]
        if self.demand.flatten:
            left += self._guarded("positions", self._close_all)
        self._left = tuple(left)
        return not self._left

    def _guarded(self, what: str, act: Callable[[], Sequence[str]]) -> Sequence[str]:
        """What one half leaves to do; the other half goes on whatever happens to it."""
        try:
            return act()
        except VenueError as error:
            self._note("trouble", "-", what, error.message)
            return (f"{what}: {error.message}",)

    def _cancel_all(self) -> Sequence[str]:
        resting = [o for o in self.venue.open_orders() if self.demand.covers(o.symbol)]
        doomed = [order for order in resting if self._must_go(order)]
        self._kept = tuple(map(_named, (order for order in resting if order not in doomed)))
        for order in doomed:
            if self._cancel(order):
                break
        return [f"{_named(order)} rests" for order in doomed]

    def _must_go(self, order: Order) -> bool:
        """Protective orders stay; on spot they go with what is closed, for they lock it."""
        closes = self.demand.flatten and not order.symbol.is_contract
        return may_add(order) or (closes and order.symbol in self.closing)

    def _cancel(self, order: Order) -> bool:
        """Cancel once; whether the venue wants to be left alone now."""
        problem = cancel_problem(order.client_id)
        if problem:
            self._note("trouble", order.symbol, _named(order), f"cancel it by hand: {problem}")
            return False
        answer = send.cancel(check_cancel(order.symbol, order.client_id), self.venue)
        self._note("cancel", order.symbol, _named(order), _said(answer))
        self._gained |= answer.kind is OutcomeKind.ACCEPTED
        return answer.code in THROTTLED

    def _close_all(self) -> Sequence[str]:
        known = self.market.instruments()
        held = [p for p in self.venue.account().positions if self._is_ours(p)]
        unknown = [p for p in held if p.symbol not in known]
        open_ = [p for p in held if p not in unknown and _can_be_closed(p, known[p.symbol])]
        for position in open_:
            self._close(position, known[position.symbol])
        # Protection is taken away only from what is not held any more.
        flat = self._remove_exits({position.symbol for position in held})
        return [f"{p.quantity:f} {p.symbol} is held" for p in (*open_, *unknown)] + flat

    def _is_ours(self, position: Position) -> bool:
        symbol = position.symbol
        ours = symbol.is_contract or symbol in self.closing
        return bool(position.quantity) and ours and self.demand.covers(symbol)

    def _close(self, position: Position, rules: Instrument) -> None:
        """Close at market, reduce-only; what the venue refuses whole is tried in halves."""
        symbol, held = position.symbol, position.quantity
        least = max(rules.min_quantity, rules.lot)
        quantity = to_lot(min(abs(held), self._most.get(symbol, abs(held))), rules.lot)
        draft = OrderRequest(symbol, way_out(held), OrderType.MARKET, quantity, "-")
        leg, about = f"emergency-{self.demand.at_ms}", f"{draft.side} {quantity:f}"
        try:
            with self._written_down() as desk:
                order = place(draft, leg, held, position.mark_price, desk, self.terms)
                outcome = f"{order.state}, {order.filled:f} filled {order.reason}".strip()
                self._note("close", symbol, about, outcome)
                self._gained |= bool(order.filled)
                if order.state is OrderState.REJECTED and order.code not in THROTTLED:
                    half = to_lot(quantity / 2, rules.lot)
                    self._most[symbol] = half if half >= least else abs(held)
        except OrderRefused as error:
            self._note("trouble", symbol, about, error.message)

    @contextmanager
    def _written_down(self) -> Iterator[Desk]:
        """A desk whose journal takes the intent; one that refuses gives way to the next."""
        journal = self.records.current()
        try:
            yield Desk(self.market, self.venue, journal, self.clock, _no_forecast)
        except (VenueError, OrderRefused):
            raise
        except XqError as error:
            self._note("trouble", "-", f"journal {journal.place}", error.message)
            self.records.give_way(error)

    def _remove_exits(self, held: set[Symbol]) -> list[str]:
        exits = [
            order
            for order in self.venue.open_orders()
            if order.reduce_only and order.symbol not in held and self.demand.covers(order.symbol)
        ]
        for order in exits:
            if self._cancel(order):
                break
        self._kept = ()
        return [f"{_named(order)} rests" for order in exits]

    def _note(self, act: str, symbol: Symbol | str, about: str, outcome: str) -> None:
        step = Step(act, str(symbol), about, outcome)
        if step.act == "trouble" and step in self._steps:
            return  # said once, however often it is tried
        self._steps.append(step)
        self.tell(step)


def _can_be_closed(position: Position, rules: Instrument) -> bool:
    """Whether it is more than dust that no order can take."""
    quantity = to_lot(abs(position.quantity), rules.lot)
    if quantity < max(rules.min_quantity, rules.lot):
        return False
    worth: Decimal = quantity * position.mark_price
    return position.symbol.is_contract or worth >= rules.min_notional


def _named(order: Order) -> str:
    at = order.stop_price if order.price is None else order.price
    price = "" if at is None else f" at {at.normalize():f}"
    name = order.client_id or order.venue_id
    return f"{order.type} {order.side} {order.quantity.normalize():f}{price} ({name})"


def _said(answer: Outcome) -> str:
    accepted = answer.kind is OutcomeKind.ACCEPTED
    return answer.kind.value if accepted else f"{answer.kind.value}: {answer.reason or 'unsaid'}"


def _no_forecast(_: int) -> Forecast:
    raise XqError("a stop decides nothing")
