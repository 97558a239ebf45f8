"""Many sets of parameters of one strategy in one process: declarations, weights, the law."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from xq.bars import Bars
from xq.clock import SystemClock
from xq.errors import StrategyError, XqError
from xq.ports import Clock
from xq.strategy import laws
from xq.strategy.base import Exits
from xq.strategy.block import Layout
from xq.strategy.load import locate
from xq.strategy.parameters import Parameter, Value
from xq.strategy.process import WorkerProcess, rebuilt
from xq.strategy.sandbox import DEADLINE_S, Evaluator, StrategySpec

ROWS_PER_SET = 2
_TAIL = 256

Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Declared:
    """What one set of parameters declares.

    Attributes
    ----------
    values
        Every parameter's value, defaults included.
    """

    values: Mapping[str, Value]
    lookback: int
    exits: Exits | None
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """One set's weights, and how many rows of them were asked again.

    Attributes
    ----------
    weights
        ``(T, N)``, NaN in warm-up.
    """

    declared: Declared
    weights: np.ndarray
    checked_rows: int


Answer = Weighed | XqError


class SetsEvaluator:
    """A strategy process for many sets of parameters; use it as a context, or `close` it.

    Every set is under the law, but by few rows each: the decision that gained most and one at
    random are asked again with only their past. A set that seems to break it is judged by
    `Evaluator`, as a single run would be. One that hangs or kills its process is found by asking
    the sets of its batch one by one.
    """

    def __init__(
        self, folder: Path, name: str, *, deadline_s: float = DEADLINE_S, clock: Clock | None = None
    ) -> None:
        self._folder, self._name = folder, name
        self._path = str(locate(folder, name).absolute())
        self._deadline_s = deadline_s
        self._clock = clock or SystemClock()
        self._bars: Bars | None = None
        self._worker = self._opened()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill the process."""
        self._worker.close()

    def declare(self, sets: Sequence[Params]) -> "list[Declared | XqError]":
        """What each set declares, or why the strategy refuses it.

        Raises
        ------
        StrategyError
            The file does not load, or hangs.
        """
        said = self._ask("declare", sets=[dict(one) for one in sets])
        return [_declared(one) for one in said["sets"]]

    def give(self, bars: Bars) -> None:
        """The bars that all further questions are about."""
        self._bars, self._changes = bars, laws.next_changes(bars)
        self._layout = Layout.of(bars)
        self._layout.write(bars, self._worker.grow(self._layout.size))

    def weigh(self, sets: Sequence[Params], seeds: Sequence[int]) -> list[Answer]:
        """Weights of every set under the law, or the error that refuses it.

        Parameters
        ----------
        seeds
            Of the rows that are asked again, one per set.
        """
        try:
            return self._weighed(sets, seeds)
        except StrategyError as error:
            if len(sets) == 1:
                self._renew()
                return [error]
            self._renew()
            return [self.weigh([one], [seed])[0] for one, seed in zip(sets, seeds, strict=True)]

    def _weighed(self, sets: Sequence[Params], seeds: Sequence[int]) -> list[Answer]:
        bars, plain = self._known, [dict(one) for one in sets]
        found = self.declare(plain)
        shape = len(bars), self._layout.width
        size = 8 * shape[0] * shape[1]
        self._worker.grow(self._layout.size + size * len(sets))
        said = self._ask("sets", sets=plain, layout=self._layout.as_dict(), at=self._layout.size)
        weights: dict[int, np.ndarray] = {}
        answers: dict[int, Answer] = {}
        for k, (declared, reply) in enumerate(zip(found, said["sets"], strict=True)):
            if isinstance(declared, XqError):
                answers[k] = declared
            elif reply.get("error"):
                answers[k] = rebuilt(reply["error"])
            else:
                block = self._worker.read(shape, self._layout.size + size * k)
                try:
                    laws.check_bars(bars, declared.lookback, declared.inputs, Path(self._path))
                    laws.check_values(block, bars, declared.lookback, self._path)
                    weights[k] = block
                except XqError as error:
                    answers[k] = error
        lookbacks = {k: one.lookback for k, one in enumerate(found) if isinstance(one, Declared)}
        asked = [
            (k, row, lookbacks[k])
            for k, block in weights.items()
            for row in laws.few(block, self._changes, lookbacks[k], ROWS_PER_SET, seeds[k])
        ]
        self._enforce(plain, seeds, weights, asked, answers)
        for k, block in weights.items():
            declared = found[k]
            if k not in answers and isinstance(declared, Declared):
                block[: declared.lookback - 1] = np.nan
                checked = sum(1 for number, _, _ in asked if number == k)
                answers[k] = Weighed(declared, block, checked)
        return [answers[k] for k in range(len(sets))]

    def _enforce(
        self,
        sets: list[dict[str, Any]],
        seeds: Sequence[int],
        weights: Mapping[int, np.ndarray],
        asked: list[tuple[int, int, int]],
        answers: dict[int, Answer],
    ) -> None:
        if not asked:
            return
        count, width, at = len(asked), self._layout.width, self._layout.size
        split = at + 8 * count * width
        self._worker.grow(split + 8 * count * _TAIL * width)
        self._ask(
            "rows_of_sets",
            sets=sets,
            layout=self._layout.as_dict(),
            asked=[list(one) for one in asked],
            tail=_TAIL,
            at=at,
        )
        windows = self._worker.read((count, width), at)
        prefixes = self._worker.read((count, _TAIL, width), split)
        for place, (k, row, _) in enumerate(asked):
            one = slice(place, place + 1)
            parted = laws.prefix_differences(weights[k], [row], prefixes[one])
            parted += laws.window_differences(weights[k], [row], windows[one])
            if parted and k not in answers and (error := self._alone(sets[k], seeds[k])):
                answers[k] = error

    def _alone(self, parameters: Params, seed: int) -> XqError | None:
        """The refusal of a single run; None if only rounding decides the weights that differ."""
        spec = StrategySpec(self._folder, self._name, parameters)
        with Evaluator.start(spec, deadline_s=self._deadline_s, clock=self._clock) as evaluator:
            try:
                evaluator.run(self._known, seed=seed)
            except XqError as error:
                return error
        return None

    @property
    def _known(self) -> Bars:
        if self._bars is None:
            raise XqError("weights were asked for before there were bars")
        return self._bars

    def _opened(self) -> WorkerProcess:
        worker = WorkerProcess(self._path, self._clock)
        until = self._clock.monotonic() + self._deadline_s
        said = worker.ask({"do": "open", "path": self._path}, until)
        self.parameters = MappingProxyType(
            {n: Parameter(**p | {"choices": tuple(p["choices"])}) for n, p in
             said["parameters"].items()}
        )  # fmt: skip
        self.files = tuple(Path(file) for file in said["files"])
        return worker

    def _renew(self) -> None:
        self._worker.close()
        self._worker = self._opened()
        if self._bars is not None:
            self.give(self._bars)

    def _ask(self, question: str, **details: Any) -> Any:
        until = self._clock.monotonic() + self._deadline_s
        return self._worker.ask({"do": question, **details}, until)


def _declared(said: Mapping[str, Any]) -> Declared | XqError:
    if said.get("error"):
        return rebuilt(said["error"])
    exits = Exits(**said["exits"]) if said["exits"] else None
    return Declared(
        MappingProxyType(said["values"]), said["lookback"], exits, tuple(said["inputs"])
    )
