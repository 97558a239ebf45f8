"""Trials past one machine: tasks of a Ray cluster; the bars are shipped once, to its object store.

Tasks, not actors: Ray itself runs the task of a killed worker or a lost node again elsewhere, and a
task finds the bars in its node's memory without a copy. The strategy's files travel with the scene,
for another machine has no plugin folder of ours.
"""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Self
from weakref import finalize

import numpy as np

from xq.backtest.shared_bars import block_of, viewed
from xq.backtest.sweep_trial import Batch, Outcome, Scene, Trials
from xq.bars import Bars
from xq.errors import UsageError, XqError
from xq.strategy.block import Layout

_RETRIES = 20  # workers that may die over one task
_QUEUED = 64  # tasks per worker that the cluster knows of; each wait costs more with their number


class RayPool:
    """Workers of a Ray cluster; use it as a context, or `close` it.

    Parameters
    ----------
    workers
        Tasks at a time; None takes all cores of the cluster.
    address
        Of its head, such as ``10.0.0.1:6379``; None: the one that ``RAY_ADDRESS`` names, else a
        cluster on this machine alone.
    """

    def __init__(self, workers: int | None, address: str | None = None) -> None:
        self._ray = _joined(address)
        self.workers = workers or max(int(self._ray.cluster_resources().get("CPU", 1)), 1)
        self._shared: list[Any] = []
        self._task = self._ray.remote(num_cpus=1, max_retries=_RETRIES)(_run)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, count: int) -> None:
        """Nothing: the cluster starts workers with their first task."""

    @contextmanager
    def given(self, scene: Scene, bars: Bars, _prices: Path) -> Iterator[None]:
        """What the trials are about, into the object store."""
        files = {path.name: path.read_text("utf-8") for path in sorted(scene.folder.glob("*.py"))}
        told = self._ray.put((scene, Layout.of(bars), files))
        self._shared = [told, self._ray.put(block_of(bars))]  # in a list: handed on as references
        yield

    def run(self, batches: Iterable[Batch]) -> Iterator[list[Outcome]]:
        """Outcomes of every batch, in the order they come in.

        Raises
        ------
        XqError
            If a batch kills every worker it is given to, or the cluster is lost.
        """
        todo, shared = iter(batches), self._shared
        running = [self._task.remote(shared, one) for one in islice(todo, _QUEUED * self.workers)]
        while running:
            done, running = self._ray.wait(running, num_returns=1)
            running += [self._task.remote(shared, one) for one in islice(todo, 1)]
            try:
                answer = self._ray.get(done[0])
            except self._ray.exceptions.RayError as error:
                first = str(error).strip().partition("\n")[0]
                raise XqError(f"a task of Ray failed: {first}", hint="ray status") from error
            if isinstance(answer, XqError):
                raise answer
            yield answer

    def close(self) -> None:
        """Leave the cluster."""
        self._ray.shutdown()


def _joined(address: str | None) -> Any:
    try:
        import ray
    except ImportError as error:
        raise UsageError(
            "--executor ray needs ray, which is not installed",
            hint="pip install 'xq[distributed]', or --executor local",
        ) from error
    try:
        ray.init(
            address=address, include_dashboard=False, log_to_driver=False, logging_level="ERROR"
        )
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        raise UsageError(
            f"no Ray cluster answers at {address}: {error}", hint="ray start --head"
        ) from error
    return ray


def _run(shared: list[Any], batch: Batch) -> "list[Outcome] | XqError":
    """One task; runs in a worker of the cluster."""
    try:
        return _trials(_Shared(shared)).run(batch)
    except XqError as error:
        return error


class _Shared:
    """References to what all tasks of a sweep share, equal if they are the same objects."""

    def __init__(self, references: list[Any]) -> None:
        self.references = references
        self._key = tuple(one.hex() for one in references)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shared) and self._key == other._key


@lru_cache(maxsize=1)
def _trials(shared: _Shared) -> Trials:
    """The strategy's process of this worker, kept for the tasks that follow."""
    import ray

    (scene, layout, files), block = ray.get(shared.references)
    folder = tempfile.TemporaryDirectory(prefix="xq-strategies-")
    for name, text in files.items():
        (Path(folder.name) / name).write_text(text, encoding="utf-8")
    bars = viewed(layout, np.asarray(block))
    trials = Trials(replace(scene, folder=Path(folder.name)), bars)
    finalize(trials, folder.cleanup)  # read again by a strategy process that takes over
    return trials
