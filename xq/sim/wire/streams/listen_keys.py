"""Listen keys: what lets a connection hear an account's events, for an hour at a time."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from xq.ports import Clock
from xq.sim.instruments import Face
from xq.sim.refusal import Reason, Refusal
from xq.sim.wire.params import Params
from xq.sim.wire.route import Caller, Handler, Json, Routes, Security, routes

VALID_MS = 60 * 60_000

_STAMP = 12  # hexadecimal digits of a key that tell when it was made
_LENGTH = 64


@dataclass(frozen=True, slots=True)
class ListenKey:
    """A key of one account on one face."""

    key: str
    owner: str
    face: Face
    made_ms: int


class ListenKeys:
    """The keys in force. They age by wall time, as clients renew them by theirs.

    A key that an earlier process of the venue gave is good for an hour from the start of this one,
    so that clients who were not told of a restart hear their account again.

    Parameters
    ----------
    wall
        What keys age by.
    owners
        Accounts whose keys of earlier processes are known again.

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

    def __init__(self, wall: Clock, owners: Iterable[str] = ()) -> None:
        self._wall = wall
        self._owners = tuple(owners)
        self._began_ms = self._made_ms = wall.now_ms()
        self._until: dict[ListenKey, int] = {}
        self._closed: set[str] = set()

    def create(self, owner: str, face: Face) -> str:
        """An account's key, valid for an hour from now; the same while one is valid."""
        found = self._of(owner, face)
        if found is None:
            self._made_ms = max(self._wall.now_ms(), self._made_ms + 1)
            found = _made(owner, face, self._made_ms)
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
            self._end(found)

    def cut_short(self, owner: str) -> None:
        """Let an account's keys be over now."""
        for key in self._until:
            if key.owner == owner:
                self._until[key] = self._wall.now_ms()

    def find(self, key: str, face: Face) -> ListenKey | None:
        """Whose key it is; None if it is not valid."""
        self._remember(key, face)
        return next((k for k in self._valid() if k.key == key and k.face is face), None)

    def _remember(self, key: str, face: Face) -> None:
        """Take a key of an earlier process into force, once."""
        until = self._began_ms + VALID_MS
        if len(key) != _LENGTH or key in self._closed or self._wall.now_ms() >= until:
            return
        try:
            made_ms = int(key[:_STAMP], 16)
        except ValueError:
            return
        if made_ms <= self._began_ms:
            for owner in self._owners:
                known = _made(owner, face, made_ms)
                if known.key == key:
                    self._until.setdefault(known, until)

    def expire(self) -> list[ListenKey]:
        """Keys whose hour is over; told once."""
        now = self._wall.now_ms()
        over = [key for key, until in self._until.items() if until <= now]
        for key in over:
            self._end(key)
        return over

    def _end(self, ended: ListenKey) -> None:
        del self._until[ended]
        if ended.made_ms <= self._began_ms:
            self._closed.add(ended.key)

    def _of(self, owner: str, face: Face) -> ListenKey | None:
        return next((k for k in self._valid() if k.owner == owner and k.face is face), None)

    def _valid(self) -> list[ListenKey]:
        now = self._wall.now_ms()
        return [key for key, until in self._until.items() if until > now]


def _made(owner: str, face: Face, made_ms: int) -> ListenKey:
    """The key of a moment: the same one whenever it is asked for."""
    stamp = f"{made_ms:0{_STAMP}x}"
    digest = hashlib.sha256(f"{owner} {face} {stamp}".encode()).hexdigest()
    return ListenKey(stamp + digest[: _LENGTH - _STAMP], owner, face, made_ms)


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
