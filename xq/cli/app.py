"""The root command: a static table of commands, each imported only when it is asked for."""

import re
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import takewhile
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from xq.cli.streams import abandon
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
        "features": "List and check stored features.",
        "strategies": "List, write and check strategies.",
        "backtest": "Simulate a strategy over stored bars.",
        "sweep": "Try many sets of parameters and judge the best.",
        "walkforward": "Tune on the past, test on what follows, again and again.",
        "trials": "Show and verify the ledger of everything that was tried.",
        "runs": "List and show saved backtests.",
        "montecarlo": "Vary a saved backtest to see how much of it is luck.",
    },
    "Trading": {
        "trade": "Run a strategy: once for cron, or on schedule.",
        "status": "Show an account on one screen: held, resting, tripped, due.",
        "execute": "Work a large order in small ones.",
        "arm": "Give leave to trade real money for a while, or take it back.",
        "stop": "Stop everything; close positions if told to.",
        "watchdog": "Watch the service from outside, and stop for it.",
        "risk": "Show, pull and re-arm the kill switches.",
        "order": "Send, change, cancel and show orders by hand.",
        "close": "Close positions at market, with the orders that belong to them.",
        "orders": "List the orders xq has sent.",
        "positions": "Show what is held, by xq's books and by the venue's.",
        "fills": "List executions.",
        "equity": "Show equity over time.",
        "notify": "Say who is told what, and send a test message.",
        "events": "List what happened that a person should know, newest last.",
        "audit": "Check that the journal is what xq wrote.",
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


def _version(wanted: bool) -> None:
    if wanted:
        from xq import __version__

        print(f"xq {__version__}", flush=True)
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", "-V", is_eager=True, callback=_version,
        help="Print the version and exit.",
    ),
) -> None: ...  # fmt: skip


def run(arguments: Sequence[str]) -> int:
    """Run one command line; every error ends here as text on stderr and an exit code."""
    as_json = _wants_json(arguments)
    try:
        _refuse_empty(arguments)
        result = app(list(arguments), prog_name="xq", standalone_mode=False)
    except XqError as error:
        return _report(error, as_json)
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # Typer keeps the class to itself
            return _help(error)
        return _report(_usage(error, arguments), as_json)
    except (KeyboardInterrupt, typer.Abort):
        return _report(Interrupted("interrupted"), as_json)
    except ReaderLeft:
        return _reader_left()
    except OSError as error:
        return _report(_from_os(error), as_json)
    if result == Interrupted.exit_code:  # what Typer makes of Ctrl-C
        return _report(Interrupted("interrupted"), as_json)
    return result if isinstance(result, int) else 0


def _refuse_empty(arguments: Sequence[str]) -> None:
    """An option with an empty value is an unset shell variable, not a wish for the default."""
    for before, word in zip(("", *arguments), arguments, strict=False):
        flag = before if word == "" else word.removesuffix("=") if word.endswith("=") else ""
        if _FLAG.fullmatch(flag):
            raise UsageError(f"expected a value for {flag}, found an empty one")


_FLAG = re.compile(r"--[a-z][a-z-]*")


def _report(error: XqError, as_json: bool) -> int:
    from xq.cli.output import print_error

    return print_error(error, as_json=as_json)


def _help(error: TyperException) -> int:
    from xq.cli.output import print_note

    print_note(error.format_message())
    return UsageError.exit_code


def _usage(error: TyperException, arguments: Sequence[str]) -> UsageError:
    text = getattr(error, "format_message", lambda: str(error))()
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "xq"
    if not text and context is not None:
        text = "no command given"
    for long, plain in _PLAINER:
        text = re.sub(long, plain, text)
    if "equires an argument" in text:  # raised before Typer knows for which command
        path = " ".join(["xq", *_command_words(arguments)])
    return UsageError(text[:1].lower() + text[1:].rstrip("."), hint=f"{path} --help")


_PLAINER = (
    ("Value error, ", ""),
    ("Input should be a valid (integer|number).*", r"expected a \1"),
    ("a integer", "a whole number"),
    ("Input should be greater than or equal to", "expected at least"),
    ("Input should be less than or equal to", "expected at most"),
)


def _command_words(arguments: Sequence[str]) -> list[str]:
    return list(takewhile(lambda word: word[:1].isalpha(), arguments))[:1]


def _from_os(error: OSError) -> XqError:
    from xq.errors import StorageFailed

    where = str(error.filename) if error.filename else None
    reason = error.strerror or str(error)
    return StorageFailed(reason[:1].lower() + reason[1:], where=where, hint="xq doctor")


def _reader_left() -> int:
    """``xq … | head`` closes the pipe early; that is no error of anyone's."""
    abandon(sys.stdout)
    return 0


def _wants_json(arguments: Sequence[str]) -> bool:
    words = iter(arguments)
    for word in words:
        flag, equals, value = word.partition("=")
        if flag in ("--output", "-o"):
            value = value if equals else next(words, "")
        elif word.startswith("-o"):
            value = word[2:]
        else:
            continue
        return value in ("json", "jsonl")
    return False
