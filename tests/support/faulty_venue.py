"""A simulated venue with a bench of faults, and what its ledger says of a position."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from xq.clock import ManualClock, SystemClock
from xq.sim.instruments import Face
from xq.sim.ledger import FILE_NAME, Ledger, Page
from xq.sim.market_open import Source
from xq.sim.wire.faults.bench import Bench
from xq.sim.wire.faults.script import fault_of
from xq.sim.wire.opening import open_venue
from xq.sim.wire.server import VenueServer

ACCOUNTS = ("main", "alice")


class FaultyVenue:
    """A served venue whose time stands still."""

    def __init__(self, server: VenueServer, bench: Bench, folder: Path, clock: ManualClock) -> None:
        self.server = server
        self.clock = clock
        self.url = server.url
        self.bench = bench
        self.folder = folder

    def strike(self, **fault: object) -> None:
        """This fault alone is in force from now on."""
        self.bench.roster.clear()
        self.bench.roster.add(fault_of(fault))

    def position(self, symbol: str = "BTCUSDT", owner: str = "main") -> Decimal:
        """The position that the file on disk knows."""
        with Ledger(self.folder / FILE_NAME) as ledger:
            return ledger.load().position(owner, symbol).quantity

    def orders(self, symbol: str = "BTCUSDT", owner: str = "main") -> int:
        """How many orders were ever booked, by the file on disk."""
        with Ledger(self.folder / FILE_NAME) as ledger:
            return len(ledger.orders(owner, Face.FUTURES, symbol, Page(first_id=0, limit=10_000)))


@contextmanager
def faulty_venue(
    folder: Path, *, admin: bool = False, source: Source | None = None
) -> Iterator[FaultyVenue]:
    """Until the block ends; with an admin port or other prices if wanted."""
    clock = ManualClock(SystemClock().now_ms())
    venue = open_venue(folder, clock, 7, accounts=ACCOUNTS, source=source)
    bench = Bench()
    server = VenueServer(venue, bench=bench, admin_port=0 if admin else None)
    server.start()
    try:
        yield FaultyVenue(server, bench, folder, clock)
    finally:
        server.close()
        venue.ledger.close()
