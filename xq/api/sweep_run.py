"""Run the trials of a search, keeping each batch as it comes in."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from xq.api.sweep_scene import Question, Setting
from xq.errors import LockHeld, UsageError, unknown

if TYPE_CHECKING:
    from pathlib import Path

    from xq.backtest.local_pool import Executor
    from xq.backtest.sweep_trial import Outcome

Tick = Callable[[int], None]

EXECUTORS = ("local", "ray")


def run_all(
    setting: Setting,
    question: Question,
    folder: "Path",
    executor: "Executor",
    tick: Tick | None = None,
) -> "list[Outcome]":
    """Every trial of the search, by number; those on disk are not run again.

    Raises
    ------
    LockHeld
        If the same sweep is running.
    StrategyError
        If the strategy breaks the law with one of the sets: then none of them can be trusted.
    """
    prices = folder / "prices.bin"
    with _only_here(folder), executor.given(setting.scene, setting.bars, prices):
        return _searched(setting, question, folder, executor, tick)


def _searched(
    setting: Setting,
    question: Question,
    folder: "Path",
    executor: "Executor",
    tick: Tick | None,
) -> "list[Outcome]":
    from xq.backtest.sweep_search import search_of
    from xq.backtest.sweep_store import TrialStore
    from xq.backtest.sweep_trial import batches

    store = TrialStore(folder)
    kept = store.kept()
    done: dict[int, Outcome] = {}

    def told(count: int) -> None:
        if tick is not None:
            tick(count)

    def run(todo: "Sequence[tuple[int, Mapping[str, Any]]]") -> Mapping[int, float]:
        known = {number: kept[number] for number, _ in todo if number in kept}
        done.update(known)
        told(len(known))
        missing = [one for one in todo if one[0] not in known]
        for found in executor.run(batches(missing, setting.bars, executor.workers)):
            for outcome in found:
                _refuse_lawless(outcome)
            store.keep(found)
            done.update({one.number: one for one in found})
            told(len(found))
        return {number: done[number].figures.get(question.objective, _NAN) for number, _ in todo}

    search, _ = search_of(question.method, setting.space, question.trials, setting.scene.seed)
    search(run)
    return [done[number] for number in sorted(done)]


_NAN = float("nan")


def executor_of(name: str, workers: int | None, address: str | None = None) -> "Executor":
    """Where the trials run; a context that ends it.

    Raises
    ------
    UnknownName
        If there is no such executor.
    UsageError
        If the number of workers is below 1, or Ray is not installed.
    """
    from xq.backtest.local_pool import LocalPool, cores

    if name not in EXECUTORS:
        raise unknown("executor", name, EXECUTORS, hint="--executor local")
    if workers is not None and workers < 1:
        raise UsageError(f"workers must be at least 1, found {workers}")
    if name == "local":
        return LocalPool(workers or cores())
    from xq.backtest.ray_pool import RayPool

    return RayPool(workers, address)


@contextmanager
def _only_here(folder: "Path") -> Iterator[None]:
    from filelock import FileLock, Timeout

    from xq.lake.disk import make_folder

    make_folder(folder)
    lock = FileLock(folder / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise LockHeld("this very sweep is running already", where=str(folder)) from None
    try:
        yield
    finally:
        lock.release()


def _refuse_lawless(outcome: "Outcome") -> None:
    from xq.errors import ImpureStrategy, LookAhead, ShortWarmUp

    error = outcome.error
    if isinstance(error, LookAhead | ShortWarmUp | ImpureStrategy):
        told = " ".join(f"{name}={value}" for name, value in outcome.params.items())
        raise type(error)(
            f"with {told or 'its defaults'}: {error.message}", where=error.where, hint=error.hint
        )


def accepted(outcomes: "Sequence[Outcome]") -> "list[Outcome]":
    """Trials that gave an account.

    Raises
    ------
    XqError
        The first refusal, if there is none.
    """
    found = [one for one in outcomes if one.error is None]
    if not found:
        error = next(one.error for one in outcomes if one.error is not None)
        raise type(error)(
            f"no set of parameters could be run: {error.message}",
            where=error.where,
            hint=error.hint,
        )
    return found


def refusals(outcomes: "Sequence[Outcome]") -> list[str]:
    """What was refused and why, the same reasons counted together."""
    counts: dict[str, list[Outcome]] = {}
    for one in outcomes:
        if one.error is not None:
            counts.setdefault(one.error.message, []).append(one)
    return [
        f"{len(ones):,} set{'s' * (len(ones) > 1)} of parameters refused: {reason}"
        for reason, ones in counts.items()
    ]
