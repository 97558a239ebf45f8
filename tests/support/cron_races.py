"""Two crons start a trader at the same moment, again and again; each bar is decided once.

    python tests/support/cron_races.py RACES [STARTERS]

Processes of their own with the lock, the journal and the loop of ``xq trade --once``, let go
together; the venue is served. One of them decides. Another one finds the lock taken (exit code 75,
with the holder's process id) or, if it came to the lock after the first had finished, a bar that
is decided. Prints what became of all starts; exit 1 if a bar was decided twice or not at all.
"""

import json
import os
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.faultline import ready

if __name__ == "__main__":
    ready()

from support.torture_judge import judged
from support.torture_scenarios import RACE
from support.torture_stage import Base, stage
from support.torture_trader import ACCOUNT, Order, Told, place_of

from xq.execution.journal import read_journal
from xq.timeframe import HOUR_MS

_HELD = re.compile(r"LockHeld: another xq trade is running as process (\d+)")


def word(told: Told) -> str:
    """What became of one start."""
    held = _HELD.match(told.error)
    if held and int(held[1]):
        return "75, with the holder"
    if told.error or told.problems or told.killed:
        return f"wrong: {told}"
    return "decided" if told.act in ("traded", "held") else told.act


def race(base: Base, number: int, starters: int) -> Counter[str]:
    """One bar, fought for."""
    clock = base.stage.clock
    clock.set(clock.now_ms() + HOUR_MS)
    order = Order(RACE.name, number % 2, str(base.desk), base.journal, copies=starters)
    return Counter(map(word, base.stage.trader.race(order)))


def main(arguments: list[str]) -> int:
    races, starters = (*map(int, arguments), *(1000, 2)[len(arguments) :])
    sums: Counter[str] = Counter()
    wrong = []
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        stage(Path(folder), [RACE.name]) as place,
    ):
        base = place.prepared(RACE)
        with place.venue(base.desk):
            for number in range(1, races + 1):
                found = race(base, number, starters)
                sums += found
                others = {"75, with the holder", "nothing to do"}
                if found["decided"] != 1 or set(found) - others - {"decided"}:
                    wrong.append(f"race {number}: {dict(found)}")
            base.run(2, base.desk, base.journal)
        wrong += judged(RACE, base.desk, base.journal, final=False)
        with read_journal(place_of(base.journal), ACCOUNT) as journal:
            bars = Counter(key.bar_ms for key, _ in journal.decisions.signals())
    if len(bars) < races or max(bars.values()) > 1:
        wrong.append(f"{len(bars)} bars decided in {races} races, {max(bars.values())} times")
    told = {
        "races": races, "starters": starters, **sums, "wrong": wrong,
        "seconds": round(time.monotonic() - started),
    }  # fmt: skip
    print(json.dumps(told))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
