"""The live loop against a venue on which anything happens in any order, and what holds throughout.

A step is one thing that the market, the venue, a person or the trader does. After every step the
venue's books are compared with a model in `Decimal` of its own; whenever the trader has looked,
its journal is compared with the venue's books.
"""

import os
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from support.trading_machine import Trading

from xq.execution.journal import Journal, open_journal

PER_STORY = 50


class TradingOnDisk(Trading):
    """The same with a journal in a file, which a restart opens anew."""

    seen: ClassVar[Counter[str]] = Counter()

    def open(self) -> Journal:
        self._folder = tempfile.TemporaryDirectory(dir=_memory())
        self._stack = ExitStack()
        return self._opened()

    def again(self) -> None:
        self._stack.close()
        self.journal = self._opened()

    def _opened(self) -> Journal:
        path = Path(self._folder.name) / "journal.sqlite"
        return self._stack.enter_context(open_journal(path, "direct", self.clock))

    def teardown(self) -> None:
        super().teardown()
        self._stack.close()
        self._folder.cleanup()


def _memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@pytest.mark.parametrize(
    ("machine", "stories", "steps"),
    [(Trading, 1150, 50_000), (TradingOnDisk, 10, 400)],
    ids=["memory", "file"],
)
def test_whatever_happens_journal_venue_and_model_agree(
    machine: type[Trading], stories: int, steps: int
) -> None:
    machine.seen.clear()
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=stories,
            stateful_step_count=PER_STORY,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        ),
    )
    seen = machine.seen
    print(", ".join(f"{count:,} {what}" for what, count in seen.items()))
    assert seen["steps"] >= steps
    if steps >= 50_000:
        assert all(seen.values()), "something never happened"
