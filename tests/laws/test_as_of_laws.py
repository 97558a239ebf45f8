"""What a bar is joined with was known when the bar closed; coarser bars are exactly their parts."""

import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from xq.lake.layout import Dataset
from xq.lake.sql import query
from xq.lake.writer import LakeWriter
from xq.timeframe import Timeframe

MINUTE, START = 60_000, 1_704_067_200_000  # 2024-01-01, a Monday
PERP = "BTC/USDT:USDT"

minutes = st.integers(-200, 200)
lengths = st.sampled_from(["1m", "15m", "1h"])
series = st.dictionaries(lengths, st.sets(st.integers(-6, 6), max_size=8), max_size=3)


@contextmanager
def _lake() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _times(moments: Sequence[int]) -> pa.Array:
    return pa.array(moments, pa.int64()).cast(pa.timestamp("ms", "UTC"))


def _bars(moments: Sequence[int], *, volume: bool = True) -> pa.Table:
    price = 100 + np.arange(len(moments)) / 7
    columns: dict[str, Any] = {"ts": _times(moments), "open": price, "high": price + 1}
    columns |= {"low": price - 1, "close": price + 0.5}
    return pa.table(columns | ({"volume": price} if volume else {}))


def _store(root: Path, kind: str, given_series: dict[str, set[int]]) -> dict[int, int]:
    """Bars at multiples of their length; the newest open per time known, shortest bars first."""
    known: dict[int, int] = {}
    for name in sorted(given_series, key=lambda item: -Timeframe.parse(item).ms):
        length = Timeframe.parse(name).ms
        opens = [START + at * length for at in sorted(given_series[name])]
        dataset = Dataset(kind, "x", PERP, name)
        LakeWriter(root).upsert(dataset, _bars(opens, volume=kind == "ohlcv"))
        known |= {ts + length: ts for ts in opens}
    return known


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)


def _newest(known: Sequence[int], at: int) -> int | None:
    place = bisect_right(known, at)
    return known[place - 1] if place else None


@settings(max_examples=12, deadline=None)
@given(series, series, st.sets(minutes, max_size=8))
def test_no_bar_is_joined_with_what_was_not_known_at_its_close(
    bars: dict[str, set[int]], marks: dict[str, set[int]], fundings: set[int]
) -> None:
    """Compared with a search in plain Python: never later, and never older than need be."""
    with _lake() as root:
        _store(root, "ohlcv", bars)
        mark_known = sorted(_store(root, "mark", marks))
        paid = sorted(START + at * MINUTE for at in fundings)
        rates = pa.table({"ts": _times(paid), "rate": np.array(paid, dtype=float)})
        LakeWriter(root).upsert(Dataset("funding", "x", PERP), rates)
        other = pa.table({"ts": _times([START - 10**9]), "rate": [7.0]})
        LakeWriter(root).upsert(Dataset("funding", "x", "ETH/USDT:USDT"), other)
        rows = query(root, "select * from ohlcv_asof").to_pylist()
        ordered = "order by symbol, timeframe, ts"
        for kind in ("mark", "funding"):  # joined alone and together, DuckDB plans differently
            alone = query(root, f"select {kind}_known_at from ohlcv_{kind} {ordered}")
            assert alone == query(root, f"select {kind}_known_at from ohlcv_asof {ordered}")
    assert len(rows) == sum(len(item) for item in bars.values())
    for row in rows:
        close = (_ms(row["ts"]) or 0) + Timeframe.parse(row["timeframe"]).ms
        assert _ms(row["known_at"]) == close
        rate, rated = row["funding_rate"], _ms(row["funding_known_at"])
        assert rated == _newest(paid, close)
        assert rated is None or rated <= close
        assert rate == (None if rated is None else float(rated))
        assert _ms(row["mark_known_at"]) == _newest(mark_known, close)


@settings(max_examples=25, deadline=None)
@given(series, st.dictionaries(st.sampled_from("ab"), st.sets(st.integers(-6, 6), min_size=1)))
def test_features_are_joined_by_the_time_they_were_known(
    bars: dict[str, set[int]], features: dict[str, set[int]]
) -> None:
    hour = Timeframe.parse("1h").ms
    stored = [(START + at * hour, name) for name, hours in features.items() for at in hours]
    with _lake() as root:
        _store(root, "ohlcv", bars)
        table = pa.table(
            {
                "ts": _times([ts for ts, _ in stored]),
                "name": pa.array([name for _, name in stored], pa.string()),
                "value": np.array([float(ts) for ts, _ in stored]),
            }
        )
        LakeWriter(root).upsert(Dataset("features", "x", PERP, "1h"), table)
        rows = query(root, "select * from ohlcv_features").to_pylist()
    assert len(rows) == sum(len(item) for item in bars.values()) * len(features)
    for row in rows:
        known = sorted(ts + hour for ts, name in stored if name == row["feature"])
        newest = _newest(known, _ms(row["known_at"]) or 0)
        assert _ms(row["feature_known_at"]) == newest
        assert row["feature_value"] == (None if newest is None else newest - hour)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["5m", "1h", "1d", "1w"]),
    st.sampled_from(["1m", "5m", "15m", "1h", "1d"]),
    st.integers(-50, 50),
    st.lists(st.booleans(), min_size=1, max_size=120),
)
def test_coarser_bars_are_exactly_their_parts(
    target: str, source: str, first: int, held: list[bool]
) -> None:
    coarse, fine = Timeframe.parse(target), Timeframe.parse(source)
    opens = [START + (first + at) * fine.ms for at, there in enumerate(held) if there]
    bars = _bars(opens)
    with _lake() as root:
        LakeWriter(root).upsert(Dataset("ohlcv", "x", PERP, source), bars)
        asked = f"from resample('{target}', incomplete := true) order by ts"
        rows = query(root, asked).to_pylist()
        whole = query(root, f"from resample('{target}') order by ts").to_pylist()
    wanted = _buckets(bars.to_pylist(), coarse, fine)
    assert [{key: row[key] for key in wanted[0]} for row in rows] == wanted if wanted else not rows
    assert whole == [row for row in rows if row["complete"]]


Row = dict[str, Any]


def _buckets(bars: list[Row], coarse: Timeframe, fine: Timeframe) -> list[Row]:
    if coarse.ms % fine.ms:
        return []
    parts: dict[int, list[dict[str, Any]]] = {}
    for bar in bars:
        parts.setdefault(coarse.floor(_ms(bar["ts"]) or 0), []).append(bar)
    return [
        {
            "symbol": PERP, "timeframe": coarse.name,
            "ts": datetime.fromtimestamp(ts / 1000, UTC),
            "open": part[0]["open"], "high": max(bar["high"] for bar in part),
            "low": min(bar["low"] for bar in part), "close": part[-1]["close"],
            "volume": _added(bar["volume"] for bar in part), "bars": len(part),
            "complete": len(part) * fine.ms == coarse.ms, "source": fine.name,
        }
        for ts, part in sorted(parts.items())
    ]  # fmt: skip


def _added(volumes: Iterable[float]) -> float:
    total = 0.0
    for volume in volumes:
        total += volume
    return total
