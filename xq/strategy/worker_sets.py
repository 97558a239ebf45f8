"""The strategy process asked about many sets of parameters of one plugin; see `worker`."""

import os
import signal
from dataclasses import asdict
from pathlib import Path

import numpy as np

from xq.bars import Bars
from xq.errors import StrategyBroken, XqError
from xq.strategy.base import Strategy
from xq.strategy.block import Layout
from xq.strategy.forks import Message, fork, result
from xq.strategy.guard import Guard
from xq.strategy.load import build, lookback_of, strategy_class, translated
from xq.strategy.verdict import impure, verdict
from xq.strategy.worker import Plugin, Worker, loaded_from, prepare, uses_frames

Asked = list[int]
"""Number of the set of parameters, row, lookback."""


class SetsWorker(Worker):
    """Answers for one strategy, or for one class of strategies and many sets of parameters."""

    _class: type[Strategy]
    _file: Path
    _guard: Guard

    def on_open(self, path: str, seconds: float) -> Message:
        """Load the plugin for many sets of parameters, none of them chosen yet."""
        file = Path(path)
        guard = prepare(file.parent)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            with guard.watching(in_fork=False):
                self._class = strategy_class(file)
        except StrategyBroken as error:
            raise verdict(error, file, guard) from error
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        if breach := impure(guard, file):
            raise breach
        if uses_frames(file):
            import pandas  # noqa: F401  (once here instead of once per fork)
        self._file, self._guard = file, guard
        return {
            "parameters": {n: asdict(p) for n, p in self._class.parameters.items()},
            "files": loaded_from(file.parent),
        }

    def on_declare(self, sets: list[Message], seconds: float) -> Message:
        """What every set of parameters declares, or why it is refused."""

        def task() -> Message:
            return {"sets": [self._declared(parameters) for parameters in sets]}

        return result(fork(task, seconds, quiet=True), self._file)

    def on_sets(self, layout: Message, sets: list[Message], at: int, seconds: float) -> Message:
        """Weights of all bars of every set, one block after the other from ``at``."""
        shape = Layout(**layout)

        def task() -> Message:
            bars = shape.read(self._readable(), 0, shape.rows)
            out = self._into((len(sets), shape.rows, shape.width), at)
            return {"sets": [self._filled(out[k], bars, one) for k, one in enumerate(sets)]}

        return result(fork(task, seconds, quiet=True), self._file)

    def on_rows_of_sets(
        self, layout: Message, sets: list[Message], asked: list[Asked], tail: int, at: int,
        seconds: float,
    ) -> list[Message]:  # fmt: skip
        """Rows of many sets again: windows from the newest to the oldest, prefixes the other way.

        As in `on_rows` no set can carry the future of another into its own answer.
        """
        shape = Layout(**layout)
        count = len(asked)

        def windows() -> Message:
            memory, out = self._readable(), self._into((count, shape.width), at)
            for place in sorted(range(count), key=lambda k: asked[k][1], reverse=True):
                number, row, lookback = asked[place]
                bars = shape.read(memory, max(row - lookback + 1, 0), row + 1)
                out[place] = self._of_set(sets[number], bars)[-1]
            return {}

        def prefixes() -> Message:
            memory = self._readable()
            out = self._into((count, tail, shape.width), at + 8 * count * shape.width)
            for place in sorted(range(count), key=lambda k: asked[k][1]):
                number, row, _ = asked[place]
                last = self._of_set(sets[number], shape.read(memory, 0, row + 1))[-tail:]
                out[place, : tail - len(last)] = np.nan
                out[place, tail - len(last) :] = last
            return {}

        forks = [fork(task, seconds, quiet=True) for task in (windows, prefixes)]
        return [result(fork, self._file) for fork in forks]

    def _declared(self, parameters: Message) -> Message:
        try:
            strategy = self._built(parameters)
            lookback = lookback_of(strategy, self._file)
            with translated(self._file):
                exits = asdict(strategy.exits) if strategy.exits else None
        except XqError as error:
            return {"error": error.as_dict()}
        return {
            "lookback": lookback,
            "values": strategy.values,
            "exits": exits,
            "inputs": list(strategy.inputs),
        }

    def _filled(self, out: np.ndarray, bars: Bars, parameters: Message) -> Message:
        try:
            out[:] = self._of_set(parameters, bars)
        except XqError as error:
            return {"error": error.as_dict()}
        return {}

    def _of_set(self, parameters: Message, bars: Bars) -> np.ndarray:
        return self._weights(Plugin(self._built(parameters), self._file), bars)

    def _built(self, parameters: Message) -> Strategy:
        with self._guard.watching(in_fork=True):
            return build(self._class, self._file, parameters)


def main(replies: int, memory: int) -> None:
    """Serve the parent that started this process; its requests come on stdin."""
    requests = os.fdopen(os.dup(0), "rb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    SetsWorker(replies, memory).serve(requests)
