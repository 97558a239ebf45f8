"""The simulated venue as a server."""

import os
from collections.abc import Callable, Sequence
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
    api_key, api_secret
        Of the account ``main``; that of any other, say ``alice``, is ``alice``, ``alice-secret``.
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
    accounts: tuple[str, ...]


def serve(
    ws: Workspace,
    *,
    announce: Callable[[ServerReport], None],
    port: int | None = None,
    state: Path | None = None,
    start_ms: int | None = None,
    limits: bool = False,
    accounts: Sequence[str] = (),
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
    accounts
        Accounts to open beside ``main`` and those that the ledger knows.

    Raises
    ------
    LockHeld
        If another process serves this folder.
    ConfigError
        If the ledger was begun with another seed.
    UsageError
        If the port is taken, ``start_ms`` lies in the venue's past, or an account has no proper
        name.
    """
    from xq.sim.accounts import MAIN, by_key
    from xq.sim.wire.foreground import serve as run
    from xq.sim.wire.limits import Limits
    from xq.sim.wire.server import open_venue

    names = tuple(dict.fromkeys((MAIN, *accounts)))
    by_key(names)  # a bad name is refused before anything is made
    configured = ws.config.exchange.sim_port
    chosen = (configured if configured else DEFAULT_PORT) if port is None else port
    folder = ws.state if state is None else state
    run(
        folder,
        chosen,
        lambda: open_venue(folder, ws.clock, ws.seed, start_ms, names),
        lambda server: announce(_report(server)),
        Limits() if limits else None,
    )


def _report(server: "VenueServer") -> ServerReport:
    from xq.sim.accounts import MAIN, login_of

    login = login_of(MAIN)
    return ServerReport(
        url=server.url,
        pid=os.getpid(),
        venue_time=iso(server.venue.now_ms),
        seed=server.venue.world.seed,
        state=str(server.venue.ledger.path.parent),
        spot=f"{server.url}/api/v3",
        futures=f"{server.url}/fapi/v1",
        api_key=login.key,
        api_secret=login.secret,
        accounts=tuple(server.venue.state.owners),
    )
