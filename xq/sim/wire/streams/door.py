"""Addresses of streams: which face, which door, and what is subscribed on entering."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from xq.sim.instruments import Face
from xq.sim.wire.streams.names import Access

_PATH = re.compile(
    r"(?:/(?P<door>public|market|private|stream-spot|spot))?/(?P<mode>ws|stream)(?:/(?P<rest>.*))?"
)
_SPOT_HOST = re.compile(r"(?:data-|demo-|testnet-)?stream\.(?!.*future)", re.ASCII)
_ACCESS = {"public": Access.PUBLIC, "market": Access.MARKET, "private": Access.PRIVATE}


@dataclass(frozen=True, slots=True)
class Door:
    """Where a connection came in.

    Attributes
    ----------
    names
        Streams named in the address, and listen keys with the events wanted of them.
    """

    face: Face
    access: Access
    combined: bool
    names: tuple[str, ...]


def door(path: str, query: str, host: str) -> Door | None:
    """The door of an address; None if no streams are there.

    The plain ``/ws`` and ``/stream`` belong to spot if the client believes to speak with Binance's
    spot host, and to futures otherwise.

    Examples
    --------
    >>> door("/public/ws/0", "", "127.0.0.1").access.name
    'PUBLIC'
    >>> door("/stream", "streams=btcusdt@trade/ethusdt@trade", "stream.binance.com:9443")
    Door(face=<Face.SPOT: 'spot'>, access=<Access.ANY: 1>, combined=True, \
names=('btcusdt@trade', 'ethusdt@trade'))
    """
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    name = found["door"]
    spot = name in ("stream-spot", "spot") or (name is None and bool(_SPOT_HOST.match(host)))
    pairs = parse_qsl(query, keep_blank_values=False)
    listed = unquote(found["rest"] or "").split("/")
    for key, value in pairs:
        if key == "streams":
            listed += value.split("/")
    names = [part for part in listed if part and not part.isdigit()] + _keys(pairs)
    return Door(
        face=Face.SPOT if spot else Face.FUTURES,
        access=_ACCESS.get(name or "", Access.ANY),
        combined=found["mode"] == "stream",
        names=tuple(dict.fromkeys(names)),
    )


def _keys(pairs: list[tuple[str, str]]) -> list[str]:
    """Listen keys, each with the events that follow it in the query."""
    names: list[str] = []
    key = ""
    for name, value in pairs:
        if name == "listenKey":
            key = value
            names.append(key)
        elif name == "events" and key:
            if names and names[-1] == key:
                names.pop()
            names += [f"{key}@{event}" for event in value.split("/") if event]
    return names
