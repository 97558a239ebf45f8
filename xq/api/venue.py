"""The simulated venue as a server."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xq.api.venue_market import Surroundings, latency_of, pace_of, source_of
from xq.api.workspace import Workspace
from xq.clock import iso

if TYPE_CHECKING:
    from xq.sim.wire.server import VenueServer

DEFAULT_PORT = 8787

_LAST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class ServerReport:
    """A running server, as it introduces itself.

    Attributes
    ----------
    venue_time
        Where the venue's own clock starts, ISO, UTC.
    market, speed
        Where prices come from, and how fast time passes.
    spot, futures
        Base addresses of the two faces.
    admin
        Status page and administration, for whoever runs the venue.
    api_key, api_secret
        Of the account ``main``; that of any other, say ``alice``, is ``alice``, ``alice-secret``.
    """

    url: str
    pid: int
    venue_time: str
    market: str
    speed: str
    seed: int
    state: str
    spot: str
    futures: str
    admin: str
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
    faults: Path | None = None,
    admin_port: int | None = None,
    around: Surroundings = Surroundings(),  # noqa: B008 - frozen
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
    faults
        TOML file of what shall go wrong.
    admin_port
        Where its status page is; default the port above its own, and a free one if that is.
    around
        Its prices, time and conditions.

    Raises
    ------
    NoData
        If nothing is recorded for the time at which it would start.
    LockHeld
        If another process serves this folder.
    ConfigError
        If the ledger was begun with another seed, or the faults are not understood.
    UsageError
        If a port is taken, ``start_ms`` lies in the venue's past, or an account has no proper
        name.
    """
    from xq.sim.accounts import MAIN, by_key
    from xq.sim.wire.faults.bench import Bench
    from xq.sim.wire.faults.script import read_faults
    from xq.sim.wire.foreground import serve as run
    from xq.sim.wire.limits import Limits
    from xq.sim.wire.opening import open_venue

    names = tuple(dict.fromkeys((MAIN, *accounts)))
    by_key(names)  # a bad name is refused before anything is made
    bench = Bench(() if faults is None else read_faults(faults))
    source, pace = source_of(ws, around), pace_of(around)
    latency = latency_of(ws, around)
    configured = ws.config.exchange.sim_port
    chosen = (configured if configured else DEFAULT_PORT) if port is None else port
    folder = ws.state if state is None else state
    run(
        folder,
        chosen,
        lambda: open_venue(
            folder, ws.clock, ws.seed, start_ms, names, source=source, pace=pace, latency=latency
        ),
        lambda server: announce(_report(server)),
        Limits() if limits else None,
        bench,
        _admin_port(chosen) if admin_port is None else admin_port,
    )


def _admin_port(port: int) -> int:
    return port + 1 if 0 < port < _LAST_PORT else 0


def _report(server: "VenueServer") -> ServerReport:
    from xq.sim.accounts import MAIN, login_of

    login = login_of(MAIN)
    return ServerReport(
        url=server.url,
        pid=os.getpid(),
        venue_time=iso(server.venue.now_ms),
        market=str(server.venue.prices),
        speed=str(server.venue.clock.pace),
        seed=server.venue.world.seed,
        state=str(server.venue.ledger.path.parent),
        spot=f"{server.url}/api/v3",
        futures=f"{server.url}/fapi/v1",
        admin=f"http://127.0.0.1:{server.admin_port}",
        api_key=login.key,
        api_secret=login.secret,
        accounts=tuple(server.venue.state.owners),
    )
