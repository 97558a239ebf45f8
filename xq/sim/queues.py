"""Resting orders against the tape: who is reached, who is still behind others.

A trade beyond an order's price fills it whole. A trade at its price first eats the outside
quantity ahead of it, then fills it, in part if need be. Outside quantity that is no longer
displayed when such a trade comes is ahead of nobody any more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from xq.sim.book import Book, value_of
from xq.sim.exact import ZERO
from xq.sim.feed import Feed
from xq.sim.instruments import Face
from xq.sim.liquidity import look
from xq.sim.market import SimTrade
from xq.sim.state import Queue, State
from xq.types import Side

_MANY = 1000  # trades of one millisecond


@dataclass(frozen=True, slots=True)
class Reached:
    """A moment at which resting orders fill: quantity by number, in price-time priority."""

    ts: int
    fills: tuple[tuple[int, Decimal], ...]


@dataclass(slots=True)
class Scan:
    """What the tape does to one market's resting orders until somebody fills.

    Attributes
    ----------
    moves
        (time, places as they are from then on) of the moments at which only queues moved.
    """

    version: int
    moves: list[tuple[int, dict[int, Queue]]] = field(default_factory=list)
    reached: Reached | None = None


@dataclass(frozen=True, slots=True)
class _Market:
    feed: Feed
    state: State
    face: Face
    symbol: str

    @property
    def book(self) -> Book:
        return self.state.book(self.face, self.symbol)


def scan(feed: Feed, state: State, face: Face, symbol: str, end_ms: int) -> Scan:
    """Follow the tape from where the books stand to ``end_ms`` or the first fill."""
    market = _Market(feed, state, face, symbol)
    found = Scan(market.book.version)
    places: dict[int, Queue] = {}
    at_ms = state.settled_ms
    while at_ms < end_ms:
        moment = _first_touch(market, at_ms, end_ms)
        if moment is None or moment <= at_ms:
            break
        moved, fills = _moment(market, places, at_ms, moment)
        if moved:
            places |= moved
            found.moves.append((moment, moved))
        if fills:
            found.reached = Reached(moment, tuple(fills))
            break
        at_ms = moment
    return found


def _first_touch(market: _Market, start_ms: int, end_ms: int) -> int | None:
    """The first trade at or beyond the best resting price of either side."""
    low, high = market.feed.price_range(market.symbol, start_ms, end_ms)
    times = []
    for side, extreme in ((Side.BUY, low), (Side.SELL, high)):
        best = market.book.best(side is Side.BUY)
        if best is None:
            continue
        price = value_of(best)
        if (extreme - price) * side.sign > 0:
            continue
        trade = market.feed.first_reach(
            market.symbol, price, above=side is Side.SELL, start_ms=start_ms, end_ms=end_ms
        )
        if trade is not None:
            times.append(trade.ts)
    return min(times, default=None)


def _moment(
    market: _Market, places: Mapping[int, Queue], before_ms: int, moment: int
) -> tuple[dict[int, Queue], list[tuple[int, Decimal]]]:
    """What one moment's trades do: places that move, and fills."""
    low, high = market.feed.price_range(market.symbol, before_ms, moment)
    trades = market.feed.trades(
        market.symbol, start_ms=moment, end_ms=moment, limit=_MANY, now_ms=moment
    )
    moved: dict[int, Queue] = {}
    fills: list[tuple[int, Decimal]] = []
    for side, extreme in ((Side.BUY, low), (Side.SELL, high)):
        for units_price in market.book.prices(side is Side.BUY):
            price = value_of(units_price)
            if (extreme - price) * side.sign > 0:
                break
            level = list(market.book.level(side is Side.BUY, units_price))
            if price != extreme:
                fills += [(number, value_of(quantity)) for number, quantity in level]
                continue
            volume = _volume(trades, price, side)
            if volume:
                cap = _displayed(market, side, price, moment - 1)
                known = [places.get(n) or market.state.queues[n] for n, _ in level]
                moved |= eat(known, dict(level), volume, cap, fills)
    return moved, fills


def _volume(trades: Sequence[SimTrade], price: Decimal, side: Side) -> Decimal:
    """What takers did at one price against orders of ``side``."""
    sold = side is Side.BUY
    matching = (t.quantity for t in trades if t.price == price and t.buyer_is_maker is sold)
    return sum(matching, ZERO)


def _displayed(market: _Market, side: Side, price: Decimal, ts_ms: int) -> Decimal | None:
    return look(market.feed, market.face, market.symbol, ts_ms).at(market.state, side, price)


def eat(
    queues: Sequence[Queue],
    left: Mapping[int, int],
    volume: Decimal,
    cap: Decimal | None,
    fills: list[tuple[int, Decimal]],
) -> dict[int, Queue]:
    """Let outside takers do ``volume`` at one price; fills are appended.

    Parameters
    ----------
    queues
        Places of the orders at that price, first come first.
    left
        What is left of each order, in units.
    cap
        Outside quantity displayed there; None where it is out of sight.

    Returns
    -------
    The places that changed.

    Examples
    --------
    >>> from xq.sim.book import units
    >>> fills = []
    >>> first = Queue(1, 1, Decimal(2))
    >>> eat([first], {1: units(Decimal(5))}, Decimal(3), Decimal(9), fills)
    {1: Queue(order_id=1, sequence=1, ahead=Decimal('0'))}
    >>> fills
    [(1, Decimal('1'))]
    """
    eaten = ZERO
    capped = {queue.order_id: _capped(queue.ahead, cap) for queue in queues}
    for queue in queues:
        ahead = capped[queue.order_id]
        if ahead is None:
            break
        first = min(max(ahead - eaten, ZERO), volume)
        eaten += first
        volume -= first
        done = min(volume, value_of(left[queue.order_id]))
        if done <= 0:
            break
        fills.append((queue.order_id, done))
        volume -= done
    moved = {}
    for queue in queues:
        ahead = capped[queue.order_id]
        new = None if ahead is None else max(ahead - eaten, ZERO)
        if new != queue.ahead:
            moved[queue.order_id] = Queue(queue.order_id, queue.sequence, new)
    return moved


def _capped(ahead: Decimal | None, cap: Decimal | None) -> Decimal | None:
    if ahead is None or cap is None:
        return cap if ahead is None else ahead
    return min(ahead, cap)
