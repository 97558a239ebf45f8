"""What keeps new exposure out: asked by the gate, and once more before every byte."""

from collections.abc import Callable
from functools import partial

from xq.live.desk import Desk, Terms
from xq.live.latches import JournalLatches
from xq.live.stop_file import EMERGENCY


def tripped(desk: Desk, terms: Terms) -> tuple[str, ...]:
    """What stops entries at this very moment: the emergency stop, and switches by the journal."""
    stopped = desk.stop is not None and desk.stop.demand() is not None
    latched = (EMERGENCY,) if stopped else ()
    if not terms.rules:
        return latched
    return (*latched, *JournalLatches(desk.journal).tripped(desk.clock.now_ms()))


def barring(desk: Desk, terms: Terms) -> Callable[[], tuple[str, ...]]:
    """`tripped`, to be asked later."""
    return partial(tripped, desk, terms)
