"""The root command: a static table of commands, each imported only when it is asked for."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from xq.errors import Interrupted, ReaderLeft, UsageError, XqError, unknown

COMMANDS: dict[str, dict[str, str]] = {
    "Start": {
        "init": "Make a folder with a config file, strategies and a lake.",
        "doctor": "Check that everything xq needs is in order.",
        "config": "Show, explain and check the configuration.",
    },
    "Market data": {
        "symbols": "List a venue's symbols by traded volume.",
        "collect": "Bring market data into the lake.",
        "data": "List, check, import and export what the lake holds.",
        "sql": "Ask the lake a question in SQL.",
    },
    "Research": {
        "indicators": "Compute indicators over stored bars.",
        "strategies": "List, write and check strategies.",
        "backtest": "Simulate a strategy over stored bars.",
        "runs": "List and show saved backtests.",
    },
    "Trading": {
        "trade": "Run a strategy: once for cron, or on schedule.",
        "orders": "List the orders xq has sent.",
        "positions": "Show what is held, by xq's books and by the venue's.",
        "fills": "List executions.",
        "equity": "Show equity over time.",
        "sim": "Run the simulated venue as a server.",
    },
}

_HELP = "Market data in one lake, honest backtests over it, orders exactly once."


class _LazyGroup(TyperGroup):
    """Knows every command's name and help line; imports one file per call."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [name for group in COMMANDS.values() for name in group]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = import_module(f"xq.cli.{cmd_name}")
        module.app.info.name = cmd_name
        module.app.rich_markup_mode = None
        module.app._add_completion = False
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            raise unknown("command", args[0], self.list_commands(ctx), hint="xq --help")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for title, commands in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl(list(commands.items()), col_max=14, col_spacing=4)


app = typer.Typer(
    cls=_LazyGroup,
    help=_HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="xq COMMAND --help tells more.  First time? xq init my-folder",
)


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", "-V", help="Print the version and exit."),
) -> None:
    if version:
        from xq import __version__

        print(f"xq {__version__}")
        raise typer.Exit


def run(arguments: Sequence[str]) -> int:
    """Run one command line; every error ends here as text on stderr and an exit code."""
    as_json = _wants_json(arguments)
    try:
        result = app(list(arguments), prog_name="xq", standalone_mode=False)
    except XqError as error:
        return _report(error, as_json)
    except TyperException as error:
        return _report(_usage(error), as_json)
    except (KeyboardInterrupt, typer.Abort):
        return _report(Interrupted("interrupted"), as_json)
    except ReaderLeft:
        return _reader_left()
    except OSError as error:
        return _report(_from_os(error), as_json)
    if result == Interrupted.exit_code:  # what Typer makes of Ctrl-C
        return _report(Interrupted("interrupted"), as_json)
    return result if isinstance(result, int) else 0


def _report(error: XqError, as_json: bool) -> int:
    from xq.cli.output import print_error

    return print_error(error, as_json=as_json)


def _usage(error: TyperException) -> UsageError:
    text = getattr(error, "format_message", lambda: str(error))()
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "xq"
    if not text and context is not None:
        text = "no command given"
    return UsageError(text[:1].lower() + text[1:].rstrip("."), hint=f"{path} --help")


def _from_os(error: OSError) -> XqError:
    from xq.errors import StorageFailed

    where = str(error.filename) if error.filename else None
    reason = error.strerror or str(error)
    return StorageFailed(reason[:1].lower() + reason[1:], where=where, hint="xq doctor")


def _reader_left() -> int:
    """``xq … | head`` closes the pipe early; that is no error of anyone's."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    os.close(devnull)
    return 0


def _wants_json(arguments: Sequence[str]) -> bool:
    joined = " ".join(arguments)
    return any(
        f"{flag}{gap}{name}" in joined
        for flag in ("--output", "-o")
        for gap in (" ", "=")
        for name in ("json",)
    )
