"""What a taker meets: outside liquidity and clients' resting orders, best price first.

At one price outside quantity that was there before a client's order comes before it, the rest of
it after all clients' orders. Nothing is changed here: the answer is a plan.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from xq.frozen import quick
from xq.sim.book import Book, units, value_of
from xq.sim.exact import ZERO, affordable
from xq.sim.records import PositionSide, SelfTrade, SimOrder
from xq.types import Side

Level = tuple[Decimal, Decimal]


@quick
@dataclass(frozen=True, slots=True)
class Execution:
    """Part of an order done at one price."""

    price: Decimal
    quantity: Decimal


@quick
@dataclass(frozen=True, slots=True)
class Step:
    """One thing a taker does on its way.

    Attributes
    ----------
    maker
        The resting order that it meets; 0 is outside liquidity.
    quantity
        Base asset; zero ends the maker without a trade.
    """

    price: Decimal
    quantity: Decimal
    maker: int = 0


@quick
@dataclass(frozen=True, slots=True)
class Plan:
    """A taker's whole way; ``stopped`` when it met an order of its own that ends it."""

    steps: tuple[Step, ...] = ()
    stopped: bool = False

    @property
    def quantity(self) -> Decimal:
        """Base asset done."""
        return sum((step.quantity for step in self.steps), ZERO)

    @property
    def quote(self) -> Decimal:
        """Notional done."""
        return sum((step.price * step.quantity for step in self.steps), ZERO)


@quick
@dataclass(frozen=True, slots=True)
class Taker:
    """Who walks, how far, and what for.

    Attributes
    ----------
    limit
        Worst acceptable price; None for a market order.
    quantity
        Base asset wanted.
    quote
        Quote asset to spend or receive instead, in whole lots of ``lot``; None by quantity.
    """

    owner: str
    side: Side
    quantity: Decimal
    limit: Decimal | None = None
    quote: Decimal | None = None
    lot: Decimal = ZERO
    self_trade: SelfTrade = SelfTrade.NONE
    position_side: PositionSide = PositionSide.BOTH

    def accepts(self, price: Decimal) -> bool:
        """Whether a price is good enough."""
        return self.limit is None or acceptable(self.side, price, self.limit)


@quick
@dataclass(frozen=True, slots=True)
class Resting:
    """The clients' side of a market, as a taker sees it.

    Attributes
    ----------
    order, ahead
        An order, and outside quantity before it, by number; None where that is not known.
    fillable
        How much of an order may trade now: less than what is left where it may only reduce.
    """

    book: Book
    order: Callable[[int], SimOrder]
    ahead: Callable[[int], Decimal | None]
    fillable: Callable[[SimOrder, Decimal], Decimal]


def plan(taker: Taker, levels: Iterable[Level], resting: Resting) -> Plan:
    """The way of a taker through outside levels (best first) and clients' resting orders."""
    return _Walk(taker, resting).through(levels)


@dataclass(slots=True)
class _Walk:
    taker: Taker
    resting: Resting
    steps: list[Step] = field(default_factory=list)
    done: Decimal = ZERO
    spent: Decimal = ZERO
    reduced: dict[str, Decimal] = field(default_factory=dict)
    stopped: bool = False

    def through(self, levels: Iterable[Level]) -> Plan:
        buy = self.taker.side is Side.SELL  # the side of the makers
        own = map(value_of, self.resting.book.prices(buy))
        theirs = iter(levels)
        client, outside = next(own, None), next(theirs, None)
        while not self.stopped and (client is not None or outside is not None):
            price = _better(client, outside, buy)
            if not self.taker.accepts(price) or self._wanted(price) <= 0:
                break
            size = outside[1] if outside is not None and outside[0] == price else ZERO
            if client == price:
                self._clients(buy, price, size)
                client = next(own, None)
            else:
                self._take(price, size)
            if size or (outside is not None and outside[0] == price):
                outside = next(theirs, None)
            if self._wanted(price) <= 0:  # a rest too small for this price seeks no worse one
                break
        return Plan(tuple(self.steps), self.stopped)

    def _clients(self, buy: bool, price: Decimal, size: Decimal) -> None:
        left = size
        for number, _ in self.resting.book.level(buy, units(price)):
            order, ahead = self.resting.order(number), self.resting.ahead(number)
            before = left if ahead is None else min(ahead - (size - left), left)
            if before > 0:
                left -= self._take(price, before)
            if self._wanted(price) <= 0:
                return
            if order.owner == self.taker.owner and self.taker.self_trade is not SelfTrade.NONE:
                self._prevent(order)
                if self.stopped:
                    return
            else:
                self._meet(order)
        self._take(price, left)

    def _prevent(self, order: SimOrder) -> None:
        """Two orders of one account would meet: end what the taker asked to be ended."""
        mode = self.taker.self_trade
        if mode is not SelfTrade.EXPIRE_TAKER:
            self.steps.append(Step(order.price, ZERO, order.id))
        self.stopped = mode is not SelfTrade.EXPIRE_MAKER

    def _meet(self, order: SimOrder) -> None:
        already = self.reduced.get(order.owner, ZERO)
        most = self.resting.fillable(order, already)
        if most <= 0:
            self.steps.append(Step(order.price, ZERO, order.id))
            return
        taken = self._take(order.price, most, order.id)
        if self._reduces(order):
            self.reduced[order.owner] = already + taken

    def _reduces(self, order: SimOrder) -> bool:
        """Whether an execution leaves less to reduce; with oneself the position stays as it is."""
        taker, side = self.taker, order.position_side
        if (order.owner, side) == (taker.owner, taker.position_side):
            return False
        return order.reduce_only or side is PositionSide.BOTH

    def _take(self, price: Decimal, most: Decimal, maker: int = 0) -> Decimal:
        quantity = min(most, self._wanted(price))
        if quantity <= 0:
            return ZERO
        self.steps.append(Step(price, quantity, maker))
        self.done += quantity
        self.spent += price * quantity
        return quantity

    def _wanted(self, price: Decimal) -> Decimal:
        if self.taker.quote is None:
            return self.taker.quantity - self.done
        return affordable(self.taker.quote - self.spent, price, self.taker.lot)


def _better(client: Decimal | None, outside: Level | None, buy: bool) -> Decimal:
    if client is None and outside is not None:
        return outside[0]
    prices = [price for price in (None if outside is None else outside[0], client) if price]
    return max(prices) if buy else min(prices)


def acceptable(side: Side, price: Decimal, limit: Decimal) -> bool:
    """Whether ``price`` is at least as good as ``limit`` for one who trades on ``side``."""
    return price <= limit if side is Side.BUY else price >= limit
