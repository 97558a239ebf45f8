"""A repair killed at any call that changes the disk: nothing is lost, and the next one ends it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xq.lake import layout
from xq.lake.layout import Dataset
from xq.lake.ranges import Range
from xq.lake.schema import kind_of
from xq.lake.writer import LakeWriter

Run = Callable[..., Any]
TRADES = Dataset("trades", "sim", "BTC/USDT")
START = 1_704_067_200_000
COUNT = 40

CHILD = """
import os, sys
from xq.lake.disk import LocalDisk
last, calls = int(sys.argv[1]), iter(range(10_000))
for name in ("stage", "publish"):
    def dying(self, *arguments, real=getattr(LocalDisk, name)):
        if next(calls) == last:
            os._exit(137)
        real(self, *arguments)
    setattr(LocalDisk, name, dying)
from xq.cli.app import run
sys.exit(run(["data", "repair", "--from", "tape.csv", "--kind", "trades", "--quiet"]))
"""


def tape() -> pa.Table:
    schema = kind_of("trades").schema
    columns = {
        "ts": pa.array([START + n * 1000 for n in range(COUNT)]).cast(schema.field("ts").type),
        "id": pa.array(range(COUNT), pa.int64()),
        "price": pa.array([100.0 + n for n in range(COUNT)]),
        "quantity": pa.array([1.0] * COUNT),
        "side": pa.array(["buy"] * COUNT),
    }
    return pa.table(columns, schema=schema)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    LakeWriter(root).upsert(TRADES, tape(), covered=Range(START, START + COUNT * 1000))
    lines = ["ts,id,price,quantity,side"]
    lines += [f"{START + n * 1000},{n},{100.0 + n},1.0,buy" for n in range(COUNT)]
    (tmp_path / "tape.csv").write_text("\n".join(lines) + "\n")
    return root


def test_a_kill_at_every_call_of_a_repair(xq: Run, lake: Path, tmp_path: Path) -> None:
    path = layout.leaf_path(lake, TRADES, "2024-01-01")
    sound = path.read_bytes()
    kills = 0
    for last in range(40):
        pq.write_table(tape().slice(0, 30), path)  # other bytes, ten rows fewer
        spoiled = path.read_bytes()
        child = subprocess.run(
            [sys.executable, "-c", CHILD, str(last)],
            cwd=tmp_path, env=os.environ, capture_output=True, timeout=600, check=False,
        )  # fmt: skip
        assert path.read_bytes() in (spoiled, sound)
        if child.returncode == 0:
            break
        assert child.returncode == 137, child.stderr.decode()
        kills += 1
        again = xq("data", "repair", "--from", "tape.csv", "--kind", "trades")
        again.check(0)
        assert path.read_bytes() == sound
        kept = xq("data", "quarantine").rows
        assert {row["rule"] for row in kept} == {"changed_file"}
        copies = {(lake / row["cells"]).read_bytes() for row in kept}
        assert copies == {spoiled}
        xq("data", "check").check(0)
    else:
        pytest.fail("the repair never ended")
    assert kills >= 6
    assert path.read_bytes() == sound
