"""Configuration as answers: show, explain, and the text of a fresh ``xq.toml``."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from xq import config_layers
from xq.api.observing import wishes
from xq.api.workspace import Workspace
from xq.config import known_fields, known_keys
from xq.errors import ConfigError, UsageError, suggestion, unknown
from xq.redact import clean


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of the configuration with its value and where that came from."""

    key: str
    value: Any
    origin: str
    default: Any
    description: str


def settings(ws: Workspace) -> list[Setting]:
    """Every setting in force, strategies' parameters last."""
    found = [_setting(ws, key) for key in known_keys()]
    for strategy, parameters in ws.config.strategy.items():
        for name, value in parameters.items():
            key = f"strategy.{strategy}.{name}"
            text = f"parameter of {strategy}"
            found.append(Setting(key, value, ws.loaded.origin(key).place, None, text))
    return found


def explain(ws: Workspace, key: str) -> Setting:
    """One setting.

    Raises
    ------
    ConfigError
        If there is no such key; suggests the closest.
    """
    for setting in settings(ws):
        if setting.key == key:
            return setting
    close = suggestion(key, known_keys())
    tail = f"; did you mean {close!r}?" if close else ""
    raise ConfigError(f"no setting named {key!r}{tail}", hint="xq config show")


def defaults() -> Workspace:
    """A workspace with every setting at its default, for when the real one is refused."""
    from pathlib import Path

    return Workspace(config_layers.load(None, {}), Path.cwd(), {})


def check(ws: Workspace) -> None:
    """Refuse names in the configuration that no command would take.

    Raises
    ------
    ConfigError
        For a symbol, timeframe, exchange, event, strategy or parameter that does not exist, or a
        parameter's value that its strategy refuses.
    """
    from xq.timeframe import Timeframe
    from xq.types import Symbol
    from xq.venues.registry import SIM, profile

    config = ws.config
    for key, names, parse in (
        ("collect.symbols", config.collect.symbols, Symbol.parse),
        ("trade.symbols", config.trade.symbols, Symbol.parse),
        ("risk.symbols", config.risk.symbols, Symbol.parse),
        ("risk.max_quantity", tuple(config.risk.max_quantity), Symbol.parse),
        ("collect.timeframe", (config.collect.timeframe,), Timeframe.parse),
        ("trade.timeframe", (config.trade.timeframe,), Timeframe.parse),
    ):
        for name in names:
            with _as_config_error(ws, key):
                parse(name)
    if config.exchange.name != SIM:
        with _as_config_error(ws, "exchange.name"):
            profile(config.exchange.name)
    wishes(ws)
    _check_strategies(ws)


def _check_strategies(ws: Workspace) -> None:
    if not ws.config.strategy:
        return
    from xq.strategy.sandbox import discover

    known = {listing.name: listing for listing in discover(ws.strategies, clock=ws.clock)}
    for name, parameters in ws.config.strategy.items():
        with _as_config_error(ws, f"strategy.{name}"):
            if name not in known:
                raise unknown("strategy", name, known, hint="xq strategies list")
        for parameter, value in parameters.items() if known[name].error is None else ():
            with _as_config_error(ws, f"strategy.{name}.{parameter}"):
                if parameter not in known[name].parameters:
                    raise unknown(
                        f"parameter of {name}", parameter, known[name].parameters,
                        hint=f"xq strategies list  # {' '.join(known[name].parameters)}",
                    )  # fmt: skip
                known[name].parameters[parameter].accept(value)


@contextmanager
def _as_config_error(ws: Workspace, key: str) -> Iterator[None]:
    try:
        yield
    except UsageError as error:
        raise ConfigError(
            f"{key}: {error.message}", where=_place(ws, key), hint=error.hint
        ) from None


def _place(ws: Workspace, key: str) -> str:
    """Where a key, or the first of its section, was set."""
    origins = ws.loaded.origins
    inside = (origin.place for name, origin in origins.items() if name.startswith(f"{key}."))
    return origins[key].place if key in origins else next(inside, "default")


def template(exchange: str | None = None) -> str:
    """The text of a new ``xq.toml``: every key at its default, explained, commented out."""
    lines = [
        "# xq: one file for all commands. A commented line shows the default.",
        "# Environment: XQ_SECTION__KEY, e.g. XQ_TRADE__MODE=paper. Flags outrank both.",
        "# Secrets never go here: put XQ_API_KEY and XQ_API_SECRET into .env.",
    ]
    strategy = ["", "# [strategy.trend_following]   # parameters, one section per strategy"]
    strategy += ["# fast = 20"]
    above = ""
    for key, field in known_fields().items():
        section, _, name = key.rpartition(".")
        if section != above:
            lines += ["", f"[{section}]"]
            above = section
        default = field.get_default()
        if exchange is not None and key == "exchange.name":
            lines.append(f"{name} = {_toml(exchange)}   # {field.description}")
        elif default is None:
            lines.append(f"# {name} =   # {field.description}; not set")
        else:
            lines.append(f"# {name} = {_toml(default)}   # {field.description}")
    return "\n".join(lines + strategy) + "\n"


def _setting(ws: Workspace, key: str) -> Setting:
    field = known_fields()[key]
    return Setting(
        key=key,
        value=_shown(attrgetter(key)(ws.config)),
        origin=_place(ws, key),
        default=field.get_default(),
        description=field.description or "",
    )


def _shown(value: Any) -> Any:
    """A value without a password that somebody wrote into a URL."""
    return clean(value) if isinstance(value, str) else value


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return str(value)
