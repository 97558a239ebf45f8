"""What is wrong between a journal and the ledger of the venue, when all has settled."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from support.torture_scenarios import Scenario
from support.torture_trader import ACCOUNT, place_of

from xq.execution.algos.codec import read
from xq.execution.algos.progress import Progress
from xq.execution.journal import Journal, read_journal
from xq.execution.orders import OrderState
from xq.live.legs import HAND, PROTECTIVE
from xq.sim.accounts import MAIN
from xq.sim.instruments import Face
from xq.sim.ledger import FILE_NAME, Ledger
from xq.sim.records import Account
from xq.types import Symbol

_NEVER_THERE = (OrderState.NOT_SENT, OrderState.LOST, OrderState.REJECTED)
_MOVING = ("trade", "close")  # whether an order is lost then shows ten minutes later only
_FINE = Decimal("0.00000001")


class Books:
    """The ledger's side: what the venue booked of the account."""

    def __init__(self, desk: Path) -> None:
        path = desk / FILE_NAME
        with Ledger(path) as ledger:
            self.state = ledger.load()
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            self.sent = connection.execute(
                "SELECT client_id, filled, status FROM orders WHERE algo_id = 0 AND owner = ?"
                " UNION ALL SELECT a.client_id, coalesce(o.filled, '0'), a.status FROM algos a"
                " LEFT JOIN orders o ON o.algo_id = a.id WHERE a.owner = ?", (MAIN, MAIN)
            ).fetchall()  # fmt: skip
            self.fills = connection.execute(
                "SELECT face, symbol, side, price, quantity FROM fills WHERE owner = ?", (MAIN,)
            ).fetchall()
        finally:
            connection.close()

    def resting(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Quantity and price, or trigger, of everything that waits, by client id."""
        plain = self.state.open_orders.values()
        found = {o.client_id: (o.quantity, o.price) for o in plain if o.owner == MAIN}
        algos = self.state.algos.values()
        return found | {
            a.client_id: (a.quantity, a.trigger_price) for a in algos if a.owner == MAIN
        }

    def position(self, symbol: Symbol) -> Decimal:
        """What is held."""
        if symbol.is_contract:
            return self.state.position(MAIN, f"{symbol.base}{symbol.quote}").quantity
        accounts = (Account.FREE, Account.HELD)
        return sum(
            (self.state.balance(MAIN, Face.SPOT, account, symbol.base) for account in accounts),
            Decimal(0),
        )


def judged(scenario: Scenario, desk: Path, journal: str, *, final: bool) -> list[str]:
    """Everything that is wrong; with ``final`` also where the story should have ended."""
    books = Books(desk)
    with read_journal(place_of(journal), ACCOUNT) as kept:
        wrong = [
            *_doubles(kept, books),
            *_orphans(kept, books),
            *_resting(kept, books, scenario, final),
            *_parents(kept),
            *_fills(kept, books, scenario),
            *_positions(kept, books, scenario),
            *_naked(kept, books, scenario),
        ]
        if final:
            wrong += _ending(books, scenario)
            wrong += [f"audit: {found}" for found in kept.chain.verify().findings]
    return wrong


def _doubles(kept: Journal, books: Books) -> Iterator[str]:
    """One client id is one order; one leg of one decision is one order that adds."""
    for client_id, count in Counter(row[0] for row in books.sent).items():
        if count > 1:
            yield f"duplicate: {client_id} is {count} orders at the venue"
    booked = {row[0] for row in books.sent}
    legs = Counter(
        (order.decision_id, order.parent_id, order.symbol, order.leg)
        for order in kept.orders()
        if (order.decision_id, order.parent_id) != (None, None) and order.client_id in booked
    )
    for leg, count in legs.items():
        if count > 1:
            yield f"duplicate: {count} orders for {leg}"


def _orphans(kept: Journal, books: Books) -> Iterator[str]:
    """Nothing at the venue that the journal does not know, or knows otherwise."""
    orders = {order.client_id: order for order in kept.orders()}
    for client_id, filled, status in books.sent:
        if not client_id.startswith("xq-"):
            continue
        order = orders.get(client_id)
        if order is None:
            yield f"orphan: the journal does not know {client_id}"
        elif order.filled != Decimal(filled):
            yield f"{client_id}: {order.filled} filled by the journal, {filled} by the venue"
        elif order.state in _NEVER_THERE and status not in ("rejected", "expired"):
            yield f"{client_id} is {order.state} in the journal, {status} at the venue"


def _resting(kept: Journal, books: Books, scenario: Scenario, final: bool) -> Iterator[str]:
    """What rests has a reason to, and is what the journal says."""
    orders, resting = {order.client_id: order for order in kept.orders()}, books.resting()
    worked = {parent.parent_id for parent in kept.parents.unfinished()}
    for client_id, terms in resting.items():
        order = orders.get(client_id)
        if order is None or not (order.leg in (*PROTECTIVE, HAND) or order.parent_id in worked):
            yield f"orphan: {client_id} rests"
        elif order.leg in PROTECTIVE and books.position(order.symbol) == 0:
            yield f"orphan: {client_id} rests for nothing"
        elif order.state is not OrderState.NEW:
            yield f"{client_id} rests, the journal says {order.state}"
        elif terms != (ours := (order.quantity, order.stop_price or order.price)):
            yield f"{client_id}: {ours} by the journal, {terms} by the venue"
    patient = not final and any(event.kind in _MOVING for event in scenario.down)
    for order in kept.unsettled_orders():
        if order.client_id not in resting and not (patient and order.state.is_unclear):
            yield f"{order.client_id} is {order.state}, but does not rest"
    count = sum(name in orders and orders[name].leg == HAND for name in resting)
    least, most = scenario.by_hand
    if not least <= count <= most:
        yield f"{count} orders by hand rest, wanted {least} to {most}"


def _parents(kept: Journal) -> Iterator[str]:
    """Children fill no more than their parent asks, and it knows of all that they filled."""
    for parent in kept.parents.all():
        done = sum((o.filled for o in kept.children_of(parent.parent_id)), Decimal(0))
        known = read(Progress, parent.progress).filled
        if not done == known <= parent.quantity:
            yield f"children filled {done}, {parent.parent_id} knows of {known}"


def _fills(kept: Journal, books: Books, scenario: Scenario) -> Iterator[str]:
    for symbol in scenario.symbols:
        face = Face.FUTURES if symbol.is_contract else Face.SPOT
        name = f"{symbol.base}{symbol.quote}"
        at_venue = Counter(
            (side, Decimal(price), Decimal(quantity))
            for of, where, side, price, quantity in books.fills
            if (of, where) == (face.value, name)
        )
        known = Counter(
            (fill.side.value, fill.price, fill.quantity) for fill in kept.books.fills(symbol=symbol)
        )
        done = Counter[str | None]()
        for fill in kept.books.fills(symbol=symbol):
            done[fill.client_id] += fill.quantity  # type: ignore[assignment]
        for order in kept.orders(symbol=symbol):
            if done[order.client_id] != order.filled:
                yield f"{order.client_id} filled {order.filled}, its fills {done[order.client_id]}"
        if at_venue != known:
            yield f"fills of {symbol}: {at_venue - known} missing, {known - at_venue} invented"


def _positions(kept: Journal, books: Books, scenario: Scenario) -> Iterator[str]:
    for symbol in scenario.symbols:
        ours, theirs = kept.books.position(symbol), books.position(symbol)
        if abs(ours - theirs) > _FINE:
            yield f"{symbol}: {ours} by the journal, {theirs} by the venue"
        parts = kept.shares.held(symbol)
        if parts and sum(parts.values(), Decimal(0)) != ours:
            yield f"{symbol}: sub-ledgers hold {parts}, all together {ours}"


def _naked(kept: Journal, books: Books, scenario: Scenario) -> Iterator[str]:
    """Every leg that was declared rests once, for all that is held."""
    exits = scenario.killed.exits
    if exits is None:
        return
    declared = [
        leg
        for leg, level in zip(
            PROTECTIVE,
            (exits.stop_loss or exits.trailing_stop, exits.take_profit),
            strict=True,
        )
        if level is not None
    ]
    resting = set(books.resting())
    for symbol in scenario.symbols:
        held = abs(books.position(symbol))
        for leg in declared if held else ():
            found = [
                order.quantity
                for order in kept.orders(symbol=symbol)
                if order.leg == leg and order.client_id in resting
            ]
            if found != [held]:
                yield f"naked: {held} {symbol} is held, {leg} rests for {list(map(str, found))}"


def _ending(books: Books, scenario: Scenario) -> Sequence[str]:
    signs = {
        symbol: (held > 0) - (held < 0)
        for symbol in scenario.final
        if (held := books.position(symbol)) is not None
    }
    for symbol in signs:  # crumbs of coins that no order may sell
        if not symbol.is_contract and books.position(symbol) < Decimal("0.001"):
            signs[symbol] = 0
    wanted = dict(scenario.final)
    return [] if signs == wanted else [f"it ended with {signs}, wanted {wanted}"]
