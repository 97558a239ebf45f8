"""In what order a sweep tries sets of parameters: all, at random, or by what came before."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from xq.backtest.sweep_space import Space
from xq.errors import UsageError, unknown

METHODS = ("grid", "random", "tpe", "cmaes")
GENERATION = 16
"""Trials that Optuna is asked for at once, whatever the number of workers."""

_ASKED = 20  # times the number of trials after which a search that only repeats itself ends

Numbered = tuple[int, Mapping[str, Any]]
Run = Callable[[Sequence[Numbered]], Mapping[int, float]]
"""Runs trials and gives the score of each; NaN for one that was refused."""


class Search(Protocol):
    """A way through a space."""

    def __call__(self, run: Run) -> None:
        """Try everything there is to try."""


def search_of(method: str, space: Space, trials: int | None, seed: int) -> tuple[Search, int]:
    """The search and how many trials it makes at most.

    Raises
    ------
    UnknownName
        If there is no such method.
    UsageError
        If it needs a number of trials, or a library that is not installed.
    """
    if method not in METHODS:
        raise unknown("method", method, METHODS, hint="xq sweep --help")
    if method == "grid":
        if trials is not None:
            raise UsageError("a grid tries every set of parameters", hint="--method random")
        return lambda run: _once(run, space.grid()), len(space)
    if trials is None:
        raise UsageError(f"--method {method} needs a number of trials", hint="--trials 200")
    count = min(trials, len(space))
    if method == "random":
        return lambda run: _once(run, space.random(count, seed)), count
    sampler = _sampler(method, seed)
    return lambda run: _guided(run, space, count, sampler), count


def _once(run: Run, sets: Any) -> None:
    run(list(enumerate(sets)))


def _sampler(method: str, seed: int) -> Any:
    try:
        import optuna

        if method == "cmaes":
            import cmaes  # noqa: F401  (Optuna imports it late)
    except ImportError as error:
        raise UsageError(
            f"--method {method} needs {error.name}, which is not installed",
            hint="pip install 'xq[search]', or --method random",
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    samplers = optuna.samplers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        if method == "tpe":
            return samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True)
        return samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)


def _guided(run: Run, space: Space, count: int, sampler: Any) -> None:
    import optuna

    study = optuna.create_study(direction="maximize", sampler=sampler)
    scores: dict[tuple[int, ...], float] = {}
    asked = 0
    while len(scores) < count and asked < _ASKED * count:
        trials = [study.ask() for _ in range(GENERATION)]
        asked += len(trials)
        places = [
            tuple(trial.suggest_int(a.name, 0, len(a.values) - 1) for a in space.axes)
            for trial in trials
        ]
        fresh = [place for place in dict.fromkeys(places) if place not in scores]
        fresh = fresh[: count - len(scores)]
        todo = [(len(scores) + k, _set(space, place)) for k, place in enumerate(fresh)]
        found = run(todo) if todo else {}
        scores |= {place: found[number] for place, (number, _) in zip(fresh, todo, strict=True)}
        for trial, place in zip(trials, places, strict=True):
            score = scores.get(place, float("nan"))
            if score == score:
                study.tell(trial, score)
            else:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)


def _set(space: Space, place: Sequence[int]) -> dict[str, Any]:
    return {axis.name: axis.values[k] for axis, k in zip(space.axes, place, strict=True)}
