"""SIGTERM ends a decision in order: everything that was begun is undone."""

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.trade_bench import trade, workspace

from xq.clock import ManualClock
from xq.live.report import Act
from xq.live.termination import terminable


@pytest.fixture(autouse=True)
def harmless() -> Iterator[None]:
    """A handler of the caller's that must be there again afterwards."""
    before = signal.signal(signal.SIGTERM, _ignore)
    yield
    assert signal.getsignal(signal.SIGTERM) is _ignore
    signal.signal(signal.SIGTERM, before)


def _ignore(_number: int, _frame: object) -> None:
    pass


class Terminated(ManualClock):
    """Somebody stops the process while it waits."""

    def sleep(self, seconds: float) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        super().sleep(seconds)


def test_a_decision_is_interrupted_and_leaves_the_lock_and_the_venue(tmp_path: Path) -> None:
    ws = workspace(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        trade(replace(ws, clock=Terminated(ws.clock.now_ms())))
    assert trade(ws).act is Act.TRADED


def test_in_another_thread_the_handler_stays_as_it_is() -> None:
    def act() -> None:
        with terminable():
            seen.append(signal.getsignal(signal.SIGTERM))

    seen: list[object] = []
    thread = threading.Thread(target=act)
    thread.start()
    thread.join()
    assert seen == [_ignore]
