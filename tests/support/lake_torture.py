"""Kill a lake at random instants and look at what is left: ``python lake_torture.py N [SEED]``.

Children collect, compact, remove and recover; the parent kills them with SIGKILL and lets an
independent reader count. Prints one JSON object of figures; exit 1 if anything was violated.
"""

import json
import os
import random
import select
import shutil
import signal
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.lake_judge import Judge
from support.lake_worker import START, SYMBOLS, WORK, dataset, fork, heard, is_hole

LIKELY_SECONDS = {"collect": 0.2, "older": 0.2, "compact": 0.05, "recover": 0.01, "remove": 0.02}
SHARES = {"collect": 45, "older": 15, "compact": 20, "recover": 12, "remove": 8}
FRESH_AFTER = 150  # kills, so that the lake stays small
OWN = ("locks", "coverage", "manifest", "verified", "format.json")


@dataclass
class Figures:
    """What happened; the first five must be 0."""

    lost_rows: int = 0
    duplicates: int = 0
    torn_files: int = 0
    wrong_rows: int = 0
    strays_after_start: int = 0
    bad_checksums: int = 0
    errors: list[str] = field(default_factory=list)
    kills: int = 0
    finished_first: int = 0
    killed_in: dict[str, int] = field(default_factory=dict)
    kills_that_left_strays: int = 0
    kills_in_recovery_after_a_kill: int = 0
    acknowledged_rows: int = 0
    seed: int = 0

    @property
    def violations(self) -> int:
        return (
            self.lost_rows + self.duplicates + self.torn_files + self.wrong_rows
            + self.strays_after_start + self.bad_checksums + len(self.errors)
        )  # fmt: skip


class Torture:
    """One lake after the other."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.chance = random.Random(seed)
        self.seconds = dict(LIKELY_SECONDS)
        self.figures = Figures(seed=seed)
        self.folder = folder
        self.judge = Judge(START)
        self.fresh()

    def fresh(self) -> None:
        shutil.rmtree(self.folder / "lake", ignore_errors=True)
        self.root = self.folder / "lake"
        self.durable = dict.fromkeys(SYMBOLS, 0)
        self.until = 0

    def round(self) -> None:
        """One kill, a look, a second kill in recovery, a start, another look."""
        figures = self.figures
        name = self.chance.choices(list(SHARES), list(SHARES.values()))[0]
        if name in ("collect", "older"):
            self.until += self.chance.randint(1, 60)
        self.kill(name)
        self.look(removing=name == "remove")
        if self.strays():
            figures.kills_that_left_strays += 1
            if self.chance.random() < 0.5 and self.kill("recover"):
                figures.kills_in_recovery_after_a_kill += 1
        self.start()
        self.look(removing=False)
        figures.strays_after_start += len(self.strays())
        if figures.kills % FRESH_AFTER == 0:
            self.fresh()

    def kill(self, name: str) -> bool:
        """Let a child work and kill it; whether it was still at work."""
        work, root, until = WORK[name], self.root, self.until
        pid, pipe = fork(lambda say: work(root, until, say))
        delay = self.chance.random() * self.seconds[name]
        ended = os.pidfd_open(pid)
        select.select([ended], [], [], delay)
        signal.pidfd_send_signal(ended, signal.SIGKILL)
        os.close(ended)
        _, status = os.waitpid(pid, 0)
        self.listen(heard(pipe))
        killed = os.WIFSIGNALED(status)
        # Kills are to fall anywhere in the work however busy the machine is.
        self.seconds[name] *= 1.04 if killed else 0.93
        self.figures.kills += 1
        self.figures.finished_first += not killed
        self.figures.killed_in[name] = self.figures.killed_in.get(name, 0) + killed
        if not killed and os.WEXITSTATUS(status) == 0 and name in ("collect", "older"):
            self.durable = dict.fromkeys(SYMBOLS, self.until)
        return killed

    def listen(self, lines: list[str]) -> None:
        for line in lines:
            if line.startswith("!"):
                self.figures.errors.append(line)
                continue
            symbol, _, hour = line.partition(" ")
            self.durable[symbol] = max(self.durable[symbol], int(hour))

    def look(self, *, removing: bool) -> None:
        found = self.judge.ask(self.root)
        figures = self.figures
        if "torn" in found:
            figures.torn_files += 1
            figures.errors.append(str(found["torn"])[:200])
            return
        figures.wrong_rows += int(found["wrong"])
        for symbol in SYMBOLS:
            hours = found["symbols"].get(symbol, [])
            stored = set(hours)
            figures.duplicates += len(hours) - len(stored)
            if removing and symbol == SYMBOLS[-1] and not stored:
                self.durable[symbol] = 0  # gone at one instant, all of it
            wanted = {hour for hour in range(self.durable[symbol]) if not is_hole(hour)}
            figures.lost_rows += len(wanted - stored)
            figures.acknowledged_rows += len(wanted)

    def start(self) -> None:
        """Start undisturbed, then let xq itself prove every checksum."""
        root = self.root

        def work(say: object) -> None:
            from xq.lake.verify import verify
            from xq.lake.writer import LakeWriter

            LakeWriter(root)
            for name in SYMBOLS:
                for fault in verify(root, dataset(name)).faults:
                    say(f"{fault.rule} {fault.path}")  # type: ignore[operator]

        pid, pipe = fork(work)
        said = heard(pipe)
        os.waitpid(pid, 0)
        self.figures.bad_checksums += len(said)
        self.figures.errors += said

    def strays(self) -> list[Path]:
        """Files that neither hold data nor belong to a lake at rest."""
        found = []
        for path in self.root.rglob("*"):
            parts = path.relative_to(self.root).parts
            own = parts[0] == ".xq" and len(parts) > 1 and parts[1] in OWN
            data = parts[0] == "ohlcv" and path.name == "part.parquet"
            if path.is_file() and not own and not data:
                found.append(path)
        return found


def torture(kills: int, seed: int) -> Figures:
    """Kill so often and add up."""
    with tempfile.TemporaryDirectory() as folder:
        subject = Torture(seed, Path(folder))
        try:
            while subject.figures.kills < kills and subject.figures.violations < 20:
                subject.round()
        except KeyboardInterrupt:
            return subject.figures  # of the rounds until then
        subject.judge.close()
    return subject.figures


def main(arguments: list[str]) -> int:
    kills = int(arguments[0]) if arguments else 1000
    seed = int(arguments[1]) if len(arguments) > 1 else 1
    figures = torture(kills, seed)
    bound = {"violations": figures.violations, "upper_bound_95": round(3 / figures.kills, 6)}
    print(json.dumps(asdict(figures) | bound, indent=2))
    return 1 if figures.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
