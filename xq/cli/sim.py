"""``xq sim``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from xq.cli.shell import Shell, command

app = typer.Typer()

_CCXT = """\
ccxt, spot:     ccxt.binance({{"apiKey": "{key}", "secret": "{secret}", "urls": {{"api": {{
                    "public": "{spot}", "private": "{spot}", "sapi": "{url}/sapi/v1",
                    "ws": {{"spot": "{ws}/stream-spot/ws",
                           "ws-api": {{"spot": "{ws}/ws-api/v3"}}}}}}}},
                    "options": {{"fetchMarkets": {{"types": ["spot"]}}}}}})
ccxt, futures:  ccxt.binanceusdm({{"apiKey": "{key}", "secret": "{secret}", "urls": {{"api": {{
                    "fapiPublic": "{url}/fapi/v1", "fapiPrivate": "{url}/fapi/v1",
                    "fapiPrivateV2": "{url}/fapi/v2", "fapiPrivateV3": "{url}/fapi/v3",
                    "sapi": "{url}/sapi/v1",
                    "ws": {{"linear": "{ws}/ws", "ws-api": {{"linear": "{ws}/ws-fapi/v1"}}}}}}}}}})
Prices after the recorded history are synthetic, and so is the book. Ctrl-C ends the server."""


@command(app)
def sim(
    shell: Shell,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="0 takes any free one. [default: 8787]")
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="Folder of its ledger. [default: state/]")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="Venue time to start at, not before its ledger's.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of a new venue's synthetic markets.")
    ] = None,
    account: Annotated[
        list[str] | None,
        typer.Option(help="Another account: key NAME, secret NAME-secret. Repeatable."),
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
    from xq.api.when import epoch_ms

    shell.override(exchange__sim_seed=seed)

    def announce(report: ServerReport) -> None:
        shell.record(report)
        shell.note(
            _CCXT.format(
                key=report.api_key,
                secret=report.api_secret,
                spot=report.spot,
                url=report.url,
                ws=report.url.replace("http://", "ws://"),
            )
        )

    start_ms = None if at is None else epoch_ms(at)
    serve(
        shell.workspace,
        announce=announce,
        port=port,
        state=state,
        start_ms=start_ms,
        limits=limits == "on",
        accounts=account or (),
    )
