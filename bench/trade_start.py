"""`xq trade --once` with nothing to do, start to exit; the floors beside it, in turns.

    python bench/trade_start.py [ROUNDS]

The bar is decided before and `xq sim` runs beside, as it does for a cron. Floors: ``python -c
pass``, and the imports without which no trader can ask a venue and read its journal. The target is
1.5 s.
"""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from common.paired import load
from venue_orders import process

GOAL_SECONDS = 1.5
_IMPORTS = "import ccxt, requests, sqlalchemy, numpy, pydantic, typer"


def used() -> float:
    """CPU seconds of all processes that have ended."""
    told = resource.getrusage(resource.RUSAGE_CHILDREN)
    return told.ru_utime + told.ru_stime


def seconds(command: list[str], folder: Path) -> tuple[float, float]:
    """Wall and CPU time of a whole process, which must end well."""
    start, before = perf_counter(), used()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    took = perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    return took, used() - before


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    xq = [sys.executable, "-m", "xq"]
    with tempfile.TemporaryDirectory() as made:
        desk = Path(made) / "desk"
        seconds([*xq, "init", str(desk), "--exchange", "sim"], Path(made))
        os.chdir(desk)
        options = ("--port", "0", "--admin-port", "0", "--output", "jsonl", "--quiet")
        with process(*xq, "sim", *options):
            runs = {
                "xq trade --once, nothing to do": [*xq, "trade", "--once", "--output", "json"],
                "floor: imports": [sys.executable, "-c", _IMPORTS],
                "floor: python -c pass": [sys.executable, "-c", "pass"],
            }
            seconds(runs["xq trade --once, nothing to do"], desk)  # decides the bar
            took: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
            for _ in range(rounds):
                for name, command in runs.items():
                    took[name].append(seconds(command, desk))
    print(f"  {rounds} rounds, {load()}")
    for name, found in took.items():
        wall, cpu = zip(*found, strict=True)
        print(f"  {name:32} median {median(wall):5.2f} s  best {min(wall):5.2f} s  "
              f"CPU {median(cpu):5.2f} s")  # fmt: skip
    ours = median(wall for wall, _ in took["xq trade --once, nothing to do"])
    print(f"  below {GOAL_SECONDS} s: {'yes' if ours < GOAL_SECONDS else 'NO'}")
    return 0 if ours < GOAL_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
