"""Foreign programs as witnesses of the simulated venue: each in an environment of its own."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from xq.clock import SystemClock
from xq.sim.wire.embed import SimHandle, ensure

_ROOT = Path(__file__).resolve().parents[2]
_PROGRAMS = _ROOT / "tests" / "witness" / "programs"
_PATIENCE = 600  # seconds; of a program that takes a few

OWN = "ccxt"  # is a dependency of xq itself, unmodified


@dataclass(frozen=True)
class Row:
    """One call of a witness: ``ok`` or the class of the error."""

    call: str
    outcome: str
    detail: str


@dataclass(frozen=True)
class Testimony:
    """Everything that one program saw."""

    rows: tuple[Row, ...]

    @property
    def calls(self) -> set[str]:
        return {row.call for row in self.rows}

    @property
    def failures(self) -> dict[str, str]:
        return {row.call: row.outcome for row in self.rows if row.outcome != "ok"}

    def explain(self) -> str:
        """What failed, in full."""
        return "\n".join(
            f"{r.call}: {r.outcome} {r.detail}" for r in self.rows if r.outcome != "ok"
        )

    def check(self, *, expected: Mapping[str, str]) -> None:
        """Every call went well but for those that had to fail, which failed as they had to."""
        twice = [
            name for name, count in Counter(row.call for row in self.rows).items() if count > 1
        ]
        assert not twice, f"calls of one name: {twice}"
        assert self.failures == dict(expected), self.explain()


def python_of(name: str) -> Path:
    """The interpreter of a witness; missing, the test is skipped, or fails where all must run."""
    python = Path(sys.executable)
    if name != OWN:
        python = _ROOT / f".venv-witness-{name}" / "bin" / "python"
    if not python.exists():
        reason = f"no environment for {name}; run: make .venv-witness-{name}/.ready"
        if os.environ.get("XQ_TEST_DATA_REQUIRED") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return python


def hear(name: str, program: str, *arguments: str, **environ: str) -> Testimony:
    """Run a program of ``tests/witness/programs`` to its end and read what it reports."""
    kept = {key: os.environ[key] for key in ("PATH", "NO_PROXY", "HTTPS_PROXY", "HTTP_PROXY")}
    done = subprocess.run(
        [python_of(name), "-W", "ignore", _PROGRAMS / f"{program}.py", *arguments],
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
        env=kept | environ,
        cwd=_PROGRAMS,
    )
    assert done.returncode == 0, done.stderr
    return Testimony(tuple(Row(**row) for row in json.loads(done.stdout)))


@contextmanager
def venue(folder: Path) -> Iterator[SimHandle]:
    """A venue whose time is today's: clients sign with the time that an exchange tells them."""
    clock = SystemClock()
    with ensure(folder, clock=clock, seed=7, start_ms=clock.now_ms()) as handle:
        yield handle
