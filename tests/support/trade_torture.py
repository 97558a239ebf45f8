"""A trader killed at every call of the system by which its orders go out, in every story.

    python tests/support/trade_torture.py N SEED [STORY…]

About N kills in all, spread over the stories and the calls of each; with 0 as many as find every
world that a kill can leave behind (see `support.torture_worlds`). Without names the stories are
dealt to as many processes as there are cores. The trader is a process of its own with the real
journal and the real adapter, the venue is served over HTTP; the kill comes before a write, sync,
rename, connect, send or receive (see `support.faultline`). From every world that is left it is
started again until nothing is left to do, a bar later once more, and then the venue's ledger is
compared with the journal. One line for each story; exit 1 if anything is wrong.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.faultline import PRELOADED, ready

if __name__ == "__main__":
    ready()

from support.torture_acts import NOTHING
from support.torture_judge import judged
from support.torture_scenarios import SCENARIOS, Scenario
from support.torture_stage import Base, Stage, stage
from support.torture_trader import Told, again
from support.torture_worlds import every_world, world


@dataclass
class Outcome:
    """What came of one story.

    Attributes
    ----------
    calls
        Of the run, when nobody kills it.
    worlds
        That were left behind; from each the trader was started again.
    restarts
        The most starts that it took until nothing was left to do.
    """

    scenario: str
    calls: int = 0
    kills: int = 0
    restarts: int = 0
    worlds: set[str] = field(default_factory=set)
    struck: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def line(self) -> dict[str, object]:
        """For a person or a program."""
        return {
            "story": self.scenario, "calls": self.calls, "kills": self.kills,
            "worlds": len(self.worlds), "restarts": self.restarts, "struck": dict(self.struck),
            "wrong": self.wrong,
        }  # fmt: skip


def play(base: Base, at: int, outcome: Outcome) -> tuple[Told, str]:
    """The story once, killed at a call (0: not at all), and what that left behind.

    From a world that was seen before nothing is started again. What is wrong goes to the outcome.
    """
    scenario, place = base.scenario, base.stage
    desk, journal = place.copy(base)
    with place.venue(desk):
        base.strike(scenario.faults)
        told = base.run(len(scenario.before), desk, journal, at)
        base.strike(())
    left = world(desk, journal, place.clock.now_ms())
    wrong = [] if left in outcome.worlds else _goes_on(base, desk, journal, outcome)
    outcome.worlds.add(left)
    outcome.wrong += [f"killed at {at}, {told.struck or 'never'}: {text}" for text in wrong]
    if not wrong:
        place.remove(desk, journal)
    return told, left


def _goes_on(base: Base, desk: Path, journal: str, outcome: Outcome) -> list[str]:
    """Start it until it has nothing to do, a bar later once more; what is wrong."""
    scenario, place = base.scenario, base.stage
    first = again(scenario)
    place.happen(desk, scenario.down)
    with place.venue(desk):
        wrong = _settled(base.run(first, desk, journal, settles=True), outcome)
        wrong += judged(scenario, desk, journal, final=False)
        wrong += _settled(base.run(first + 1, desk, journal, settles=True), outcome)
    return wrong + judged(scenario, desk, journal, final=True)


def _settled(told: Told, outcome: Outcome) -> list[str]:
    if told.act != NOTHING or told.problems:
        return [f"it never settled: {told}"]
    outcome.restarts = max(outcome.restarts, told.starts)
    return []


def sweep(place: Stage, scenario: Scenario, kills: int, rng: random.Random) -> Outcome:
    """One story, killed at so many of its calls; with 0 until every world is found."""
    outcome = Outcome(scenario.name)
    base = place.prepared(scenario)

    def kill(at: int) -> str:
        told, left = play(base, at, outcome)
        if told.struck:
            outcome.kills += told.killed
            outcome.struck[told.struck] += 1
        elif not told.act and not told.error:
            outcome.wrong.append(f"at {at}: {told}")
        return left

    outcome.calls = play(base, 0, outcome)[0].calls
    if kills:
        every = range(1, outcome.calls + 1)
        for at in sorted(rng.sample(every, min(kills, len(every)))):
            kill(at)
    else:
        every_world(kill, outcome.calls)
    return outcome


def tortured(count: int, seed: int, names: Sequence[str]) -> Iterator[Outcome]:
    """These stories, one after the other."""
    memory = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        stage(Path(folder), names) as place,
    ):
        for index, name in enumerate(names):
            share = count * (index + 1) // len(names) - count * index // len(names)
            rng = random.Random(f"{seed} {name}")
            yield sweep(place, SCENARIOS[name], max(share, 1) if count else 0, rng)


def dealt(count: int, seed: int) -> int:
    """All stories, in as many processes as there are cores; 1 if one of them found anything."""
    names = list(SCENARIOS)
    cores = os.cpu_count() or 1
    alone = {name: text for name, text in os.environ.items() if name not in PRELOADED}
    started = []
    for number in range(cores):
        share = names[number::cores]
        part = -(-count * len(share) // len(names))
        words = [sys.executable, __file__, str(part), str(seed), *share]
        started.append(subprocess.Popen(words, env=alone))
    return max([process.wait() for process in started])


def main(arguments: list[str]) -> int:
    count, seed, *names = arguments or ["0", "1"]
    if not names:
        return dealt(int(count), int(seed))
    started = time.monotonic()
    sums: Counter[str] = Counter()
    for outcome in tortured(int(count), int(seed), names):
        print(json.dumps(outcome.line()), flush=True)
        sums.update(
            stories=1, calls=outcome.calls, kills=outcome.kills, worlds=len(outcome.worlds),
            wrong=len(outcome.wrong),
        )  # fmt: skip
    print(json.dumps(sums | {"seconds": round(time.monotonic() - started), "cpu": cpu_seconds()}))
    return 1 if sums["wrong"] else 0


def cpu_seconds() -> int:
    """Of this process and of all its children that have ended."""
    return round(sum(os.times()[:4]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
