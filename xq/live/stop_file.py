"""The stop as a file: a latch that needs no journal, no venue and no service that runs.

``STOP`` in the state folder stops every account of it, ``STOP-<account>`` one. Anybody may drop
one; what lies there and cannot be read stops as well.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xq.errors import StorageFailed, UsageError
from xq.live.small_files import replace_file
from xq.risk.switches import Action
from xq.types import Symbol

NAME = "STOP"
EMERGENCY = "emergency_stop"
"""What the gate calls the latch, beside the names of the switches."""

_MOST_BYTES = 65_536
_UNKNOWN = "nobody named"


@dataclass(frozen=True, slots=True)
class Demand:
    """What a stop asks for.

    Attributes
    ----------
    action
        `Action.CANCEL` or `Action.FLATTEN`.
    symbols
        What is canceled and closed; empty for all. Entries stop for the whole account.
    at_ms
        When it was asked for, by this machine's clock.
    """

    action: Action
    reason: str
    who: str
    at_ms: int
    symbols: tuple[Symbol, ...] = ()

    @property
    def flatten(self) -> bool:
        """Whether positions are closed as well."""
        return self.action is Action.FLATTEN

    def covers(self, symbol: Symbol) -> bool:
        """Whether orders and positions of a symbol are to go."""
        return not self.symbols or symbol in self.symbols

    def joined(self, other: "Demand") -> "Demand":
        """Both at once: the graver action, on all that either covers."""
        graver = self if self.action.gravity >= other.action.gravity else other
        whole = not (self.symbols and other.symbols)
        symbols = () if whole else tuple(sorted({*self.symbols, *other.symbols}, key=str))
        newest = max(self.at_ms, other.at_ms)
        return Demand(graver.action, graver.reason, graver.who, newest, symbols)


class StopFile:
    """The stop of one account.

    Parameters
    ----------
    state
        The state folder.
    slug
        The account's name as files have it.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     stop = StopFile(Path(folder), "sim")
    ...     before = stop.demand()
    ...     _ = (Path(folder) / "STOP").write_text("flatten")
    ...     before, stop.demand().action, [path.name for path in stop.release()], stop.demand()
    (None, <Action.FLATTEN: 'flatten'>, ['STOP'], None)
    """

    def __init__(self, state: Path, slug: str) -> None:
        self.own = state / f"{NAME}-{slug}"
        self._all = state / NAME

    def demand(self) -> Demand | None:
        """What is demanded now; None without a stop. Never raises: in doubt it stops."""
        own, everyone = _read(self.own), _read(self._all)
        if own is not None and everyone is not None:
            return own.joined(everyone)
        return own or everyone

    def latch(self, demand: Demand) -> Demand:
        """Stop, on the disk before this returns; what is latched already is never lessened.

        Raises
        ------
        StorageFailed
            If the disk refuses.
        """
        earlier = _read(self.own)
        latched = demand if earlier is None else demand.joined(earlier)
        content = {
            "action": latched.action.value,
            "symbols": [str(symbol) for symbol in latched.symbols],
            "reason": latched.reason,
            "who": latched.who,
            "at_ms": latched.at_ms,
        }
        replace_file(self.own, json.dumps(content) + "\n", durable=True)
        return latched

    def release(self) -> tuple[Path, ...]:
        """Take the latch away; the files that went.

        Raises
        ------
        StorageFailed
            If one cannot be removed: then the stop stays.
        """
        gone = []
        for path in (self.own, self._all):
            try:
                path.unlink()
            except FileNotFoundError:
                continue
            except OSError as error:
                reason = (error.strerror or "it failed").lower()
                raise StorageFailed(reason, where=str(path), hint="xq doctor") from error
            gone.append(path)
        return tuple(gone)


def _read(path: Path) -> Demand | None:
    try:
        with path.open("rb") as file:
            at_ms = os.fstat(file.fileno()).st_mtime_ns // 1_000_000
            return _parse(file.read(_MOST_BYTES), at_ms)
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = f"{path.name} cannot be read: {error.strerror}"
        return Demand(Action.CANCEL, reason, _UNKNOWN, 0)


def _parse(content: bytes, at_ms: int) -> Demand:
    """What xq wrote, or somebody's note: its first word tells whether positions are closed."""
    words = content.decode("utf-8", "replace").strip()
    try:
        told = json.loads(words)
        symbols = tuple(map(Symbol.parse, told["symbols"]))
        action = Action.FLATTEN if told["action"] == Action.FLATTEN.value else Action.CANCEL
        return Demand(action, str(told["reason"]), str(told["who"]), int(told["at_ms"]), symbols)
    except (ValueError, TypeError, KeyError, AttributeError, UsageError):
        flatten = words[:7].lower() == Action.FLATTEN.value
        action = Action.FLATTEN if flatten else Action.CANCEL
        return Demand(action, "a file was dropped", _UNKNOWN, at_ms)


def told(demand: Demand) -> str:
    """A demand in words, for people."""
    scope = ", ".join(map(str, demand.symbols)) or "everything"
    doing = "cancels and closes" if demand.flatten else "cancels what may add exposure of"
    return f"emergency stop {doing} {scope}: {demand.reason} ({demand.who})"


def symbols_of(names: Sequence[str]) -> tuple[Symbol, ...]:
    """Symbols as people write them, each once. Raises `UsageError`."""
    return tuple(dict.fromkeys(map(Symbol.parse, names)))
