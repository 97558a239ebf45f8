"""Kill a lake at random and look at what is left: ``python lake_torture.py N [SEED [WORKERS]]``.

Several seeds run beside each other, each in processes of its own (see `torture_seed`,
`torture_rounds`), until together they have killed N times and in every kind of work. Prints one
JSON object of figures; exit 1 if anything was violated or broke down. That seed's folder is kept,
and ``python torture_seed.py KILLS SEED`` makes the same choices again. Ctrl-C or SIGTERM ends it
with the figures so far, after the rounds that are under way; a second one at once.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.faultline import compiler
from support.lake_ledger import Figures

KINDS = {"rest", "archive", "compact", "repair", "recover", "import", "remove", "process"}
WORKER = Path(__file__).with_name("torture_seed.py")
_FEWEST = 50  # kills that are worth a worker
_WORD = 500


@dataclass
class Seed:
    """One worker and what it has told last."""

    process: "subprocess.Popen[str]"
    figures: Figures

    def stop(self) -> None:
        """Let it end after its round."""
        if self.process.stdin is not None and not self.process.stdin.closed:
            self.process.stdin.close()

    def kill(self) -> None:
        """End it and everything it started."""
        if self.process.poll() is None:  # also while its listener is reaping it
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


@dataclass
class Crew:
    """Workers side by side, stopped together."""

    kills: int
    seeds: dict[int, Seed] = field(default_factory=dict)
    signals: int = 0
    told: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, seed: int, disk: Path, fast: Path) -> None:
        """One more worker; its folders are `place`'s, temporary files included."""
        folders = [place(disk, seed), place(fast, seed)]
        for folder in folders:
            folder.mkdir()
        process = subprocess.Popen(
            [sys.executable, WORKER, str(self.kills), str(seed), *map(str, folders)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"TMPDIR": str(folders[0])},
            start_new_session=True,  # a Ctrl-C is for the leader alone
        )  # fmt: skip
        self.seeds[seed] = Seed(process, Figures(seed=seed))

    def run(self) -> None:
        """Listen to all until the last has ended."""
        ears = [threading.Thread(target=self._listen, args=(one,)) for one in self.seeds.values()]
        for ear in ears:
            ear.start()
        for ear in ears:
            ear.join()

    def sum(self) -> Figures:
        """Of all, the figures."""
        first, *rest = (one.figures for one in self.seeds.values())
        return sum(rest, first)

    def bad(self) -> dict[int, str]:
        """Seeds that found something or broke down, and what there is to say."""
        found = {}
        for seed, one in self.seeds.items():
            code, place = one.process.wait(), f"seed {seed}, round {one.figures.rounds}"
            if one.figures.violations:
                found[seed] = f"{place}: violated"
            elif code and self.signals < 2:
                found[seed] = f"{place} was the last before it ended with status {code}"
        return found

    def interrupt(self, *_: object) -> None:
        """Once: let the rounds end. Twice: now."""
        self.signals += 1
        for one in self.seeds.values():
            one.stop() if self.signals == 1 else one.kill()

    def _listen(self, one: Seed) -> None:
        assert one.process.stdout is not None
        for line in one.process.stdout:
            if line.endswith("\n"):
                one.figures = Figures(**json.loads(line))
                self._judge()
        one.process.wait()
        with self.lock:  # it is over: enough, or it has found something
            for other in self.seeds.values():
                other.stop()

    def _judge(self) -> None:
        with self.lock:
            figures = self.sum()
            if figures.kills >= self.kills and set(figures.killed_in) >= KINDS:
                for one in self.seeds.values():
                    one.stop()
            if figures.kills >= self.told + _WORD:
                self.told += _WORD
                print(figures.line(), file=sys.stderr, flush=True)


def place(folder: Path, seed: int) -> Path:
    """A worker's folder."""
    return folder / f"seed-{seed}"


def main(arguments: list[str]) -> int:
    kills = int(arguments[0]) if arguments else 1000
    seed = int(arguments[1]) if len(arguments) > 1 else 1
    most = min(2 * len(os.sched_getaffinity(0)), -(-kills // _FEWEST))
    workers = int(arguments[2]) if len(arguments) > 2 else most
    if compiler() is None:
        sys.exit("a C compiler is needed (cc)")
    memory = Path("/dev/shm")
    disk = Path(tempfile.mkdtemp(prefix="xq-torture-"))
    fast = Path(tempfile.mkdtemp(prefix="xq-torture-", dir=memory if memory.is_dir() else None))
    crew, began = Crew(kills), time.monotonic()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, crew.interrupt)
    try:
        for number in range(seed, seed + workers):
            if not crew.signals:
                crew.start(number, disk, fast)
        crew.run()
        bad = crew.bad()
    finally:
        for one in crew.seeds.values():
            one.kill()
    for number in bad:
        shutil.move(place(fast, number), place(disk, number) / "memory")
    for number in set(crew.seeds) - set(bad):
        shutil.rmtree(place(disk, number), ignore_errors=True)
    shutil.rmtree(fast, ignore_errors=True)
    if not bad:
        shutil.rmtree(disk, ignore_errors=True)
    report(crew, bad, {number: str(place(disk, number)) for number in bad}, began)
    return 130 if crew.signals and not bad else 1 if bad else 0


def report(crew: Crew, bad: dict[int, str], kept: dict[int, str], began: float) -> None:
    """One JSON object on standard output; what went wrong again on standard error."""
    figures, seconds = crew.sum(), time.monotonic() - began
    told = asdict(figures) | {
        "violations": figures.violations, "seeds": list(crew.seeds), "bad": list(bad.values()),
        "kept": list(kept.values()), "interrupted": crew.signals > 0,
        "upper_bound_95": round(3 / figures.kills, 6) if figures.kills else None,
        "minutes": round(seconds / 60, 1), "kills_per_minute": round(60 * figures.kills / seconds),
    }  # fmt: skip
    print(json.dumps(told, indent=2))
    for number, text in bad.items():
        print(f"{text}; kept in {kept[number]}; again: torture_seed.py {crew.kills} {number}",
              file=sys.stderr)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
