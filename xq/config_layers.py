"""File, environment and flags merged into one configuration that knows its origins."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from xq.config import Config, known_fields, known_keys
from xq.errors import ConfigError, UsageError, XqError, suggestion

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

FILE_NAME = "xq.toml"
ENV_PREFIX = "XQ_"
_SEPARATOR = "__"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was set: ``xq.toml:17``, ``XQ_TRADE__MODE``, ``--mode`` or ``default``."""

    place: str
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration with the origin of every key that is not at its default."""

    config: Config
    path: Path | None
    origins: Mapping[str, Origin] = field(default_factory=dict)

    @property
    def changed(self) -> int:
        """How many keys were set anywhere; the heading of a table without any is none."""
        headings = {key[:dot] for key in known_fields() for dot in _dots(key)}
        return sum(key not in headings and key not in Config.model_fields for key in self.origins)

    def origin(self, key: str) -> Origin:
        """Where ``section.key`` was set."""
        return self.origins.get(key, Origin("default"))


def _dots(key: str) -> list[int]:
    return [place for place, letter in enumerate(key) if letter == "."]


def find(start: Path) -> Path | None:
    """The ``xq.toml`` of ``start`` or of the nearest folder above it."""
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    return None


def load(
    path: Path | None,
    environ: Mapping[str, str],
    flags: Mapping[str, Any] | None = None,
) -> Loaded:
    """Merge file, environment and flags into one checked configuration.

    Parameters
    ----------
    path
        The file, or None for defaults alone.
    environ
        The environment, ``.env`` already folded in.
    flags
        ``{"section.key": value}`` from the command line.

    Raises
    ------
    ConfigError
        For an unknown key (with a suggestion), a bad value, or a file that is not TOML.
    UsageError
        If the bad value comes from a flag.
    """
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for layer in (_file_layer(path), _environ_layer(environ), _flag_layer(flags or {})):
        for key, (value, place) in layer.items():
            _put(values, key, value)
            earlier = origins.get(key)
            overrides = (earlier.place, *earlier.overrides) if earlier else ()
            origins[key] = Origin(place, overrides)
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        raise _explain(error, origins) from None
    return Loaded(config, path, origins)


_Layer = dict[str, tuple[Any, str]]


def _file_layer(path: Path | None) -> _Layer:
    if path is None:
        return {}
    try:
        text = path.read_text(encoding="utf-8")
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not valid TOML: {error}", where=str(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the config file: {error}", where=str(path)) from None
    lines = _key_lines(text)
    return {
        key: (value, f"{path.name}:{lines[key]}" if key in lines else path.name)
        for key, value in _flatten(tree).items()
    }


def _environ_layer(environ: Mapping[str, str]) -> _Layer:
    layer: _Layer = {}
    for name, text in sorted(environ.items()):
        if not name.startswith(ENV_PREFIX):
            continue
        if _SEPARATOR not in name:
            _refuse_lookalike(name)
        else:
            key = name[len(ENV_PREFIX) :].lower().replace(_SEPARATOR, ".")
            layer[key] = (_from_text(key, text), name)
    return layer


def _refuse_lookalike(name: str) -> None:
    """``XQ_TRADE_MODE`` looks like a setting and would be none: one underscore is missing."""
    section, _, key = name[len(ENV_PREFIX) :].lower().partition("_")
    if section not in Config.model_fields:
        return
    close = suggestion(f"{section}.{key}", known_keys())
    tail = f"; did you mean {ENV_PREFIX}{close.upper().replace('.', _SEPARATOR)}?" if close else ""
    raise ConfigError(
        f"a setting is written {ENV_PREFIX}SECTION{_SEPARATOR}KEY, found {name}{tail}",
        where=name,
        hint="xq config show",
    )


def _flag_layer(flags: Mapping[str, Any]) -> _Layer:
    return {
        key: (value, "--" + key.rpartition(".")[2].replace("_", "-"))
        for key, value in flags.items()
        if value is not None
    }


def _from_text(key: str, text: str) -> Any:
    field = known_fields().get(key)
    if field is not None and "tuple" in str(field.annotation):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        dotted = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            flat |= _flatten(value, f"{dotted}.")
        else:
            flat[dotted] = value
    return flat


def _put(tree: dict[str, Any], key: str, value: Any) -> None:
    *parents, leaf = key.split(".")
    for name in parents:
        branch = tree.setdefault(name, {})
        if not isinstance(branch, dict):
            raise ConfigError(f"{name} is a section, found the value {branch!r}")
        tree = branch
    if isinstance(value, Mapping) and isinstance(tree.get(leaf), dict):
        return
    tree[leaf] = dict(value) if isinstance(value, Mapping) else value


def _key_lines(text: str) -> dict[str, int]:
    lines: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped.startswith("[") and "]" in stripped:
            section = stripped.strip("[]").split("]")[0].strip() + "."
            lines.setdefault(section[:-1], number)
        elif "=" in stripped and not stripped.startswith("#"):
            key = stripped.split("=", 1)[0].strip().strip("\"'")
            lines.setdefault(section + key, number)
    return lines


def _explain(error: ValidationError, origins: Mapping[str, Origin]) -> XqError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"] if not isinstance(part, int))
    while key not in origins and "." in key and first["type"] != "extra_forbidden":
        key = key.rpartition(".")[0]
    origin = origins.get(key) or next(
        (value for name, value in origins.items() if name.startswith(f"{key}.")), Origin("default")
    )
    where = origin.place
    if origin.overrides:
        where += f" (overrides {', '.join(origin.overrides)})"
    if first["type"] == "extra_forbidden":
        names = known_keys() if "." in key else Config.model_fields
        close = suggestion(key, names)
        tail = f"; did you mean {close!r}?" if close else ""
        return ConfigError(f"unknown key {key!r}{tail}", where=where, hint="xq config show")
    kind = UsageError if where.startswith("--") else ConfigError
    return kind(
        f"{key}: expected {_wanted(first)}, found {first['input']!r}",
        where=where,
        hint=f"xq config explain {key}" if key in known_keys() else "xq config show",
    )


_LISTS = {"tuple_type": 'a list such as ["BTC/USDT"]', "too_short": "at least one"}
_SECTIONS = ("dict_type", "model_type", "model_attributes_type")
_PLAINER = {
    "Input should be ": "",
    "a valid ": "a ",
    "a integer": "a whole number",
    "a string": "text",
    "less than or equal to": "at most",
    "greater than or equal to": "at least",
    "greater than": "more than",
}


def _wanted(error: "ErrorDetails") -> str:
    """What would have been right, in few words."""
    if error["type"] in _SECTIONS:
        return f"a section [{'.'.join(str(part) for part in error['loc'])}]"
    if error["type"] in _LISTS:
        return _LISTS[error["type"]]
    text = error["msg"].partition(", unable to")[0]
    for long, plain in _PLAINER.items():
        text = text.replace(long, plain)
    return text[:1].lower() + text[1:]
