"""``xq order place``."""

from typing import Annotated

import typer

from xq.cli.shell import Shell

Mode = Annotated[str | None, typer.Option(help="sim, paper, testnet or live. Default: trade.mode.")]
Amount = Annotated[str | None, typer.Option(help="Base asset, sent exactly.")]
Money = Annotated[str | None, typer.Option(help="Quote asset; rounded down to whole lots.")]
Percent = Annotated[
    str | None, typer.Option("--percent-of-equity", help="Percent; rounded down to whole lots.")
]
Price = Annotated[str | None, typer.Option(help="Limit, on the venue's tick.")]
StopPrice = Annotated[str | None, typer.Option(help="Trigger, on the venue's tick.")]
Lasting = Annotated[str | None, typer.Option(help="gtc, ioc, fok or post_only; limit orders only.")]
ReduceOnly = Annotated[bool, typer.Option("--reduce-only", help="Contracts: never beyond flat.")]


def place(
    shell: Shell,
    symbol: Annotated[str, typer.Option(help="BTC/USDT, or BTC/USDT:USDT for the contract.")],
    side: Annotated[str, typer.Option(help="buy or sell.")],
    type: Annotated[
        str,
        typer.Option(
            help="market, limit, stop_market, stop_limit, take_profit_market, take_profit_limit, "
            "trailing_stop."
        ),
    ] = "market",
    quantity: Amount = None,
    notional: Money = None,
    percent: Percent = None,
    price: Price = None,
    stop_price: StopPrice = None,
    trail: Annotated[
        str | None, typer.Option(help="From the best price, as a share of it: 0.02.")
    ] = None,
    time_in_force: Lasting = None,
    reduce_only: ReduceOnly = False,
    stop_loss: Annotated[
        str | None, typer.Option(help="Contracts: a stop behind what is filled at once.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Judge and show it; send nothing.")
    ] = False,
    mode: Mode = None,
) -> None:
    """Send one order, past the same gate as a strategy's."""
    from xq.api.orders_place import place as run
    from xq.api.orders_place import wish_of
    from xq.cli.order_answer import announce, answer

    words = {
        "symbol": symbol, "side": side, "type": type, "quantity": quantity, "notional": notional,
        "percent": percent, "price": price, "stop_price": stop_price,
        "time_in_force": time_in_force, "reduce_only": reduce_only,
        "stop_loss": stop_loss, "trail": trail,
    }  # fmt: skip
    shell.override(trade__mode=mode)
    wish = wish_of(words)
    announce(shell, "sends nothing" if dry_run else f"sends a {wish.kind} order to {wish.side}")
    answer(shell, run(shell.workspace, wish, dry_run=dry_run))
