"""Kill it, fill the disk, read while it writes: nothing torn, nothing acknowledged is lost."""

import errno
import random
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from xq.errors import StorageFailed
from xq.lake.audit import check
from xq.lake.coverage import Coverage
from xq.lake.disk import LocalDisk
from xq.lake.layout import Dataset
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.lake.schema import KINDS
from xq.lake.writer import LakeWriter

HOUR, START = 3_600_000, 1_704_067_200_000
BTC = Dataset("ohlcv", "binance", "BTC/USDT", "1h")

WRITER = """
    import os, signal, sys
    from pathlib import Path
    import numpy as np, pyarrow as pa
    from xq.lake.disk import LocalDisk
    from xq.lake.layout import Dataset
    from xq.lake.writer import LakeWriter

    HOUR, START = 3_600_000, 1_704_067_200_000
    BTC = Dataset("ohlcv", "binance", "BTC/USDT", "1h")

    def table(hours, price):
        ts = np.asarray(hours, dtype=np.int64) * HOUR + START
        one = np.full(len(ts), float(price))
        names = ("ts", "open", "high", "low", "close", "volume")
        return pa.table(dict(zip(names, (ts, one, one, one, one, one))))

    def say(text):
        sys.stdout.write(f"{text}\\n")
        sys.stdout.flush()

    root = Path(sys.argv[1])
"""


def _start(code: str, *arguments: object) -> "subprocess.Popen[str]":
    script = textwrap.dedent(WRITER) + textwrap.dedent(code)
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


def _table(hours: range, price: float = 1.0) -> pa.Table:
    ts = np.asarray(hours, dtype=np.int64) * HOUR + START
    one = np.full(len(ts), price)
    names = KINDS["ohlcv"].schema.names
    return pa.table(dict(zip(names, (ts, one, one, one, one, one), strict=True)))


def _hours(root: Path) -> set[int]:
    ts = Lake(root).table(BTC)["ts"].cast(pa.int64()).to_numpy()
    return set(((ts - START) // HOUR).tolist())


def _lines(process: "subprocess.Popen[str]") -> Iterator[str]:
    assert process.stdout is not None
    while line := process.stdout.readline():
        yield line


def test_readers_only_ever_see_whole_commits(tmp_path: Path) -> None:
    """Commit k holds hours 0 to k, every price k; a mixture would be half a commit."""
    code = """
        writer = LakeWriter(root)
        for k in range(1, 121):
            writer.upsert(BTC, table(range(k + 1), k))
            if k == 1: say("go")
        say("done")
    """
    process = _start(code, tmp_path)
    assert next(_lines(process)) == "go\n"
    lake, seen = Lake(tmp_path), set()
    while process.poll() is None:
        table = lake.table(BTC)
        prices = set(table["close"].to_pylist())
        assert len(prices) == 1
        version = int(prices.pop())
        assert table.num_rows == version + 1
        seen.add(version)
    assert process.wait(60) == 0
    assert process.stdout is not None
    process.stdout.close()
    assert len(seen) > 5
    assert _hours(tmp_path) == set(range(121))


def test_a_writer_killed_anywhere_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    """A dozen SIGKILLs at random points of a stream of small commits over two files."""
    code = """
        writer = LakeWriter(root)
        for k in range(int(sys.argv[2]), 100_000):
            writer.upsert(BTC, table([-k - 1, k], 1))
            say(k)
    """
    chance = random.Random(11)
    acknowledged = -1
    for _ in range(12):
        process = _start(code, tmp_path, acknowledged + 1)
        wanted = acknowledged + chance.randint(1, 12)
        for line in _lines(process):
            acknowledged = int(line)
            if acknowledged >= wanted:
                break
        process.kill()
        rest, _ = process.communicate(timeout=60)
        whole = rest.rpartition("\n")[0]
        acknowledged = max([acknowledged, *map(int, whole.split())])
        stored = _hours(tmp_path)
        assert set(range(-acknowledged - 1, acknowledged + 1)) <= stored
        assert {item.rule for item in check(Lake(tmp_path))} <= {"stray_file", "gap"}
    LakeWriter(tmp_path)
    assert {item.rule for item in check(Lake(tmp_path))} <= {"gap"}


@pytest.mark.parametrize("step", ["half", "staged", "published"])
@pytest.mark.parametrize("at", [1, 2])
def test_a_kill_at_every_step_of_a_commit(tmp_path: Path, step: str, at: int) -> None:
    """One upsert touches two files; the process dies at the chosen file and step."""
    code = """
        class Deadly(LocalDisk):
            staged = published = 0
            def stage(self, path, data):
                self.staged += 1
                if sys.argv[2] == "half" and self.staged == int(sys.argv[3]):
                    super().stage(path, bytes(data)[: len(data) // 2])
                    os.kill(os.getpid(), signal.SIGKILL)
                super().stage(path, data)
            def publish(self, staged, path):
                data = path.suffix == ".parquet"
                if data and sys.argv[2] == "staged" and self.published + 1 == int(sys.argv[3]):
                    os.kill(os.getpid(), signal.SIGKILL)
                super().publish(staged, path)
                self.published += data
                if data and sys.argv[2] == "published" and self.published == int(sys.argv[3]):
                    os.kill(os.getpid(), signal.SIGKILL)

        LakeWriter(root, disk=Deadly()).upsert(BTC, table(range(-9, 9), 2))
        say("survived")
    """
    LakeWriter(tmp_path).upsert(BTC, _table(range(-5, 5)))
    process = _start(code, tmp_path, step, at)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (-9, "")

    stored = Lake(tmp_path).table(BTC)
    old = stored.filter(pa.array(stored["close"].to_numpy() == 1.0)).num_rows
    assert _hours(tmp_path) >= set(range(-5, 5))
    done = {"half": 0, "staged": at - 1, "published": at}[step]
    assert old == {0: 10, 1: 5, 2: 0}[done]
    assert {item.rule for item in check(Lake(tmp_path))} <= {"stray_file"}

    assert LakeWriter(tmp_path).upsert(BTC, _table(range(-9, 9), 2.0)).unchanged == done * 9
    assert list(check(Lake(tmp_path))) == []
    assert set(Lake(tmp_path).table(BTC)["close"].to_pylist()) == {2.0}


class FullDisk(LocalDisk):
    """Refuses the n-th call of one of its methods."""

    def __init__(self, method: str, at: int, code: int) -> None:
        self._method, self._left, self._code = method, at, code

    def _count(self, method: str) -> None:
        if method == self._method:
            self._left -= 1
            if self._left == 0:
                raise OSError(self._code, "injected")

    def stage(self, path: Path, data: bytes | memoryview) -> None:
        super().stage(path, bytes(data)[: len(data) // 2])
        self._count("stage")
        super().stage(path, data)

    def publish(self, staged: Path, path: Path) -> None:
        self._count("publish")
        super().publish(staged, path)


def _snapshot(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not {"locks", "verified"} & set(path.parts)
    }


@pytest.mark.parametrize(
    ("code", "words"),
    [(errno.ENOSPC, "the disk is full"), (errno.EIO, "input/output error"),
     (errno.EROFS, "read-only"), (errno.EDQUOT, "quota is used up")],
)  # fmt: skip
@pytest.mark.parametrize(("method", "at"), [("stage", 1), ("stage", 2), ("publish", 1)])
def test_a_failing_disk_changes_nothing_and_leaves_nothing(
    tmp_path: Path, code: int, words: str, method: str, at: int
) -> None:
    LakeWriter(tmp_path).upsert(BTC, _table(range(-5, 5)))
    before = _snapshot(tmp_path)
    writer = LakeWriter(tmp_path, disk=FullDisk(method, at, code))
    with pytest.raises(StorageFailed, match=f"{words}; nothing was changed") as caught:
        writer.upsert(BTC, _table(range(-9, 9)), covered=Range(START, START + HOUR))
    assert caught.value.exit_code == 4
    assert str(tmp_path) in str(caught.value.where)
    assert _snapshot(tmp_path) == before
    assert Coverage(tmp_path).covered(BTC) == ()
    assert LakeWriter(tmp_path).upsert(BTC, _table(range(-9, 9))).added == 8


def test_a_disk_that_fails_between_two_files_says_so(tmp_path: Path) -> None:
    writer = LakeWriter(tmp_path, disk=FullDisk("publish", 5, errno.EIO))
    with pytest.raises(StorageFailed, match="1 of 2 files were committed, run it again"):
        writer.upsert(BTC, _table(range(-9, 9)))  # first the format and two manifests
    assert _hours(tmp_path) == set(range(-9, 0))
    assert LakeWriter(tmp_path).upsert(BTC, _table(range(-9, 9))).added == 9


def test_the_kernel_s_own_limit_on_file_size(tmp_path: Path) -> None:
    """RLIMIT_FSIZE makes a real write fail half way."""
    code = """
        import resource
        from xq.errors import StorageFailed
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        rows = table(range(3000), 1)
        noise = pa.array(np.random.default_rng(1).random(3000) + 1)
        for name in ("open", "high", "low", "close"):
            rows = rows.set_column(rows.column_names.index(name), name, noise)
        try:
            LakeWriter(root).upsert(BTC, rows)
        except StorageFailed as error:
            say(error.message)
    """
    LakeWriter(tmp_path).upsert(BTC, _table(range(5)))
    before = _snapshot(tmp_path)
    out, _ = _start(code, tmp_path).communicate(timeout=60)
    assert out == (
        "the file would grow beyond the size this process may write; nothing was changed\n"
    )
    assert _snapshot(tmp_path) == before


def test_a_lake_that_is_a_file_is_an_error_not_a_traceback(tmp_path: Path) -> None:
    root = tmp_path / "lake"
    root.write_text("no folder")
    with pytest.raises(StorageFailed):
        LakeWriter(root).upsert(BTC, _table(range(5)))
