"""What the simulated venue's prices and time are made of, as a command line says it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xq.api.workspace import Workspace
from xq.errors import UsageError

if TYPE_CHECKING:
    from xq.sim.market_models import Latency
    from xq.sim.market_open import Source
    from xq.sim.pace import Pace


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Prices, time and conditions of a venue.

    Attributes
    ----------
    market
        ``synthetic``, ``replay`` of the lake's bars and trades, or ``book``, its recorded books.
    source
        Exchange whose recordings are replayed; None is the only one in the lake.
    speed
        ``1``, ``60``, ``max``; None goes on as the ledger remembers.
    latency
        How long orders travel: ``50`` ms or ``sampled:50``; None is no time.
    liquidity
        ``spread:5`` or ``impact``; None is the market's own book.
    """

    market: str = "synthetic"
    source: str | None = None
    speed: str | None = None
    latency: str | None = None
    liquidity: str | None = None


def source_of(ws: Workspace, around: Surroundings) -> "Source":
    """Where prices come from.

    Raises
    ------
    NoData, UsageError, UnknownName
        If the lake has nothing to replay, or the words do not fit together.
    """
    from xq.sim.market_models import liquidity_of
    from xq.sim.market_open import synthetic

    model = None if around.liquidity is None else liquidity_of(around.liquidity)
    if around.market == "synthetic":
        if around.source is not None:
            raise UsageError(
                f"expected --market replay or book beside --source {around.source}, "
                "found synthetic prices",
                hint=f"--market replay --source {around.source}",
            )
        return synthetic(ws.seed, model)
    from xq.lake.reader import Lake
    from xq.sim.market_recorded import booked, replayed

    lake = Lake(ws.lake)
    if around.market == "replay":
        return replayed(lake, around.source, ws.seed, model)
    if model is not None:
        raise UsageError(
            "a recorded book is taken as it is: --liquidity belongs to other markets",
            hint="leave --liquidity out, or --market replay",
        )
    return booked(lake, around.source)


def pace_of(around: Surroundings) -> "Pace | None":
    """How fast time passes. Raises `UsageError`."""
    from xq.sim.pace import Pace

    return None if around.speed is None else Pace.parse(around.speed)


def latency_of(ws: Workspace, around: Surroundings) -> "Latency | None":
    """How long orders travel. Raises `UsageError`."""
    from xq.sim import market_models

    return None if around.latency is None else market_models.latency_of(around.latency, ws.seed)
