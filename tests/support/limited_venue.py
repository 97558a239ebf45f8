"""The simulated venue on loopback under request limits small enough to be met."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from xq.clock import ManualClock
from xq.sim.instruments import Face
from xq.sim.wire import limits as rules
from xq.sim.wire.limits import Limits
from xq.sim.wire.opening import open_venue
from xq.sim.wire.server import VenueServer


@contextmanager
def limited_venue(
    folder: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, weight: int
) -> Iterator[VenueServer]:
    """Contracts get ``weight`` a minute."""
    monkeypatch.setitem(rules.WEIGHT_LIMITS, Face.FUTURES, weight)
    venue = open_venue(folder, clock, 7)
    started = VenueServer(venue, limits=Limits())
    started.start()
    yield started
    started.close()
    venue.ledger.close()
