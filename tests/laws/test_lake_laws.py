"""Whatever comes in whatever order: the lake holds exactly the last word on every bar."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from xq.lake import layout, manifest
from xq.lake.audit import check
from xq.lake.coverage import Coverage
from xq.lake.layout import Dataset
from xq.lake.poison.catalogue import RULES
from xq.lake.ranges import Range, holes, intersect, present, subtract, union
from xq.lake.reader import Lake
from xq.lake.schema import KINDS
from xq.lake.writer import LakeWriter
from xq.timeframe import Timeframe

HOUR, START = 3_600_000, 1_704_067_200_000
H1 = Timeframe.parse("1h")
BTC = Dataset("ohlcv", "binance", "BTC/USDT", "1h")
SCHEMA = KINDS["ohlcv"].schema

# An hour next to a change of year (so that two files are hit) and the price of its bar.
Bar = tuple[int, float]
bars = st.tuples(st.integers(-20, 20), st.floats(0.01, 1e9))
batches = st.lists(st.lists(bars, max_size=12), max_size=6)


def _table(given_bars: Sequence[Bar]) -> pa.Table:
    ts = np.array([hour for hour, _ in given_bars], dtype=np.int64) * HOUR + START
    price = np.array([price for _, price in given_bars], dtype=np.float64)
    columns = [ts, price, price, price, price, np.ones(len(ts))]
    return pa.Table.from_arrays(
        [pa.array(column).cast(field.type) for column, field in zip(columns, SCHEMA, strict=True)],
        schema=SCHEMA,
    )


@contextmanager
def _lake() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob(layout.PART)}


def _stored(root: Path) -> dict[int, float]:
    table = Lake(root).table(BTC)
    hours = (table["ts"].cast(pa.int64()).to_numpy() - START) // HOUR
    return dict(zip(hours.tolist(), table["close"].to_pylist(), strict=True))


@settings(max_examples=40, deadline=None)
@given(batches)
def test_the_last_word_on_every_bar_is_kept(given_batches: list[list[Bar]]) -> None:
    model: dict[int, float] = {}
    with _lake() as root:
        writer = LakeWriter(root)
        for batch in given_batches:
            fresh = dict(batch)
            commit = writer.upsert(BTC, _table(batch))
            assert commit.added == len(fresh.keys() - model.keys())
            assert commit.added + commit.revised + commit.unchanged == len(fresh)
            assert commit.unchanged == sum(
                model.get(hour) == price for hour, price in fresh.items()
            )
            model |= fresh
        assert _stored(root) == dict(sorted(model.items()))
        # Prices drawn at random may well be ten times their neighbours.
        level = {name for name, rule in RULES.items() if rule.family == "magnitude"}
        assert {item.rule for item in check(Lake(root))} <= {"gap"} | level


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.integers(-20, 20), st.floats(0.01, 1e9)), st.data())
def test_same_rows_in_any_order_and_batches_give_the_same_bytes(
    rows: dict[int, float], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(list(rows.items())))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=4)))
    edges = [0, *cuts, len(rows)]
    with _lake() as one, _lake() as many:
        LakeWriter(one).upsert(BTC, _table(list(rows.items())))
        for first, last in pairwise(edges):
            LakeWriter(many).upsert(BTC, _table(shuffled[first:last]))
        assert _files(one) == _files(many)
        again = LakeWriter(many).upsert(BTC, _table(shuffled))
        assert (again.files, again.unchanged) == ((), len(rows))
        assert _files(one) == _files(many)


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(st.integers(-20, 20), st.floats(0.01, 1e9), min_size=1),
    st.none() | st.integers(-25, 25),
    st.none() | st.integers(-25, 25),
)
def test_a_slice_is_a_filter(rows: dict[int, float], first: int | None, last: int | None) -> None:
    start = None if first is None else START + first * HOUR
    end = None if last is None else START + last * HOUR
    with _lake() as root:
        LakeWriter(root).upsert(BTC, _table(list(rows.items())))
        whole = Lake(root).table(BTC)
        ts = whole["ts"].cast(pa.int64()).to_numpy()
        keep = (ts >= (start if start is not None else ts[0])) & (
            ts < (end if end is not None else ts[-1] + 1)
        )
        part = Lake(root).table(BTC, start, end)
        assert part.equals(whole.filter(pa.array(keep)))
        if part.num_rows:
            block = Lake(root).bars("binance", ["BTC/USDT"], H1, start, end, gaps="drop")
            assert block.close[:, 0].tolist() == part["close"].to_pylist()


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(st.integers(-20, 20), st.floats(0.01, 1e9), min_size=1),
    st.integers(1, 7),
    st.sampled_from(["none", "snappy", "zstd"]),
)
def test_the_hash_sees_rows_not_files(rows: dict[int, float], group: int, compression: str) -> None:
    with _lake() as root:
        LakeWriter(root).upsert(BTC, _table(list(rows.items())))
        before = Lake(root).content_hash(BTC)
        manifest.forget(root, BTC)
        for leaf in layout.leaves(root, BTC):
            table = pq.ParquetFile(leaf.path).read()
            pq.write_table(table, leaf.path, row_group_size=group, compression=compression)
        assert Lake(root).content_hash(BTC) == before
        hour, price = next(iter(rows.items()))
        LakeWriter(root).upsert(BTC, _table([(hour, np.nextafter(price, np.inf))]))
        assert Lake(root).content_hash(BTC) != before


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-20, 20), st.integers(0, 12), st.sets(st.integers(0, 11))),
        max_size=6,
    )
)
def test_the_ledger_knows_what_was_asked_and_what_the_venue_lacks(
    fetches: list[tuple[int, int, set[int]]],
) -> None:
    asked: set[int] = set()
    stored: set[int] = set()
    with _lake() as root:
        writer = LakeWriter(root)
        for first, length, answered in fetches:
            hours = {first + hour for hour in answered if hour < length}
            span = Range(START + first * HOUR, START + (first + length) * HOUR)
            writer.upsert(BTC, _table([(hour, 1.0) for hour in sorted(hours)]), covered=span)
            asked |= set(range(first, first + length))
            stored |= hours
        coverage = Coverage(root)
        assert _hours(coverage.covered(BTC)) == asked
        assert _hours(coverage.venue_has_none(BTC)) == asked - stored
        assert [item.rule for item in check(Lake(root)) if item.rule != "gap"] == []


def _hours(ranges: Sequence[Range]) -> set[int]:
    return {
        hour
        for item in ranges
        for hour in range((item.start_ms - START) // HOUR, (item.end_ms - START) // HOUR)
    }


spans = st.lists(st.builds(Range, st.integers(0, 40), st.integers(0, 40)), max_size=6)


def _points(ranges: Sequence[Range]) -> set[int]:
    return {point for item in ranges for point in range(item.start_ms, item.end_ms)}


@given(spans, spans)
def test_ranges_are_sets_of_instants(left: list[Range], right: list[Range]) -> None:
    assert _points(union([*left, *right])) == _points(left) | _points(right)
    assert _points(intersect(left, right)) == _points(left) & _points(right)
    assert _points(subtract(left, right)) == _points(left) - _points(right)
    for result in (union(left), intersect(left, right), subtract(left, right)):
        assert all(item.start_ms < item.end_ms for item in result)
        pairs = pairwise(result)
        assert all(one.end_ms < two.start_ms for one, two in pairs)


@given(st.sets(st.integers(0, 40)), st.integers(0, 40), st.integers(0, 40))
def test_what_is_present_and_the_holes_make_the_whole(
    hours: set[int], first: int, last: int
) -> None:
    ts = np.array(sorted(hours), dtype=np.int64) * HOUR + START
    within = Range(START + first * HOUR, START + last * HOUR)
    inside = _hours(intersect(present(ts, H1), [within]))
    assert inside == hours & set(range(first, last))
    assert _hours(holes(ts, H1, within)) == set(range(first, last)) - hours
