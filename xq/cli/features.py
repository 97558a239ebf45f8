"""``xq features``."""

from typing import Annotated

import typer

from xq.cli.data_verify import Exchange, Length, Name
from xq.cli.shell import Shell, command

app = typer.Typer(no_args_is_help=True, help="List and check stored features.")

Wanted = Annotated[str | None, typer.Argument(metavar="[NAME]", help="rsi_14; default: all.")]


@command(app, "list")
def list_features(
    shell: Shell,
    name: Wanted = None,
    exchange: Exchange = None,
    symbol: Name = None,
    timeframe: Length = None,
) -> None:
    """List stored features, what made each, and whether this xq would make it the same way."""
    from xq.api.features_list import Where, features

    found = features(shell.workspace, Where(name, exchange, symbol, timeframe))
    if not found:
        shell.note("no feature is stored; hint: xq indicators ema:20 rsi:14 --store")
    digits = 8 if shell.as_table else 32
    columns = ("name", "indicator", "symbol", "timeframe", "exchange", "bars", "start", "end")
    shell.rows([
        {column: getattr(item, column) for column in columns}
        | {"state": item.state, "definition": item.definition.get("definition", "")[:digits]}
        for item in found
    ])  # fmt: skip


@command(app, "show")
def show_feature(
    shell: Shell,
    name: Annotated[str, typer.Argument(help="As in xq features list: rsi_14.")],
    exchange: Exchange = None,
    symbol: Name = None,
    timeframe: Length = None,
) -> None:
    """Show one feature: its parameters, memory, code, bars and their hashes."""
    from xq.api.features_list import Where, show

    shell.record(show(shell.workspace, Where(name, exchange, symbol, timeframe)))


@command(app, "check")
def check_features(
    shell: Shell,
    name: Wanted = None,
    exchange: Exchange = None,
    symbol: Name = None,
    timeframe: Length = None,
) -> None:
    """Compute stored features anew; exit 4 where they differ from the stored values."""
    from xq.api.features_list import Where, check, stale

    checks = check(shell.workspace, Where(name, exchange, symbol, timeframe))
    shell.rows(checks)
    if any(item.differing for item in checks):
        raise stale(checks)


@command(app, "flow")
def order_flow(
    shell: Shell,
    symbol: Name = None,
    timeframe: Annotated[str, typer.Option(help="Bar length.")] = "1s",
    exchange: Exchange = None,
    train: Annotated[
        float, typer.Option(help="Share of the bars to fit on; fitted columns begin after it.")
    ] = 0.5,
) -> None:
    """Show order flow of a stored book and its trades, bar by bar."""
    from xq.api.order_flow import FlowRequest, flow

    shell.rows(flow(shell.workspace, FlowRequest(symbol, timeframe, exchange, train=train)))
