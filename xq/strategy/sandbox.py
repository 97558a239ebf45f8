"""Run a strategy in fresh processes under the law: the only door to its weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Self

import numpy as np

from xq.bars import Bars
from xq.clock import SystemClock
from xq.ports import Clock
from xq.strategy import laws
from xq.strategy.base import Exits
from xq.strategy.laws import ThinMargin
from xq.strategy.load import Listing, find, locate
from xq.strategy.parameters import Parameter, Value
from xq.strategy.process import WorkerProcess, rebuilt
from xq.strategy.trial import Trial

Rows = int | Literal["all"]

DEADLINE_S = 60.0
_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class StrategySpec:
    """Which strategy, from which plugin folder, with which parameters."""

    folder: Path
    name: str
    parameters: Mapping[str, object] = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a loaded strategy states, known before there is any data.

    Attributes
    ----------
    lookback
        Bars one row of weights depends on; the first ``lookback - 1`` rows are warm-up.
    parameters
        Every parameter's value, defaults included.
    declared
        What the file says of every parameter: default and range.
    """

    name: str
    title: str
    source: str
    lookback: int
    parameters: Mapping[str, Value]
    exits: Exits | None
    inputs: tuple[str, ...]
    declared: Mapping[str, Parameter] = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True, slots=True)
class Seconds:
    """Where the time went: loading (overlaps with the caller's work), weights, law."""

    load: float
    weights: float
    law: float


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Weights that passed the law.

    Attributes
    ----------
    weights
        ``(T, N)`` float64, read-only; NaN in warm-up.
    checked_rows
        Rows that were asked again, ascending.
    thin_margins
        Weights that rounding alone decides, found among them.
    files
        The plugin's own file and what it imported from beside it, ascending.
    printed
        What the strategy wrote to stdout and stderr.
    """

    declaration: Declaration
    weights: np.ndarray
    checked_rows: tuple[int, ...]
    thin_margins: tuple[ThinMargin, ...]
    seconds: Seconds
    files: tuple[Path, ...]
    printed: str = ""

    @property
    def lookback(self) -> int:
        """The strategy's lookback."""
        return self.declaration.lookback

    @property
    def exits(self) -> Exits | None:
        """The strategy's exits."""
        return self.declaration.exits


class Evaluator:
    """A strategy process that loads while its caller fetches data.

    `start` returns at once, `declaration` waits until the strategy is loaded, `run` may be called
    for several blocks of bars. Use it as a context, or `close` it.
    """

    def __init__(self, spec: StrategySpec, deadline_s: float, clock: Clock) -> None:
        self._path = locate(spec.folder, spec.name).absolute()
        self._name = spec.name
        self._deadline_s = deadline_s
        self._clock = clock
        self._started = clock.monotonic()
        self._declared: tuple[Declaration, float] | None = None
        self._worker = WorkerProcess(str(self._path), clock)
        self._worker.send(
            {
                "do": "load",
                "path": str(self._path),
                "parameters": dict(spec.parameters),
                "seconds": deadline_s,
            }
        )

    @classmethod
    def start(
        cls, spec: StrategySpec, *, deadline_s: float = DEADLINE_S, clock: Clock | None = None
    ) -> "Evaluator":
        """Start the process and return at once.

        Raises
        ------
        UnknownName
            If the plugin folder has no such strategy.
        """
        return cls(spec, deadline_s, clock or SystemClock())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill the process."""
        self._worker.close()

    @property
    def printed(self) -> str:
        """The end of what the strategy wrote to stdout and stderr so far."""
        return self._worker.printed

    @property
    def worker(self) -> WorkerProcess:
        """The process, for its shared memory."""
        return self._worker

    def ask(self, request: Mapping[str, Any]) -> Any:
        """One question of another contract than bars, within the deadline; errors are raised."""
        self._loaded()
        return self._worker.ask(request, self._clock.monotonic() + self._deadline_s)

    @property
    def declaration(self) -> Declaration:
        """What the strategy states; waits until it is loaded.

        Raises
        ------
        StrategyError, UsageError
            The file does not load, or a parameter is refused.
        """
        return self._loaded()[0]

    def _loaded(self) -> tuple[Declaration, float]:
        if self._declared is None:
            said = self._worker.receive(self._started + self._deadline_s)
            exits = Exits(**said["exits"]) if said["exits"] else None
            declaration = Declaration(
                self._name,
                said["title"],
                said["source"],
                said["lookback"],
                MappingProxyType(said["parameters"]),
                exits,
                tuple(said["inputs"]),
                MappingProxyType(_declared(said["declared"])),
            )
            self._declared = declaration, self._clock.monotonic() - self._started
        return self._declared

    def run(self, bars: Bars, *, rows: Rows = 24, seed: int = 0) -> Evaluation:
        """Weights of all bars, after asking ``rows`` of them again.

        Raises
        ------
        NoData
            Fewer bars than the lookback, or a declared input is missing.
        StrategyError
            The subclass says how the strategy breaks the contract.
        """
        declaration, load_s = self._loaded()
        begun = self._clock.monotonic()
        trial = self.trial(bars)
        weights, files = trial.full()
        answered = self._clock.monotonic()
        laws.check_values(weights, bars, declaration.lookback, str(self._path))
        count = len(bars) if rows == "all" else rows
        chosen = laws.choose(weights, bars, declaration.lookback, count, seed)
        thin = trial.enforce(weights, chosen, seed)
        weights[: declaration.lookback - 1] = np.nan
        weights.flags.writeable = False
        seconds = Seconds(load_s, answered - begun, self._clock.monotonic() - answered)
        printed = self._worker.printed
        return Evaluation(declaration, weights, tuple(chosen), thin, seconds, files, printed)

    def trial(self, bars: Bars, until: float | None = None) -> Trial:
        """These bars before the strategy; whoever asks holds the answers against each other.

        Parameters
        ----------
        until
            Monotonic second after which no answer is awaited; None is the usual deadline from now.

        Raises
        ------
        NoData
            Fewer bars than the lookback, or a declared input is missing.
        """
        declaration, _ = self._loaded()
        laws.check_bars(bars, declaration.lookback, declaration.inputs, self._path)
        until = self._clock.monotonic() + self._deadline_s if until is None else until
        return Trial(self._worker, bars, declaration.lookback, str(self._path), until)


def evaluate(
    spec: StrategySpec,
    bars: Bars,
    *,
    rows: Rows = 24,
    seed: int = 0,
    deadline_s: float = DEADLINE_S,
    clock: Clock | None = None,
) -> Evaluation:
    """Start, run and close in one; see `Evaluator`."""
    with Evaluator.start(spec, deadline_s=deadline_s, clock=clock) as evaluator:
        return evaluator.run(bars, rows=rows, seed=seed)


def discover(
    folder: Path, *, deadline_s: float = 10.0, clock: Clock | None = None
) -> tuple[Listing, ...]:
    """Describe every plugin of a folder, each in its own process with I/O refused.

    A broken, endless or crashing file is listed with its own error and harms no other.
    """
    files = find(folder.absolute())
    if not files:
        return ()
    clock = clock or SystemClock()
    with WorkerProcess(str(folder), clock) as worker:
        until = clock.monotonic() + deadline_s * (len(files) + 1)
        worker.send({"do": "list", "folder": str(folder.absolute()), "seconds": deadline_s})
        said = worker.receive(until)["listings"]
    return tuple(_listing(name, path, said[name]) for name, path in files.items())


def _listing(name: str, path: Path, said: Mapping[str, Any]) -> Listing:
    if said["error"]:
        return Listing(name, path, error=rebuilt(said["error"]))
    parameters = _declared(said["parameters"])
    return Listing(name, path, said["title"], said["source"], said["lookback"], parameters)


def _declared(said: Mapping[str, Any]) -> dict[str, Parameter]:
    return {n: Parameter(**p | {"choices": tuple(p["choices"])}) for n, p in said.items()}
