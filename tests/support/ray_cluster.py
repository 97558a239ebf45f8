"""A Ray cluster on loopback that loses a node in the middle of a sweep.

Run as ``.venv-ray/bin/python tests/support/ray_cluster.py FOLDER N``: a head without workers and
two nodes with one each, then the sweep ``n=1:N`` of ``odd``. One node is killed when its
first batch has come in. Prints what the sweep said and what was shipped as one line of JSON.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}

from xq.api.sweep import sweep
from xq.api.sweep_scene import Question
from xq.api.workspace import open_workspace

# Imported in functions: Ray has an environment of its own, and other tests look into this file.
LOOPBACK = {"node_ip_address": "127.0.0.1", "object_store_memory": 100_000_000}
# A killed node refuses connections at once; one that is only slow has time.
WATCHED = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 500,
    "health_check_failure_threshold": 3,
    "health_check_timeout_ms": 20_000,
}


@contextmanager
def two_nodes() -> Iterator[tuple[Any, list[Any]]]:
    """A head that runs no tasks, and two nodes of one core each."""
    from ray._private import ray_constants
    from ray.cluster_utils import Cluster

    ray_constants.ENABLE_RAY_CLUSTER = False  # the driver is at 127.0.0.1 as well
    head = {"num_cpus": 0, "include_dashboard": False, "_system_config": WATCHED, **LOOPBACK}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        yield cluster, [cluster.add_node(num_cpus=1, **LOOPBACK) for _ in range(2)]
    finally:
        cluster.shutdown()


def shipped() -> list[int]:
    """Bytes of every object that the driver will put into the object store."""
    import ray

    sizes: list[int] = []
    put = ray.put

    def counted(value: Any) -> Any:
        sizes.append(getattr(value, "nbytes", 0))
        return put(value)

    ray.put = counted
    return sizes


def main(folder: Path, count: int) -> None:
    ws = open_workspace(cwd=folder, environ={})
    with two_nodes() as (cluster, nodes):
        sizes, alive, done = shipped(), list(nodes), 0

        def tick(finished: int) -> None:
            nonlocal done
            done += finished
            if finished and len(alive) == 2:
                cluster.remove_node(alive.pop(), allow_graceful=False)

        question = Question("odd", (f"n=1:{count}",))
        found = sweep(
            ws, question, executor="ray", address=cluster.address, counting=lambda _: tick
        )
        print(json.dumps({"done": done, "put": sizes, "killed": 2 - len(alive),
                          "summary": found.summary()}), flush=True)  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
