"""Listen keys: what lets a connection hear an account's events, for an hour at a time."""

import hashlib
from dataclasses import dataclass

from xq.ports import Clock
from xq.sim.instruments import Face
from xq.sim.refusal import Reason, Refusal
from xq.sim.wire.params import Params
from xq.sim.wire.route import Caller, Handler, Json, Routes, Security, routes

VALID_MS = 60 * 60_000


@dataclass(frozen=True, slots=True)
class ListenKey:
    """A key of one account on one face."""

    key: str
    owner: str
    face: Face


class ListenKeys:
    """The keys in force. They age by wall time, as clients renew them by theirs.

    Examples
    --------
    >>> from xq.clock import ManualClock
    >>> clock = ManualClock(0)
    >>> keys = ListenKeys(clock)
    >>> key = keys.create("main", Face.FUTURES)
    >>> len(key), keys.create("main", Face.FUTURES) == key, keys.find(key, Face.FUTURES).owner
    (64, True, 'main')
    >>> clock.sleep(3601)
    >>> [old.key == key for old in keys.expire()], keys.find(key, Face.FUTURES)
    ([True], None)
    """

    def __init__(self, wall: Clock) -> None:
        self._wall = wall
        self._until: dict[ListenKey, int] = {}
        self._count = 0

    def create(self, owner: str, face: Face) -> str:
        """An account's key, valid for an hour from now; the same while one is valid."""
        found = self._of(owner, face)
        if found is None:
            self._count += 1
            seed = f"{owner} {face} {self._count} {self._wall.now_ms()}"
            digest = hashlib.sha256(seed.encode()).hexdigest()
            found = ListenKey(digest, owner, face)
        self._until[found] = self._wall.now_ms() + VALID_MS
        return found.key

    def keep(self, owner: str, face: Face) -> str:
        """Renew an account's key. Raises `Refusal` if none is valid."""
        if self._of(owner, face) is None:
            raise Refusal(Reason.UNKNOWN_LISTEN_KEY)
        return self.create(owner, face)

    def close(self, owner: str, face: Face) -> None:
        """End an account's key, if there is one."""
        found = self._of(owner, face)
        if found is not None:
            del self._until[found]

    def cut_short(self, owner: str) -> None:
        """Let an account's keys be over now."""
        for key in self._until:
            if key.owner == owner:
                self._until[key] = self._wall.now_ms()

    def find(self, key: str, face: Face) -> ListenKey | None:
        """Whose key it is; None if it is not valid."""
        return next((k for k in self._valid() if k.key == key and k.face is face), None)

    def expire(self) -> list[ListenKey]:
        """Keys whose hour is over; told once."""
        now = self._wall.now_ms()
        over = [key for key, until in self._until.items() if until <= now]
        for key in over:
            del self._until[key]
        return over

    def _of(self, owner: str, face: Face) -> ListenKey | None:
        return next((k for k in self._valid() if k.owner == owner and k.face is face), None)

    def _valid(self) -> list[ListenKey]:
        now = self._wall.now_ms()
        return [key for key, until in self._until.items() if until > now]


def key_routes(keys: ListenKeys) -> Routes:
    """The REST endpoints of listen keys: the key header alone, no signature."""
    return {
        **routes(
            "/fapi/v1",
            Security.KEY,
            {
                "POST /listenKey": _create(keys, Face.FUTURES),
                "PUT /listenKey": _keep(keys, Face.FUTURES),
                "DELETE /listenKey": _close(keys, Face.FUTURES),
            },
        ),
        **routes(
            "/api/v3",
            Security.KEY,
            {
                "POST /userDataStream": _create(keys, Face.SPOT),
                "PUT /userDataStream": _keep(keys, Face.SPOT),
                "DELETE /userDataStream": _close(keys, Face.SPOT),
            },
        ),
    }


def _create(keys: ListenKeys, face: Face) -> Handler:
    def create(caller: Caller, _params: Params) -> Json:
        return {"listenKey": keys.create(caller.owner, face)}

    return create


def _keep(keys: ListenKeys, face: Face) -> Handler:
    def keep(caller: Caller, params: Params) -> Json:
        named = params.required("listenKey") if face is Face.SPOT else params.text("listenKey")
        if named is not None and keys.find(named, face) is None:
            raise Refusal(Reason.UNKNOWN_LISTEN_KEY)
        renewed = keys.keep(caller.owner, face)
        return {} if face is Face.SPOT else {"listenKey": renewed}

    return keep


def _close(keys: ListenKeys, face: Face) -> Handler:
    def close(caller: Caller, params: Params) -> Json:
        if face is Face.SPOT and keys.find(params.required("listenKey"), face) is None:
            raise Refusal(Reason.UNKNOWN_LISTEN_KEY)
        keys.close(caller.owner, face)
        return {}

    return close
