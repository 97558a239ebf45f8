"""The crontab line that keeps ``xq trade --once`` going."""

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


def crontab_line(ws: Workspace, flags: Mapping[str, Any], parameters: Sequence[str]) -> str:
    """The crontab line that runs ``xq trade --once`` for this workspace, in any time zone.

    Parameters
    ----------
    flags
        ``{"trade.strategy": …}`` given on the command line; None is left out.
    parameters
        ``name=value`` of the strategy.
    """
    bar = Timeframe.parse(ws.config.trade.timeframe)
    words = [*_command(), "trade", "--once", *_words(flags)]
    words += [word for text in parameters for word in ("--param", text)]
    path = ws.loaded.path
    if path is not None and path.name != FILE_NAME:
        words += ["--config", str(path)]
    settings = [f"{name}={shlex.quote(ws.environ[name])} " for name in _settings(ws)]
    line = f"cd {shlex.quote(str(ws.root))} && {''.join(settings)}{shlex.join(words)}"
    return f"{_cron_schedule(bar)} " + line.replace("%", r"\%")


def _settings(ws: Workspace) -> list[str]:
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
