"""A trader killed at every call of the system by which its orders go out, in every story.

    python tests/support/trade_torture.py N SEED [STORY…]

About N kills in all, spread over the stories and the calls of each; 0 for every call. The trader
is a process of its own with the real journal and the real adapter, the venue is served over HTTP;
the kill comes before a write, sync, rename, connect, send or receive (see `support.faultline`).
After each it is started again until nothing is left to do, a bar later once more, and then the
venue's ledger is compared with the journal. One line for each story; exit 1 if anything is wrong.
"""

import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.faultline import ready

if __name__ == "__main__":
    ready()

from support.torture_judge import judged
from support.torture_scenarios import SCENARIOS, Scenario
from support.torture_stage import Base, Stage, stage
from support.torture_trader import Told

_MOST_RUNS = 12


@dataclass
class Outcome:
    """What came of one story.

    Attributes
    ----------
    calls
        Of the run, when nobody kills it.
    restarts
        The most starts that it took until nothing was left to do.
    """

    scenario: str
    calls: int = 0
    kills: int = 0
    restarts: int = 0
    struck: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def line(self) -> dict[str, object]:
        """For a person or a program."""
        return {
            "story": self.scenario, "calls": self.calls, "kills": self.kills,
            "restarts": self.restarts, "struck": dict(self.struck), "wrong": self.wrong,
        }  # fmt: skip


def play(base: Base, at: int, outcome: Outcome) -> Told:
    """The story once, killed at a call (0: not at all); what is wrong goes to the outcome."""
    scenario, place = base.scenario, base.stage
    killed, again, later = (len(scenario.before) + offset for offset in range(3))
    desk, journal = place.copy(base)
    wrong: list[str] = []
    with place.venue(desk):
        base.strike(scenario.faults)
        told = base.run(killed, desk, journal, at)
        base.strike(())
    place.happen(desk, scenario.down)
    with place.venue(desk):
        wrong += _settled(base, again, desk, journal, outcome)
        wrong += judged(scenario, desk, journal, final=False)
        base.run(later, desk, journal)
        wrong += _settled(base, again, desk, journal, outcome)
    wrong += judged(scenario, desk, journal, final=True)
    outcome.wrong += [f"killed at {at}, {told.struck or 'never'}: {text}" for text in wrong]
    if not wrong:
        shutil.rmtree(desk)
    return told


def _settled(base: Base, number: int, desk: Path, journal: str, outcome: Outcome) -> list[str]:
    """Start it until it has nothing to do."""
    for count in range(1, _MOST_RUNS):
        told = base.run(number, desk, journal)
        if told.error.startswith("broke down") or told.killed:
            return [f"a restart {told.error or 'was killed'}"]
        if told.act == "nothing to do" and not told.problems:
            outcome.restarts = max(outcome.restarts, count)
            return []
    return [f"it never settled: {told}"]


def sweep(place: Stage, scenario: Scenario, kills: int, rng: random.Random) -> Outcome:
    """One story, killed at so many of its calls; all of them with 0."""
    outcome = Outcome(scenario.name)
    base = place.prepared(scenario)
    outcome.calls = play(base, 0, outcome).calls
    every = range(1, outcome.calls + 1)
    chosen = list(every) if not kills else sorted(rng.sample(every, min(kills, len(every))))
    for at in chosen:
        told = play(base, at, outcome)
        if told.struck:
            outcome.kills += told.killed
            outcome.struck[told.struck] += 1
        else:
            outcome.wrong += [] if told.act or told.error else [f"at {at}: {told}"]
    return outcome


def main(arguments: list[str]) -> int:
    count, seed, *names = arguments or ["0", "1"]
    names = names or list(SCENARIOS)
    chosen = [SCENARIOS[name] for name in names]
    memory = Path("/dev/shm")
    started, total, wrong = time.monotonic(), 0, 0
    with (
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        stage(Path(folder), names) as place,
    ):
        for index, scenario in enumerate(chosen):
            rng = random.Random(f"{seed} {scenario.name}")
            share = (int(count) * (index + 1)) // len(chosen) - (int(count) * index) // len(chosen)
            outcome = sweep(place, scenario, max(share, 1) if int(count) else 0, rng)
            total, wrong = total + outcome.kills, wrong + len(outcome.wrong)
            print(json.dumps(outcome.line()), flush=True)
    sums = {
        "stories": len(chosen), "kills": total, "wrong": wrong,
        "seconds": round(time.monotonic() - started),
    }  # fmt: skip
    print(json.dumps(sums))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
