"""Two machines write the same files of a lake in a bucket; one is killed at a request.

``python tests/support/objects_torture.py ROUNDS SEED`` prints figures; exit 1 on a violation; with
``blind`` behind it, one commit is unconditional, which must not go unnoticed. Every
round has a lake of its own, two caches, and a judge with a third one who reads the fetched files
with DuckDB alone. The parent never speaks to the store: a process that forks must not.
"""

import json
import os
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd  # noqa: F401 - pyarrow would import it in every child

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.children import Say, fork, heard
from support.lake_judge import Judge
from support.lake_worker import HOUR, START, bars, dataset, is_hole
from support.object_store import BUCKET, ObjectStore, serving

from xq.lake import layout, parquet, verify
from xq.lake.compact import compact
from xq.lake.coverage import Coverage
from xq.lake.objects.bucket import Bucket
from xq.lake.objects.opening import open_lake
from xq.lake.objects.remote import RemoteStore
from xq.lake.objects.sweep import sweep
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.lake.remove import remove
from xq.lake.store import LakePath
from xq.lake.writer import LakeWriter

SHARED, OWN = dataset("AAA/USDT"), dataset("BBB/USDT")
CHUNK = 36  # hours; the ninth crosses a change of year, so that a commit has two files
CHUNKS = 10
FIRST = 6 * CHUNK  # what both find there
REQUESTS = {"upsert": 20, "compact": 6, "remove": 4}  # no work does with less


class Deadly(Bucket):
    """Kills its process before or after a request; or forgets what commits rest on."""

    left = 0
    after = False
    meanwhile = None

    def get(self, key, unless=None):
        return self._do(super().get, key, unless)

    def put(self, key, data):
        self._do(super().put, key, data)

    def swap(self, key, data, before):
        act = Deadly.meanwhile
        if act is None or "/heads/" not in key:
            return self._do(super().swap, key, data, before)
        Deadly.meanwhile = None
        act()
        super().put(key, data)
        return super().get(key)[1]

    def delete(self, keys):
        self._do(super().delete, keys)

    def _do(self, ask, *arguments):
        Deadly.left -= 1
        if Deadly.left == 0 and not Deadly.after:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = ask(*arguments)
        if Deadly.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


class Round:
    """One lake and who works on it."""

    def __init__(self, server: ObjectStore, folder: Path, number: int) -> None:
        self._server = server
        self._folder = folder
        self._url = f"s3://{BUCKET}/round-{number}"

    def root(self, machine: str, *, kill_at: int = 0, after: bool = False) -> LakePath:
        root = open_lake(self._url, self._folder / machine, self._server.environ)
        place = root.store
        assert isinstance(place, RemoteStore)
        Deadly.left, Deadly.after = kill_at, after
        place.bucket = Deadly(place.bucket._client, place.bucket.address)
        return root

    def begin(self, say: Say) -> None:
        """Files of an older layout, so that there is something to compact."""
        parquet._ROW_GROUP = 7
        for item in (SHARED, OWN):
            write(self.root("begin"), item, range(FIRST), say)

    def work(self, what: str, kill_at: int, after: bool, say: Say) -> None:
        """What the machine does that is killed."""
        root = self.root("one", kill_at=kill_at, after=after)
        if what == "compact":
            compact(root, SHARED)
        elif what == "remove":
            remove(root, OWN)
        else:
            for chunk in range(0, CHUNKS, 2):
                write(root, SHARED, chunk_of(chunk), say)
        say("done")

    def beside(self, say: Say) -> None:
        """The other machine writes to the same files."""
        for chunk in range(1, CHUNKS, 2):
            write(self.root("two"), SHARED, chunk_of(chunk), say)
        say("done")

    def overwrite(self, say: Say) -> None:
        """A commit between another's look and its put, which is not conditional."""
        Deadly.meanwhile = lambda: write(self.root("two"), SHARED, chunk_of(1), say)
        write(self.root("one"), SHARED, chunk_of(0), say)

    def fetch(self, say: Say) -> None:
        """Everything as a third machine sees it, for DuckDB to read."""
        root = self.root("judge")
        for item in (SHARED, OWN):
            Lake(root).table(item)
            for fault in verify.verify(root, item).faults:
                say(f"! {fault.rule} {fault.path}")
        covered = Coverage(root).covered(SHARED)
        say(json.dumps([[item.start_ms, item.end_ms] for item in covered]))

    def clear(self, say: Say) -> None:
        """What was left behind, and that a sweep takes it and nothing else."""
        root = self.root("judge")
        place = root.store
        assert isinstance(place, RemoteStore)
        say(str(sweep(place, older_than_ms=-60_000)))
        left = [item.key for item in place.bucket.list("") if item.key.endswith(".parquet")]
        files = sum(len(layout.periods(root, item)) for item in (SHARED, OWN))
        if len(left) != files:
            say(f"! {len(left)} objects for {files} files")
        if any("/probe-" in item.key for item in place.bucket.list(".xq")):
            say("! a probe was left")


def chunk_of(number: int) -> range:
    return range(FIRST + number * CHUNK, FIRST + (number + 1) * CHUNK)


def write(root: LakePath, item: layout.Dataset, hours: range, say: Say) -> None:
    asked = Range(START + hours.start * HOUR, START + hours.stop * HOUR)
    LakeWriter(root, wait_seconds=60).upsert(
        item, bars(hours, symbol=str(item.symbol)), covered=asked
    )
    say(f"{hours.start} {hours.stop}")


def run(child: tuple[int, int]) -> tuple[list[str], bool]:
    """What a child said, and whether it was killed."""
    pid, pipe = child
    said = heard(pipe)
    _, status = os.waitpid(pid, 0)
    killed = os.WIFSIGNALED(status)
    if not killed and os.waitstatus_to_exitcode(status):
        raise SystemExit(f"a child failed: {said}")
    return said, killed


def rows_of(said: list[str]) -> set[int]:
    spans = [line.split() for line in said if line[:1].isdigit()]
    hours = {hour for first, stop in spans for hour in range(int(first), int(stop))}
    return {hour for hour in hours if not is_hole(hour)}


def judged(found: dict[str, object], need: set[int], gone: bool | None) -> list[str]:
    """What is wrong with the files, given what was acknowledged."""
    symbols = found["symbols"]
    assert isinstance(symbols, dict)
    wrong = [str(found["torn"])] if "torn" in found else []
    wrong += ["values that were never written"] if found["wrong"] else []
    hours = symbols.get("AAA/USDT", [])
    if len(set(hours)) != len(hours):
        wrong.append("a row twice")
    if lost := need - set(hours):
        wrong.append(f"{len(lost)} acknowledged rows lost")
    counts = Counter((hour - FIRST) // CHUNK for hour in hours if hour >= FIRST)
    for chunk, count in counts.items():
        if count != sum(not is_hole(hour) for hour in chunk_of(chunk)):
            wrong.append(f"half a commit: chunk {chunk}")
    own = sorted(symbols.get("BBB/USDT", []))
    whole = [hour for hour in range(FIRST) if not is_hole(hour)]
    if own not in ([], whole) or (gone is not None and gone != (not own)):
        wrong.append("half a removal")
    return wrong


def play(
    game: Round, judge: Judge, folder: Path, plan: random.Random
) -> tuple[str, list[str], int]:
    what = plan.choice(["upsert", "upsert", "upsert", "compact", "remove"])
    kill_at, after = plan.randint(1, REQUESTS[what]), plan.random() < 0.5
    need = rows_of(run(fork(game.begin))[0])
    if sys.argv[3:] == ["blind"]:
        need |= rows_of(run(fork(game.overwrite))[0])
        return "blind", _look(game, judge, folder, need, None), 0
    children = [fork(lambda say: game.work(what, kill_at, after, say)), fork(game.beside)]
    (said, killed), (other, _) = [run(child) for child in children]
    need |= rows_of(said) | rows_of(other)
    wrong = _look(game, judge, folder, need, True if what == "remove" and not killed else None)
    if killed:  # the next start
        said, _ = run(fork(lambda say: game.work(what, 0, False, say)))
        need |= rows_of(said)
        wrong += _look(game, judge, folder, need, what == "remove")
    cleared, _ = run(fork(game.clear))
    wrong += [line for line in cleared if line.startswith("!")]
    return (f"{what} killed" if killed else what), wrong, int(cleared[0])


def _look(game: Round, judge: Judge, folder: Path, need: set[int], gone: bool | None) -> list[str]:
    said, _ = run(fork(game.fetch))
    found = judge.ask(_only_folder(folder / "judge"))
    wrong = judged(found, need, gone)
    covered = [hour for first, end in json.loads(said[-1])
               for hour in range((first - START) // HOUR, (end - START) // HOUR)]  # fmt: skip
    if need - set(np.array(covered).tolist()):
        wrong.append("acknowledged coverage lost")
    return wrong + [line for line in said if line.startswith("!")]


def _only_folder(folder: Path) -> Path:
    [found] = folder.iterdir()
    return found


def main() -> int:
    rounds, seed = int(sys.argv[1]), int(sys.argv[2])
    plan, tally, orphans, bad = random.Random(seed), Counter[str](), 0, list[str]()
    judge = Judge(START)
    with serving() as server:
        for number in range(rounds):
            folder = Path(tempfile.mkdtemp(prefix="xq-objects-"))
            try:
                what, wrong, swept = play(Round(server, folder, number), judge, folder, plan)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            tally[what] += 1
            orphans += swept
            bad += [f"round {number}, {what}: {text}" for text in wrong]
    judge.close()
    print(json.dumps({"rounds": rounds, "seed": seed, "orphans_swept": orphans,
                      "violations": bad, **dict(sorted(tally.items()))}))  # fmt: skip
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
