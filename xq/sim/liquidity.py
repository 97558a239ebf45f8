"""Outside liquidity as clients find it: what the feed displays, less what they took already.

Some levels are read at first and many only when an order needs them: a book is costly to make.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from xq.frozen import quick
from xq.sim.book import Book, value_of
from xq.sim.draft import Draft
from xq.sim.exact import ZERO
from xq.sim.feed import Feed
from xq.sim.instruments import Face
from xq.sim.matching import Level
from xq.sim.state import Eaten, State
from xq.types import Side

NEAR, FAR = 20, 1000

Sides = dict[Side, Sequence[Level]]


@quick
@dataclass(frozen=True, slots=True)
class Outside:
    """The feed's book of one market at one moment.

    Attributes
    ----------
    shown
        Levels by the side of their orders, best first, as displayed.
    whole
        Whether there is nothing behind the last level.
    """

    face: Face
    symbol: str
    shown: Sides
    whole: bool

    def left(self, state: State, side: Side) -> Iterator[Level]:
        """Levels of one side less what was taken; most takers look at few of them."""
        if not state.eaten:
            return iter(self.shown[side])
        here = (self.face, self.symbol, side)
        gone = {key[3]: eaten for key, eaten in state.eaten.items() if key[:3] == here}
        if not gone:
            return iter(self.shown[side])
        return ((price, _less(size, gone.get(price))) for price, size in self.shown[side])

    def at(self, state: State, side: Side, price: Decimal) -> Decimal | None:
        """Quantity displayed at a price, less what was taken; None beyond what is in sight."""
        size = self.displayed(side, price)
        return self._left(state, side, price, size) if size else size

    def displayed(self, side: Side, price: Decimal) -> Decimal | None:
        """Quantity displayed at a price; None beyond what is in sight."""
        levels = self.shown[side]
        for level, size in levels:
            if level == price:
                return size
        if self.whole or not levels:
            return ZERO
        return ZERO if (price - levels[-1][0]) * side.sign > 0 else None

    def take(self, draft: Draft, side: Side, taken: dict[Decimal, Decimal]) -> None:
        """Write down that clients took quantities (by price) of one side."""
        sizes = dict(self.shown[side])
        here = (self.face, self.symbol, side)
        draft.state.book(self.face, self.symbol).version += 1  # what was scanned is not so any more
        for price, quantity in taken.items():
            before = draft.state.eaten.get((*here, price))
            total = quantity if before is None else before.quantity + quantity
            draft.put("eaten", (*here, price), Eaten(*here, price, sizes[price], total))

    def _left(self, state: State, side: Side, price: Decimal, size: Decimal) -> Decimal:
        return _less(size, state.eaten.get((self.face, self.symbol, side, price)))


def _less(size: Decimal, eaten: Eaten | None) -> Decimal:
    return size if eaten is None or eaten.size != size else size - eaten.quantity


def look(feed: Feed, face: Face, symbol: str, now_ms: int, count: int = NEAR) -> Outside:
    """The feed's best levels of one market."""
    bids, asks = feed.book(symbol, now_ms, count)
    whole = len(bids) < count and len(asks) < count
    return Outside(face, symbol, {Side.BUY: bids, Side.SELL: asks}, whole)


def forget(draft: Draft, feed: Feed, outside: Outside, side: Side) -> None:
    """Forget what clients took of levels of one side that are displayed otherwise by now.

    Levels beyond sight are looked for once there are many of them; what is not among the best
    thousand then is forgotten too.
    """
    if not draft.state.eaten:
        return
    here, eaten = (outside.face, outside.symbol, side), draft.state.eaten
    taken = [key for key in eaten if key[:3] == here]
    hidden = [key for key in taken if outside.displayed(side, key[3]) is None]
    if len(hidden) > NEAR:
        outside, hidden = look(feed, outside.face, outside.symbol, draft.now_ms, FAR), []
    for key in taken:
        if key not in hidden and outside.displayed(side, key[3]) != eaten[key].size:
            draft.put("eaten", key, None)


def merged(levels: Iterable[Level], book: Book, side: Side) -> list[Level]:
    """Outside levels and clients' resting orders of one side, best first."""
    sizes = {price: size for price, size in levels if size}
    buy = side is Side.BUY
    for count in book.prices(buy):
        price = value_of(count)
        own = sum(quantity for _, quantity in book.level(buy, count))
        sizes[price] = sizes.get(price, ZERO) + value_of(own)
    return sorted(sizes.items(), reverse=buy)
