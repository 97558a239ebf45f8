"""A repair whose disk fails at any step leaves what was readable readable, and runs again."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xq.lake import manifest
from xq.lake.disk import LocalDisk
from xq.lake.layout import Dataset

Run = Callable[..., Any]


def _spoil(path: Path) -> None:
    table = pq.ParquetFile(path).read()
    high = table["high"].to_pylist()
    high[7] = 1.0
    pq.write_table(table.set_column(2, table.schema.field("high"), pa.array(high)), path)
    manifest.forget(path.parents[5], Dataset("ohlcv", "sim", "BTC/USDT", "1h"))


def test_a_full_disk_at_every_step_of_a_repair(
    xq: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    xq("collect", "--exchange", "sim", "--days", "2").check(0)
    [leaf] = (tmp_path / "data" / "ohlcv").rglob("part.parquet")
    sound = leaf.read_bytes()
    publish, stage = LocalDisk.publish, LocalDisk.stage
    steps = 0
    for name in ("publish", "stage"):
        for failing in range(20):
            _spoil(leaf)
            spoiled = leaf.read_bytes()
            calls = iter(range(1000))

            def refuse(self: LocalDisk, *arguments: Any, last: int = failing, at: Any = calls,
                       real: Any = publish if name == "publish" else stage) -> None:  # fmt: skip
                if next(at) == last:
                    raise OSError(errno.ENOSPC, "No space left on device")
                real(self, *arguments)

            with monkeypatch.context() as patch:
                patch.setattr(LocalDisk, name, refuse)
                result = xq("data", "repair")
            if result.exit_code == 0:
                break
            steps += 1
            assert (result.exit_code, "the disk is full" in result.stderr) == (4, True)
            assert leaf.read_bytes() in (spoiled, sound)
            xq("data", "repair").check(0)
            assert leaf.read_bytes() == sound
            [kept] = xq("data", "quarantine").rows
            assert (kept["rule"], kept["line"]) == ("high_below_low", 8)
            xq("data", "check").check(0)
        else:
            pytest.fail("the repair never ended")
    assert steps >= 6
