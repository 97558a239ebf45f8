"""The outside of a duel: prices that walk and jump, thin books, a tape, mark prices.

Prices walk by a few ticks and jump now and then; levels are a tick apart, so that clients meet each
other, the outside and the tape at the same prices.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from support.reference_venue.records import Levels
from support.venue_duel import steps

D = Decimal
_STRAY = 0.1  # of the mark prices


@dataclass(frozen=True)
class Arena:
    """A market of the duel: where it starts, its grid, and how large orders are."""

    face: str
    symbol: str
    price: Decimal
    tick: Decimal
    lot: Decimal
    typical: Decimal
    least: Decimal


ARENAS = (
    Arena("futures", "BTCUSDT", D(40000), D("0.1"), D("0.001"), D("0.4"), D("0.003")),
    Arena("futures", "ETHUSDT", D(2000), D("0.01"), D("0.001"), D(8), D("0.01")),
    Arena("spot", "BTCUSDT", D(40000), D("0.01"), D("0.00001"), D("0.05"), D("0.0002")),
)


class Weather:
    """The markets' own doings, from one source of chance."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.mid = {(item.face, item.symbol): item.price for item in ARENAS}

    def beginning(self) -> steps.Pass:
        """The first books and marks."""
        return steps.Pass(1, tuple(self._books(1)) + tuple(self._marks(1)))

    def passage(self) -> steps.Pass:
        """Time with its facts; rarely long enough for funding."""
        pace = self.random.choice((200, 2_000, 30_000, 200_000))
        span = self.random.randint(pace // 2, pace)
        facts: list[steps.Fact] = []
        moments = sorted(self.random.sample(range(1, span + 1), self.random.randint(1, 5)))
        for after in moments:
            facts.extend(self._moment(after))
        if self.random.random() < 0.04:
            span += 8 * 3_600_000
        rate = D(self.random.randint(-30, 30)) / 10_000
        return steps.Pass(span, tuple(facts), rate, self.random.choice((1, 1, 2, 5)))

    def _moment(self, after: int) -> Iterator[steps.Fact]:
        draw = self.random.random()
        if draw < 0.06:
            self._jump()
            yield from self._books(after)
            yield from self._marks(after)
            yield from self._prints(after, least=1)
        elif draw < 0.4:
            self._drift()
            yield from self._books(after)
        elif draw < 0.6:
            yield from self._marks(after)
        else:
            yield from self._prints(after)

    def _jump(self) -> None:
        size = self.random.choice((D("0.004"), D("0.02"), D("0.06")))
        factor = 1 + size * self.random.choice((-1, 1))
        for item in ARENAS:
            self._move(item, self.mid[item.face, item.symbol] * (factor - 1))

    def _drift(self) -> None:
        for item in ARENAS:
            self._move(item, item.tick * self.random.randint(-4, 4))

    def _move(self, item: Arena, step: Decimal) -> None:
        moved = self.mid[item.face, item.symbol] + step
        bounded = min(max(moved, item.price * D("0.5")), item.price * D("1.6"))
        self.mid[item.face, item.symbol] = on_grid(bounded, item.tick)

    def _books(self, after: int) -> Iterator[steps.BookFact]:
        for item in ARENAS:
            mid = self.mid[item.face, item.symbol]
            bids, asks = self._levels(item, mid, -1), self._levels(item, mid, 1)
            yield steps.BookFact(after, item.face, item.symbol, bids, asks)

    def _levels(self, item: Arena, mid: Decimal, way: int) -> Levels:
        ticks = sorted(self.random.sample(range(1, 9), self.random.randint(2, 5)))
        near = [(mid + way * item.tick * step, self.size(item)) for step in ticks]
        if self.random.random() < 0.15:  # thin enough that a liquidation needs the other side
            return tuple(near)
        far = mid + way * on_grid(mid * D("0.01"), item.tick)
        return (*near, (far, on_grid(item.typical * 40, item.lot)))

    def _marks(self, after: int) -> Iterator[steps.MarkFact]:
        for item in ARENAS:
            if item.face == "futures":
                mid = self.mid[item.face, item.symbol]
                off = item.tick * self.random.randint(-20, 20)
                if self.random.random() < _STRAY:  # farther than anything trades
                    off = on_grid(mid * self.random.choice((D("-0.04"), D("0.04"))), item.tick)
                yield steps.MarkFact(after, item.symbol, mid + off)

    def _prints(self, after: int, least: int = 0) -> Iterator[steps.TradeFact]:
        for item in ARENAS:
            for _ in range(max(least, self.random.choice((0, 1, 1, 2)))):
                mid = self.mid[item.face, item.symbol]
                price = mid + item.tick * self.random.randint(-7, 7)
                sold = self.random.random() < (0.8 if price < mid else 0.2)
                size = self.size(item)
                yield steps.TradeFact(after, item.face, item.symbol, price, size, sold)

    def size(self, item: Arena) -> Decimal:
        return max(item.lot, on_grid(item.typical * self.random.randint(1, 40) / 40, item.lot))


def on_grid(value: Decimal, grid: Decimal) -> Decimal:
    """The multiple of ``grid`` nearest to ``value``."""
    return (value / grid).to_integral_value() * grid
