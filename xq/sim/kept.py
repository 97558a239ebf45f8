"""Results that were costly to make, kept while there is room."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar

Value = TypeVar("Value")


class Kept:
    """The latest results of costly functions, together no more than so many rows."""

    def __init__(self, most_rows: int) -> None:
        self._most = most_rows
        self._kept: OrderedDict[Hashable, tuple[object, int]] = OrderedDict()
        self.rows = 0

    def get(self, key: Hashable, make: Callable[[], Value], weigh: Callable[[Value], int]) -> Value:
        """The kept value, or a new one."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key][0]  # type: ignore[return-value]  # what ``make`` once made
        value = make()
        weight = 1 + weigh(value)
        self._kept[key] = value, weight
        self.rows += weight
        while self.rows > self._most and len(self._kept) > 1:
            self.rows -= self._kept.popitem(last=False)[1][1]
        return value
