"""Small recordings of order books, in the forms that recorders write."""

import gzip
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

START_MS = 1_723_161_255_000
Levels = Sequence[Sequence[str]]


def snapshot(last_id: int, bids: Levels, asks: Levels, ts: int | None = None) -> dict[str, Any]:
    """A REST snapshot; of contracts if it has a time."""
    stamps = {} if ts is None else {"E": ts, "T": ts - 2}
    return {"lastUpdateId": last_id, **stamps, "bids": bids, "asks": asks}


def diff(
    first: int, last: int, bids: Levels = (), asks: Levels = (), *, before: int | None = None,
    ts: int = START_MS, name: str = "ABCUSDT", stream: str = "depth@100ms",
) -> dict[str, Any]:  # fmt: skip
    """A change as the stream sends it; of contracts if it names its predecessor."""
    data = {"e": "depthUpdate", "E": ts, "s": name, "U": first, "u": last}
    if before is not None:
        data |= {"T": ts - 1, "pu": before}
    return {"stream": f"{name.lower()}@{stream}", "data": data | {"b": bids, "a": asks}}


def lines(messages: Iterable[dict[str, Any]], form: str = "{at}000000 {text}") -> list[str]:
    """Messages a millisecond apart, each on a line."""
    return [
        form.format(at=START_MS + n, seconds=(START_MS + n) / 1000, text=json.dumps(message))
        for n, message in enumerate(messages)
    ]


def write(path: Path, written: Iterable[str]) -> Path:
    """A file of lines, compressed if its name says so."""
    text = "".join(f"{line}\n" for line in written).encode()
    path.write_bytes(gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)
    return path


def contract_messages() -> list[dict[str, Any]]:
    """A change before the snapshot, the snapshot, the change that holds it, and four more."""
    at = START_MS
    return [
        diff(90, 95, [["9.9", "1"]], before=89, ts=at),
        snapshot(103, [["10.0", "5"], ["9.9", "7"]], [["10.1", "4"], ["10.2", "6"]], at + 10),
        diff(96, 105, [["10.0", "3"]], [["10.1", "0"]], before=95, ts=at + 20),
        diff(110, 110, [["10.05", "0.001"]], before=105, ts=at + 30),
        diff(111, 120, [], [["10.15", "2"]], before=110, ts=at + 30),
        diff(121, 130, [["10.05", "0"]], before=120, ts=at + 40),
        diff(131, 131, [], [["10.15", "0"], ["10.2", "1"]], before=130, ts=at + 50),
    ]
