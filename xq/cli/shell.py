"""What every command gets: the common options, the workspace and a way to answer."""

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from xq.api.logs import logging_of
from xq.api.workspace import Workspace, open_workspace
from xq.cli import output
from xq.cli.output import Format
from xq.errors import XqError

if TYPE_CHECKING:
    from xq.observe.event import Sink

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
CommonLog = Annotated[
    str | None, typer.Option("--log-format", help="human, or json: one object a line on stderr.")
]
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
    _log: "Sink | None" = None
    _open: ExitStack = field(default_factory=ExitStack)

    @property
    def workspace(self) -> Workspace:
        """The configuration and its folders, read once."""
        if self._workspace is None:
            self._workspace = open_workspace(self.config, self.flags)
            self._log = self._open.enter_context(logging_of(self._workspace, sys.stderr))
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
            self._say(text)

    def fail(self, error: XqError) -> None:
        """Put an error into the logs; where stderr is one of them, that is all there is to say."""
        about = error.as_dict()
        self._record("failed", "alarm", str(about.pop("message")), **about)
        if self._is_json:
            raise typer.Exit(error.exit_code) from error

    def close(self) -> None:
        """End the logs."""
        self._open.close()

    @property
    def _is_json(self) -> bool:
        """Whether stderr is for programs."""
        return self._workspace is not None and self._workspace.config.log.format == "json"

    def _say(self, text: str) -> None:
        self._record("note", "info", text)
        if not self._is_json:
            output.print_note(text)

    def _record(self, kind: str, level: str, text: str, **facts: Any) -> None:
        if self._log is not None:
            from xq.observe.event import Event, Level

            self._log.take(Event(kind, Level(level), text, self.workspace.clock.now_ms(), facts))

    def detail(self, text: str) -> None:
        """Tell more, with ``--verbose`` only."""
        if self.verbose:
            self._say(text)

    def mention(self, error: XqError) -> None:
        """Tell the person of an error that ends nothing; logs have it from where it happened."""
        if not self.quiet and not self._is_json:
            output.print_note(str(error))

    @contextmanager
    def progress(self, title: str, *, total: float | None = None) -> Iterator[Bar]:
        """A progress bar on stderr, if stderr is a terminal and not ``--quiet``."""
        with output.progress_bar(title, total, enabled=not self.quiet and not self._is_json) as bar:
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
            shell.override(log__format=values.pop("log_format"))
            try:
                return function(shell, **values)
            except XqError as error:
                shell.fail(error)
                raise
            finally:
                shell.close()

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
        "log_format": (CommonLog, None),
    }
    return [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
        )
        for name, (annotation, default) in kinds.items()
    ]
