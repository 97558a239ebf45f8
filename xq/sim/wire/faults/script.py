"""Faults as people write them: TOML files, and JSON for the admin port."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xq.errors import ConfigError, suggestion
from xq.sim.wire.faults.effects import EFFECTS, OPTIONS, REQUIRED, Effect
from xq.sim.wire.faults.fault import Fault, Match, Place

_METHODS = ("GET", "POST", "PUT", "DELETE")
_COMMON = ("name", "do", "path", "symbol", "owner", "at", "times")
_OF_CALLS, _OF_MESSAGES = ("method", "where"), ("event",)
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_TABLE = re.compile(r"\s*\[\[\s*fault\s*\]\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+)\s*[=.]")
_HINT = "xq sim --help; docs/venue/faults.md lists every fault"


def read_faults(path: Path) -> tuple[Fault, ...]:
    """The faults of a TOML file, one ``[[fault]]`` table each.

    Raises
    ------
    ConfigError
        Naming file and line, if the file cannot be read or says what no fault knows.
    """
    try:
        text = path.read_text(encoding="utf-8")
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not valid TOML: {error}", where=str(path), hint=_HINT) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the faults: {error}", where=str(path)) from None
    for key in tree:
        if key != "fault":
            raise _Wrong(f"expected tables [[fault]], found {key!r}").at(path, text, None, key)
    rows = tree.get("fault", [])
    if not isinstance(rows, list):
        raise ConfigError("expected tables [[fault]], found one [fault]", where=str(path))
    faults: list[Fault] = []
    for number, row in enumerate(rows):
        try:
            faults.append(_fault(row, [fault.name for fault in faults]))
        except _Wrong as wrong:
            raise wrong.at(path, text, number, wrong.key) from None
    return tuple(faults)


def fault_of(row: object, taken: Sequence[str] = ()) -> Fault:
    """One fault from a mapping as JSON has it.

    Parameters
    ----------
    taken
        Names that other faults have.

    Raises
    ------
    ConfigError
        Saying what was expected and what was found.

    Examples
    --------
    >>> fault = fault_of({"do": "reset", "method": "POST", "at": 3})
    >>> fault.name, fault.place.value, fault.options
    ('reset-1', 'call', {'when': 'before'})
    """
    try:
        return _fault(row, taken)
    except _Wrong as wrong:
        raise ConfigError(wrong.text, where=wrong.key or None, hint=_HINT) from None


class _Wrong(Exception):
    """What one fault says wrongly, and under which key."""

    def __init__(self, text: str, key: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.key = key

    def at(self, path: Path, text: str, number: int | None, key: str) -> ConfigError:
        line = _line(text, number, key)
        return ConfigError(self.text, where=f"{path}:{line}" if line else str(path), hint=_HINT)


def _fault(row: object, taken: Sequence[str]) -> Fault:
    if not isinstance(row, Mapping):
        raise _Wrong(f"expected a fault with a key 'do', found {row!r}")
    do = row.get("do")
    if not isinstance(do, str):
        raise _Wrong("expected do = the name of a fault, found none" if do is None else
                     f"expected the name of a fault, found {do!r}", "do")  # fmt: skip
    if do not in EFFECTS:
        raise _Wrong(f"no fault does {do!r}{_did_you_mean(do, EFFECTS)}", "do")
    effect = EFFECTS[do]
    place = _place(row, effect)
    _check_keys(row, do, effect, place)
    return Fault(
        name=_name(row, do, taken),
        do=do,
        place=place,
        match=_match(row, effect, place),
        at=_count(row, "at", 1, least=1),
        times=_count(row, "times", effect.times, least=0),
        options=_options(row, do, effect),
    )


def _place(row: Mapping[str, Any], effect: Effect) -> Place:
    """Messages if nothing else is possible or an event is named."""
    if effect.places == {Place.CALL}:
        return Place.CALL
    only = effect.places == {Place.MESSAGE}
    return Place.MESSAGE if only or "event" in row else Place.CALL


def _check_keys(row: Mapping[str, Any], do: str, effect: Effect, place: Place) -> None:
    own = _OF_CALLS if place is Place.CALL else _OF_MESSAGES
    known = [*_COMMON, *own, *effect.options]
    for key in row:
        if key in known:
            continue
        if key in (*_OF_CALLS, *_OF_MESSAGES):
            raise _Wrong(f"{do!r} hits {place}s, which have no {key!r}", key)
        raise _Wrong(f"{do!r} knows no key {key!r}{_did_you_mean(key, known)}", key)


def _name(row: Mapping[str, Any], do: str, taken: Sequence[str]) -> str:
    if "name" not in row:
        number = 1
        while f"{do}-{number}" in taken:
            number += 1
        return f"{do}-{number}"
    name = row["name"]
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _Wrong(f"expected a name of up to 64 letters, digits and ._-, found {name!r}", "name")
    if name in taken:
        raise _Wrong(f"another fault is named {name!r}", "name")
    return name


def _match(row: Mapping[str, Any], effect: Effect, place: Place) -> Match:
    texts = {key: _text(row, key) for key in ("path", "symbol", "owner", "event", "method")}
    if texts["path"] and not texts["path"].startswith(("/", "*")):
        raise _Wrong(f"expected a path like /fapi/v1/order, found {texts['path']!r}", "path")
    if texts["method"] and texts["method"] not in _METHODS:
        raise _Wrong(f"expected one of {', '.join(_METHODS)}, found {texts['method']!r}", "method")
    if place is Place.MESSAGE and not texts["event"]:
        texts["event"] = effect.event
    where = row.get("where", {})
    if not isinstance(where, Mapping):
        raise _Wrong(f'expected parameters like {{ side = "BUY" }}, found {where!r}', "where")
    for name, value in where.items():
        if not isinstance(value, str):
            raise _Wrong(f"expected a text for parameter {name!r}, found {value!r}", "where")
    return Match(**texts, where=dict(where))


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key, "")
    if not isinstance(value, str):
        raise _Wrong(f"expected a text for {key}, found {value!r}", key)
    return value


def _count(row: Mapping[str, Any], key: str, default: int, *, least: int) -> int:
    value = row.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise _Wrong(f"expected a whole number from {least} for {key}, found {value!r}", key)
    return value


def _options(row: Mapping[str, Any], do: str, effect: Effect) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, default in effect.options.items():
        if key not in row:
            if default is REQUIRED:
                raise _Wrong(f"{do!r} needs {key}", key)
            if default is not None:
                found[key] = default
            continue
        try:
            found[key] = OPTIONS[key](row[key])
        except ValueError as error:
            raise _Wrong(f"expected {error} for {key}, found {row[key]!r}", key) from None
    if do == "filters" and len(found) < 2:
        raise _Wrong("'filters' needs one of tick, lot, min_quantity, min_notional", "do")
    return found


def _did_you_mean(name: str, known: Any) -> str:
    close = suggestion(name, known)
    return f"; did you mean {close!r}?" if close else ""


def _line(text: str, number: int | None, key: str) -> int | None:
    """The line of a key in the table of a number, or of the table; None if it is not found."""
    table = -1
    head = None
    for line, content in enumerate(text.splitlines(), start=1):
        if _TABLE.match(content):
            table += 1
            head = line if table == number else head
            continue
        found = _KEY.match(content)
        if found and found[1] == key and (number is None or table == number):
            return line
    return head
