"""Messages of an order book as rows of the lake; prices and quantities stay exact."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from xq.errors import DataError
from xq.lake.formats.recording import Market, Message
from xq.lake.schema import TIMESTAMP, kind_of

_NS_PER_MS = 1_000_000


def snapshot_table(messages: Sequence[Message], where: str) -> pa.Table:
    """REST snapshots as rows; where the venue tells no time, ``ts`` is when they were received.

    Raises
    ------
    DataError
        If a price or quantity is no decimal number that fits.
    """
    return exact_rows(_raw_snapshots(messages), "book_snapshot", where)


def tables_of(market: Market, where: str) -> dict[str, pa.Table]:
    """What a recording holds of one market, by kind; kinds without rows are left out.

    Raises
    ------
    DataError
        If a price or quantity is no decimal number that fits.
    """
    return {kind: exact_rows(raw, kind, where) for kind, raw in raw_tables_of(market).items()}


def raw_tables_of(market: Market) -> dict[str, pa.Table]:
    """As `tables_of`, in the order of their keys, prices and quantities as the venue wrote them."""
    found = {}
    if market.snapshots:
        found["book_snapshot"] = _raw_snapshots(market.snapshots)
    if market.diffs:
        found["book_diff"] = _raw_diffs(market.diffs)
    keys = [("ts", "ascending"), ("last_id", "ascending")]
    return {kind: raw.sort_by(keys) for kind, raw in found.items()}


def exact_rows(raw: pa.Table, kind: str, where: str) -> pa.Table:
    """Rows with their numbers as exact decimals.

    Raises
    ------
    DataError
        If a price or quantity is no decimal number that fits.
    """
    schema = kind_of(kind).schema
    try:
        return raw.cast(schema)
    except pa.ArrowInvalid as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"expected decimal numbers, found {reason}", where=where) from error


def _raw_snapshots(messages: Sequence[Message]) -> pa.Table:
    bodies = [message.body for message in messages]
    columns = {
        "ts": [_moment(message) for message in messages],
        "last_id": [body["lastUpdateId"] for body in bodies],
        "matched": [body.get("T") for body in bodies],
    }
    return _table("book_snapshot", columns, messages, ("bids", "asks"))


def _raw_diffs(messages: Sequence[Message]) -> pa.Table:
    """Changes of a book as rows, with the ids that tell whether one is missing."""
    bodies = [message.body for message in messages]
    columns = {
        "ts": [body["E"] for body in bodies],
        "first_id": [body["U"] for body in bodies],
        "last_id": [body["u"] for body in bodies],
        "previous_id": [body.get("pu") for body in bodies],
        "matched": [body.get("T") for body in bodies],
    }
    return _table("book_diff", columns, messages, ("b", "a"))


def _moment(message: Message) -> int:
    if "E" in message.body or message.received_ns is None:
        return int(message.body["E"])
    return message.received_ns // _NS_PER_MS


def _table(
    kind: str,
    columns: dict[str, list[Any]],
    messages: Sequence[Message],
    sides: tuple[str, str],
) -> pa.Table:
    schema = kind_of(kind).schema
    columns["received_ns"] = [message.received_ns for message in messages]
    arrays = {}
    for name in schema.names:
        if name in columns:
            wanted = schema.field(name).type
            plain = pa.array(columns[name], pa.int64())
            arrays[name] = plain.cast(TIMESTAMP) if wanted == TIMESTAMP else plain
    for side, key in zip(("bid", "ask"), sides, strict=True):
        levels = [message.body[key] for message in messages]
        for place, part in enumerate(("prices", "quantities")):
            arrays[f"{side}_{part}"] = _lists(levels, place)
    return pa.table(arrays).select(schema.names)


def _lists(levels: Sequence[Sequence[Sequence[str]]], place: int) -> pa.Array:
    offsets = [0]
    for side in levels:
        offsets.append(offsets[-1] + len(side))
    texts = pa.array([level[place] for side in levels for level in side], pa.string())
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), texts)
