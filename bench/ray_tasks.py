"""What Ray costs per task: empty batches through the executor of sweeps on two nodes.

Run ``python bench/ray_tasks.py [TASKS]`` (default 1,000); it goes on in ``.venv-ray``. A head and
two nodes of one core each on loopback; every task is given the shared bars and a batch, and answers
with nothing. The target is below 2 ms per task.
"""

import os
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PYTHON = str(ROOT / ".venv-ray" / "bin" / "python")
TASKS = 1_000
TARGET_MS = 2.0


def empty(_shared: list[Any], _batch: Any) -> list[Any]:
    return []


def main() -> None:
    if find_spec("ray") is None:
        os.execv(PYTHON, [PYTHON, *sys.argv])
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    import ray
    from support.odd import odd
    from support.ray_cluster import two_nodes

    from xq.api.sweep_scene import Question, setting_of
    from xq.backtest.ray_pool import RayPool
    from xq.backtest.sweep_trial import Batch

    count = int(sys.argv[1]) if len(sys.argv) > 1 else TASKS
    with tempfile.TemporaryDirectory() as name, two_nodes() as (cluster, _):
        setting = setting_of(odd(Path(name)), Question("odd", ("n=1:2",)))
        with (
            RayPool(None, cluster.address) as pool,
            pool.given(setting.scene, setting.bars, Path(name) / "prices.bin"),
        ):
            pool._task = ray.remote(num_cpus=1)(empty)
            batches = [Batch((number,), ({"n": 1},)) for number in range(count)]
            list(pool.run(batches[: 8 * pool.workers]))  # workers start with their first task
            begun = time.perf_counter()
            assert len(list(pool.run(batches))) == count
            each = (time.perf_counter() - begun) / count * 1e3
    print(
        f"{count:,} tasks on 2 nodes: {each:.2f} ms per task (target {TARGET_MS:g}), "
        f"load {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
