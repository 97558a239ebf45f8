"""Two crons start a trader at the same moment, again and again; each bar is decided once.

    python tests/support/cron_races.py RACES [STARTERS] [WHOLE]

Processes of their own with the lock, the journal and the loop of ``xq trade --once``, forked and
let go together; the venue is served. WHOLE races more are run by whole ``xq`` processes. One
decides. Another one finds the lock taken (exit code 75, with the holder's process id) or, if it
came to the lock after the first had finished, a bar that is decided. Prints what became of all
starts; exit 1 if a bar was decided twice or not at all.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.faultline import PRELOADED, ready

if __name__ == "__main__":
    ready()

from support.torture_acts import NOTHING
from support.torture_judge import judged
from support.torture_scenarios import RACE
from support.torture_stage import Base, stage
from support.torture_trader import ACCOUNT, Order, Told, place_of
from support.trade_bench import ledger, served, workspace

from xq.clock import ManualClock
from xq.execution.journal import Journal, read_journal
from xq.timeframe import HOUR_MS

HELD, DECIDED = "75, with the holder", "decided"
_HELD = re.compile(r"LockHeld: another xq trade is running as process (\d+)")


def word(told: Told) -> str:
    """What became of one start."""
    held = _HELD.match(told.error)
    if held and int(held[1]):
        return HELD
    if told.error or told.problems or told.killed:
        return f"wrong: {told}"
    return DECIDED if told.act in ("traded", "held") else told.act


def race(base: Base, number: int, starters: int) -> Counter[str]:
    """One bar, fought for."""
    clock = base.stage.clock
    clock.set(clock.now_ms() + HOUR_MS)
    order = Order(RACE.name, number % 2, str(base.desk), base.journal, copies=starters)
    return Counter(map(word, base.stage.trader.race(order)))


def forked_races(races: int, starters: int) -> tuple[Counter[str], list[str]]:
    """Races of traders forked from one that has imported everything; what is wrong."""
    sums: Counter[str] = Counter()
    wrong: list[str] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        stage(Path(folder), [RACE.name]) as place,
    ):
        base = place.prepared(RACE)
        with place.venue(base.desk):
            for number in range(1, races + 1):
                found = race(base, number, starters)
                sums += found
                wrong += decided_once(number, found)
            base.run(2, base.desk, base.journal)
        wrong += judged(RACE, base.desk, base.journal, final=False)
        with read_journal(place_of(base.journal), ACCOUNT) as journal:
            wrong += bar_by_bar(journal, races)
    return sums, wrong


def whole_races(races: int, starters: int) -> tuple[Counter[str], list[str]]:
    """Races of whole ``xq trade --once`` processes; what is wrong."""
    sums: Counter[str] = Counter()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        ws = workspace(Path(folder))
        assert isinstance(ws.clock, ManualClock)
        with served(ws):
            for number in range(1, races + 1):
                ws.clock.sleep(HOUR_MS / 1000)
                found = Counter(whole_starts(ws.root, 0.25 + number % 2 / 4, starters))
                sums += found
                wrong += decided_once(number, found)
        with read_journal(ws.state / "journal-sim.sqlite", ACCOUNT) as journal:
            wrong += bar_by_bar(journal, races)
            known = {order.client_id for order in journal.orders()}
        booked = [client_id for client_id, _, _ in ledger(ws)]
        if sorted(booked) != sorted(known):
            wrong.append(f"the venue took {booked}, the journal knows {known}")
    return sums, wrong


def whole_starts(folder: Path, weight: float, starters: int) -> list[str]:
    """A word for each of several processes that are started at the same moment."""
    line = [sys.executable, "-m", "xq", "trade", "--once", "--param", f"weight={weight}"]
    environment = {name: text for name, text in os.environ.items() if name not in PRELOADED}
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
    started = [
        subprocess.Popen(
            [*line, "--output", "json"], cwd=folder, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) for _ in range(starters)
    ]  # fmt: skip
    said = [process.communicate(timeout=600) for process in started]
    return [whole_word(p.returncode, *words) for p, words in zip(started, said, strict=True)]


def whole_word(code: int, stdout: str, stderr: str) -> str:
    """What became of one process."""
    if code == os.EX_TEMPFAIL and re.search(r"as process [1-9]", stderr):
        return HELD
    act = json.loads(stdout)["act"] if code == 0 else ""
    if act == NOTHING:
        return act
    return DECIDED if act in ("traded", "held") else f"wrong: {code}, {stdout}, {stderr}"


def decided_once(number: int, found: Counter[str]) -> list[str]:
    """One of the starts decided, the others did not get in the way."""
    if found[DECIDED] == 1 and set(found) <= {DECIDED, HELD, NOTHING}:
        return []
    return [f"race {number}: {dict(found)}"]


def bar_by_bar(journal: Journal, races: int) -> list[str]:
    """Every race is a bar, and every bar is decided once."""
    bars = Counter(key.bar_ms for key, _ in journal.decisions.signals())
    if len(bars) >= races and max(bars.values()) == 1:
        return []
    return [f"{len(bars)} bars decided in {races} races, {max(bars.values())} times"]


def main(arguments: list[str]) -> int:
    defaults = (1000, 2, 10)
    races, starters, whole = (*map(int, arguments), *defaults[len(arguments) :])
    started = time.monotonic()
    forked, wrong = forked_races(races, starters)
    real, more = whole_races(whole, starters)
    told = {
        "races": races, "starters": starters, **forked, "of whole processes": whole,
        **{f"{name} (whole)": count for name, count in real.items()}, "wrong": wrong + more,
        "seconds": round(time.monotonic() - started), "cpu": round(sum(os.times()[:4])),
    }  # fmt: skip
    print(json.dumps(told))
    return 1 if wrong or more else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
