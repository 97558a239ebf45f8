"""Options of commands that try many sets of parameters: sweeps and walk-forwards."""

from typing import Annotated

import typer

Grid = Annotated[
    list[str] | None, typer.Option(help="Repeatable: fast=5:50:5, fast=5,8,13 or fast=20.")
]
Objective = Annotated[
    str,
    typer.Option(help="daily_sharpe_ratio, daily_sortino_ratio, total_return or calmar_ratio."),
]
Limit = Annotated[int, typer.Option(help="Most sets of parameters.")]
Seed = Annotated[int | None, typer.Option(help="Of all draws.")]
Workers = Annotated[int | None, typer.Option(help="Processes. Default: all cores.")]
Executor = Annotated[str, typer.Option(help="local or ray.")]
Address = Annotated[str | None, typer.Option(help="Of a Ray cluster to join.")]
Deadline = Annotated[float, typer.Option(help="Seconds per question to the strategy.")]
