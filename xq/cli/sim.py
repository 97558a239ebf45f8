"""``xq sim``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from xq.cli.shell import Shell, command

app = typer.Typer()


@command(app)
def sim(
    shell: Shell,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Where it listens; 0: any free port. [default: 8787]"),
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="Folder of its ledger. [default: state/]")
    ] = None,
    market: Annotated[
        Literal["synthetic", "replay", "book"],
        typer.Option(
            help="Its own prices, those of the lake's bars and trades, or its recorded books."
        ),
    ] = "synthetic",
    source: Annotated[
        str | None,
        typer.Option(help="Exchange in the lake to take them from. [default: the only one]"),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--from", "--at", help="Venue time to start at, UTC; it never goes back."),
    ] = None,
    speed: Annotated[
        str | None,
        typer.Option(
            help="Times as fast: 1, 60 …; max: as streams are read. [default: as before; 1]"
        ),
    ] = None,
    latency: Annotated[
        str | None, typer.Option(help="How long orders travel: 50 (ms), or sampled:50 (around it).")
    ] = None,
    liquidity: Annotated[
        str | None,
        typer.Option(help="Of books: spread:5 (basis points), or impact (grows with the size)."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, help="Of synthetic prices, for a new ledger. [default: exchange.sim_seed]"
        ),
    ] = None,
    account: Annotated[
        list[str] | None,
        typer.Option(help="Another account: key NAME, secret NAME-secret. Repeatable."),
    ] = None,
    faults: Annotated[
        Path | None, typer.Option(help="What shall go wrong, a TOML file: docs/venue/faults.md.")
    ] = None,
    admin_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Of its status page; 0: any. [default: the next port]"),
    ] = None,
    limits: Annotated[
        Literal["on", "off"],
        typer.Option(help="on: request weights, 429 and 418 as on Binance."),
    ] = "off",
) -> None:
    """Run the simulated venue as a server.

    It speaks Binance's spot and USDⓈ-M interfaces and Bybit's linear one, REST and WebSocket, on
    127.0.0.1, and remembers accounts, orders and time in state/sim.sqlite: docs/venue.md.
    """
    from xq.api.venue import ServerReport, serve
    from xq.api.venue_advice import advice
    from xq.api.venue_market import Surroundings
    from xq.api.when import epoch_ms

    shell.override(exchange__sim_seed=seed)

    def announce(report: ServerReport) -> None:
        shell.record(report)
        shell.note(advice(report))

    start_ms = None if at is None else epoch_ms(at)
    serve(
        shell.workspace,
        announce=announce,
        port=port,
        state=state,
        start_ms=start_ms,
        limits=limits == "on",
        accounts=account or (),
        faults=faults,
        admin_port=admin_port,
        around=Surroundings(market, source, speed, latency, liquidity),
    )
