"""The process a strategy runs in: loads one plugin, then answers its parent, forking per question.

Every question is answered by a fork that has seen no other data, and dies. Lines of JSON come in
on one pipe and go out on another; arrays travel through a shared file of memory.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from xq import indicators  # noqa: F401  (loaded once, before any fork)
from xq.bars import Bars
from xq.errors import BadWeights, StrategyBroken, XqError
from xq.indicators.kernels import ta_lib
from xq.strategy import market_tape
from xq.strategy.base import Strategy
from xq.strategy.block import Layout, shaken
from xq.strategy.forks import Message, fork, result
from xq.strategy.guard import Guard
from xq.strategy.load import (
    build,
    describe,
    find,
    lookback_of,
    strategy_class,
    title_and_source,
    translated,
)
from xq.strategy.market import MarketStrategy
from xq.strategy.market_answers import Ask, answers, checked_windows, last_answer
from xq.strategy.verdict import impure, verdict


class Plugin(NamedTuple):
    """The loaded strategy and the file it came from."""

    strategy: Strategy
    path: Path


class Worker:
    """One conversation with the parent."""

    def __init__(self, replies: int, memory: int) -> None:
        self._replies = replies
        self._memory = memory
        self._plugin: Plugin | None = None

    def serve(self, requests: Any) -> None:
        """Answer until the parent hangs up."""
        self._say({"ready": True})
        for line in requests:
            request = json.loads(line)
            try:
                reply = getattr(self, f"on_{request.pop('do')}")(**request)
            except XqError as error:
                reply = {"error": error.as_dict()}
            self._say(reply)

    def _say(self, reply: Message) -> None:
        data = json.dumps(reply).encode() + b"\n"
        while data:
            data = data[os.write(self._replies, data) :]

    def on_list(self, folder: str, seconds: float) -> Message:
        """Describe every plugin, each in its own fork."""
        guard = prepare(Path(folder))

        def listing(path: Path) -> Message:
            with guard.watching(in_fork=True):
                found = describe(path)
            error = impure(guard, path) or found.error
            return {
                "title": found.title,
                "source": found.source,
                "lookback": found.lookback,
                "parameters": {n: asdict(p) for n, p in found.parameters.items()},
                "error": error.as_dict() if error else None,
            }

        listings = {
            name: result(fork(partial(listing, path), seconds, quiet=True), path)
            for name, path in find(Path(folder)).items()
        }
        return {"listings": listings}

    def on_load(self, path: str, parameters: Message, seconds: float) -> Message:
        """Load the plugin with its parameters and say what it declares."""
        file = Path(path)
        guard = prepare(file.parent)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            with guard.watching(in_fork=False):
                cls = strategy_class(file)
                strategy = build(cls, file, parameters)
                lookback = lookback_of(strategy, file)
                with translated(file):
                    exits = asdict(strategy.exits) if strategy.exits else None
        except StrategyBroken as error:
            raise verdict(error, file, guard) from error
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        if breach := impure(guard, file):
            raise breach
        if uses_frames(file):
            import pandas  # noqa: F401  (once here instead of once per fork)
        self._plugin, self._guard = Plugin(strategy, file), guard
        title, source = title_and_source(sys.modules[cls.__module__].__doc__)
        return {
            "title": title,
            "source": source,
            "lookback": lookback,
            "parameters": strategy.values,
            "declared": {n: asdict(p) for n, p in strategy.parameters.items()},
            "exits": exits,
            "inputs": list(strategy.inputs),
        }

    def on_full(self, layout: Message, at: int, seconds: float, again: bool) -> Message:
        """Weights of all bars, into the shared memory at ``at``."""
        shape = Layout(**layout)

        def task() -> Message:
            bars = shape.read(self._readable(), 0, shape.rows)
            self._into((shape.rows, shape.width), at)[:] = self._answer(bars)
            return {"files": loaded_from(self._path.parent)}

        return self._forked(task, seconds, quiet=again)

    def on_rows(
        self, layout: Message, rows: list[int], lookback: int, tail: int, at: int, seconds: float
    ) -> list[Message]:
        """Two forks at once: windows from the newest to the oldest, prefixes the other way.

        A cache kept between calls could so carry neither the past into a window nor the future
        into a prefix.
        """
        shape = Layout(**layout)
        windows_size = 8 * len(rows) * shape.width

        def windows() -> Message:
            memory, out = self._readable(), self._into((len(rows), shape.width), at)
            for index in reversed(range(len(rows))):
                row = rows[index]
                bars = shape.read(memory, row - lookback + 1, row + 1)
                out[index] = self._answer(bars)[-1]
            return {}

        def prefixes() -> Message:
            memory = self._readable()
            out = self._into((len(rows), tail, shape.width), at + windows_size)
            for index, row in enumerate(rows):
                last = self._answer(shape.read(memory, 0, row + 1))[-tail:]
                out[index, : tail - len(last)] = np.nan
                out[index, tail - len(last) :] = last
            return {}

        forks = [fork(task, seconds, quiet=True) for task in (windows, prefixes)]
        return [result(fork, self._path) for fork in forks]

    def on_shake(
        self, layout: Message, row: int, lookback: int, seeds: list[int], at: int, seconds: float
    ) -> Message:
        """One window with its values moved by a billionth, once per seed."""
        shape = Layout(**layout)

        def task() -> Message:
            bars = shape.read(self._readable(), row - lookback + 1, row + 1)
            out = self._into((len(seeds), shape.width), at)
            for index, seed in enumerate(seeds):
                out[index] = self._answer(shaken(bars, seed))[-1]
            return {}

        return self._forked(task, seconds, quiet=True)

    def on_market(
        self, symbol: str, shape: tuple[int, int], stop: int, at: int, seconds: float
    ) -> Message:
        """Targets of the first ``stop`` events of a tape, into the shared memory at ``at``."""

        def task() -> Message:
            tape = market_tape.read(self._readable(), symbol, shape, 0, stop)
            out = self._into((stop,), at)
            with self._asking() as (ask, windows):
                out[:] = answers(ask, tape, windows)
            return {"files": loaded_from(self._path.parent), "windows": list(windows)}

        return self._forked(task, seconds, quiet=False)

    def on_market_rows(
        self, symbol: str, shape: tuple[int, int], rows: list[int], firsts: list[int],
        held: list[float], at: int, seconds: float,
    ) -> Message:  # fmt: skip
        """Each of some events again, with only the events from ``firsts`` on."""

        def task() -> Message:
            memory, out = self._readable(), self._into((len(rows),), at)
            with self._asking() as (ask, windows):
                for index in reversed(range(len(rows))):
                    begin, end = firsts[index], rows[index] + 1
                    tape = market_tape.read(memory, symbol, shape, begin, end)
                    out[index] = last_answer(ask, tape, windows, held[index])
            return {}

        return self._forked(task, seconds, quiet=True)

    @contextmanager
    def _asking(self) -> Iterator[tuple[Ask, tuple[float, ...]]]:
        """The strategy's question and its windows, while it may not reach outside."""
        strategy, path = self._loaded
        if not isinstance(strategy, MarketStrategy):
            raise StrategyBroken("it answers bars, not events of a market", where=str(path))
        try:
            with self._guard.watching(in_fork=True):
                yield strategy.on_market, checked_windows(strategy.windows, str(path))
        except BaseException as error:  # a plugin may raise anything, SystemExit included
            raise verdict(error, path, self._guard) from error
        if breach := impure(self._guard, path):
            raise breach

    @property
    def _path(self) -> Path:
        return self._loaded.path

    @property
    def _loaded(self) -> Plugin:
        if self._plugin is None:
            raise XqError("the worker was asked before it was given a strategy")
        return self._plugin

    def _readable(self) -> mmap:
        return mmap(self._memory, 0, access=ACCESS_READ)

    def _into(self, shape: tuple[int, ...], at: int) -> np.ndarray:
        count = int(np.prod(shape))
        return np.frombuffer(mmap(self._memory, 0), np.float64, count, at).reshape(shape)

    def _forked(self, task: Callable[[], Message], seconds: float, *, quiet: bool) -> Message:
        return result(fork(task, seconds, quiet=quiet), self._path)

    def _answer(self, bars: Bars) -> np.ndarray:
        return self._weights(self._loaded, bars)

    def _weights(self, plugin: Plugin, bars: Bars) -> np.ndarray:
        strategy, path = plugin
        try:
            with self._guard.watching(in_fork=True):
                answer = strategy.target_weights(bars)
                weights = np.asarray(answer, dtype=np.float64)
        except BaseException as error:  # a plugin may raise anything, SystemExit included
            raise verdict(error, path, self._guard) from error
        if breach := impure(self._guard, path):
            raise breach
        if weights.shape != (shape := (len(bars), len(bars.symbols))):
            raise BadWeights(
                f"target_weights must answer (bars, symbols) = {shape}, found "
                + ("None" if answer is None else str(weights.shape)),
                where=str(path),
                hint="numpy arrays as wide as bars.close",
            )
        return weights


def prepare(folder: Path) -> Guard:
    """Make ready to load plugins of a folder; from here on a guard watches."""
    ta_lib()
    sys.dont_write_bytecode = True
    sys.path.append(str(folder))
    return Guard(folder)


def loaded_from(folder: Path) -> list[str]:
    """The plugin's own file and what it imported from beside it."""
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return sorted({file for file in files if file and file.startswith(str(folder) + os.sep)})


def uses_frames(path: Path) -> bool:
    """Whether a plugin asks for pandas views."""
    return ".frame(" in path.read_text(encoding="utf-8", errors="replace")
