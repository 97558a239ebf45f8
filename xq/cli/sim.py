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
        int | None, typer.Option(min=0, max=65535, help="0 takes any free one. [default: 8787]")
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="Folder of its ledger. [default: state/]")
    ] = None,
    market: Annotated[
        Literal["synthetic", "replay", "book"],
        typer.Option(help="replay: the lake's bars and trades; book: its recorded books."),
    ] = "synthetic",
    source: Annotated[
        str | None, typer.Option(help="Exchange whose recordings those are. [default: the only]")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--from", "--at", help="Venue time to start at, not before its ledger's."),
    ] = None,
    speed: Annotated[
        str | None, typer.Option(help="1, 60 …; max: as fast as streams are read. [default: 1]")
    ] = None,
    latency: Annotated[
        str | None, typer.Option(help="How long orders travel: 50 (ms), sampled:50.")
    ] = None,
    liquidity: Annotated[
        str | None, typer.Option(help="Books: spread:5 (basis points), impact (square root).")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of a new venue's synthetic markets.")
    ] = None,
    account: Annotated[
        list[str] | None,
        typer.Option(help="Another account: key NAME, secret NAME-secret. Repeatable."),
    ] = None,
    faults: Annotated[
        Path | None, typer.Option(help="What shall go wrong: docs/venue/faults.md.")
    ] = None,
    admin_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Of its status page. [default: the next port]"),
    ] = None,
    limits: Annotated[
        Literal["on", "off"],
        typer.Option(help="on: request weights, 429 and 418 as on Binance."),
    ] = "off",
) -> None:
    """Run the simulated venue as a server.

    It speaks Binance's spot and USDⓈ-M interfaces, REST and WebSocket, on 127.0.0.1 and remembers
    accounts, orders and its clock in state/sim.sqlite.
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
