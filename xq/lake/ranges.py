"""Half-open ranges of time and the arithmetic that plans and ledgers need; pure."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from xq.clock import iso
from xq.timeframe import Timeframe


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """Times from ``start_ms`` up to but without ``end_ms``, epoch ms UTC."""

    start_ms: int
    end_ms: int

    def __str__(self) -> str:
        return f"{iso(self.start_ms)} to {iso(self.end_ms)}"

    def bars(self, timeframe: Timeframe) -> int:
        """How many bars open inside."""
        first, stop = timeframe.ceil(self.start_ms), timeframe.ceil(self.end_ms)
        return max(0, timeframe.count(first, stop))


def union(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """Sorted, disjoint, touching ones joined, empty ones gone.

    Examples
    --------
    >>> union([Range(5, 9), Range(0, 5), Range(20, 20)])
    (Range(start_ms=0, end_ms=9),)
    """
    return joined((item.start_ms, item.end_ms) for item in ranges)


def joined(pairs: Iterable[tuple[int, int]]) -> tuple[Range, ...]:
    """`union` of starts and ends; thousands of them cost no object each.

    Examples
    --------
    >>> joined([(5, 9), (0, 5), (20, 20)])
    (Range(start_ms=0, end_ms=9),)
    """
    found: list[tuple[int, int]] = []
    for start, end in sorted(pairs):
        if end <= start:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(Range(start, end) for start, end in found)


def intersect(left: Iterable[Range], right: Iterable[Range]) -> tuple[Range, ...]:
    """What lies in both.

    Examples
    --------
    >>> intersect([Range(0, 10)], [Range(5, 20), Range(30, 40)])
    (Range(start_ms=5, end_ms=10),)
    """
    others = union(right)
    return union(
        Range(max(a.start_ms, b.start_ms), min(a.end_ms, b.end_ms))
        for a in union(left)
        for b in others
    )


def subtract(left: Iterable[Range], right: Iterable[Range]) -> tuple[Range, ...]:
    """What lies in ``left`` but not in ``right``.

    Examples
    --------
    >>> subtract([Range(0, 10)], [Range(2, 4), Range(8, 20)])
    (Range(start_ms=0, end_ms=2), Range(start_ms=4, end_ms=8))
    """
    rest: list[Range] = []
    holes = union(right)
    for item in union(left):
        at = item.start_ms
        for hole in holes:
            if hole.end_ms <= at or hole.start_ms >= item.end_ms:
                continue
            rest.append(Range(at, hole.start_ms))
            at = hole.end_ms
        rest.append(Range(at, item.end_ms))
    return union(rest)


def present(ts: np.ndarray, timeframe: Timeframe) -> tuple[Range, ...]:
    """The stretches of time that sorted bar opens fill without a hole."""
    if not len(ts):
        return ()
    breaks = np.flatnonzero(ts[1:] > timeframe.end(ts[:-1]))
    starts = ts[np.concatenate(([0], breaks + 1))]
    ends = timeframe.end(ts[np.concatenate((breaks, [len(ts) - 1]))])
    return tuple(Range(int(a), int(b)) for a, b in zip(starts, ends, strict=True))


def holes(ts: np.ndarray, timeframe: Timeframe, within: Range | None = None) -> tuple[Range, ...]:
    """The stretches without a bar: between the bars, or inside ``within``.

    Examples
    --------
    >>> hour = Timeframe.parse("1h")
    >>> holes(np.array([0, 3 * hour.ms]), hour)
    (Range(start_ms=3600000, end_ms=10800000),)
    """
    filled = present(ts, timeframe)
    if within is None:
        within = Range(filled[0].start_ms, filled[-1].end_ms) if filled else Range(0, 0)
    aligned = Range(timeframe.ceil(within.start_ms), timeframe.ceil(within.end_ms))
    return subtract([aligned], filled)
