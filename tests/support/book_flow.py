"""An order book whose order flow is known, event by event, without comparing any prices.

What an order does to the ranks of a book is told by the simulator from its own queues: it adds to
a rank, opens one (which pushes the others down), takes from one, or empties it (which pulls the
others up). `order_flow` sees prices and sizes only.

    python tests/support/book_flow.py 1000000 1
"""

import random
import sys
from collections.abc import Iterator

import numpy as np

from xq.indicators.order_flow import order_flow

LEVELS = 5
_KEPT = 12  # ranks a side, so that the fifth never runs out
_TICK = 0.5


class Side:
    """Queues by rank; ``distance`` counts ticks away from the other side."""

    def __init__(self, chance: random.Random) -> None:
        self.distance = list(range(1, _KEPT + 1))
        self.quantity = [float(chance.randint(1, 9)) for _ in range(_KEPT)]

    def add(self, rank: int, size: float) -> list[float]:
        """Join the queue of a rank."""
        self.quantity[rank] += size
        return [size if level == rank else 0.0 for level in range(LEVELS)]

    def open(self, rank: int, distance: int, size: float) -> list[float]:
        """A new queue at a rank; each worse rank now shows the queue above it."""
        shown = list(self.quantity)
        self.distance.insert(rank, distance)
        self.quantity.insert(rank, size)
        self._trim()
        return [
            0.0 if level < rank else size if level == rank else shown[level - 1]
            for level in range(LEVELS)
        ]

    def take(self, rank: int, size: float, chance: random.Random) -> list[float]:
        """Cancel or trade from a queue; an empty one goes, and each worse rank loses its own."""
        shown = list(self.quantity)
        if size < self.quantity[rank]:
            self.quantity[rank] -= size
            return [-size if level == rank else 0.0 for level in range(LEVELS)]
        del self.distance[rank], self.quantity[rank]
        self.distance.append(self.distance[-1] + chance.randint(1, 3))
        self.quantity.append(float(chance.randint(1, 9)))
        return [0.0 if level < rank else -shown[level] for level in range(LEVELS)]

    def _trim(self) -> None:
        del self.distance[_KEPT:], self.quantity[_KEPT:]


def events(count: int, seed: int) -> Iterator[tuple[list[float], list[float]]]:
    """Rows of the book (bid prices, sizes, ask prices, sizes) and the flow that each brought."""
    chance = random.Random(seed)
    sides = (Side(chance), Side(chance))
    yield _row(sides), [0.0] * LEVELS
    for _ in range(count):
        which = chance.randrange(2)
        flow = _event(sides[which], chance)
        yield _row(sides), flow if which == 0 else [-value for value in flow]


def _event(side: Side, chance: random.Random) -> list[float]:
    rank = min(int(chance.expovariate(0.8)), LEVELS + 1)
    size = float(chance.randint(1, 6))
    kind = chance.random()
    if kind < 0.45:
        return side.add(rank, size)
    above = side.distance[rank - 1] if rank else side.distance[0] - 3
    if kind < 0.6 and side.distance[rank] - above > 1:
        return side.open(rank, chance.randint(above + 1, side.distance[rank] - 1), size)
    return side.take(rank, size, chance)


def _row(sides: tuple[Side, Side]) -> list[float]:
    bids, asks = sides
    return [
        *(10_000.0 - _TICK * distance for distance in bids.distance[:LEVELS]),
        *bids.quantity[:LEVELS],
        *(10_100.0 + _TICK * distance for distance in asks.distance[:LEVELS]),
        *asks.quantity[:LEVELS],
    ]


def simulated(count: int, seed: int) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """The four ``(T, L)`` blocks of a book, and the true ``(T, L)`` flow."""
    rows, flows = zip(*events(count, seed), strict=True)
    return tuple(np.hsplit(np.array(rows), 4)), np.array(flows)


def mismatches(count: int, seed: int) -> list[int]:
    """Events at which the measured flow is not the true one, by level."""
    book, truth = simulated(count, seed)
    return (order_flow(*book)[1:] != truth[1:]).sum(axis=0).tolist()


if __name__ == "__main__":
    wanted, seed = int(sys.argv[1]), int(sys.argv[2])
    bad = [0] * LEVELS
    for part in range(0, wanted, 100_000):
        found = mismatches(min(100_000, wanted - part), seed + part)
        bad = [a + b for a, b in zip(bad, found, strict=True)]
    print(f"{wanted:,} events, mismatches by level {bad}")
    sys.exit(any(bad))
