"""Which fills were told already."""

from collections import deque

from xq.types import Fill

_REMEMBERED = 20_000


class Told:
    """The names of the newest fills; one thread adds, any may ask."""

    def __init__(self) -> None:
        self._names: deque[tuple[str, str]] = deque(maxlen=_REMEMBERED)
        self._known: set[tuple[str, str]] = set()

    def __contains__(self, name: tuple[str, str]) -> bool:
        return name in self._known

    def is_new(self, fill: Fill) -> bool:
        """Whether a fill was not told yet; from now on it is."""
        name = name_of(fill)
        if name in self._known:
            return False
        if len(self._names) == _REMEMBERED:
            self._known.discard(self._names[0])
        self._names.append(name)
        self._known.add(name)
        return True


def name_of(fill: Fill) -> tuple[str, str]:
    """What tells a fill from all others of an account."""
    return str(fill.symbol), fill.fill_id
