"""One block of bars before one strategy process: the weights, and the same rows asked again."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xq.bars import Bars
from xq.errors import ImpureStrategy
from xq.strategy import laws
from xq.strategy.block import Layout
from xq.strategy.laws import Difference, ThinMargin
from xq.strategy.process import WorkerProcess

_TAIL = 256
_TAIL_OF_MANY = 4
_MANY = 64
_SHAKES = 16


@dataclass
class Trial:
    """The shared memory holds the bars, then the weights, then the answers of this question.

    Attributes
    ----------
    until
        Deadline, monotonic seconds.
    """

    worker: WorkerProcess
    bars: Bars
    lookback: int
    where: str
    until: float = 0.0

    def __post_init__(self) -> None:
        self.layout = Layout.of(self.bars)
        self.shape = (len(self.bars), self.layout.width)
        self.answers_at = self.layout.size + 8 * self.shape[0] * self.shape[1]
        self.layout.write(self.bars, self.worker.grow(self.answers_at))

    def full(self, *, again: bool = False) -> tuple[np.ndarray, tuple[Path, ...]]:
        """Weights of all bars, as the strategy gave them, and the plugin files it is made of.

        Parameters
        ----------
        again
            What it prints has been seen and is dropped.
        """
        said = self._ask("full", at=self.layout.size, again=again)
        files = tuple(Path(file) for file in said["files"])
        return self.worker.read(self.shape, self.layout.size), files

    def _ask(self, question: str, **details: Any) -> Any:
        request = {"do": question, "layout": self.layout.as_dict(), **details}
        return self.worker.ask(request, self.until)

    def enforce(self, weights: np.ndarray, rows: list[int], seed: int) -> tuple[ThinMargin, ...]:
        """Ask the rows again; raise where the answers differ, return what rounding decides."""
        tail = _TAIL if len(rows) <= _MANY else _TAIL_OF_MANY
        count, width = len(rows), self.shape[1]
        split = self.answers_at + 8 * count * width
        self.worker.grow(split + 8 * count * tail * width)
        self._ask("rows", rows=rows, lookback=self.lookback, tail=tail, at=self.answers_at)
        windows = self.worker.read((count, width), self.answers_at)
        prefixes = self.worker.read((count, tail, width), split)
        ahead = laws.prefix_differences(weights, rows, prefixes)
        parted = laws.window_differences(weights, rows, windows)
        if ahead or parted:
            self._check_same(weights)
        if ahead:
            raise laws.look_ahead(ahead[0], self.bars, self.where)
        return tuple(self._thin(difference, seed) for difference in parted)

    def _check_same(self, weights: np.ndarray) -> None:
        self.worker.grow(self.answers_at + weights.nbytes)
        self._ask("full", at=self.answers_at, again=True)
        again = self.worker.read(self.shape, self.answers_at)
        if not np.array_equal(weights, again, equal_nan=True):
            raise ImpureStrategy(
                "two identical questions got different answers",
                where=self.where,
                hint="no randomness, no clock: np.random.default_rng(0) if it must be",
            )

    def is_thin(self, difference: Difference, seed: int) -> bool:
        """Whether moving the row's window by a billionth brings it to the wanted weight."""
        seeds = [seed + n for n in range(_SHAKES)]
        shape = (len(seeds), self.shape[1])
        self.worker.grow(self.answers_at + 8 * shape[0] * shape[1])
        self._ask(
            "shake", row=difference.row, lookback=self.lookback, seeds=seeds, at=self.answers_at
        )
        return laws.is_thin(difference, self.worker.read(shape, self.answers_at))

    def _thin(self, difference: Difference, seed: int) -> ThinMargin:
        if not self.is_thin(difference, seed):
            raise laws.short_warm_up(difference, self.lookback, self.bars, self.where)
        return ThinMargin(
            int(self.bars.ts[difference.row]),
            self.bars.symbols[difference.column],
            difference.full,
            difference.again,
        )
