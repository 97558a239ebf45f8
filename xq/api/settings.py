"""Configuration as answers: show, explain, and the text of a fresh ``xq.toml``."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo

from xq.api.workspace import Workspace
from xq.config import Config, known_keys
from xq.errors import ConfigError, suggestion


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


def template(exchange: str | None = None) -> str:
    """The text of a new ``xq.toml``: every key at its default, explained, commented out."""
    lines = [
        "# xq: one file for all commands. A commented line shows the default.",
        "# Environment: XQ_SECTION__KEY, e.g. XQ_TRADE__MODE=paper. Flags outrank both.",
        "# Secrets never go here: put XQ_API_KEY and XQ_API_SECRET into .env.",
    ]
    for section, info in Config.model_fields.items():
        if section == "strategy":
            lines += ["", "# [strategy.trend_following]   # parameters, one section per strategy"]
            lines += ["# fast = 20"]
            continue
        fields = list(_fields(info))
        if not fields:
            continue
        lines += ["", f"[{section}]"]
        for name, field in fields:
            default = field.get_default()
            if exchange is not None and (section, name) == ("exchange", "name"):
                lines.append(f"{name} = {_toml(exchange)}   # {field.description}")
            elif default is None:
                lines.append(f"# {name} =   # {field.description}; not set")
            else:
                lines.append(f"# {name} = {_toml(default)}   # {field.description}")
    return "\n".join(lines) + "\n"


def _setting(ws: Workspace, key: str) -> Setting:
    section, _, name = key.partition(".")
    model = getattr(ws.config, section)
    field = type(model).model_fields[name]
    return Setting(
        key=key,
        value=getattr(model, name),
        origin=ws.loaded.origin(key).place,
        default=field.get_default(),
        description=field.description or "",
    )


def _fields(info: FieldInfo) -> Iterator[tuple[str, FieldInfo]]:
    yield from getattr(info.annotation, "model_fields", {}).items()


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return str(value)
