"""``xq features``: what is stored, what it is, and whether it still is that."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from xq.api.features import code_version, newest
from xq.api.workspace import Workspace
from xq.clock import iso
from xq.errors import DataError, NoData, UsageError, unknown

if TYPE_CHECKING:
    import pyarrow as pa

_HINT = "xq indicators ema:20 rsi:14 --store"

_COUNTED = """
SELECT exchange, symbol, timeframe, name, count(*) AS bars,
       epoch_ms(min(ts)) AS start_ms, epoch_ms(max(ts)) AS end_ms
FROM features GROUP BY ALL ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class Where:
    """Which features; None for all."""

    name: str | None = None
    exchange: str | None = None
    symbol: str | None = None
    timeframe: str | None = None


@dataclass(frozen=True, slots=True)
class Feature:
    """One stored column.

    Attributes
    ----------
    indicator
        What made it, as ``xq indicators`` takes it; None if its definition is not stored.
    state
        ``current``; ``older code`` when this xq would compute it with other code; ``undefined``.
    bars, start, end
        Stored values, and the bars of the first and the last.
    definition
        The newest definition's row, empty if there is none.
    """

    exchange: str
    symbol: str
    timeframe: str
    name: str
    indicator: str | None
    state: str
    bars: int
    start: str
    end: str
    definition: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Check:
    """A feature computed anew beside what is stored.

    Attributes
    ----------
    differing
        Values further apart than 1e-9 of their size, or stored on one side alone.
    first
        The bar of the first one.
    """

    exchange: str
    symbol: str
    timeframe: str
    name: str
    compared: int
    differing: int
    first: str | None


def features(ws: Workspace, where: Where | None = None) -> list[Feature]:
    """Stored features by market and name.

    Raises
    ------
    CorruptFile
        If the lake cannot be read.
    """
    from xq.lake.layout import Dataset
    from xq.lake.sql import query

    where, version, found = where or Where(), code_version(), []
    definitions: dict[Dataset, dict[str, dict[str, Any]]] = {}
    for row in query(ws.lake, _COUNTED).to_pylist():
        place = Dataset("feature_definitions", row["exchange"], row["symbol"], row["timeframe"])
        if not all(getattr(where, key) in (None, row[key]) for key in Where.__slots__):
            continue
        if place not in definitions:
            definitions[place] = newest(ws, place)
        defined = definitions[place].get(row["name"], {})
        state = "undefined" if not defined else "current"
        if defined and defined["version"] != version:
            state = "older code"
        span = iso(row.pop("start_ms")), iso(row.pop("end_ms"))
        found.append(
            Feature(
                **row,
                indicator=defined.get("indicator"),
                state=state,
                start=span[0],
                end=span[1],
                definition=defined,
            )
        )
    return found


def show(ws: Workspace, where: Where) -> dict[str, Any]:
    """One feature with its newest definition.

    Raises
    ------
    NoData, UnknownName
        If nothing of that name is stored.
    UsageError
        If several markets have it.
    """
    feature = _single(ws, where)
    defined = feature.definition
    times = {"ts": "defined", "start_ts": "defined_over_start", "end_ts": "defined_over_end"}
    plain = {key: value for key, value in defined.items() if key not in (*times, "name", "bars")}
    return {
        "name": feature.name,
        "exchange": feature.exchange,
        "symbol": feature.symbol,
        "timeframe": feature.timeframe,
        "state": feature.state,
        "bars": feature.bars,
        "start": feature.start,
        "end": feature.end,
        **plain,
        **{said: iso(_ms(defined[key])) for key, said in times.items() if defined},
    }


def check(ws: Workspace, where: Where) -> list[Check]:
    """Compute what is stored anew, over the bars its newest definition names.

    Raises
    ------
    NoData, UnknownName
        If nothing of that name is stored, or its bars are gone.
    """
    found = features(ws, where)
    if not found:
        raise _none(ws, where)
    return [_checked(ws, feature) for feature in found if feature.definition]


def stale(checks: list[Check]) -> DataError:
    """The error for features that are not what their definition gives now."""
    bad = [item for item in checks if item.differing]
    one = bad[0]
    return DataError(
        f"{len(bad)} of {len(checks)} features differ from what their definition gives now",
        where=f"{one.name} of {one.symbol} {one.timeframe} on {one.exchange}, bar {one.first}",
        hint="xq indicators … --store over the same bars replaces them",
    )


def _single(ws: Workspace, where: Where) -> Feature:
    found = features(ws, where)
    if not found:
        raise _none(ws, where)
    if len(found) > 1:
        places = ", ".join(f"{f.symbol} {f.timeframe} on {f.exchange}" for f in found)
        raise UsageError(
            f"{where.name} is stored for {len(found)} markets: {places}",
            hint=f"xq features show {where.name} --symbol … --timeframe …",
        )
    return found[0]


def _none(ws: Workspace, where: Where) -> Exception:
    others = sorted({feature.name for feature in features(ws)})
    if where.name is not None and others and where.name not in others:
        return unknown("feature", where.name, others, hint="xq features list")
    return NoData("no such feature is stored", hint="xq features list" if others else _HINT)


def _checked(ws: Workspace, feature: Feature) -> Check:
    import numpy as np

    from xq.api.indicators import Selection, compute
    from xq.lake.layout import Dataset
    from xq.lake.reader import Lake

    defined, place = feature.definition, (feature.exchange, feature.symbol, feature.timeframe)
    since, last = _ms(defined["start_ts"]), _ms(defined["end_ts"])
    asked = Selection(feature.symbol, feature.timeframe, feature.exchange, since, last + 1)
    report = compute(ws, [defined["indicator"]], asked)
    rows = Lake(ws.lake).table(Dataset("features", *place), since, last + 1)
    now, then = _series(report.table, feature.name), _named(rows, feature.name)
    times = np.array(sorted({*now, *then}), dtype=np.int64)
    ours = np.array([now.get(ts, np.nan) for ts in times.tolist()])
    theirs = np.array([then.get(ts, np.nan) for ts in times.tolist()])
    size = np.nanmedian(np.abs(theirs)) if then else 0.0
    bad = ~np.isclose(ours, theirs, rtol=1e-9, atol=1e-9 * size)
    first = iso(int(times[bad.argmax()])) if bad.any() else None
    return Check(*place, feature.name, len(times), int(bad.sum()), first)


def _ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def _series(table: "pa.Table", name: str) -> dict[int, float]:
    times, values = table["ts"].cast("int64").to_pylist(), table[name].to_pylist()
    return {ts: value for ts, value in zip(times, values, strict=True) if value is not None}


def _named(rows: "pa.Table", name: str) -> dict[int, float]:
    import pyarrow.compute as pc

    part = rows.filter(pc.equal(rows["name"], name))
    return dict(zip(part["ts"].cast("int64").to_pylist(), part["value"].to_pylist(), strict=True))
