"""Fail the k-th call of a whole command line, for every k: ``python cli_steps.py STRIDE``.

Further arguments are names of `LINES` and of acts, all by default, and ``once`` or ``ever``. The
command line runs in a child with its own standard streams; calls below the folder it works in are
counted, those for the files it reads or writes besides the lake included. One line of JSON for
each, and one of sums; exit 1 if anything was wrong.
"""

import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.faultline import CALLS, Faultline, ready

if __name__ == "__main__":
    FAULTS = ready()

from support.children import Say, fork, heard
from support.cli_lines import LINES, Line, fingerprint, play, preload, venue
from support.lake_judge import Judge
from support.lake_ledger import strays
from support.lake_worker import START
from support.sweeping import told

from xq.lake.writer import LakeWriter

CAUSES = {
    "ENOSPC": "the disk is full",
    "EIO": "input/output error",
    "EMFILE": "too many open files",
}
ACTS = [*CAUSES, "short"]
DATA, HELD = 4, 75
LAST = 5000  # calls that no line here makes


@dataclass
class Ended:
    """How a command line ended, and what it said."""

    code: int
    stdout: str
    stderr: str


class Sweep:
    """One command line and one fault, at one call after the other.

    Attributes
    ----------
    below
        The folder whose calls count.
    """

    def __init__(self, faults: Faultline, name: str, act: str, *, ever: bool, folder: Path) -> None:
        self.faults, self.name, self.act, self.ever = faults, name, act, ever
        self.line: Line = LINES[name]
        self.desk = self.below = folder / "desk"
        self.template = folder / "template"
        self.judge = Judge(START)
        shutil.rmtree(self.template, ignore_errors=True)
        self._apart(lambda _say: self.line.prepare(self.template))
        self._anew()
        self.before = self._hours()
        done = self._run(0)
        assert done.code == 0, f"{name}: {done}"
        self.answer = done.stdout
        self.after, self.whole = self._hours(), fingerprint(self.desk)
        assert self.line.changes == (self.before != self.after), (self.before, self.after)

    def run(self, stride: int) -> dict[str, Any]:
        """Every ``stride``-th call, until the line gets through untouched."""
        points = stopped = 0
        bad: list[str] = []
        for at in range(1 + len(self.name + self.act) % stride, LAST, stride):
            self._anew()
            ended = self._run(at)
            seen = self.faults.seen()
            if not seen.last:
                break
            points += 1
            stopped += ended.code != 0
            place = f"{self.name} {self.act} at {at}, {seen.last}"
            bad += [f"{place}: {text}" for text in self._judged(ended)]
        self.judge.close()
        return {"line": self.name, "act": self.act, "ever": self.ever, "points": points,
                "stopped": stopped, "bad": bad}  # fmt: skip

    def _judged(self, ended: Ended) -> list[str]:
        bad = self._said(ended)
        hours = self._hours()
        if hours is None:
            bad.append("torn or doubled")
        elif ended.code == 0 and self.line.answers and ended.stdout != self.answer:
            bad.append("it ended well, but with another answer")
        elif ended.code == 0 and hours != self.after:
            bad.append("it ended well, but what it was to do is not there")
        elif hours not in (self.before, self.after) and (
            self.line.whole or hours is None or not self.before <= hours <= self.after
        ):
            bad.append(f"{len(hours)} rows of {len(self.before)}")
        if ended.code and "nothing was changed" in ended.stderr and hours != self.before:
            bad.append("something was changed, but it says nothing was")
        self._apart(lambda _say: LakeWriter(self.desk / "data") and None)
        bad += [f"stray {path.relative_to(self.desk)}" for path in strays(self.desk / "data")]
        left = [path.name for path in self.desk.glob("out/.*")]
        if left and not self.ever:  # else it could not be removed either
            bad.append(f"left {left}")
        for name in left:
            (self.desk / "out" / name).unlink()
        again = self._run(0)
        if again.code and not self.line.finished(again.stderr):
            bad.append(f"the retry ended with {again.code}: {again.stderr[-300:]}")
        elif fingerprint(self.desk) != self.whole:
            bad.append("the retry came to something else")
        return bad

    def _said(self, ended: Ended) -> list[str]:
        """What is wrong with the exit code and the message."""
        bad = []
        text = ended.stderr
        if "Traceback" in text or ended.code in (1, 9) or ended.code < 0:
            bad.append(f"broke down with {ended.code}: {text[-400:]}")
        elif self.act == "short" and ended.code:
            bad.append(f"a short write is no error: {text[-300:]}")
        elif ended.code and (ended.code != DATA or CAUSES[self.act] not in text):
            bad.append(f"exit {ended.code} does not name the cause: {text[-300:]}")
        elif ended.code and len(re.findall(r"^error: ", text, re.MULTILINE)) != 1:
            bad.append(f"not one message: {text[-400:]}")
        elif ended.code and str(self.desk) not in text.partition("where:")[2].partition("\n")[0]:
            bad.append(f"does not say where: {text[-300:]}")
        return bad

    def _anew(self) -> None:
        shutil.rmtree(self.desk, ignore_errors=True)
        shutil.copytree(self.template, self.desk)

    def _hours(self) -> frozenset[tuple[str, int]] | None:
        found: dict[str, Any] = self.judge.ask(self.desk / "data", self.line.damaged(self.desk))
        hours = [(name, hour) for name, of in found["symbols"].items() for hour in of]
        wrong = "torn" in found or found["wrong"] or found["kept_twice"]
        return None if wrong or len(set(hours)) != len(hours) else frozenset(hours)

    def _run(self, at: int) -> Ended:
        """The line in a child; untouched with 0."""
        said = {number: self.desk.with_name(f"said-{number}") for number in (1, 2)}
        self.faults.clear()
        pid = os.fork()
        if pid == 0:
            play(self.line.words(self.desk), self.desk, said,
                 lambda: self.faults.arm(self.below, self.act if at else None, at, ever=self.ever),
                 self.faults.disarm)  # fmt: skip
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return Ended(code, *(path.read_text(errors="replace") for path in said.values()))

    def _apart(self, work: "Any") -> None:
        def quiet(say: Say) -> None:
            work(say)

        pid, pipe = fork(quiet)
        said = heard(pipe)
        assert os.waitpid(pid, 0)[1] == 0, said


def main(arguments: list[str]) -> int:
    stride = int(arguments[0]) if arguments else 1
    names = [name for name in arguments[1:] if name in LINES] or list(LINES)
    acts = [name for name in arguments[1:] if name in CALLS] or ACTS
    lengths = [length for length in ("once", "ever") if length in arguments] or ["once", "ever"]
    memory = Path("/dev/shm")
    with venue(), tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        preload(Path(folder), names)
        return told(
            Sweep(FAULTS, name, act, ever=length == "ever", folder=Path(folder)).run(stride)
            for name in names
            for act in acts
            for length in (["once"] if act == "short" else lengths)
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
