"""Finding out what became of an order by asking the venue, for as long as it takes to be sure."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from xq.errors import VenueError
from xq.execution.journal import Journal
from xq.execution.orders import OrderState
from xq.execution.records import JournalOrder
from xq.ports import Clock, Venue
from xq.types import Order, Symbol

Held = Callable[[Symbol], Decimal]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to ask, and what proves that an order never arrived.

    Attributes
    ----------
    waits
        Seconds between questions; the last one repeats.
    total
        Seconds after which the order stays unknown.
    proof_ms
        Age after which a signed request can no longer be accepted: the venue's receive window
        of 5 s, with a wide margin.
    misses
        How many times the venue must say "no such order".
    settling
        Seconds given to an accepted market order to finish.
    """

    waits: tuple[float, ...] = (0.1, 0.2, 0.5, 1.0, 2.0)
    total: float = 30.0
    proof_ms: int = 15_000
    misses: int = 3
    settling: float = 3.0


ONE_LOOK = Patience(waits=(0.0,), total=0.0, settling=0.0)
"""Ask once, wait for nothing."""

_JITTER_MS = 1_000  # between the clocks of a venue's own machines
_MANUAL_TRADE_MS = 600_000  # after this, a changed position no longer speaks for a lost order


def resolve(
    order: JournalOrder,
    venue: Venue,
    journal: Journal,
    clock: Clock,
    held: Held,
    patience: Patience,
) -> JournalOrder:
    """Ask for an order by client id until it is final, proven lost, or patience ends.

    An order found is taken over from the venue. One not found counts as lost only after several
    answers, at an age at which it can no longer arrive, and with the position unchanged. A venue
    that cannot be asked leaves the order as it is. Nothing is ever sent again.

    Parameters
    ----------
    held
        Reads the signed quantity held now; raises `VenueError`.
    """
    started = clock.monotonic()
    misses = 0
    for attempt in range(1_000_000):
        seen, answered = _ask(order, venue)
        if seen is not None:
            order = journal.observe(order.client_id, seen, clock.now_ms())
        elif answered:
            misses += 1
        if order.state.is_final:
            return order
        if misses >= patience.misses and _is_lost(order, clock, held, patience):
            reason = f"the venue said {misses} times that it does not exist"
            return journal.move(order.client_id, OrderState.LOST, clock.now_ms(), reason=reason)
        budget = patience.total if order.state.is_unclear else patience.settling
        wait = patience.waits[min(attempt, len(patience.waits) - 1)]
        if clock.monotonic() - started + wait > budget or budget == 0:
            break
        clock.sleep(wait)
    return order


def _ask(order: JournalOrder, venue: Venue) -> tuple[Order | None, bool]:
    try:
        seen = venue.order_by_client_id(order.symbol, order.client_id)
    except VenueError:
        return None, False
    if seen is not None and _is_of_before(seen, order):
        return None, False
    return seen, True


def _is_of_before(seen: Order, order: JournalOrder) -> bool:
    """Whether the venue knows the name from an order older than ours: it says nothing about ours.

    Names are unique among open orders only, and a journal that was moved away gives them again.
    """
    older = 0 < seen.ts < order.venue_ms - _JITTER_MS
    return older or seen.side is not order.side


def _is_lost(order: JournalOrder, clock: Clock, held: Held, patience: Patience) -> bool:
    age = clock.now_ms() - order.created_ms
    if not order.state.is_unclear or age < patience.proof_ms:
        return False
    try:
        unchanged = held(order.symbol) == order.position_before
    except VenueError:
        return False
    return unchanged or age >= _MANUAL_TRADE_MS


def collect_fills(symbol: Symbol, venue: Venue, journal: Journal, clock: Clock) -> int:
    """Bring the venue's fills of a symbol into the books; how many were made by nobody we know.

    Raises
    ------
    VenueError
        If the venue cannot be asked.
    """
    since = journal.books.last_fill_ms(symbol)
    if since is None:
        opening = journal.books.opening(symbol)
        since = opening[0] if opening else 0
    fills = venue.fills(symbol, since)
    if not fills:
        return 0
    known = journal.books.owners(symbol, fills)
    if None not in [known.get(fill.fill_id) for fill in fills]:
        return 0
    numbers = {fill.order_id for fill in fills}
    owners = journal.owners(symbol, numbers)
    if numbers - owners.keys():
        _ask_again(symbol, venue, journal, clock)
        owners = journal.owners(symbol, numbers)
    new = [(fill, owners.get(fill.order_id)) for fill in fills if fill.fill_id not in known]
    journal.books.add_fills(new)
    return sum(client_id is None for _, client_id in new)


def _ask_again(symbol: Symbol, venue: Venue, journal: Journal, clock: Clock) -> None:
    """A fill of an unknown order may belong to one of ours: thought lost, or just triggered."""
    for order in journal.orders(symbol=symbol):
        hidden = order.venue_id is None and order.state is not OrderState.NOT_SENT
        if hidden or not order.state.is_final:
            seen, _ = _ask(order, venue)
            if seen is not None:
                journal.observe(order.client_id, seen, clock.now_ms())


def are_complete(order: JournalOrder, journal: Journal) -> bool:
    """Whether an order's fills add up to what the venue says was filled."""
    fills = journal.books.fills(client_id=order.client_id)
    return sum((fill.quantity for fill in fills), Decimal(0)) == order.filled
