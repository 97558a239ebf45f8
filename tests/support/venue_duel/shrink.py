"""From a story that differs to a short one that still does."""

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def shrink(items: Sequence[Item], differs: Callable[[Sequence[Item]], bool]) -> list[Item]:
    """Leave out what is not needed, larger pieces first (delta debugging, Zeller 2002).

    Examples
    --------
    >>> shrink([1, 2, 3, 4, 5, 6, 7, 8], lambda found: 3 in found and 7 in found)
    [3, 7]
    """
    kept = list(items)
    size = max(1, len(kept) // 2)
    while True:
        start, removed = 0, False
        while start < len(kept):
            fewer = kept[:start] + kept[start + size :]
            if differs(fewer):
                kept, removed = fewer, True
            else:
                start += size
        if size == 1 and not removed:
            return kept
        size = max(1, size // 2)
