"""Kill a lake at random and look at what is left: the rounds of one seed.

Children collect from a venue and from its archive, import files, compact, repair, remove and
recover; they are killed with SIGKILL at a random instant, at a random call of the operating
system, or as whole ``xq`` processes, and an independent reader counts. A kill counts if it struck
after the work's first change to the lake's folder and before its end; the others interrupted
nothing and are told apart.
"""

import gc
import os
import random
import re
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from support import torture_imports
from support.children import Say, fork, heard
from support.faultline import Faultline
from support.lake_damage import plant
from support.lake_judge import Judge
from support.lake_ledger import Ledger, strays
from support.lake_worker import (
    CANONICAL,
    HOUR,
    NOW,
    OLDER,
    START,
    SYMBOLS,
    Worker,
    dataset,
    drop,
    recover,
    squeeze,
)
from support.torture_venue import is_hole

from xq.clock import iso

SHARES = {
    "rest": 28, "archive": 22, "compact": 15, "repair": 16, "import": 12, "remove": 5, "process": 2,
}  # fmt: skip
FRESH_AFTER = 40  # rounds, so that the lake stays small
PATIENCE = 600.0  # seconds for a child that is to end by itself
Work = Callable[[Say], None]
_NETWORK = re.compile(r"proxy|CA_BUNDLE|SSL_CERT", re.IGNORECASE)


class Violated(Exception):
    """Something is not as it must be; the lake stays as it was found."""


class Torture:
    """One lake after the other.

    Parameters
    ----------
    folders
        On the disk, whose waits are long, and in memory.
    """

    def __init__(self, faults: Faultline, seed: int, folders: list[Path], venue: Any) -> None:
        self.faults = faults
        self.chance = random.Random(seed)
        self.folders = folders
        self.worker = Worker(venue["url"])
        self.worker.preload(folders[-1] / "first")
        pa.set_cpu_count(1)
        gc.disable()
        gc.freeze()  # or every child would copy what it only looks at
        kept = {name: text for name, text in os.environ.items() if not _NETWORK.search(name)}
        self.environment = {
            **kept, **venue["environment"], "XQ_EXCHANGE__ARCHIVE_URL": venue["url"],
        }  # fmt: skip
        self.ledger = Ledger(Judge(START), seed)
        self.seconds: dict[str, float] = {}
        self.calls: dict[str, float] = {}
        self.fresh()

    def fresh(self) -> None:
        """Another lake: one of eight on the disk, whose waits are long, the others in memory."""
        self.folder = self.folders[self.ledger.figures.rounds // FRESH_AFTER % 8 > 0] / "desk"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.root = self.folder / "data"
        self.until, self.grouping = 0, CANONICAL
        self.ledger.fresh(self.root)

    def round(self) -> None:
        """One kill or more, a look, kills in recovery, a start, another look.

        Raises
        ------
        Violated
            At once, with everything as it was found.
        """
        self.ledger.figures.rounds += 1
        missing = [name for name in SHARES if name not in self.ledger.figures.killed_in]
        if missing and self.ledger.figures.kills > 10:
            name = self.chance.choice(missing)
        else:
            name = self.chance.choices(list(SHARES), list(SHARES.values()))[0]
        getattr(self, f"_{name}")()
        if self.ledger.figures.rounds % FRESH_AFTER == 0:
            self.fresh()

    def _rest(self) -> None:
        self.until += self.chance.randint(1, 60)
        self._killed("rest", partial(self.worker.collect, self.root, self.until), acknowledges=True)

    def _archive(self) -> None:
        self.until += self.chance.randint(1, 60)
        work = partial(self.worker.collect, self.root, self.until, archive=True)
        self._killed("archive", work, acknowledges=True)

    def _compact(self) -> None:
        self.grouping = CANONICAL + OLDER - self.grouping
        self._killed("compact", lambda _say: squeeze(self.root, self.grouping))

    def _remove(self) -> None:
        self.ledger.removing = SYMBOLS[-1]
        self._killed("remove", lambda _say: drop(self.root))
        self.ledger.removing = None

    def _import(self) -> None:
        """Files in one of five layouts, some with a row to be set aside."""
        self.until += self.chance.randint(1, 60)
        hours = range(self.chance.randrange(self.until), self.until)
        if all(map(is_hole, hours)):  # a file without rows is refused before anything can break
            return
        layout = self.chance.choice(torture_imports.LAYOUTS)
        symbol, folder = self.chance.choice(SYMBOLS), self.folder / "files"
        given = torture_imports.written(folder, symbol, hours, layout, self.chance)
        work = partial(self.worker.bring_in, self.root, given)
        self.ledger.keeping = given.kept
        for _ in range(self.chance.randint(1, 3)):
            self._killed("import", work, acknowledges=True)
        self.undisturbed(work)
        self.ledger.set_aside()
        self._look()

    def _repair(self) -> None:
        """Everything is brought in, one file is damaged, and its repair killed again and again."""
        self.undisturbed(partial(self.worker.collect, self.root, self.until or 1))
        damage = plant(self.root, dataset(self.chance.choice(SYMBOLS)), self.chance)
        if damage is None:
            return
        self.ledger.damage = damage
        mend = partial(self.worker.repair, self.root, damage.symbol)
        for turn in range(self.chance.randint(1, 5)):
            self._killed("repair", lambda _say, now=NOW + turn * HOUR: mend(now))
        self.undisturbed(lambda _say: mend(NOW + 9 * HOUR))
        self.ledger.repaired()
        self._look()

    def _process(self) -> None:
        """A whole ``xq``, killed at a random instant after its first change to the lake."""
        self.until += self.chance.randint(24, 300)
        line = self._line(self.chance.choice(("rest", "archive", "import")))
        self.faults.clear()
        process = subprocess.Popen(
            [sys.executable, "-m", "xq", *line], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder,
            env={**self.environment, "FAULTLINE_ROOT": str(self.root)},
        )  # fmt: skip
        self._strike(process.pid, self.chance.random() * self._seconds("process"))
        _, stderr = process.communicate(timeout=PATIENCE)
        killed = process.returncode == -signal.SIGKILL
        self._adapt("process", killed)
        if not killed and process.returncode:
            self.ledger.error(f"xq exited with {process.returncode}: {stderr[-300:]}")
        if process.returncode == 0:
            for name in SYMBOLS:
                self.ledger.acknowledge(name, 0, self.until - 1)
        self.ledger.count("process", "whole process", self.faults.seen(), killed=killed)
        self._after()

    def _line(self, way: str) -> list[str]:
        """The command line that brings every symbol up to an hour."""
        if way == "import":
            folder, hours = self.folder / "given", range(self.until)
            shutil.rmtree(folder, ignore_errors=True)
            for name in SYMBOLS:
                layout = self.chance.choice(torture_imports.NAMED)
                torture_imports.written(folder, name, hours, layout)
            return ["data", "import", "--exchange", "binance", str(folder)]
        line = ["collect", "--exchange", "binance", "--timeframe", "1h", "--source", way,
                "--since", iso(START), "--until", iso(START + self.until * HOUR)]  # fmt: skip
        return line + [word for name in SYMBOLS for word in ("--symbol", name)]

    def _killed(self, name: str, work: Work, *, acknowledges: bool = False) -> None:
        self.kill(name, work, acknowledges=acknowledges)
        self._after()

    def _after(self) -> None:
        """Look, kill what cleans up, start undisturbed, look again."""
        self._look()
        left = strays(self.root)
        self.ledger.figures.kills_that_left_strays += bool(left)
        turns = self.chance.randint(0, 3) if left else 0
        for _ in range(turns):
            self.kill("recover", lambda _say: recover(self.root))
            self._look()
        self.start()
        if left:  # else there was nothing to clean up
            self._look()
        self.ledger.after_start()
        self._refuse()

    def _look(self) -> None:
        self.ledger.look()
        self._refuse()

    def _refuse(self) -> None:
        if self.ledger.figures.violations:
            raise Violated

    def kill(self, name: str, work: Work, *, acknowledges: bool = False) -> None:
        """Let a child work and kill it, by the clock or at one of its calls."""
        by_call = self.chance.random() < 0.5
        at = self.chance.randint(1, int(self.calls.get(name, 400.0))) if by_call else 0
        act = self.chance.choice(("before", "after")) if by_call else None
        faults, root = self.faults, self.root
        faults.clear()

        def watched(say: Say) -> None:
            faults.arm(root, act, at)
            work(say)
            faults.end()
            faults.disarm()

        pid, pipe = fork(watched)
        self._strike(pid, PATIENCE if by_call else self.chance.random() * self._seconds(name))
        _, status = os.waitpid(pid, 0)
        said, seen = heard(pipe), faults.seen()
        self.ledger.listen(f"{name} at {seen.last or 'a random time'}", said, rows=acknowledges)
        killed = os.WIFSIGNALED(status)
        if by_call:
            known = self.calls.get(name, 400.0)
            self.calls[name] = known * 1.02 if killed else max(8.0, (known + seen.calls) / 2)
        else:
            self._adapt(name, killed)
        how = "at a call" if by_call else "at a random time"
        self.ledger.count(name, how, seen, killed=killed)
        self._refuse()

    def _strike(self, pid: int, delay: float) -> None:
        """Kill some time after the first change to the lake, unless it has ended before."""
        ended = os.pidfd_open(pid)
        while not select.select([ended], [], [], 0.0005)[0] and not self.faults.seen().changes:
            pass
        select.select([ended], [], [], delay)
        signal.pidfd_send_signal(ended, signal.SIGKILL)
        os.close(ended)

    def _seconds(self, name: str) -> float:
        return max(self.seconds.get(name, 0.1), 0.001)

    def _adapt(self, name: str, killed: bool) -> None:
        """Kills are to fall anywhere in the work however busy the machine is."""
        self.seconds[name] = self._seconds(name) * (1.02 if killed else 0.9)

    def undisturbed(self, work: Work) -> None:
        """Let a child work to its end."""
        pid, pipe = fork(work)
        said = heard(pipe)
        os.waitpid(pid, 0)
        self.ledger.listen("undisturbed", said, rows=True)
        self._refuse()

    def start(self) -> None:
        """Start undisturbed, then let xq itself prove every checksum."""
        root, damage = self.root, self.ledger.damage

        def work(say: Say) -> None:
            from xq.lake.verify import verify

            recover(root)
            for name in SYMBOLS:
                for fault in verify(root, dataset(name)).faults:
                    if damage is None or fault.path != damage.path or not damage.still_there():
                        say(f"! checksum: {fault.rule} {fault.path}")

        self.undisturbed(work)
