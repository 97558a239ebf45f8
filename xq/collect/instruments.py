"""Trading rules as they change: a row only where something differs from the newest stored one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from xq.lake.layout import Dataset
from xq.lake.reader import Lake
from xq.lake.schema import TIMESTAMP, kind_of
from xq.lake.writer import LakeWriter
from xq.types import Instrument

_MOVING = ("triggerProtect", "updateTime")  # of a listing: says nothing about its rules


@dataclass(frozen=True, slots=True)
class Listing:
    """What a venue says of one symbol.

    Attributes
    ----------
    details
        The venue's own words, filters included.
    brackets
        Leverage brackets, smallest notional first; None if they were not to be had.
    """

    exchange: str
    instrument: Instrument
    details: Mapping[str, Any]
    brackets: Sequence[Mapping[str, Any]] | None = None

    @property
    def dataset(self) -> Dataset:
        """Where its history lies."""
        return Dataset("instruments", self.exchange, str(self.instrument.symbol))


def remember(root: Path, listings: Sequence[Listing], now_ms: int) -> list[bool]:
    """Store what changed since it was last looked at; whether each did.

    Brackets that could not be asked for are no change: the stored ones are carried on.
    """
    writer, lake = LakeWriter(root), Lake(root)
    changed = []
    for listing in listings:
        stored = lake.table(listing.dataset).slice(0)
        before = stored.slice(stored.num_rows - 1).to_pylist()[0] if stored.num_rows else {}
        row = _row(listing, before.get("brackets"))
        new = any(before.get(name, ...) != value for name, value in row.items())
        if new:
            writer.upsert(listing.dataset, _table(row, now_ms), known_until_ms=now_ms)
        changed.append(new)
    return changed


def _row(listing: Listing, known_brackets: str | None) -> dict[str, Any]:
    rules = listing.instrument
    details = {key: value for key, value in listing.details.items() if key not in _MOVING}
    brackets = known_brackets if listing.brackets is None else _text(list(listing.brackets))
    return {
        "tick": float(rules.tick),
        "lot": float(rules.lot),
        "min_quantity": float(rules.min_quantity),
        "min_notional": float(rules.min_notional),
        "maker": float(rules.maker),
        "taker": float(rules.taker),
        "filters": _text(details),
        "brackets": brackets,
    }


def _table(row: Mapping[str, Any], now_ms: int) -> pa.Table:
    columns = {"ts": pa.array([now_ms], TIMESTAMP)} | {name: [row[name]] for name in row}
    return pa.table(columns, schema=kind_of("instruments").schema)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
