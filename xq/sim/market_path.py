"""The inside of a bar, invented from its four prices alone; pure.

A bar of one minute becomes four prints: open, one extreme, the other, close; the extreme nearer to
the open comes first. Longer bars get four prints for every minute, on straight lines between those
four. The volume is spread evenly. Nothing is drawn: the same bar always gives the same prints, the
first at its very open, the last in its last millisecond.
"""

from functools import cache

import numpy as np

from xq.sim.tape import CLOSE, HIGH, LOW, OPEN, TIME, VOLUME, Tape
from xq.timeframe import MINUTE_MS

_PER_MINUTE = 4
_FOUR = 4


def prints(length_ms: int) -> int:
    """How many prints a bar of this length becomes.

    Examples
    --------
    >>> prints(60_000), prints(3_600_000), prints(1_000)
    (4, 240, 4)
    """
    return max(_PER_MINUTE * length_ms // MINUTE_MS, _FOUR)


def offsets(length_ms: int) -> np.ndarray:
    """When they happen, ms after the open, int64."""
    count = prints(length_ms)
    times: np.ndarray = np.arange(count) * (length_ms - 1) // (count - 1)
    return times


def corners(bars: np.ndarray) -> np.ndarray:
    """Open, first extreme, second extreme, close of bars, (n, 4)."""
    opened, high, low, close = (bars[:, column] for column in (OPEN, HIGH, LOW, CLOSE))
    up_first = high - opened <= opened - low
    first, second = np.where(up_first, high, low), np.where(up_first, low, high)
    return np.column_stack((opened, first, second, close))


def spread(bars: np.ndarray, length_ms: int, tick: int, first_id: int) -> Tape:
    """Bars as trades.

    Parameters
    ----------
    bars
        int64 (n, 10), columns `xq.sim.tape`; those without volume become nothing.
    length_ms
        How long each is.
    tick
        Smallest step of prices between the four, in units.
    first_id
        Id of the first trade.

    Examples
    --------
    >>> bar = np.array([[60_000, 100, 120, 90, 110, 9, 0, 0, 0, 0]])
    >>> tape = spread(bar, 60_000, 1, first_id=1)
    >>> tape.ts.tolist(), tape.price.tolist(), tape.quantity.tolist()
    ([60000, 79999, 99999, 119999], [100, 90, 120, 110], [2, 2, 2, 3])
    """
    bars = bars[bars[:, VOLUME] > 0]
    count = prints(length_ms)
    four = corners(bars)
    price = np.rint(four @ _weights(count).T / tick).astype(np.int64) * tick
    nodes = _nodes(count)
    price[:, nodes] = four
    price = np.clip(price, bars[:, LOW, None], bars[:, HIGH, None])
    quantity = _shares(bars[:, VOLUME], four, count, nodes)
    flat = price.ravel()
    move = np.diff(flat, prepend=flat[:1])
    even = np.arange(len(flat)) % 2 == 0
    sold = np.where(move == 0, even, move < 0)
    traded = quantity.ravel() > 0
    ts = (bars[:, TIME, None] + offsets(length_ms)).ravel()
    rows = int(traded.sum())
    return Tape(
        ts[traded],
        flat[traded],
        quantity.ravel()[traded],
        sold[traded],
        np.arange(first_id, first_id + rows + 1),
        first_id,
    )


def _nodes(count: int) -> list[int]:
    last = count - 1
    return [0, round(last / 3), round(2 * last / 3), last]


@cache
def _weights(count: int) -> np.ndarray:
    """What each corner adds to each print, (count, 4)."""
    nodes = _nodes(count)
    return np.column_stack([np.interp(np.arange(count), nodes, corner) for corner in np.eye(_FOUR)])


def _shares(volume: np.ndarray, four: np.ndarray, count: int, nodes: list[int]) -> np.ndarray:
    """Volume of each print, (n, count); what is too small for four falls to close and open first,
    then to an extreme that differs from the open.
    """
    scarce = volume < _FOUR
    spare = np.where(scarce, 0, volume - _FOUR)
    edges = spare[:, None] // count * np.arange(count + 1)
    edges += spare[:, None] % count * np.arange(count + 1) // count
    quantity = np.diff(edges, axis=1)
    quantity[:, nodes] += ~scarce[:, None]
    extreme = np.where(four[:, 1] == four[:, 0], nodes[2], nodes[1])
    for least, column in ((1, nodes[3]), (2, nodes[0])):
        quantity[scarce & (volume >= least), column] += 1
    few = np.flatnonzero(scarce & (volume >= _FOUR - 1))
    quantity[few, extreme[few]] += 1
    return quantity
