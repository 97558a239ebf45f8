"""The strategy process under fire: nothing it starts outlives its parent or is left open."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.plugins import plugin, walk

from xq.clock import SystemClock
from xq.errors import StrategyBroken, StrategyError, StrategyTimeout, XqError
from xq.strategy import process
from xq.strategy.sandbox import Evaluator, evaluate

CLOCK = SystemClock()


def _open_files() -> int:
    return len(os.listdir("/dev/fd"))


def _gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def test_nothing_stays_open_or_running(tmp_path: Path) -> None:
    sound = plugin(tmp_path, "return bars.close * 0", name="sound")
    leak = plugin(tmp_path, "return bars.close[::-1].cumsum(axis=0)", name="leak")
    endless = plugin(tmp_path, "while True: pass", name="endless")
    evaluate(sound, walk(100))
    before = _open_files()
    evaluate(sound, walk(100))
    with pytest.raises(StrategyError):
        evaluate(leak, walk(100))
    with pytest.raises(StrategyTimeout):
        evaluate(endless, walk(100), deadline_s=0.3)
    assert _open_files() == before


def test_a_killed_process_is_reported(tmp_path: Path) -> None:
    with Evaluator.start(plugin(tmp_path, "return bars.close * 0")) as evaluator:
        assert evaluator.declaration.lookback == 20
        os.kill(evaluator._worker._process.pid, signal.SIGKILL)
        with pytest.raises(StrategyBroken, match="its process ended with -9"):
            evaluator.run(walk(100))


def test_closing_kills_what_the_strategy_runs(tmp_path: Path) -> None:
    evaluator = Evaluator.start(plugin(tmp_path, "return bars.close", module="while True: pass"))
    group = evaluator._worker._process.pid
    assert not _gone(group)
    evaluator.close()
    assert _gone(group)


def test_a_killed_parent_leaves_nothing_behind(tmp_path: Path) -> None:
    spec = plugin(tmp_path, "return bars.close * 0")
    code = f"""
import os
from pathlib import Path
from xq.strategy.sandbox import Evaluator, StrategySpec
evaluator = Evaluator.start(StrategySpec(Path({str(spec.folder)!r}), "subject"))
assert evaluator.declaration.lookback == 20
print(evaluator._worker._process.pid, flush=True)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    group = int(done.stdout)
    until = CLOCK.monotonic() + 10
    while not _gone(group) and CLOCK.monotonic() < until:
        pass
    assert _gone(group)


def test_a_process_that_does_not_start_is_a_bug_of_xq(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_CODE", "raise SystemExit('no interpreter today')")
    with pytest.raises(XqError, match="did not start: no interpreter today") as caught:
        evaluate(plugin(tmp_path, "return bars.close"), walk(100))
    assert type(caught.value) is XqError
