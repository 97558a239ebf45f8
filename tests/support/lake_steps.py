"""Stop or fail a child of the lake at its k-th call of the operating system, for every k."""

import builtins
import errno
import io
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.lake_judge import Judge
from support.lake_worker import START, Say, bars, dataset, fork, heard

from xq.lake import parquet
from xq.lake.compact import compact
from xq.lake.ranges import Range
from xq.lake.remove import remove
from xq.lake.verify import verify
from xq.lake.writer import LakeWriter

CALLS = ("open", "write", "fsync", "replace", "rename", "mkdir", "rmdir", "unlink", "close")
ERRORS = ("ENOSPC", "EIO", "EMFILE", "EDQUOT", "EROFS", "short")
BTC = dataset("AAA/USDT")
OLD, NEW = range(200, 300), range(250, 350)  # hours around the change of year, in two files
HOUR = 3_600_000


def _asked(hours: range) -> Range:
    return Range(START + hours.start * HOUR, START + hours.stop * HOUR)


def upsert(root: Path) -> None:
    """Commit two files and the ledger."""
    LakeWriter(root).upsert(BTC, bars(NEW), covered=_asked(NEW))


def squeeze(root: Path) -> None:
    """Compact two files."""
    compact(root, BTC)


def drop(root: Path) -> None:
    """Remove the dataset."""
    remove(root, BTC)


WORK: dict[str, Callable[[Path], None]] = {"upsert": upsert, "compact": squeeze, "remove": drop}


class Counter:
    """Stands in for functions of ``os``; acts at one call."""

    def __init__(self, at: int, act: str, *, ever: bool) -> None:
        self.at, self.act, self.ever, self.count = at, act, ever, 0

    def install(self) -> None:
        for name in CALLS:
            setattr(os, name, self._around(name, getattr(os, name)))
        builtins.open = io.open = self._around("open", io.open)  # type: ignore[assignment]

    def _around(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.count += 1
            here = self.count == self.at or (self.ever and self.count > self.at)
            if not here:
                return real(*arguments, **options)
            if self.act == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.act == "after":
                real(*arguments, **options)
                os.kill(os.getpid(), signal.SIGKILL)
            if self.act == "short":
                if name != "write":
                    return real(*arguments, **options)
                descriptor, data = arguments
                half = bytes(data)[: max(1, len(data) // 2)]
                return real(descriptor, half)
            if name == "close":  # what was written is synced by then
                return real(*arguments, **options)
            raise OSError(getattr(errno, self.act), os.strerror(getattr(errno, self.act)))

        return call


def prepared(root: Path, work: str) -> None:
    """A lake with something to do."""
    parquet._ROW_GROUP = 7 if work == "compact" else 131_072
    shutil.rmtree(root, ignore_errors=True)
    LakeWriter(root).upsert(BTC, bars(OLD), covered=_asked(OLD))
    parquet._ROW_GROUP = 131_072


@dataclass
class Outcome:
    """What a child did: its wait status and what it said."""

    status: int
    said: list[str]

    @property
    def done(self) -> bool:
        """Whether it ended well, without being stopped."""
        return self.status == 0


def child(work: Callable[[Say], None]) -> Outcome:
    """Run something and wait for it."""
    pid, pipe = fork(work)
    said = heard(pipe)
    return Outcome(os.waitpid(pid, 0)[1], said)


def sweep(work: str, act: str, *, ever: bool = False, stride: int = 1) -> dict[str, Any]:
    """Every ``stride``-th k until the work gets through untouched; what was found wrong."""
    bad: list[str] = []
    points = refused = 0
    judge = Judge(START)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "lake"
        for at in range(1 + len(act) % stride, 1000, stride):
            assert child(lambda say: prepared(root, work)).done

            def attempt(say: Say, at: int = at) -> None:
                counter = Counter(at, act, ever=ever)
                counter.install()
                try:
                    WORK[work](root)
                finally:
                    say(str(counter.count))

            outcome = child(attempt)
            reached = int(outcome.said[0]) if outcome.said else at
            if outcome.done and reached < at:
                break
            points += 1
            refused += not outcome.done
            place = f"{work} {act} at {at}"
            bad += [f"{place}: {text}" for text in judged(judge, root, work, outcome)]
        judge.close()
    return {"work": work, "act": act, "ever": ever, "points": points, "stopped": refused,
            "bad": bad}  # fmt: skip


def judged(judge: Judge, root: Path, work: str, outcome: Outcome) -> list[str]:
    """What is wrong after one attempt, then after a clean start and retry."""
    bad = []
    told = [text for text in outcome.said if text.startswith("!")]
    if told and not told[0].startswith(("! StorageFailed", "! LockHeld")):
        bad.append(told[0])
    bad += _wrong(judge.ask(root), work, whole=outcome.done)

    def again(say: Say) -> None:
        LakeWriter(root)
        for path in root.rglob("*"):
            if path.is_file() and {"staging", "trash"} & set(path.parts):
                say(f"stray {path}")
        for fault in verify(root, BTC).faults:
            say(f"{fault.rule} {fault.path}")
        WORK[work](root)
        for fault in verify(root, BTC).faults:
            say(f"after the retry: {fault.rule} {fault.path}")

    retried = child(again)
    bad += retried.said
    if not retried.done:
        bad.append("the retry failed")
    return bad + _wrong(judge.ask(root), work, whole=True)


def _wrong(found: dict[str, Any], work: str, *, whole: bool) -> list[str]:
    if "torn" in found:
        return [f"torn: {found['torn']}"]
    hours = found["symbols"].get(BTC.symbol, [])
    bad = ["wrong rows"] if found["wrong"] else []
    if len(hours) != len(set(hours)):
        bad.append("duplicates")
    old = {hour for hour in OLD if hour % 37 != 5}
    new = old | {hour for hour in NEW if hour % 37 != 5}
    allowed = {"upsert": (old, new), "compact": (old,), "remove": (old, set())}[work]
    stored = set(hours)
    if whole and stored != allowed[-1]:
        bad.append("an acknowledged change is not there")
    elif work == "upsert" and not old <= stored <= new:
        bad.append("rows that were there before are gone")
    elif work != "upsert" and stored not in allowed:
        bad.append(f"{len(stored)} rows of {len(old)}")
    return bad


def main(arguments: list[str]) -> int:
    """``STRIDE WORK ACT …``: names of work and acts, all of them by default."""
    stride = int(arguments[0]) if arguments else 1
    works = [name for name in arguments[1:] if name in WORK] or list(WORK)
    acts = [name for name in arguments[1:] if name not in WORK] or ["before", "after", *ERRORS]
    reports = [
        sweep(work, act, ever=ever, stride=stride)
        for work in works
        for act in acts
        for ever in ((False,) if act in ("before", "after") else (False, True))
    ]
    for report in reports:
        print(json.dumps(report))
    return 1 if any(report["bad"] for report in reports) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
