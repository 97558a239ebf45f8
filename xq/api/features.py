"""Features: columns computed over bars, kept in the lake with what they are.

Values lie under the kind ``features``, one row per bar and name; what made them under
``feature_definitions``, one row per name whenever it changes, so that the history stays.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xq.api.indicators import IndicatorReport
from xq.api.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

    from xq.indicators.registry import Request
    from xq.lake.layout import Dataset


@dataclass(frozen=True, slots=True)
class StoreReport:
    """What went into the lake's features."""

    exchange: str
    symbol: str
    timeframe: str
    columns: tuple[str, ...]
    definitions: tuple[str, ...]
    bars: int
    added: int
    revised: int
    unchanged: int


def store(ws: Workspace, report: IndicatorReport) -> StoreReport:
    """Keep computed columns in the lake, values first and what they are after.

    Raises
    ------
    StorageFailed, LockHeld
        As `xq.lake.writer.LakeWriter.upsert`.
    """
    from xq.lake.layout import Dataset
    from xq.lake.writer import LakeWriter

    place = (report.exchange, report.symbol, report.timeframe)
    values, defined = Dataset("features", *place), Dataset("feature_definitions", *place)
    writer = LakeWriter(ws.lake)
    commit = writer.upsert(values, _long(report).cast(values.spec.schema))
    rows = list(_definitions(report))
    known = {row["name"]: row["definition"] for row in newest(ws, defined).values()}
    fresh = [row for row in rows if known.get(row["name"]) != row["definition"]]
    if fresh:
        writer.upsert(defined, _stamped(fresh, ws.clock.now_ms(), defined))
    return StoreReport(
        *place,
        report.columns,
        tuple(row["definition"] for row in rows),
        len(report.table),
        commit.added,
        commit.revised,
        commit.unchanged,
    )


def newest(ws: Workspace, defined: "Dataset") -> dict[str, dict[str, Any]]:
    """The newest definition of every name.

    Raises
    ------
    CorruptFile
        If the lake cannot be read.
    """
    from xq.lake.reader import Lake

    return {row["name"]: row for row in Lake(ws.lake).table(defined).to_pylist()}


def code_version() -> str:
    """What computes an indicator: xq's own arithmetic by its source, and TA-Lib's by version."""
    from hashlib import blake2b
    from importlib.metadata import version
    from pathlib import Path

    from xq import __version__, indicators

    digest = blake2b(digest_size=4)
    for file in sorted(Path(str(indicators.__file__)).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return f"xq {__version__}+{digest.hexdigest()} ta-lib {version('ta-lib')}"


def definition_hash(facts: Mapping[str, object]) -> str:
    """Thirty-two digits for what a feature is: the same facts give the same, anywhere.

    Examples
    --------
    >>> definition_hash({"a": 1, "b": 2}) == definition_hash({"b": 2, "a": 1})
    True
    """
    from hashlib import blake2b

    text = json.dumps(facts, sort_keys=True, allow_nan=False, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _definitions(report: IndicatorReport) -> Iterator[dict[str, Any]]:
    version = code_version()
    for request in report.requests:
        for name in request.columns:
            yield _definition(report, request, name, version)


def _definition(
    report: IndicatorReport, request: "Request", name: str, version: str
) -> dict[str, Any]:
    from xq.lake.hashing import hash_bars

    memory = request.memory(report.bars.timeframe)
    used = report.bars.slice(report.first - memory + 1, len(report.bars))
    data_hash = hash_bars(used)
    facts = {
        "name": name,
        "market": [report.exchange, report.symbol, report.timeframe],
        "indicator": request.indicator.name,
        "parameters": request.parameters,
        "version": version,
        "data_hash": data_hash,
    }
    ts = report.table["ts"]
    return {
        "name": name,
        "definition": definition_hash(facts),
        "indicator": request.spelling,
        "parameters": json.dumps(request.parameters),
        "memory": memory,
        "version": version,
        "data_hash": data_hash,
        "start_ts": ts[0].as_py(),
        "end_ts": ts[-1].as_py(),
        "bars": len(ts),
    }


def _stamped(rows: list[dict[str, Any]], now_ms: int, defined: "Dataset") -> "pa.Table":
    import pyarrow as pa

    schema = defined.spec.schema
    stamp = pa.scalar(now_ms, pa.int64()).cast(schema.field("ts").type).as_py()
    return pa.Table.from_pylist([{"ts": stamp, **row} for row in rows], schema=schema)


def _long(report: IndicatorReport) -> "pa.Table":
    """One row per bar and column that has a value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = []
    for name in sorted(report.columns):
        part = report.table.select(["ts", name]).filter(pc.is_valid(report.table[name]))
        names = pa.array([name] * len(part), pa.string())
        parts.append(pa.table({"ts": part["ts"], "name": names, "value": part[name]}))
    return pa.concat_tables(parts).sort_by([("ts", "ascending"), ("name", "ascending")])
