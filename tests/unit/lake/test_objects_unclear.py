"""Commits to a bucket whose answer does not tell what became of them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.object_store import BUCKET, ObjectStore

from xq.errors import StorageFailed
from xq.lake import verify
from xq.lake.layout import Dataset
from xq.lake.objects.bucket import Bucket, Version
from xq.lake.objects.opening import open_lake
from xq.lake.objects.remote import RemoteStore
from xq.lake.reader import Lake
from xq.lake.store import LakePath
from xq.lake.writer import LakeWriter

Rows = Callable[..., object]
Act = Callable[[Callable[[], Version | None]], Version | None]


class Slow(Bucket):
    """Lets a test answer for the put of a head, and do it when it likes."""

    act: Act | None = None

    def swap(self, key: str, data: bytes, before: Version | None) -> Version | None:
        act, put = self.act, super().swap
        if act is None or "/heads/" not in key:
            return put(key, data, before)
        self.act = None
        return act(lambda: put(key, data, before))


@pytest.fixture
def machine(s3: ObjectStore, tmp_path: Path) -> Callable[[str], LakePath]:
    def root(name: str) -> LakePath:
        url = f"s3://{BUCKET}/{tmp_path.parent.name}/{tmp_path.name}"
        found = open_lake(url, tmp_path / name, s3.environ)
        assert isinstance(found.store, RemoteStore)
        found.store.bucket = Slow(found.store.bucket._client, found.store.bucket.address)
        return found

    return root


def bucket_of(root: LakePath) -> Slow:
    assert isinstance(root.store, RemoteStore)
    assert isinstance(root.store.bucket, Slow)
    return root.store.bucket


def test_a_put_that_arrives_after_it_was_given_up_leads_to_its_objects(
    machine: Callable[[str], LakePath], rows: Rows, hourly: Dataset
) -> None:
    """A first try that hangs, a second that meets it (409): neither has won yet."""
    one = machine("one")
    LakeWriter(one).upsert(hourly, rows(range(3)))
    late: list[Callable[[], Version | None]] = []

    def hang(put: Callable[[], Version | None]) -> None:
        late.append(put)

    def arrive(put: Callable[[], Version | None]) -> Version | None:
        assert late[0]() is not None
        return put()

    def first(put: Callable[[], Version | None]) -> None:
        hang(put)
        bucket_of(one).act = arrive

    bucket_of(one).act = first
    assert LakeWriter(one).upsert(hourly, rows([3])).unchanged == 1
    two = machine("two")
    assert verify.verify(two, hourly).faults == ()
    assert Lake(two).table(hourly).equals(rows(range(4)))


@pytest.mark.parametrize("arrived", [True, False])
def test_a_connection_that_breaks_during_the_commit(
    machine: Callable[[str], LakePath], rows: Rows, hourly: Dataset, *, arrived: bool
) -> None:
    one = machine("one")
    LakeWriter(one).upsert(hourly, rows(range(3)))

    def cut(put: Callable[[], Version | None]) -> None:
        if arrived:
            put()
        raise StorageFailed("the object store cannot be reached; run the same command again")

    bucket_of(one).act = cut
    if arrived:
        assert LakeWriter(one).upsert(hourly, rows([3])).added == 1
    else:
        with pytest.raises(StorageFailed, match="whether it was committed is not known"):
            LakeWriter(one).upsert(hourly, rows([3]))
        assert LakeWriter(one).upsert(hourly, rows([3])).added == 1
    assert Lake(machine("two")).table(hourly).equals(rows(range(4)))
