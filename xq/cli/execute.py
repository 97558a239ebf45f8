"""``xq execute``."""

from typing import TYPE_CHECKING, Annotated

import typer

from xq.cli.execute_options import Jitter, Passive, SizeJitter, Slices, TimeJitter, algo
from xq.cli.execute_parents import add_to

if TYPE_CHECKING:
    from xq.api.execute_plan import Make

app = typer.Typer(no_args_is_help=True, help="Work a large order in small ones.")
add_to(app)


@algo(app, "twap")
def twap(
    slices: Slices = 10,
    size_jitter: SizeJitter = 0.2,
    time_jitter: TimeJitter = 0.5,
    passive: Passive = False,
) -> "Make":
    """Equal slices of time, equal quantity each."""
    return _scheduled("twap", slices, size_jitter, time_jitter, passive)


@algo(app, "vwap")
def vwap(
    slices: Slices = 10,
    size_jitter: SizeJitter = 0.2,
    time_jitter: TimeJitter = 0.5,
    passive: Passive = False,
) -> "Make":
    """Slices as large as volume at that time of day."""
    return _scheduled("vwap", slices, size_jitter, time_jitter, passive)


@algo(app, "almgren-chriss")
def almgren_chriss(
    slices: Slices = 10,
    size_jitter: SizeJitter = 0.0,
    time_jitter: TimeJitter = 0.5,
    passive: Passive = False,
    risk_aversion: Annotated[float, typer.Option(min=0, help="Per quote asset.")] = 1e-6,
) -> "Make":
    """Early rather than late: least cost and risk."""
    return _scheduled(
        "almgren_chriss", slices, size_jitter, time_jitter, passive, risk_aversion=risk_aversion
    )


@algo(app, "iceberg")
def iceberg(
    price: Annotated[str, typer.Option(help="Limit price of every child.")],
    display: Annotated[str, typer.Option(help="Base asset shown at a time.")],
    jitter: Jitter = 0.2,
) -> "Make":
    """One limit order at a time that shows a part."""
    from xq.api.execute_hows import iceberg as how

    return how(price, display, jitter)


@algo(app, "trailing-stop")
def trailing_stop(
    distance: Annotated[float, typer.Option(help="From the best price, as a share of it: 0.02.")],
    activation: Annotated[str | None, typer.Option(help="Follow from this price on.")] = None,
    step: Annotated[float, typer.Option(min=0, help="Move it when it gains this share.")] = 0.1,
    watched: Annotated[bool, typer.Option("--watched", help="Rest nothing at the venue.")] = False,
) -> "Make":
    """A stop that follows the price."""
    from xq.api.execute_hows import trailing_stop as how

    return how(distance, activation, step, watched)


@algo(app, "pov")
def pov(
    rate: Annotated[float, typer.Option(help="Share of what the market trades: 0.1.")],
    clip: Annotated[str | None, typer.Option(help="Base asset per child.")] = None,
    jitter: Jitter = 0.2,
) -> "Make":
    """A share of what the market trades."""
    from xq.api.execute_hows import market_made

    return market_made("pov", rate=rate, clip=clip, size_jitter=jitter)


def _scheduled(
    kind: str, slices: int, size_jitter: float, time_jitter: float, passive: bool, **more: float
) -> "Make":
    from xq.api.execute_hows import market_made

    drawn = {"size_jitter": size_jitter, "time_jitter": time_jitter, "passive": passive}
    return market_made(kind, slices=slices, **drawn, **more)
