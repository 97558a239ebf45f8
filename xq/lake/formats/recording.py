"""Recorded order-book messages of Binance's streams and REST interface, line by line.

A line is a local receive time and the message as it came: ``1723161255030314667 {…}`` (epoch s, ms,
µs or ns), ``1626992741.08: {…}``, or ``https://…/depth?symbol=X -> 1626992741.3: {…}``. Messages of
other kinds (trades, best quotes, bars) and lines that only name an address are passed over.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from xq.errors import CorruptFile
from xq.lake.disk import failed

_LINE = re.compile(r"(?:(?P<address>\S+) -> )?(?P<time>\d{10,19}(?:\.\d+)?):? (?P<message>\{.*)")
_ADDRESS = re.compile(r"(wss?|https?)://")
_SYMBOL = re.compile(r"[?&]symbol=([A-Za-z0-9_]+)")
_PARTIAL = re.compile(r"@depth\d+(@|$)")  # the best few levels again and again: no change of a book
_NANOSECONDS = {10: 10**9, 13: 10**6, 16: 10**3, 19: 1}


@dataclass(slots=True)
class Market:
    """What a recording holds of one market, in the order it came.

    Attributes
    ----------
    contract
        Whether messages have the form of the contract interface; None if none told.
    snapshots, diffs
        The venue's own words, each with the line and the receive time in ns.
    """

    contract: bool | None = None
    snapshots: list["Message"] = field(default_factory=list)
    diffs: list["Message"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a book; ``received_ns`` by the clock that received it, if there is one."""

    line: int
    received_ns: int | None
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that is no message, counted from 1."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole file.

    Attributes
    ----------
    markets
        By the venue's id, ``BTCUSDT``; an empty one where a snapshot names none.
    partial
        Messages of the best few levels, which are passed over.
    """

    markets: dict[str, Market]
    unreadable: tuple[Unreadable, ...]
    partial: int


def read_recording(path: Path) -> Recording:
    """Every snapshot and diff of a recording, plain text or gzip.

    Raises
    ------
    CorruptFile
        If it is no text, or its compression is broken.
    StorageFailed
        If it cannot be opened.
    """
    markets: dict[str, Market] = {}
    bad: list[Unreadable] = []
    partial = 0
    for number, line in enumerate(_lines(path), start=1):
        found = _LINE.fullmatch(line)
        if found is None:
            if line.strip() and not _ADDRESS.match(line):
                bad.append(Unreadable(number, line[:200]))
            continue
        if not line.endswith("}"):
            bad.append(Unreadable(number, line[:200]))
            continue
        if '"lastUpdateId"' not in line and '"depthUpdate"' not in line:
            continue
        try:
            tree = json.loads(found["message"])
            body = tree.get("data", tree)
            stream = str(tree.get("stream", ""))
            message = Message(number, _receive_time(found["time"]), checked(body))
        except (ValueError, TypeError, KeyError, AttributeError):
            bad.append(Unreadable(number, line[:200]))
            continue
        if _PARTIAL.search(stream):
            partial += 1
            continue
        _add(markets, message, found["address"] or "")
    return Recording(_named(markets), tuple(bad), partial)


def _add(markets: dict[str, Market], message: Message, address: str) -> None:
    body = message.body
    if "lastUpdateId" in body:
        named = _SYMBOL.search(address)
        name = str(body.get("s") or (named[1] if named else "")).upper()
        market = markets.setdefault(name, Market())
        market.snapshots.append(message)
        contract = "E" in body
    else:
        market = markets.setdefault(str(body["s"]), Market())
        market.diffs.append(message)
        contract = "pu" in body
    market.contract = contract or bool(market.contract)


def _named(markets: dict[str, Market]) -> dict[str, Market]:
    """Snapshots that name no symbol are of the one market the recording has diffs of."""
    loose = markets.get("")
    if loose is None or len(markets) != 2:
        return markets
    [(name, market)] = [item for item in markets.items() if item[0]]
    market.snapshots = sorted([*market.snapshots, *loose.snapshots], key=lambda m: m.line)
    return {name: market}


def checked(body: dict[str, Any]) -> dict[str, Any]:
    """A message with the fields that must be there; values are judged as rows of the lake.

    Raises
    ------
    ValueError, TypeError, KeyError
        If it is no snapshot and no change of a book.
    """
    if "lastUpdateId" in body:
        names: tuple[str, ...] = ("lastUpdateId", "bids", "asks")
    else:
        names = ("E", "s", "U", "u", "b", "a")
    for name in names:
        value = body[name]
        if name in ("bids", "asks", "b", "a"):
            if any(not isinstance(n, str) for price, quantity in value for n in (price, quantity)):
                raise ValueError("levels are texts")
        elif name != "s" and not _is_whole(value):
            raise ValueError(f"{name} is a whole number")
    if any(body.get(name) is not None and not _is_whole(body[name]) for name in ("E", "T", "pu")):
        raise ValueError("times and ids are whole numbers")
    return body


def _is_whole(value: object) -> bool:
    return type(value) is int and abs(value) < 2**62


def _receive_time(text: str) -> int:
    if "." in text:
        return int(Decimal(text) * 10**9)
    if len(text) not in _NANOSECONDS:
        raise ValueError("no time")
    return int(text) * _NANOSECONDS[len(text)]


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as stream:
            for line in stream:
                yield line.decode("utf-8").rstrip("\r\n")
    except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError) as error:
        raise CorruptFile(f"not a readable recording: {error}", where=str(path)) from error
    except OSError as error:
        raise failed(error, path) from error
