"""The torture of one seed, in a process of its own: ``python torture_seed.py KILLS SEED``.

Prints its figures after every round, a line of JSON each; exit 1 at the first violation.
`lake_torture` runs several beside each other, each with two folders, and ends them by closing
their standard input.
"""

import json
import os
import select
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.faultline import ready

if __name__ == "__main__":
    FAULTS = ready()

from support.torture_rounds import Torture, Violated

_STDIN = 0


def torture(kills: int, seed: int, folders: list[Path], *, led: bool) -> int:
    """Round after round, until there are so many kills or the leader closes standard input."""
    script = Path(__file__).with_name("torture_venue.py")
    with subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={name: text for name, text in os.environ.items() if name != "LD_PRELOAD"},
    ) as venue:  # fmt: skip
        assert venue.stdout is not None
        told = json.loads(venue.stdout.readline())
        subject = Torture(FAULTS, seed, folders, told)
        figures = subject.ledger.figures
        try:
            while figures.kills < kills and not (led and select.select([_STDIN], [], [], 0)[0]):
                subject.round()
                print(json.dumps(asdict(figures)), flush=True)
        except Violated:
            print(json.dumps(asdict(figures)), flush=True)
            return 1
        finally:
            subject.ledger.close()
            venue.communicate()
    return 0


def main(arguments: list[str]) -> int:
    kills, seed = int(arguments[0]), int(arguments[1])
    if arguments[2:]:
        return torture(kills, seed, list(map(Path, arguments[2:])), led=True)
    with tempfile.TemporaryDirectory() as folder:
        return torture(kills, seed, [Path(folder) / "disk", Path(folder) / "more"], led=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
