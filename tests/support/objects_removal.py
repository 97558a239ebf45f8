"""Refuse a removal from a bucket at each of its steps; print where words and state disagree.

``python tests/support/objects_removal.py STRIDE``: every ``STRIDE``-th call of the system below
the cache fails once with EIO, then every request to the store, before it is sent and after it
was carried out. One line of JSON with counts; exit 1 if a message said what is not so.
"""

import json
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.faultline import ready

if __name__ == "__main__":
    FAULTS = ready()

from support.lake_worker import bars, dataset
from support.object_store import BUCKET, ObjectStore, serving

from xq.errors import StorageFailed
from xq.lake.objects.bucket import Bucket
from xq.lake.objects.opening import open_lake
from xq.lake.reader import Lake
from xq.lake.remove import remove
from xq.lake.store import LakePath
from xq.lake.writer import LakeWriter

BTC = dataset("AAA/USDT")
LOST = "the object store cannot be reached; run the same command again, which is safe"


class Cut(Bucket):
    """Loses one request on its way there, or its answer on the way back."""

    left = 0
    after = False
    struck = ""

    def get(self, key, unless=None):
        return self._do(super().get, key, unless)

    def put(self, key, data):
        self._do(super().put, key, data)

    def swap(self, key, data, before):
        return self._do(super().swap, key, data, before)

    def delete(self, keys):
        self._do(super().delete, keys)

    def _do(self, ask, *arguments):
        Cut.left -= 1
        if Cut.left == 0:
            Cut.struck = ask.__name__
            if not Cut.after:
                raise StorageFailed(LOST)
        answer = ask(*arguments)
        if Cut.left == 0:
            raise StorageFailed(LOST)
        return answer


class Game:
    """A dataset in a bucket, removed again and again from one machine."""

    def __init__(self, server: ObjectStore, folder: Path) -> None:
        self._server, self._folder = server, folder
        self.tally: Counter[str] = Counter()
        self.bad: list[str] = []

    def root(self, machine: str) -> LakePath:
        root = open_lake(f"s3://{BUCKET}/removal", self._folder / machine, self._server.environ)
        root.store.bucket = Cut(root.store.bucket._client, root.store.bucket.address)
        return root

    def attempt(self, place: str, arm) -> bool:
        """One removal; whether something was struck in it."""
        Cut.left, Cut.struck = 0, ""
        root = self.root("one")
        LakeWriter(root).upsert(BTC, bars(range(100, 200)))
        assert Lake(root).table(BTC).num_rows
        said = ""
        struck = arm(root)
        try:
            remove(root, BTC)
        except StorageFailed as error:
            said = error.message
        finally:
            FAULTS.disarm()
            Cut.left = 0
        what = struck()
        if what:
            self._judge(f"{place}, {what}", said)
        return bool(what)

    def _judge(self, place: str, said: str) -> None:
        shutil.rmtree(self._folder / "judge", ignore_errors=True)
        there = Lake(self.root("judge")).table(BTC).num_rows > 0
        here = Lake(self.root("one")).table(BTC).num_rows > 0
        claim = "gone"
        if said:
            claims = {"nothing was changed": "there", "is not known": "unknown",
                      "what was asked for is done": "gone"}  # fmt: skip
            claim = next((claims[text] for text in claims if text in said), "none")
        self.tally[claim if said else "done"] += 1
        if here != there:
            self.bad.append(f"{place}: the cache shows {here}, the store {there}")
        if claim != "unknown" and claim != ("there" if there else "gone"):
            self.bad.append(f"{place}: said {said!r}, rows there: {there}")
        remove(self.root("one"), BTC)
        if Lake(self.root("judge")).table(BTC).num_rows:
            self.bad.append(f"{place}: the retry removed nothing")


def calls(game: Game, stride: int) -> None:
    """Every call of the system in turn."""
    at, more = 1, True
    while more:

        def arm(root: LakePath, at: int = at):
            FAULTS.clear()
            FAULTS.arm(Path(root), "EIO", at)
            return lambda: FAULTS.seen().last

        more = game.attempt(f"call {at}", arm)
        at += stride


def requests(game: Game) -> None:
    """Every request in turn."""
    for after in (False, True):
        at, more = 1, True
        while more:

            def arm(_root: LakePath, at: int = at, after: bool = after):
                Cut.left, Cut.after = at, after
                return lambda: Cut.struck

            more = game.attempt(f"request {at}{' answered' if after else ''}", arm)
            at += 1


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="xq-removal-"))
    try:
        with serving() as server:
            game = Game(server, folder)
            calls(game, int(sys.argv[1]))
            requests(game)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps({"bad": game.bad, **dict(sorted(game.tally.items()))}))
    return 1 if game.bad else 0


if __name__ == "__main__":
    sys.exit(main())
