"""Edges of bars against calendars that are not ours: pandas, Polars and DuckDB."""

from itertools import pairwise

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xq.lake import derive, sql_macros
from xq.lake.columns import BarColumns
from xq.lake.ranges import Range, holes, present, union
from xq.timeframe import DAY_MS, Timeframe, names

FRAMES = [Timeframe.parse(name) for name in names()]
SHARED = [frame for frame in FRAMES if frame.has_shared_edges]
MONTH, DAY = Timeframe.parse("1M"), Timeframe.parse("1d")
OFFSETS = {"1s": "s", "1m": "min", "3m": "3min", "5m": "5min", "15m": "15min", "30m": "30min",
           "1h": "h", "2h": "2h", "4h": "4h", "6h": "6h", "8h": "8h", "12h": "12h", "1d": "D",
           "3d": "3D"}  # fmt: skip
times = st.integers(-9 * 10**12, 9 * 10**12)  # what pandas knows: 1684 to 2255
months = st.integers(-2_000, 3_000)


def opened(frame: Timeframe, ts_ms: int) -> int:
    """Open of the bar that holds a time, as pandas has it."""
    moment = pd.Timestamp(ts_ms, unit="ms")
    if frame.name in OFFSETS:
        start = moment.floor(OFFSETS[frame.name])
    else:
        start = moment.to_period("W-SUN" if frame.name == "1w" else "M").start_time
    return start.value // 10**6


@given(frame=st.sampled_from(FRAMES), ts=times)
def test_a_bar_opens_where_pandas_says(frame: Timeframe, ts: int) -> None:
    edge = opened(frame, ts)
    assert frame.floor(ts) == edge
    assert frame.is_edge(ts) == (ts == edge)
    assert frame.end(edge) == frame.ceil(edge + 1) > ts
    assert opened(frame, frame.end(edge)) == frame.end(edge)
    assert frame.ceil(ts) == (ts if ts == edge else frame.end(edge))
    assert frame.end(frame.last_closed(ts)) == edge


@given(first=months, count=st.integers(0, 40))
def test_months_are_those_of_date_range(first: int, count: int) -> None:
    start = pd.Period(ordinal=first, freq="M").start_time
    wanted = pd.date_range(start, periods=count + 1, freq="MS").as_unit("ms").asi8
    assert MONTH.open_of(np.arange(first, first + count + 1)).tolist() == wanted.tolist()
    assert MONTH.shift(int(wanted[0]), count) == wanted[-1]
    assert MONTH.shift(int(wanted[-1]), -count) == wanted[0]
    assert MONTH.count(int(wanted[0]), int(wanted[-1])) == count
    assert Range(int(wanted[0]), int(wanted[-1])).bars(MONTH) == count


@given(frame=st.sampled_from(FRAMES), ts=st.lists(times, max_size=20))
def test_arrays_are_their_numbers(frame: Timeframe, ts: list[int]) -> None:
    array = np.array(ts, np.int64)
    for method in (frame.number, frame.floor, frame.ceil, frame.end):
        assert method(array).tolist() == [method(one) for one in ts]
    assert frame.open_of(frame.number(array)).tolist() == frame.floor(array).tolist()


@given(kept=st.sets(st.integers(0, 60), min_size=1))
def test_months_present_and_missing_make_the_whole(kept: set[int]) -> None:
    ts = MONTH.open_of(np.array(sorted(kept)) + 600)
    there, missing = present(ts, MONTH), holes(ts, MONTH)
    whole = Range(int(ts[0]), MONTH.end(int(ts[-1])))
    assert union([*there, *missing]) == (whole,)
    assert sum(item.bars(MONTH) for item in there) == len(kept)
    assert sum(item.bars(MONTH) for item in missing) == max(kept) - min(kept) + 1 - len(kept)


@pytest.mark.parametrize("coarser", SHARED, ids=str)
@pytest.mark.parametrize("finer", FRAMES, ids=str)
def test_a_length_divides_another_if_every_edge_is_one_of_its_own(
    finer: Timeframe, coarser: Timeframe
) -> None:
    edges = coarser.open_of(np.arange(600, 700))
    fits = all(opened(finer, int(edge)) == edge for edge in edges)
    inside = all(finer.count(a, b) > 1 for a, b in pairwise(edges.tolist()))
    assert finer.divides(coarser) == (fits and inside)


@given(
    start=st.integers(15_000, 20_000),
    kept=st.lists(st.booleans(), min_size=1, max_size=130),
    quiet=st.integers(0, 5),
)
def test_months_made_of_days_are_those_of_polars(start: int, kept: list[bool], quiet: int) -> None:
    at = np.flatnonzero(kept)
    price = 100.0 + at * 7 % 13
    volume = np.where(at % 6 < quiet, 0.0, 1.0 + at % 4)
    days = {"open": price, "high": price + 2, "low": price - 3, "close": price + 1}
    ts = (start + at) * DAY_MS
    made = derive.aggregate(BarColumns(ts, days | {"volume": volume}), DAY, MONTH)
    frame = pl.DataFrame({"ts": ts, **days, "volume": volume}).with_columns(
        pl.col("ts").cast(pl.Datetime("ms"))
    )
    groups = frame.with_columns(month=pl.col("ts").dt.truncate("1mo")).group_by("month")
    parts = []
    for (month,), rows in groups:
        if pd.Timestamp(month).days_in_month == rows.height:
            some = rows.filter(pl.col("volume") > 0) if rows["volume"].sum() > 0 else rows
            parts.append((month, some["open"][0], some["high"].max(), some["low"].min(),
                          rows["close"][-1], rows["volume"].sum()))  # fmt: skip
    wanted = sorted(parts)
    found = zip(pd.to_datetime(made.ts, unit="ms"), *made.fields.values(), strict=True)
    assert [tuple(row) for row in found] == wanted


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu"])
def test_sql_opens_and_ends_bars_where_we_do(zone: str) -> None:
    drawn = np.random.default_rng(0).integers(0, 2 * 10**12, 300)
    edges = MONTH.open_of(np.arange(0, 300))
    table = pl.DataFrame({"ms": np.concatenate([drawn, edges, edges - 1])})
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        connection.execute(f"SET TimeZone = '{zone}'")
        for macro in sql_macros.BASIC:
            connection.execute(macro)
        connection.register("moments", table.to_arrow())
        for frame in SHARED:
            opens = "bar_open($name, moment)"
            moments = "(SELECT ms, make_timestamptz(1000 * ms) AS moment FROM moments)"
            asked = (
                f"SELECT ms, epoch_ms({opens}), epoch_ms(bar_end($name, {opens})) FROM {moments}"
            )
            for ts, start, end in connection.execute(asked, {"name": frame.name}).fetchall():
                assert (start, end) == (frame.floor(ts), frame.end(frame.floor(ts)))
        pairs = "SELECT bar_divides($finer, $coarser)"
        for finer in FRAMES:
            for coarser in SHARED:
                given_names = {"finer": finer.name, "coarser": coarser.name}
                [(fits,)] = connection.execute(pairs, given_names).fetchall()
                assert fits == (finer == coarser or finer.divides(coarser))
