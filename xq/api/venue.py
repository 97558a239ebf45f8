"""The simulated venue as a server."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xq.api.workspace import Workspace
from xq.clock import iso

if TYPE_CHECKING:
    from xq.sim.wire.server import VenueServer

DEFAULT_PORT = 8787


@dataclass(frozen=True, slots=True)
class ServerReport:
    """A running server, as it introduces itself.

    Attributes
    ----------
    venue_time
        Where the venue's own clock starts, ISO, UTC.
    spot, futures
        Base addresses of the two faces.
    """

    url: str
    pid: int
    venue_time: str
    seed: int
    state: str
    spot: str
    futures: str
    api_key: str
    api_secret: str


def serve(
    ws: Workspace,
    *,
    announce: Callable[[ServerReport], None],
    port: int | None = None,
    state: Path | None = None,
    start_ms: int | None = None,
    limits: bool = False,
) -> None:
    """Serve the simulated venue on 127.0.0.1 until SIGINT or SIGTERM.

    Parameters
    ----------
    announce
        Called once the server answers.
    port
        Default ``exchange.sim_port``, else 8787; 0 takes any free one.
    state
        Folder of the ledger; default the workspace's.
    start_ms
        Venue time to start at; None continues.
    limits
        Whether requests are limited as on Binance: weight headers, 429 and 418.

    Raises
    ------
    LockHeld
        If another process serves this folder.
    ConfigError
        If the ledger was begun with another seed.
    UsageError
        If the port is taken, or ``start_ms`` lies in the venue's past.
    """
    from xq.sim.wire.foreground import serve as run
    from xq.sim.wire.limits import Limits
    from xq.sim.wire.server import open_venue

    configured = ws.config.exchange.sim_port
    chosen = (configured if configured else DEFAULT_PORT) if port is None else port
    folder = ws.state if state is None else state
    run(
        folder,
        chosen,
        lambda: open_venue(folder, ws.clock, ws.seed, start_ms),
        lambda server: announce(_report(server)),
        Limits() if limits else None,
    )


def _report(server: "VenueServer") -> ServerReport:
    from xq.sim.wire.auth import API_KEY, API_SECRET

    return ServerReport(
        url=server.url,
        pid=os.getpid(),
        venue_time=iso(server.venue.now_ms),
        seed=server.venue.world.seed,
        state=str(server.venue.ledger.path.parent),
        spot=f"{server.url}/api/v3",
        futures=f"{server.url}/fapi/v1",
        api_key=API_KEY,
        api_secret=API_SECRET,
    )
