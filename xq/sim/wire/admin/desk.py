"""What can be asked of the admin port, and what it does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from xq.errors import UsageError, unknown
from xq.sim.accounts import MAIN
from xq.sim.venue import SimVenue
from xq.sim.wire.admin import views
from xq.sim.wire.faults.bench import Bench
from xq.sim.wire.faults.effects import EFFECTS, REQUIRED
from xq.sim.wire.faults.journal import MOST
from xq.sim.wire.faults.roster import check_names
from xq.sim.wire.faults.script import fault_of

_ENDS = ("close", "cut", "silence")
_GOING_AWAY = 1001


@dataclass(frozen=True, slots=True)
class Asking:
    """One request to the admin port; ``body`` is None where there is none."""

    query: Mapping[str, str]
    body: Any = None
    name: str = ""


class Desk:
    """The venue, its faults and its connections, in the hands of who runs it.

    Parameters
    ----------
    about
        What is said of the server itself.
    """

    def __init__(
        self, venue: SimVenue, bench: Bench, about: Callable[[], Mapping[str, object]]
    ) -> None:
        self._venue = venue
        self._bench = bench
        self._about = about

    def status(self, _asking: Asking) -> Any:
        """What this is and how it is."""
        return {
            **self._about(),
            **views.time(self._venue),
            "accounts": list(self._venue.state.owners),
            "requests": self._bench.journal.count,
            "faults": len(self._bench.roster.entries),
            "streams": len(views.connections(self._bench)),
        }

    def markets(self, _asking: Asking) -> Any:
        """Every market."""
        return views.markets(self._venue)

    def market(self, asking: Asking) -> Any:
        """Book and tape of ``?face=futures&symbol=BTCUSDT``."""
        face = asking.query.get("face", "futures")
        return views.market(self._venue, face, asking.query.get("symbol", "BTCUSDT"))

    def accounts(self, _asking: Asking) -> Any:
        """Every account."""
        return views.accounts(self._venue)

    def effects(self, _asking: Asking) -> Any:
        """Every kind of fault and what it needs."""
        return {
            name: {
                "hits": sorted(effect.places),
                "options": {
                    key: None if default is REQUIRED else default
                    for key, default in effect.options.items()
                },
                "needs": [key for key, value in effect.options.items() if value is REQUIRED],
                "times": effect.times,
            }
            for name, effect in EFFECTS.items()
        }

    def faults(self, _asking: Asking) -> Any:
        """The faults in force, and how often each struck."""
        return [entry.described() for entry in self._bench.roster.entries]

    def add_faults(self, asking: Asking) -> Any:
        """Put one fault or several in force: all of them or none."""
        rows = asking.body if isinstance(asking.body, list) else [asking.body]
        taken = list(self._bench.roster.names)
        made = []
        for row in rows:
            fault = fault_of(row, taken)
            check_names(fault, self._venue)
            taken.append(fault.name)
            made.append(fault)
        for fault in made:
            self._bench.roster.add(fault)
        return [fault.described() for fault in made]

    def remove_fault(self, asking: Asking) -> Any:
        """End one fault."""
        self._bench.roster.remove(asking.name)
        return self.faults(asking)

    def clear_faults(self, asking: Asking) -> Any:
        """End every fault."""
        self._bench.roster.clear()
        return self.faults(asking)

    def streams(self, _asking: Asking) -> Any:
        """Every WebSocket."""
        return views.connections(self._bench)

    def end_streams(self, asking: Asking) -> Any:
        """End WebSockets: ``{"how": "close", "code": 1001, "owner": "", "path": ""}``."""
        wish = _mapping(asking.body, {"how": "close", "code": _GOING_AWAY, "owner": "", "path": ""})
        how, code = wish["how"], wish["code"]
        if how not in _ENDS:
            raise UsageError(f"expected how to be one of {', '.join(_ENDS)}, found {how!r}")
        if isinstance(code, bool) or not isinstance(code, int) or not 1000 <= code <= 4999:
            raise UsageError(f"expected a code from 1000 to 4999, found {code!r}")
        if wish["owner"]:
            self._known(wish["owner"])
        ended = 0
        for box in self._bench.outboxes:
            meant = wish["path"] in ("", box.line.path) and (
                not wish["owner"] or wish["owner"] in box.owners
            )
            if box.is_lost or not meant:
                continue
            ended += 1
            if how == "close":
                box.end(code)
            elif how == "cut":
                box.abandon()
            else:
                box.is_mute = True
        return {"ended": ended}

    def expire_keys(self, asking: Asking) -> Any:
        """End the listen keys of ``{"owner": "main"}``."""
        owner = _mapping(asking.body, {"owner": MAIN})["owner"]
        self._known(owner)
        self._bench.expire(owner)
        return {"owner": owner}

    def log(self, asking: Asking) -> Any:
        """The last requests, newest first: ``?limit=100``."""
        limit = asking.query.get("limit", "100")
        if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit) <= MOST:
            raise UsageError(f"expected a limit from 1 to {MOST}, found {limit!r}")
        return self._bench.journal.rows(int(limit))

    def _known(self, owner: object) -> None:
        owners = self._venue.state.owners
        if not isinstance(owner, str) or owner not in owners:
            raise unknown("account", str(owner), owners)


def _mapping(body: object, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON object with known keys, the missing ones filled in."""
    if body is None:
        return dict(defaults)
    if not isinstance(body, dict):
        raise UsageError(f"expected an object with {', '.join(defaults)}, found {body!r}")
    for key in body:
        if key not in defaults:
            raise unknown("key", key, defaults)
    return {**defaults, **body}
