"""What of a position a person holds by hand, beside what strategies hold of it."""

from collections.abc import Iterable
from decimal import Decimal

from xq.execution.journal import Journal
from xq.execution.records import JournalOrder
from xq.live.desk import Desk
from xq.live.legs import FIRED, FLATTEN, HAND
from xq.types import Symbol

NOBODY = ""
"""The strategy of orders by hand, and of what is held by them."""
_ZERO = Decimal(0)
_CLOSING = (*FIRED, FLATTEN)


def expect(symbol: Symbol, journal: Journal) -> None:
    """Write down, before anything is sent, that a symbol may be held by hand from now on."""
    if journal.books.note(_note(symbol)) is None:
        journal.books.set_note(_note(symbol), "yes")


def is_expected(symbol: Symbol, desk: Desk) -> bool:
    """Whether a person ever asked for an order of the symbol."""
    return desk.journal.books.note(_note(symbol)) is not None


def aside(symbol: Symbol, desk: Desk) -> Decimal:
    """Signed quantity held by hand: strategies neither count nor touch it."""
    return quantity_by_hand(symbol, desk.journal)


def quantity_by_hand(symbol: Symbol, journal: Journal) -> Decimal:
    """What `aside` is, by the journal alone."""
    books = journal.books
    if books.note(_note(symbol)) is None:
        return _ZERO
    opening = books.opening(symbol)
    legs = {order.client_id: _leg(order) for order in journal.orders(symbol=symbol)}
    changes = []
    for fill in books.fills(symbol=symbol):
        change = fill.side.sign * fill.quantity
        if fill.fee_asset == symbol.base and not symbol.is_contract:
            change -= fill.fee
        changes.append((change, legs.get(fill.client_id or "")))
    return held_by_hand(opening[1] if opening else _ZERO, changes)


def held_by_hand(opening: Decimal, changes: Iterable[tuple[Decimal, str | None]]) -> Decimal:
    """What is left of what was bought or sold short by hand.

    An order by hand that reduces takes from what is held by hand first, then from what strategies
    hold; only what goes beyond is a position by hand of its own. Exits, kill switches and
    ``xq close`` close it with the rest.

    Parameters
    ----------
    opening
        Held before the first change; it is nobody's by hand.
    changes
        Signed quantity of each fill, and the leg of its order (None for a stranger's).

    Examples
    --------
    >>> d = Decimal
    >>> held_by_hand(d(0), [(d(1), "open"), (d("0.5"), "hand"), (d(-1), "close")])
    Decimal('0.5')
    >>> held_by_hand(d(1), [(d("-0.4"), "hand")])
    Decimal('0')
    >>> held_by_hand(d(0), [(d(2), "hand"), (d(-2), "stop")])
    Decimal('0')
    """
    total, hand = opening, _ZERO
    for change, leg in changes:
        if leg == HAND:
            hand = _moved(total - hand, hand, change)
        total += change
        if leg in _CLOSING:
            hand = _within(hand, total)
    return hand


def _leg(order: JournalOrder) -> str:
    """What a fill of an order means here: whatever nobody's strategy asked for is by hand."""
    asked = order.decision_id is None and order.strategy == NOBODY
    return HAND if asked and order.leg not in _CLOSING else order.leg


def _moved(own: Decimal, hand: Decimal, change: Decimal) -> Decimal:
    rest = change
    if hand * change < 0:
        met = min(abs(change), abs(hand))
        hand += met.copy_sign(change)
        rest -= met.copy_sign(change)
    if not hand and own * rest < 0:
        rest = max(abs(rest) - abs(own), _ZERO).copy_sign(rest)
    return hand + rest


def _within(hand: Decimal, total: Decimal) -> Decimal:
    """What can be left by hand of so much in all."""
    return min(abs(hand), abs(total)).copy_sign(total) if hand * total > 0 else _ZERO


def _note(symbol: Symbol) -> str:
    return f"by_hand:{symbol}"
