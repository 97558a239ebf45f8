"""`xq --help` against `python -c "import typer"`, whole processes in turn; target 1.3."""

import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

RUNS = 15


def seconds(command: list[str]) -> float:
    start = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - start


def main() -> None:
    xq = [str(Path(sys.executable).with_name("xq")), "--help"]
    floor = [sys.executable, "-c", "import typer"]
    for command in (xq, floor):
        seconds(command)
    pairs = [(seconds(xq), seconds(floor)) for _ in range(RUNS)]
    ratio = median(ours / theirs for ours, theirs in pairs)
    ours, theirs = (median(side) * 1000 for side in zip(*pairs, strict=True))
    print(f"xq --help {ours:.0f} ms, import typer {theirs:.0f} ms, ratio {ratio:.2f} (target 1.3)")


if __name__ == "__main__":
    main()
