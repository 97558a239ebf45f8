"""Options of the commands whose numbers Prometheus reads."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

from xq.cli.shell import Shell

Port = Annotated[
    int | None, typer.Option(help="Serve /metrics there for Prometheus. Default: metrics.port.")
]
File = Annotated[
    str | None, typer.Option(help="Write metrics there; for cron. Default: metrics.file.")
]


def with_metrics(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--metrics-port`` and ``--metrics-file`` to a command."""
    signature = inspect.signature(function)

    @wraps(function)
    def call(shell: Shell, **values: Any) -> Any:
        shell.override(
            metrics__port=values.pop("metrics_port"), metrics__file=values.pop("metrics_file")
        )
        return function(shell, **values)

    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in (("metrics_port", Port), ("metrics_file", File))
    ]
    parameters = [*signature.parameters.values(), *options]
    call.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return call
