"""What every ``xq execute`` algorithm is told, and the run that follows."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xq.cli.shell import Shell, command

if TYPE_CHECKING:
    from xq.api.execute_plan import Make

Slices = Annotated[int, typer.Option(min=1, max=1000, help="Slices of equal length.")]
SizeJitter = Annotated[
    float, typer.Option(min=0, max=0.99, help="Slices differ at random by this share of each.")
]
TimeJitter = Annotated[
    float, typer.Option(min=0, max=0.9, help="Sent within this first share of a slice's time.")
]
Passive = Annotated[
    bool, typer.Option("--passive", help="Rest at the best price, cross what is overdue.")
]
Jitter = Annotated[
    float, typer.Option(min=0, max=0.99, help="Children differ at random by this share.")
]


def _asked(
    symbol: Annotated[str, typer.Option(help="BTC/USDT is spot, BTC/USDT:USDT a perpetual.")],
    side: Annotated[str, typer.Option(help="buy or sell.")],
    quantity: Annotated[str | None, typer.Option(help="Base asset, whole lots.")] = None,
    notional: Annotated[str | None, typer.Option(help="Quote asset; rounded down to lots.")] = None,
    over: Annotated[str | None, typer.Option(help="Time for all of it: 90s, 30m, 2h.")] = None,
    limit_price: Annotated[
        str | None, typer.Option(help="Never pay more, never take less.")
    ] = None,
    cap: Annotated[
        float | None, typer.Option(help="Most of what the market trades, as a share of it.")
    ] = None,
    deadline: Annotated[
        str, typer.Option(help="stop or market: leave the rest at the end, or cross it.")
    ] = "stop",
    reduce_only: Annotated[
        bool, typer.Option("--reduce-only", help="Never add to a position.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Of what is random; default: the time.")] = None,
) -> None: ...


def _run(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show schedule and cost; send nothing.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Watch what the service does until it is done.")
    ] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="Leave it to the service; refused without one.")
    ] = False,
    route: Annotated[
        str | None, typer.Option(help="Split over venues by their books: binance,bybit.")
    ] = None,
    mode: Annotated[str | None, typer.Option(help="Default: trade.mode.")] = None,
    exchange: Annotated[str | None, typer.Option(help="'sim' or a ccxt id.")] = None,
) -> None: ...


_ASKED = inspect.signature(_asked).parameters
_RUN = inspect.signature(_run).parameters


def algo(app: typer.Typer, name: str) -> Callable[[Callable[..., "Make"]], Any]:
    """Register an algorithm: a function of its own options that answers how to work."""

    def register(function: Callable[..., "Make"]) -> Callable[..., "Make"]:
        own = inspect.signature(function).parameters

        def call(shell: Shell, **values: Any) -> None:
            from xq.api.execute_plan import Asked
            from xq.cli.execute_run import run

            asked = Asked(**{key: values.pop(key) for key in _ASKED})
            told = {key: values.pop(key) for key in _RUN}
            run(shell, asked, function(**values), **told)

        options = [*_ASKED.values(), *own.values(), *_RUN.values()]
        as_options = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in options]
        first = inspect.Parameter("shell", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        call.__signature__ = inspect.Signature([first, *as_options])  # type: ignore[attr-defined]
        call.__doc__, call.__name__ = function.__doc__, function.__name__
        command(app, name)(call)
        return function

    return register
