"""Resting orders of one market by price and time, in whole units; knows no money and no rules.

Prices and quantities are integers (`units`): comparing and adding them is exact and quick.
"""

from collections.abc import Iterator
from decimal import Decimal
from heapq import heappop, heappush

_DIGITS = 12


def units(value: Decimal) -> int:
    """A price or quantity as a whole number of 10⁻¹².

    Examples
    --------
    >>> units(Decimal("0.5"))
    500000000000
    """
    return int(value.scaleb(_DIGITS))


def value_of(count: int) -> Decimal:
    """The price or quantity of so many units.

    Examples
    --------
    >>> value_of(units(Decimal("42.1")))
    Decimal('42.1')
    """
    return Decimal(count).scaleb(-_DIGITS).normalize()


class _Half:
    """One side; ``sign`` makes its best price the smallest key."""

    __slots__ = ("heap", "known", "levels", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.levels: dict[int, dict[int, int]] = {}
        self.heap: list[int] = []
        self.known: set[int] = set()


class Book:
    """Price-time priority: best price first, at one price who came first.

    Attributes
    ----------
    version
        Changes whenever the book does.

    Examples
    --------
    >>> book = Book()
    >>> for number, price in enumerate((101, 100, 100)):
    ...     book.add(number, False, price, 5, number)
    >>> book.best(False), list(book.level(False, 100))
    (100, [(1, 5), (2, 5)])
    >>> book.take(1, 5)
    >>> list(book.level(False, 100))
    [(2, 5)]
    """

    __slots__ = ("_asks", "_bids", "_where", "version")

    def __init__(self) -> None:
        self.version = 0
        self._bids, self._asks = _Half(-1), _Half(1)
        self._where: dict[int, tuple[_Half, int, int]] = {}

    def __len__(self) -> int:
        return len(self._where)

    def add(self, number: int, buy: bool, price: int, quantity: int, sequence: int) -> None:
        """Let an order rest; of equal prices the lower sequence comes first."""
        half = self._bids if buy else self._asks
        level = half.levels.get(price)
        if level is None:
            half.levels[price] = {number: quantity}
            if price not in half.known:
                half.known.add(price)
                heappush(half.heap, half.sign * price)
        else:
            last = next(reversed(level))
            level[number] = quantity
            if self._where[last][2] > sequence:
                self._where[number] = (half, price, sequence)
                ordered = sorted(level.items(), key=lambda item: self._where[item[0]][2])
                half.levels[price] = dict(ordered)
        self._where[number] = (half, price, sequence)
        self.version += 1

    def remove(self, number: int) -> None:
        """Take an order out."""
        half, price, _ = self._where.pop(number)
        level = half.levels[price]
        del level[number]
        if not level:
            del half.levels[price]
        self.version += 1

    def resize(self, number: int, quantity: int) -> None:
        """Change what is left of an order; it keeps its place."""
        half, price, _ = self._where[number]
        half.levels[price][number] = quantity
        self.version += 1

    def take(self, number: int, quantity: int) -> None:
        """Fill an order by so much; it leaves when nothing is left."""
        half, price, _ = self._where[number]
        left = half.levels[price][number] - quantity
        if left > 0:
            half.levels[price][number] = left
            self.version += 1
        else:
            self.remove(number)

    def best(self, buy: bool) -> int | None:
        """Best price of one side; None if it is empty."""
        half = self._bids if buy else self._asks
        heap = half.heap
        while heap:
            price = half.sign * heap[0]
            if price in half.levels:
                return price
            half.known.discard(price)
            heappop(heap)
        return None

    def level(self, buy: bool, price: int) -> Iterator[tuple[int, int]]:
        """(number, quantity) of the orders at one price, first come first."""
        half = self._bids if buy else self._asks
        return iter(half.levels.get(price, {}).items())

    def prices(self, buy: bool) -> Iterator[int]:
        """Prices of one side, best first."""
        best = self.best(buy)
        if best is None:
            return
        yield best
        half = self._bids if buy else self._asks
        yield from sorted(half.levels, reverse=buy)[1:]

    def place_of(self, number: int) -> tuple[bool, int, int, int]:
        """Side, price, quantity and sequence of an order: what `add` needs to put it back."""
        half, price, sequence = self._where[number]
        return half is self._bids, price, half.levels[price][number], sequence
