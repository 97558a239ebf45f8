"""Sweeps that are killed, hang, cheat or lose workers; a ledger that is tampered with."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from support.odd import odd

from xq.api.sweep import SweepResult, heads, sweep
from xq.api.sweep_scene import Question
from xq.api.trials import Tried, ledger, record, verify
from xq.api.workspace import open_workspace
from xq.backtest import local_pool
from xq.backtest.sweep_trial import Batch, Outcome
from xq.errors import CorruptFile, LookAhead, XqError

HANG = """if self.n == 3:
            signal.pause()"""
AHEAD = """if self.n == 3:
            return (np.roll(bars.close, -1, axis=0) > bars.close).astype(float)"""
RAISE = """if self.n == 3:
            raise ValueError("three is too many")"""
DIE = """if self.n == 3:
            np.ctypeslib.ctypes.string_at(0)"""

PARENT = """
import os, signal, sys
from pathlib import Path
from xq.api.sweep import sweep
from xq.api.sweep_scene import Question
from xq.api.workspace import open_workspace
from xq.backtest import sweep_store

if __name__ == "__main__":
    left, keep = int(sys.argv[2]), sweep_store.write_whole

    def dying(path, data):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        keep(path, data)

    sweep_store.write_whole = dying
    ws = open_workspace(cwd=Path(sys.argv[1]), environ={})
    sweep(ws, Question("odd", ("n=1:12",)), workers=1)
"""


def params(result: SweepResult) -> list[int]:
    return sorted(row["n"] for row in result.trials())


def test_a_killed_sweep_goes_on_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    ws = odd(tmp_path)
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    for survives in (0, 1):
        died = subprocess.run(
            [sys.executable, str(script), str(tmp_path), str(survives)],
            capture_output=True, timeout=300, check=False,
        )  # fmt: skip
        assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    kept = list((tmp_path / "state" / "sweeps").glob("*/*.npz"))
    assert len(kept) == 1  # the second run found it and died over its second batch
    kept_at = kept[0].stat().st_mtime_ns
    resumed = sweep(ws, Question("odd", ("n=1:12",)), workers=1)
    assert kept[0].stat().st_mtime_ns == kept_at
    other = odd(tmp_path / "other") if (tmp_path / "other").mkdir() is None else ws
    straight = sweep(other, Question("odd", ("n=1:12",)), workers=2)
    assert json.dumps(resumed.summary()) == json.dumps(straight.summary())


def test_a_batch_that_cannot_be_read_is_run_again(tmp_path: Path) -> None:
    ws = odd(tmp_path)
    first = sweep(ws, Question("odd", ("n=1:4",)), workers=1)
    kept = sorted((tmp_path / "state" / "sweeps").glob("*/*.npz"))
    kept[0].write_bytes(kept[0].read_bytes()[:-40])
    kept[1].write_bytes(b"")
    assert sweep(ws, Question("odd", ("n=1:4",)), workers=1).summary() == first.summary()


def test_a_killed_worker_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ws = odd(tmp_path)
    run = local_pool.LocalPool.run
    killed: list[int] = []

    def murderous(self: local_pool.LocalPool, batches: list[Batch]) -> Iterator[list[Outcome]]:
        for found in run(self, batches):
            if not killed:
                killed.append(self.pids[0])
                os.kill(self.pids[0], signal.SIGKILL)
            yield found

    monkeypatch.setattr(local_pool.LocalPool, "run", murderous)
    result = sweep(ws, Question("odd", ("n=1:12",)), workers=1)
    assert killed
    assert params(result) == list(range(1, 13))
    assert not list((tmp_path / "state" / "sweeps").glob("*/prices.bin"))


@pytest.mark.parametrize(
    ("cheat", "message"),
    [
        (RAISE, "three is too many"),
        (DIE, "its process died of signal 11"),
    ],
)
def test_a_set_that_fails_is_named_and_harms_no_other(
    tmp_path: Path, cheat: str, message: str
) -> None:
    ws = odd(tmp_path, cheat)
    result = sweep(ws, Question("odd", ("n=1:5",)), workers=1)
    assert params(result) == [1, 2, 4, 5]
    assert message in " ".join(result.notes)
    assert result.judgement.trials == 4


def test_a_set_that_hangs_is_killed_at_its_deadline(tmp_path: Path) -> None:
    ws = odd(tmp_path, HANG)
    result = sweep(ws, Question("odd", ("n=3,4",), deadline_s=20.0), workers=1)
    assert params(result) == [4]
    assert result.notes[-1] == "1 set of parameters refused: no answer before the deadline"


def test_a_set_that_looks_ahead_refuses_the_sweep(tmp_path: Path) -> None:
    ws = odd(tmp_path, AHEAD)
    with pytest.raises(LookAhead, match="with n=3"):
        sweep(ws, Question("odd", ("n=1:5",)), workers=1)
    assert not ledger(ws).tried


@contextmanager
def intact(path: Path) -> Iterator[None]:
    before = path.read_bytes()
    yield
    path.write_bytes(before)


def test_every_edited_or_missing_trial_is_found(tmp_path: Path) -> None:
    ws = open_workspace(cwd=tmp_path, environ={})
    one = Tried("0", "s", "m", "sweep x", {"n": 1}, 0.05)
    for k in range(20):
        head = record(ws, [replace(one, trial_id=str(k), params={"n": k})]).head
    again = record(ws, [replace(one, trial_id="3")]).head
    assert again == verify(ws, [("sweep x", head)]) == head
    path, chance = tmp_path / "state" / "trials.jsonl", random.Random(1)
    found = 0
    for attempt in range(100):
        with intact(path):
            lines = path.read_bytes().splitlines(keepends=True)
            at = chance.randrange(len(lines))
            kind = attempt % 5
            if kind == 0:
                del lines[at]
            elif kind == 1:
                lines[at] = lines[at].replace(b"0.05", b"0.06")
            elif kind == 2:
                del lines[-1 - at :]
            elif kind == 3:
                other = (at + 1) % len(lines)
                lines[at], lines[other] = lines[other], lines[at]
            else:
                byte = chance.randrange(len(lines[at]) - 1)
                text = bytearray(lines[at])
                text[byte] ^= 1
                lines[at] = bytes(text)
            path.write_bytes(b"".join(lines))
            for check in (lambda: verify(ws), lambda: record(ws, [replace(one, trial_id="new")])):
                with pytest.raises(CorruptFile, match="ledger was changed"):
                    check()
            found += 1
    assert found == 100


def test_a_ledger_cut_together_with_its_head_contradicts_the_reports(tmp_path: Path) -> None:
    ws = odd(tmp_path)
    sweep(ws, Question("odd", ("n=1:4",)), workers=1)
    for name in ("trials.jsonl", "trials.head"):
        (tmp_path / "state" / name).unlink()
    verify(ws)
    with pytest.raises(CorruptFile, match="after 4 trials"):
        verify(ws, heads(ws))


def test_a_crash_between_line_and_head_loses_nothing(tmp_path: Path) -> None:
    ws = open_workspace(cwd=tmp_path, environ={})
    one = Tried("a", "s", "m", "sweep x", {}, None)
    record(ws, [one])
    head = (tmp_path / "state" / "trials.head").read_bytes()
    record(ws, [replace(one, trial_id="b")])
    (tmp_path / "state" / "trials.head").write_bytes(head)
    path = tmp_path / "state" / "trials.jsonl"
    path.write_bytes(path.read_bytes() + b'{"market":"cut o')
    assert record(ws, [replace(one, trial_id="c")]).head.trials == 3
    assert [item.trial_id for item in ledger(ws).tried] == ["a", "b", "c"]


def test_a_batch_that_kills_every_worker_ends_the_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = odd(tmp_path)
    started = local_pool.LocalPool._started

    def stillborn(self: local_pool.LocalPool) -> local_pool._Worker:
        worker = started(self)
        worker.process.kill()
        return worker

    monkeypatch.setattr(local_pool.LocalPool, "_started", stillborn)
    with pytest.raises(XqError, match="3 workers died one after the other over trials 0"):
        sweep(ws, Question("odd", ("n=1:3",)), workers=1)
