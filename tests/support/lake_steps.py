"""Stop or fail a child of the lake at its k-th call of the operating system, for every k.

``python lake_steps.py STRIDE [WORK…] [ACT…] [once|ever]``: names of `WORKS` and of acts, all by
default; whether a call fails once, or it and all after it. One line of JSON for each, and one of
sums; exit 1 if anything was wrong. Calls of Arrow count too.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.faultline import CALLS, Faultline, ready

if __name__ == "__main__":
    FAULTS = ready()

from support.children import Say, fork, heard
from support.lake_judge import Judge
from support.lake_ledger import strays
from support.lake_worker import START
from support.lake_works import BTC, WORKS, Work, damage_at, quietly
from support.sweeping import told

from xq.errors import LockHeld, StorageFailed
from xq.lake.verify import verify
from xq.lake.writer import LakeWriter

KILLS = ("before", "after")
CAUSES = {
    "ENOSPC": "the disk is full",
    "EDQUOT": "quota",
    "EIO": "input/output error",
    "EMFILE": "too many open files",
    "ENOLCK": "no locks available",
}
LAST = 5000  # calls that no work here makes


@dataclass
class Outcome:
    """What a child did: its wait status and what it said."""

    status: int
    said: list[str]

    @property
    def done(self) -> bool:
        """Whether it ended well, without being stopped."""
        return self.status == 0

    @property
    def error(self) -> str:
        """What it raised."""
        return next((text for text in self.said if text.startswith("!")), "")


def child(work: Callable[[Say], None]) -> Outcome:
    """Run something and wait for it."""
    pid, pipe = fork(work)
    said = heard(pipe)
    return Outcome(os.waitpid(pid, 0)[1], said)


def sweep(faults: Faultline, name: str, act: str, *, ever: bool, stride: int) -> dict[str, Any]:
    """Every ``stride``-th k until the work gets through untouched; what was found wrong."""
    work, bad = WORKS[name], []
    points = stopped = 0
    judge = Judge(START)
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        for at in range(1 + len(name + act) % stride, LAST, stride):
            root = Path(folder) / "desk" / "lake"
            shutil.rmtree(root.parent, ignore_errors=True)
            root.parent.mkdir()
            began = child(quietly(work.begin, root))
            assert began.done, began.said
            faults.clear()

            def attempt(_say: Say, at: int = at, root: Path = root) -> None:
                faults.arm(root, act, at, ever=ever)
                try:
                    work.run(root)
                finally:
                    faults.disarm()

            outcome = child(attempt)
            seen = faults.seen()
            if not seen.last:
                break
            points += 1
            stopped += not outcome.done
            place = f"{name} {act} at {at}, {seen.last}"
            found = judged(judge, root, work, outcome, act)
            bad += [f"{place}: {text}" for text in found]
        judge.close()
    return {"work": name, "act": act, "ever": ever, "points": points, "stopped": stopped,
            "bad": bad}  # fmt: skip


def judged(judge: Judge, root: Path, work: Work, outcome: Outcome, act: str) -> list[str]:
    """What is wrong after one attempt, then after a clean start and retry."""
    bad = []
    if outcome.error and not named(outcome.error, act):
        bad.append(outcome.error)
    if not outcome.done and not outcome.error and act not in KILLS:
        bad.append(f"ended with status {outcome.status}")
    bad += _wrong(judge, root, work, outcome)

    def again(say: Say) -> None:
        LakeWriter(root)
        for path in strays(root):
            say(f"stray {path}")
        damage = damage_at(root)
        for fault in verify(root, BTC).faults:
            if damage is None or fault.path != damage.path or not damage.still_there():
                say(f"{fault.rule} {fault.path}")
        work.run(root)
        for fault in verify(root, BTC).faults:
            say(f"after the retry: {fault.rule} {fault.path}")
        if damage is not None and damage.still_there():
            say("after the retry: still damaged")
        for path in strays(root):
            say(f"after the retry: stray {path}")

    retried = child(again)
    bad += retried.said
    if not retried.done:
        bad.append("the retry failed")
    return bad + _wrong(judge, root, work, Outcome(0, []))


def named(error: str, act: str) -> bool:
    """Whether an error is one of ours and names the cause."""
    ours = (f"! {StorageFailed.__name__}:", f"! {LockHeld.__name__}:")
    return error.startswith(ours) and CAUSES.get(act, "") in error


def _wrong(judge: Judge, root: Path, work: Work, outcome: Outcome) -> list[str]:
    damage = damage_at(root)
    still = damage is not None and damage.still_there()
    found: dict[str, Any] = judge.ask(root, (damage.sha256,) if damage and still else ())
    if "torn" in found:
        return [f"torn: {found['torn']}"]
    hours = found["symbols"].get(BTC.symbol, [])
    bad = ["wrong rows"] if found["wrong"] else []
    if len(hours) != len(set(hours)):
        bad.append("duplicates")
    if found["kept_twice"]:
        bad.append("kept twice")
    stored = frozenset(hours) | frozenset(damage.hours if damage and still else ())
    if outcome.done and stored != work.after:
        bad.append("an acknowledged change is not there")
    elif work.whole and stored not in (work.before, work.after):
        bad.append(f"{len(stored)} rows of {len(work.before)}")
    elif not work.whole and not work.before <= stored <= work.after:
        bad.append("rows that were there before are gone")
    if "nothing was changed" in outcome.error and stored != work.before:
        bad.append(f"something was changed, but it says: {outcome.error}")
    return bad


def main(arguments: list[str]) -> int:
    stride = int(arguments[0]) if arguments else 1
    works = [name for name in arguments[1:] if name in WORKS] or list(WORKS)
    acts = [name for name in arguments[1:] if name in CALLS] or list(CALLS)
    lengths = [length for length in ("once", "ever") if length in arguments] or ["once", "ever"]
    return told(
        sweep(FAULTS, name, act, ever=length == "ever", stride=stride)
        for name in works
        for act in acts
        for length in (["once"] if act in KILLS else lengths)
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
