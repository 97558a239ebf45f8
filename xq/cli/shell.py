"""What every command gets: the common options, the workspace and a way to answer."""

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from xq.api.workspace import Workspace, open_workspace
from xq.cli import output
from xq.cli.output import Format

_PANEL = "Common options"

CommonOutput = Annotated[
    Format | None,
    typer.Option("--output", "-o", help="Default: table on a terminal, jsonl when piped."),
]
CommonConfig = Annotated[
    Path | None,
    typer.Option("--config", help="Config file; default: xq.toml here or in a folder above."),
]
CommonQuiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing on stderr.")]
CommonVerbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more on stderr.")]


class Bar(Protocol):
    """A progress bar."""

    def advance(self, steps: float = 1) -> None:
        """Move forward."""


class Progress(Protocol):
    """Starts a progress bar: ``with progress("collecting", total=10) as bar``."""

    def __call__(self, title: str, *, total: float | None = None) -> Any:
        """A context manager that yields a `Bar`."""


@dataclass
class Shell:
    """The terminal side of one command."""

    format: Format | None = None
    config: Path | None = None
    quiet: bool = False
    verbose: bool = False
    flags: dict[str, Any] = field(default_factory=dict)
    _workspace: Workspace | None = None

    @property
    def workspace(self) -> Workspace:
        """The configuration and its folders, read once."""
        if self._workspace is None:
            self._workspace = open_workspace(self.config, self.flags)
        return self._workspace

    def override(self, **flags: Any) -> None:
        """Flags that outrank the config: ``override(trade__mode="paper")``; None is ignored."""
        self.flags |= {key.replace("__", "."): value for key, value in flags.items()}

    @property
    def is_tty(self) -> bool:
        """Whether a person reads stdout."""
        return sys.stdout.isatty()

    @property
    def as_table(self) -> bool:
        """Whether the answer is to be laid out for eyes."""
        return self.format is Format.TABLE or (self.format is None and self.is_tty)

    def rows(self, rows: output.Rows, *, title: str | None = None) -> None:
        """Answer with rows."""
        output.print_rows(rows, self.format or self._default, title=title)

    def rows_or_note(self, rows: Sequence[Any], absence: str) -> None:
        """Answer with rows; where there are none, tell the person so."""
        self.rows(rows)
        if not rows:
            self.note(absence)

    def record(self, record: Mapping[str, Any] | Any) -> None:
        """Answer with one object."""
        output.print_record(record, self.format or self._default)

    def text(self, text: str) -> None:
        """Answer with plain text on stdout."""
        output.print_text(text)

    def render(self, *renderables: Any) -> None:
        """Answer with rich renderables on stdout."""
        output.print_rich(*renderables)

    def note(self, text: str) -> None:
        """Tell the person at the terminal; silent with ``--quiet``."""
        if not self.quiet:
            output.print_note(text)

    def detail(self, text: str) -> None:
        """Tell more, with ``--verbose`` only."""
        if self.verbose:
            output.print_note(text)

    @contextmanager
    def progress(self, title: str, *, total: float | None = None) -> Iterator[Bar]:
        """A progress bar on stderr, if stderr is a terminal and not ``--quiet``."""
        with output.progress_bar(title, total, enabled=not self.quiet) as bar:
            yield bar

    @property
    def _default(self) -> Format:
        return Format.TABLE if self.is_tty else Format.JSONL


def command(app: typer.Typer, name: str | None = None) -> Callable[[Callable[..., Any]], Any]:
    """Register a function whose first parameter is a `Shell`, adding the common options."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(function)
        own = list(signature.parameters.values())[1:]

        @wraps(function)
        def call(**values: Any) -> Any:
            shell = Shell(
                format=values.pop("output"),
                config=values.pop("config"),
                quiet=values.pop("quiet"),
                verbose=values.pop("verbose"),
            )
            return function(shell, **values)

        call.__signature__ = signature.replace(parameters=own + _common())  # type: ignore[attr-defined]
        call.__annotations__ = {
            parameter.name: parameter.annotation for parameter in own + _common()
        }
        app.command(name)(call)
        return function

    return register


def _common() -> list[inspect.Parameter]:
    kinds = {
        "output": (CommonOutput, None),
        "config": (CommonConfig, None),
        "quiet": (CommonQuiet, False),
        "verbose": (CommonVerbose, False),
    }
    return [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
        )
        for name, (annotation, default) in kinds.items()
    ]
