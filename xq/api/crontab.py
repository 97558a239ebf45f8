"""The crontab lines that keep ``xq trade --once`` and its watchdog going."""

import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xq.api.workspace import Workspace
from xq.config_layers import ENV_PREFIX, FILE_NAME
from xq.errors import UsageError
from xq.timeframe import Timeframe

_OPTIONS = {
    "trade.strategy": "--strategy",
    "trade.symbols": "--symbol",
    "trade.timeframe": "--timeframe",
    "trade.mode": "--mode",
    "trade.capital": "--capital",
    "exchange.name": "--exchange",
    "metrics.file": "--metrics-file",
}


def crontab_lines(ws: Workspace, flags: Mapping[str, Any], parameters: Sequence[str]) -> str:
    """The crontab lines that run ``xq trade --once`` and ``xq watchdog --once`` for this workspace.

    They mean the same in any time zone.

    Parameters
    ----------
    flags
        ``{"trade.strategy": …}`` given on the command line; None is left out.
    parameters
        ``name=value`` of the strategy.
    """
    schedule = _cron_schedule(Timeframe.parse(ws.config.trade.timeframe))
    trade, watchdog = command_lines(ws, flags, parameters)
    settings = [f"{name}={shlex.quote(ws.environ[name])} " for name in settings_of(ws)]
    before = f"cd {shlex.quote(str(ws.root))} && {''.join(settings)}"
    lines = [
        f"{schedule} {before}{shlex.join(_once(trade))}",
        f"* * * * * {before}{shlex.join([*watchdog, '--once'])}",
    ]
    return "\n".join(line.replace("%", r"\%") for line in lines)


def command_lines(
    ws: Workspace, flags: Mapping[str, Any], parameters: Sequence[str]
) -> tuple[list[str], list[str]]:
    """The words of ``xq trade`` and of ``xq watchdog`` for this workspace."""
    path = ws.loaded.path
    config = ["--config", str(path)] if path is not None and path.name != FILE_NAME else []
    asked = [word for text in parameters for word in ("--param", text)]
    trade = [*_command(), "trade", *_words(flags), *asked, *config]
    account = {key: flags.get(key) for key in ("trade.mode", "exchange.name", "trade.symbols")}
    return trade, [*_command(), "watchdog", *_words(account), *config]


def _once(trade: list[str]) -> list[str]:
    place = trade.index("trade") + 1
    return [*trade[:place], "--once", *trade[place:]]


def settings_of(ws: Workspace) -> list[str]:
    """Variables that this shell sets and cron's would not; they never hold secrets."""
    places = {place for o in ws.loaded.origins.values() for place in (o.place, *o.overrides)}
    dotted = ws.root / ".env"
    kept = dotted.read_text(encoding="utf-8") if dotted.is_file() else ""
    return sorted(p for p in places if p.startswith(ENV_PREFIX) and f"{p}=" not in kept)


def _words(flags: Mapping[str, Any]) -> list[str]:
    words = []
    for key, option in _OPTIONS.items():
        given = flags.get(key)
        values = given if isinstance(given, tuple) else (given,)
        words += [word for value in values if value is not None for word in (option, str(value))]
    return words


def _cron_schedule(bar: Timeframe) -> str:
    """Soon after every close; asking again in between costs little and makes up for failures."""
    minutes = bar.ms // 60_000
    if not minutes:
        raise UsageError(f"cron runs once a minute at most, found {bar} bars", hint="xq trade")
    if minutes == 1:
        return "* * * * *"
    return f"*/{minutes} * * * *" if minutes <= 5 else "1-59/5 * * * *"


def _command() -> list[str]:
    installed = Path(sys.argv[0])
    if installed.name == "xq" and installed.is_file():
        return [str(installed.absolute())]
    found = shutil.which("xq")
    return [found] if found else [sys.executable, "-m", "xq"]
