"""Conditional puts of gs://, against a server that decides them."""

from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

import pyarrow as pa
import pytest
from support.google_store import GoogleStore
from support.object_store import BUCKET

from xq.lake.layout import Dataset
from xq.lake.objects.address import connect, parse
from xq.lake.objects.bucket import Bucket, Gone, Version
from xq.lake.objects.opening import open_lake
from xq.lake.reader import Lake
from xq.lake.writer import LakeWriter

HOUR, START = 3_600_000, 1_704_067_200_000
BTC = Dataset("ohlcv", "binance", "BTC/USDT", "1h")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"gs://{BUCKET}/{tmp_path.parent.name}/{tmp_path.name}"


@pytest.fixture
def bucket(gcs: GoogleStore, url: str) -> Bucket:
    return Bucket(connect(parse(url), gcs.environ), parse(url))


def test_a_head_is_made_once_and_replaced_only_as_it_was_seen(bucket: Bucket) -> None:
    first = bucket.swap("head", b"1", None)
    assert first is not None
    assert bucket.swap("head", b"2", None) is None
    second = bucket.swap("head", b"3", first)
    assert second is not None
    assert bucket.swap("head", b"4", first) is None
    assert bucket.get("head") == (b"3", second)
    assert bucket.get("head", second) is None, "304 for the version that was seen"
    [item] = bucket.list("")
    assert item.version.same(second)
    bucket.delete(["head"])
    assert bucket.swap("head", b"5", second) is None
    with pytest.raises(Gone):
        bucket.get("head")


def test_of_many_at_once_one_wins(bucket: Bucket) -> None:
    seen: Version | None = None
    for turn in range(5):
        with ThreadPoolExecutor(8) as pool:
            data = [b"%d-%d" % (turn, number) for number in range(8)]
            won = list(pool.map(bucket.swap, repeat("head"), data, repeat(seen)))
        [place] = [number for number, version in enumerate(won) if version is not None]
        seen = won[place]
        assert bucket.get("head") == (data[place], seen)


def test_those_that_are_gone_keep_no_other_from_being_deleted(bucket: Bucket) -> None:
    for name in "bcd":
        bucket.put(name, b"?")
    bucket.delete(["a", "b", "none", "c", "d"])
    assert list(bucket.list("")) == []


def day(hour: int) -> pa.Table:
    ts = pa.array([START + hour * HOUR], pa.timestamp("ms", "UTC"))
    prices = {name: [100.0 + hour] for name in ("open", "high", "low", "close", "volume")}
    return pa.table({"ts": ts, **prices})


def test_two_machines_write_one_file_at_once(gcs: GoogleStore, url: str, tmp_path: Path) -> None:
    roots = [open_lake(url, tmp_path / name, gcs.environ) for name in ("one", "two")]

    def write(place: int) -> None:
        writer = LakeWriter(roots[place])
        for hour in range(place, 12, 2):
            writer.upsert(BTC, day(hour))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, range(2)))
    found = Lake(open_lake(url, tmp_path / "three", gcs.environ)).table(BTC)
    assert found["close"].to_pylist() == [100.0 + hour for hour in range(12)]
