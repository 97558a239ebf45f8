"""A venue of one's own on loopback, at a real exchange's prices and time."""

from collections.abc import Callable
from pathlib import Path

from xq.ports import Clock
from xq.sim.instruments import Face
from xq.sim.ledger import FILE_NAME, Ledger
from xq.sim.paper import PaperFeed, Prices
from xq.sim.venue import SimVenue
from xq.sim.wire.embed import SimHandle, ensure

_SEED = 0  # nothing here is drawn


def ensure_paper(
    state: Path, *, prices: Prices, contract: bool, clock: Clock, now_ms: Callable[[], int]
) -> SimHandle:
    """Reach the paper venue of a state folder, starting it in this process if nobody serves it.

    Parameters
    ----------
    prices
        The real exchange's public data.
    contract
        The face that trades; the other one has no markets.
    now_ms
        The real exchange's time, which becomes the venue's.

    Raises
    ------
    VenueError
        If the exchange cannot be asked for its symbols or time.
    """

    def build(state: Path, clock: Clock, seed: int, _start_ms: int | None) -> SimVenue:
        ledger = Ledger(state / FILE_NAME)
        try:
            feeds = {
                face: PaperFeed(face, prices, active=(face is Face.FUTURES) == contract)
                for face in Face
            }
            books_reach = ledger.load().settled_ms if ledger.world() is not None else 0
            start = max(now_ms(), books_reach)
            return SimVenue(ledger, feeds, clock, seed=seed, start_ms=start)
        except BaseException:
            ledger.close()
            raise

    return ensure(state, clock=clock, seed=_SEED, build=build)
