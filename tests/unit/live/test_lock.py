"""One run at a time, and the other one learns whose turn it is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from xq.clock import ManualClock
from xq.errors import LockHeld, StorageFailed
from xq.live.lock import only_run

HOLD = """
import sys
from pathlib import Path
from xq.live.lock import only_run
with only_run(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_run_names_the_first(tmp_path: Path) -> None:
    path = tmp_path / "state" / "trade.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LockHeld, match=f"process {holder.pid}") as refused, only_run(path):
            pass
        assert (refused.value.exit_code, refused.value.hint) == (75, f"ps -p {holder.pid}")
        holder.kill()
        holder.wait()
        with only_run(path):  # a dead holder holds nothing
            assert path.read_text() == str(os.getpid())


def test_a_lock_taken_this_moment_is_named_in_the_next(tmp_path: Path) -> None:
    path = tmp_path / "trade.lock"

    class Signing(ManualClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            path.write_text("123")

    with FileLock(path):
        path.write_text("")
        with pytest.raises(LockHeld, match="as process 123"), only_run(path, clock=Signing(0)):
            pass


def test_who_is_done_leaves_no_name(tmp_path: Path) -> None:
    path = tmp_path / "trade.lock"
    with only_run(path):
        assert path.read_text()
    assert path.read_text() == ""


def test_a_folder_that_cannot_be_made_is_our_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="the lock cannot be made"), \
            only_run(tmp_path / "file" / "trade.lock"):  # fmt: skip
        pass
