"""A sweep on a real Ray cluster of a head and two nodes, one of which is killed."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from support.odd import odd

from xq.api.sweep import sweep
from xq.api.sweep_scene import Question
from xq.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
SETS = 12


def python() -> Path:
    """The environment that has Ray."""
    return ROOT / ".venv-ray" / "bin" / "python"


def test_a_node_killed_in_the_middle_costs_nothing(tmp_path: Path) -> None:
    assert python().exists(), "run: make .venv-ray/.ready"
    (tmp_path / "far").mkdir()
    (tmp_path / "near").mkdir()
    odd(tmp_path / "far")
    paths = [str(ROOT), str(ROOT / "tests")]
    program = ROOT / "tests" / "support" / "ray_cluster.py"
    ran = subprocess.run(
        [python(), "-W", "ignore", program, tmp_path / "far", str(SETS)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-4000:]
    told = json.loads(next(line for line in ran.stdout.splitlines() if line.startswith("{")))
    assert (told["killed"], told["done"]) == (1, SETS)
    block = 8 * 900 * 6  # times and five fields of all bars
    assert [size for size in told["put"] if size] == [block]
    alone = sweep(odd(tmp_path / "near"), Question("odd", (f"n=1:{SETS}",)), workers=1)
    assert told["summary"] == json.loads(json.dumps(alone.summary()))


def test_without_ray_the_extra_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs ray, which is not installed") as told:
        sweep(odd(tmp_path), Question("odd", ("n=1:2",)), executor="ray")
    assert "xq[distributed]" in str(told.value.hint)
