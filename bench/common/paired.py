"""Runs taken in turns, so that all meet the same machine: wall and CPU time, waits for the disk."""

import os
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Times:
    """Wall and user CPU seconds of one side's rounds, in their order."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        best, middle = min(self.wall) * 1e3, statistics.median(self.wall) * 1e3
        cpu = statistics.median(self.cpu) * 1e3
        return f"best {best:8.2f} ms  median {middle:8.2f} ms  CPU {cpu:8.2f} ms"


@contextmanager
def timed(times: Times) -> Iterator[None]:
    """Add what happens inside as one round."""
    cpu, start = resource.getrusage(resource.RUSAGE_SELF).ru_utime, time.perf_counter()
    yield
    times.wall.append(time.perf_counter() - start)
    times.cpu.append(resource.getrusage(resource.RUSAGE_SELF).ru_utime - cpu)


def interleaved(runs: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, Times]:
    """A B A B …, each once beforehand unmeasured; their answers must be equal."""
    answers = {name: run() for name, run in runs.items()}
    if len(set(answers.values())) != 1:
        raise SystemExit(f"the runs disagree: {answers}")
    found = {name: Times() for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            with timed(found[name]):
                run()
    return found


def ratio(ours: Times, theirs: Times) -> tuple[float, float, float]:
    """Best over best, the median of the rounds' own ratios, and CPU over CPU.

    Rounds of a pair follow each other and meet the same load; the best ones met the least.
    """
    best = min(ours.wall) / min(theirs.wall)
    pairs = statistics.median(a / b for a, b in zip(ours.wall, theirs.wall, strict=True))
    cpu = statistics.median(ours.cpu) / max(statistics.median(theirs.cpu), 1e-9)
    return best, pairs, cpu


def judged(title: str, ours: Times, theirs: Times, limit: float | None = None) -> bool:
    """Print the ratio; whether the median of the pairs keeps to the limit."""
    best, pairs, cpu = ratio(ours, theirs)
    aim = "" if limit is None else f" (limit {limit}: {'yes' if pairs <= limit else 'NO'})"
    print(f"ratio {title}: {pairs:.2f} (median of pairs){aim}, best {best:.2f}, CPU {cpu:.2f}")
    return limit is None or pairs <= limit


def load() -> str:
    """How busy the machine is, in words."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


@contextmanager
def counted_syncs() -> Iterator[list[int]]:
    """Count calls of fsync inside; the count is the only item of the list afterwards."""
    real, found = os.fsync, [0]

    def fsync(descriptor: int) -> None:
        found[0] += 1
        real(descriptor)

    os.fsync = fsync
    try:
        yield found
    finally:
        os.fsync = real
