"""Smart routing: one parent over the books of several venues, at the least cost after fees.

Taking quantity ``q`` from the level ``i`` of a venue ``v`` costs ``q × p_i × (1 + fee_v)`` when
buying and brings ``q × p_i × (1 − fee_v)`` when selling. Over all levels that is a linear programme
with one equation, ``Σ q = Q``, and a bound per variable. Taking levels in the order of their price
after fees solves it: were a dearer level used while a cheaper one has room, moving quantity from
the first to the second would keep the sum of quantities and lower the cost.
Within a venue that order is the book's own, so the venue can really be asked for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from xq.errors import UsageError
from xq.execution.algos.sizes import floor_lot
from xq.execution.slippage_prediction import walk
from xq.types import Book, Instrument, Side

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Quote:
    """A venue's book and what it asks for taking from it; the fee is the instrument's ``taker``."""

    venue: str
    book: Book
    instrument: Instrument


@dataclass(frozen=True, slots=True)
class Share:
    """What one venue gets.

    Attributes
    ----------
    quantity
        Base asset, whole lots of the venue.
    worst
        Price of the last level it reaches: the limit price to send.
    notional, fee
        Quote asset.
    """

    venue: str
    quantity: Decimal
    worst: Decimal
    notional: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True)
class Route:
    """A parent's shares; ``unrouted`` is what no book holds or no lot fits."""

    shares: tuple[Share, ...]
    unrouted: Decimal

    def cost(self, side: Side) -> Decimal:
        """What buying takes, or selling brings with a minus, fees included; quote asset."""
        return sum((side.sign * share.notional + share.fee for share in self.shares), ZERO)


@dataclass(frozen=True, slots=True)
class _Level:
    """A level of some venue, at its price after fees."""

    after_fees: Decimal
    venue: int
    price: Decimal
    quantity: Decimal


def route(side: Side, quantity: Decimal, quotes: Sequence[Quote]) -> Route:
    """Split a parent over venues.

    Equal to the linear programme's solution wherever that fits the venues' lots and smallest
    orders. Where lots differ, what does not fit one venue's lot goes to the next best that takes
    it; a venue whose share stays below its smallest order is left out and the rest split anew.

    Parameters
    ----------
    quantity
        Base asset.
    quotes
        One per venue, of the same base and quote asset.

    Raises
    ------
    UsageError
        If a venue is named twice or the quantity is not positive.

    Examples
    --------
    The second venue is dearer by price, cheaper after fees:

    >>> from xq.types import Symbol
    >>> def quote(name, ask, taker):
    ...     rules = Instrument(Symbol("A", "B"), *map(Decimal, ["1", "1", "1", "0", "0", taker]))
    ...     return Quote(name, Book(rules.symbol, (), ((Decimal(ask), Decimal(5)),), 0), rules)
    >>> found = route(Side.BUY, Decimal(7), [quote("a", 1000, "0.001"), quote("b", 1001, "0")])
    >>> [(share.venue, int(share.quantity)) for share in found.shares], found.unrouted
    ([('a', 5), ('b', 2)], Decimal('0'))
    """
    if quantity <= 0 or len({quote.venue for quote in quotes}) < len(quotes):
        raise UsageError("routing needs a positive quantity and each venue once")
    left_out: set[int] = set()
    while True:
        levels = [level for level in _levels(side, quotes) if level.venue not in left_out]
        amounts, unrouted = _taken(levels, quantity, quotes)
        shares = {venue: _share(side, quotes[venue], amount) for venue, amount in amounts.items()}
        small = {venue for venue, share in shares.items() if _is_small(quotes[venue], share)}
        if not small:
            return Route(tuple(shares[venue] for venue in sorted(shares)), unrouted)
        left_out.add(max(small, key=lambda venue: _dearest(levels, venue)))


def _levels(side: Side, quotes: Sequence[Quote]) -> list[_Level]:
    """Every level, best after fees first; a venue's own in their order, in whole lots so far."""
    levels = []
    for number, quote in enumerate(quotes):
        fee = 1 + side.sign * quote.instrument.taker
        reached = usable = ZERO
        for price, size in quote.book.asks if side is Side.BUY else quote.book.bids:
            reached += size
            whole = floor_lot(reached, quote.instrument.lot)
            if whole > usable:
                levels.append(_Level(price * fee, number, price, whole - usable))
                usable = whole
    return sorted(levels, key=lambda level: (side.sign * level.after_fees, level.venue))


def _taken(
    levels: Sequence[_Level], quantity: Decimal, quotes: Sequence[Quote]
) -> tuple[dict[int, Decimal], Decimal]:
    """Quantity by venue, and what is left over, by the greedy rule."""
    amounts: dict[int, Decimal] = {}
    for level in levels:
        part = floor_lot(min(level.quantity, quantity), quotes[level.venue].instrument.lot)
        if part > 0:
            amounts[level.venue] = amounts.get(level.venue, ZERO) + part
            quantity -= part
    return amounts, quantity


def _share(side: Side, quote: Quote, amount: Decimal) -> Share:
    walked = walk(side, amount, quote.book)
    fee = walked.notional * quote.instrument.taker
    return Share(quote.venue, amount, walked.worst, walked.notional, fee)


def _is_small(quote: Quote, share: Share) -> bool:
    rules = quote.instrument
    return share.quantity < rules.min_quantity or share.notional < rules.min_notional


def _dearest(levels: Sequence[_Level], venue: int) -> int:
    """Place of a venue's first level: of several that are too small the last one goes first."""
    return next(place for place, level in enumerate(levels) if level.venue == venue)
