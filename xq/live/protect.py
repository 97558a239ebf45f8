"""Exits at the venue: while something is held, its stops rest there; the new before the old."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal

from xq.errors import OrderRefused, TradingHalted, XqError
from xq.execution import send
from xq.execution.ledger_records import Event, Severity
from xq.execution.orders import OrderState
from xq.execution.records import JournalOrder
from xq.execution.resolve import ONE_LOOK, resolve
from xq.live.desk import Desk, Terms
from xq.live.exits import Wanted, entered_ms, wanted
from xq.live.legs import FIRED, PROTECTIVE, STOP, UNPROTECTED
from xq.live.reconcile import held
from xq.live.reducing import close_out, is_working, place
from xq.risk.gate import check_cancel
from xq.strategy.base import Exits
from xq.types import Account, Position, Side, Symbol

_EXITS, _NOTHING = "exits", "null"
_MOST_UNCLEAR = 3
_DEPTH = 5  # the least that Binance gives of a contract's book


@dataclass(frozen=True, slots=True)
class Protected:
    """What was done about exits, and what went wrong."""

    notes: tuple[str, ...] = ()
    problems: tuple[XqError, ...] = ()
    acted: bool = False


_DONE = Protected()


def promised(desk: Desk) -> Exits | None:
    """The exits of what is traded, as the last decision declared them."""
    told = desk.journal.books.note(_EXITS)
    return None if told in (None, _NOTHING) else Exits(**json.loads(told))


def promise(exits: Exits | None, desk: Desk) -> None:
    """Remember the exits of what is about to be traded: a restart must know them at once."""
    text = _NOTHING if exits is None else json.dumps(asdict(exits))
    if (desk.journal.books.note(_EXITS) or _NOTHING) != text:
        desk.journal.books.set_note(_EXITS, text)


def protect(desk: Desk, terms: Terms, account: Account, *, restoring: bool) -> Protected:
    """Make what rests at the venue what the positions need.

    A new order is accepted before the one it replaces is canceled. A position whose stop the venue
    refuses, with none resting or with the price beyond it, is closed at market.

    Parameters
    ----------
    restoring
        Whether this comes before any decision: then what is missing was lost, not just entered.

    Raises
    ------
    VenueError
        If the venue cannot be asked.
    """
    if not terms.contracts:
        return _DONE
    exits = promised(desk)
    all_own = [o for o in desk.journal.unsettled_orders() if o.leg in PROTECTIVE]
    if exits is None and not all_own:
        return _DONE
    done = _DONE
    for symbol in terms.symbols:
        own = [order for order in all_own if order.symbol == symbol]
        position = next((p for p in account.positions if p.symbol == symbol), None)
        if own or (exits is not None and position is not None):
            one = _Guard(desk, terms, symbol, position, own, restoring).sync(exits)
            done = Protected(
                done.notes + one.notes, done.problems + one.problems, done.acted or one.acted
            )
    return done


@dataclass(frozen=True, slots=True)
class _Guard:
    desk: Desk
    terms: Terms
    symbol: Symbol
    position: Position | None
    own: Sequence[JournalOrder]
    restoring: bool

    def sync(self, exits: Exits | None) -> Protected:
        position = self.position
        if exits is None or position is None:
            self._cancel_all_but(set(), set())
            return Protected()
        instrument = self.desk.market.instruments()[self.symbol]
        best = best_price(self.symbol, position.quantity, self.desk, self.terms)
        needed = wanted(position, exits, best, instrument)
        kept: set[str] = set()
        missed: set[str] = set()
        notes: list[str] = []
        problems: list[XqError] = []
        for want in needed:
            found = self._found(want)
            if found is None:
                order, said = self._place(want, position)
                notes += said
                found = order if order is not None and _stands(order) else None
                if found is None:
                    missed.add(want.leg)
                    problems.append(_unplaced(want, order))
            if found is not None:
                kept.add(found.client_id)
        if missed and self._is_refused(missed):
            if any(want.leg in missed and self._is_passed(want) for want in needed):
                problems = self._leave(position, "the price has passed an exit of")
                kept, missed = (kept, missed) if problems else (set(), set())
            elif not any(is_working(order) for order in self.own):
                problems += self._leave(position, "no stop rests for")
        self._cancel_all_but(kept, missed)
        return Protected(tuple(notes), tuple(problems), bool(notes))

    def _cancel_all_but(self, kept: Collection[str], missed: Collection[str]) -> None:
        """Cancel what is not wanted any more; of a leg that could not be placed the old stays."""
        for order in self.own:
            if order.client_id not in kept and order.leg not in missed and is_working(order):
                send.cancel(check_cancel(order.symbol, order.client_id), self.desk.venue)
                self._ask(order)

    def _ask(self, order: JournalOrder) -> None:
        """What became of an order is asked, not believed; a venue that is away is asked later."""
        desk = self.desk
        resolve(order, desk.venue, desk.journal, desk.clock, held(desk), ONE_LOOK)

    def _found(self, want: Wanted) -> JournalOrder | None:
        same = (order for order in self.own if is_working(order) and want.is_met_by(order))
        return next(same, None)

    def _place(self, want: Wanted, position: Position) -> tuple[JournalOrder | None, list[str]]:
        unclear = [o for o in self.own if o.leg == want.leg and o.state.is_unclear]
        if len(unclear) >= _MOST_UNCLEAR:
            return unclear[-1], []
        price, quantity = want.request.stop_price or position.mark_price, position.quantity
        try:
            order = place(want.request, want.leg, quantity, price, self.desk, self.terms)
        except OrderRefused:
            return None, []
        naked = not any(is_working(o) and o.leg == want.leg for o in self.own)
        if naked and _stands(order):
            self._record(want, order, position)
        at = f"{want.leg.replace('_', ' ')} of {want.request.quantity} at {price}"
        return order, [f"{self.symbol}: {at} rests at the venue"] if _stands(order) else []

    def _record(self, want: Wanted, order: JournalOrder, position: Position) -> None:
        """How long what is held stood without this exit, by the venue's clock."""
        fills = self.desk.journal.books.fills(symbol=self.symbol)
        side = 1 if position.quantity > 0 else -1
        last = next((f.ts for f in reversed(fills) if f.side.sign == side), None)
        now_ms = self.desk.market.now_ms()
        naked_ms = None if last is None else max(now_ms - last, 0)
        facts = {
            "symbol": str(self.symbol), "leg": want.leg, "client_id": order.client_id,
            "naked_ms": naked_ms, "restored": self.restoring,
        }  # fmt: skip
        text = f"{self.symbol}: {want.leg} {'restored' if self.restoring else 'placed'}"
        severity = Severity.WARNING if self.restoring else Severity.INFO
        self.desk.journal.events.append(
            Event(now_ms, "protected", severity, text, json.dumps(facts))
        )

    def _is_refused(self, missed: set[str]) -> bool:
        """Whether the venue said no, definitely, to the newest order of a missing leg."""
        orders = self.desk.journal.orders(symbol=self.symbol)
        newest = {order.leg: order for order in orders}
        return any(newest[leg].state is OrderState.REJECTED for leg in missed if leg in newest)

    def _is_passed(self, want: Wanted) -> bool:
        """Whether the book stands beyond a level: what would rest there has been triggered."""
        selling, level = want.request.side is Side.SELL, want.request.stop_price
        book = self.desk.market.book(self.symbol, _DEPTH)
        levels = book.bids if selling else book.asks
        if not levels or level is None:
            return False
        falls = selling == (want.leg == STOP)
        return levels[0][0] <= level if falls else levels[0][0] >= level

    def _leave(self, position: Position, why: str) -> list[XqError]:
        quantity, price = position.quantity, position.mark_price
        order = close_out(self.symbol, quantity, price, UNPROTECTED, self.desk, self.terms)
        text = f"{self.symbol}: {why} {quantity:f}; closed at market"
        now_ms = self.desk.market.now_ms()
        self.desk.journal.events.append(Event(now_ms, "unprotected", Severity.ALARM, text))
        if order is not None and order.state is OrderState.FILLED:
            return []
        return [
            TradingHalted(f"{held:f} {self.symbol} is held without a stop", hint="xq positions")
        ]


def _stands(order: JournalOrder) -> bool:
    """Whether an order rests, or has already done what it was for."""
    return is_working(order) or order.state is OrderState.FILLED


def _unplaced(want: Wanted, order: JournalOrder | None) -> XqError:
    state = "is refused by the gate" if order is None else f"is {order.state}: {order.reason}"
    return TradingHalted(
        f"the {want.leg.replace('_', ' ')} of {want.request.symbol} {state}",
        hint="xq trade --once",
    )


def best_price(symbol: Symbol, quantity: Decimal, desk: Desk, terms: Terms) -> Decimal | None:
    """Best price of the bars that closed since the entry; None before the first."""
    books = desk.journal.books
    entry_ms = entered_ms(books.fills(symbol=symbol), quantity)
    if entry_ms is None:
        return None
    note, frame = f"best:{symbol}", terms.timeframe
    known = json.loads(books.note(note) or "{}")
    if known.get("entry_ms") != entry_ms:
        known = {"entry_ms": entry_ms, "from_ms": frame.floor(entry_ms), "best": None}
    last_ms = frame.last_closed(desk.market.now_ms())
    if known["from_ms"] > last_ms:
        return None if known["best"] is None else Decimal(known["best"])
    count = (last_ms - known["from_ms"]) // frame.ms + 1
    rows = desk.market.bars(symbol, frame, known["from_ms"], min(count, 500))
    column = 2 if quantity > 0 else 3
    prices = [Decimal(repr(float(row[column]))) for row in rows if int(row[0]) <= last_ms]
    prices += [] if known["best"] is None else [Decimal(known["best"])]
    if not prices:
        return None
    best = max(prices) if quantity > 0 else min(prices)
    newest = max((int(row[0]) for row in rows if int(row[0]) <= last_ms), default=last_ms)
    known |= {"best": str(best), "from_ms": newest + frame.ms}
    books.set_note(note, json.dumps(known))
    return best


def blocked(symbol: Symbol, desk: Desk) -> int:
    """The sign of the position that an exit closed, until the target is 0 or turns; else 0."""
    fired = _fired(symbol, desk)
    sign, _, seen = (desk.journal.books.note(f"exited:{symbol}") or "0 -").partition(" ")
    if fired is not None and fired.client_id != seen:
        return -fired.side.sign
    return int(sign)


def remember(symbol: Symbol, sign: int, desk: Desk) -> None:
    """Keep whether exits block a symbol: those known now are accounted for."""
    fired = _fired(symbol, desk)
    text = f"{sign} {'-' if fired is None else fired.client_id}"
    if (desk.journal.books.note(f"exited:{symbol}") or "0 -") != text:
        desk.journal.books.set_note(f"exited:{symbol}", text)


def _fired(symbol: Symbol, desk: Desk) -> JournalOrder | None:
    """The newest exit that closed something."""
    orders = desk.journal.orders(symbol=symbol)
    return next((o for o in reversed(orders) if o.leg in FIRED and o.filled), None)
