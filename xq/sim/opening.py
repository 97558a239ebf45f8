"""Where a venue goes on when it is opened: its books, its time and its pace."""

from dataclasses import dataclass

from xq.clock import iso
from xq.errors import ConfigError, UsageError
from xq.ports import Clock
from xq.sim.instruments import TRADES_START_MS, Market
from xq.sim.ledger import Ledger
from xq.sim.pace import REAL_TIME, Pace
from xq.sim.state import State


@dataclass(frozen=True, slots=True)
class Beginning:
    """A venue as it is opened; ``moved`` when its clock was put forward."""

    state: State
    now_ms: int
    pace: Pace
    moved: bool


def begin(
    ledger: Ledger, wall: Clock, seed: int, start_ms: int | None, market: Market = Market.SYNTHETIC
) -> Beginning:
    """What a ledger says, or a new venue at ``start_ms``, by default 2024-01-01.

    Only real time has passed while nobody ran; at any other pace it stood still.

    Raises
    ------
    ConfigError
        If the ledger was written with another seed, or at prices from elsewhere.
    UsageError
        If ``start_ms`` lies before what is in the books.
    """
    known = ledger.world()
    if known is None:
        now_ms = TRADES_START_MS if start_ms is None else start_ms
        return Beginning(State(settled_ms=now_ms), now_ms, REAL_TIME, moved=False)
    check_seed(known.seed, seed, str(ledger.path))
    if known.market is not market:
        raise ConfigError(
            f"this venue's books were written at prices of --market {known.market}, found {market}",
            where=str(ledger.path),
            hint=f"--market {known.market}, or another --state folder",
        )
    state = ledger.load()
    if start_ms is None:
        goes_on = wall.now_ms() + known.offset_ms
        now_ms = goes_on if known.pace.real else state.settled_ms
        return Beginning(state, now_ms, known.pace, moved=False)
    if start_ms < state.settled_ms:
        raise UsageError(
            f"the venue's clock cannot go back to {iso(start_ms)}: "
            f"its books reach {iso(state.settled_ms)}",
            where=str(ledger.path),
            hint="choose a later time, or another --state folder",
        )
    return Beginning(state, start_ms, known.pace, moved=True)


def check_seed(known: int, wanted: int, where: str) -> None:
    """Refuse to continue a venue whose prices came from another seed.

    Raises
    ------
    ConfigError
        If the seeds differ.
    """
    if known != wanted:
        raise ConfigError(
            f"this simulated venue lives in the world of seed {known}, found {wanted}",
            where=where,
            hint=f"xq sim --seed {known}, exchange.sim_seed = {known} for all commands, "
            "or move the file away to start a new world",
        )
