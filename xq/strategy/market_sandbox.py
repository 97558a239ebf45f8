"""Run a market strategy in a fresh process under its law: the only door to its targets."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xq.clock import iso
from xq.errors import ImpureStrategy, LookAhead
from xq.ports import Clock
from xq.strategy.market_answers import begins
from xq.strategy.market_tape import Tape
from xq.strategy.sandbox import DEADLINE_S, Declaration, Evaluator, StrategySpec

PREFIXES = 6
ROWS = 64


@dataclass(frozen=True, slots=True, eq=False)
class MarketEvaluation:
    """Targets that passed the law.

    Attributes
    ----------
    targets
        (E,) float64, read-only; NaN where the strategy left its target as it was.
    windows
        Seconds of its rolling windows.
    checked
        Events asked again, ascending.
    files
        As in `xq.strategy.sandbox.Evaluation`.
    """

    declaration: Declaration
    targets: np.ndarray
    windows: tuple[float, ...]
    checked: tuple[int, ...]
    files: tuple[Path, ...]


def evaluate_market(
    spec: StrategySpec,
    tape: Tape,
    *,
    rows: int = ROWS,
    seed: int = 0,
    deadline_s: float = DEADLINE_S,
    clock: Clock | None = None,
) -> MarketEvaluation:
    """Targets of all events, after asking about ``rows`` of them again.

    A prefix of the events must give the same answers, in a process that has seen no others. And
    an event must be answered the same with only the longest window before it and the target held
    at the time: nothing is remembered elsewhere. Both to the bit.

    Raises
    ------
    StrategyError
        The subclass says how the strategy breaks the contract.
    UsageError
        Unknown strategy, or a refused parameter.
    """
    with Evaluator.start(spec, deadline_s=deadline_s, clock=clock) as evaluator:
        return MarketTrial(evaluator, tape, str(spec.folder / f"{spec.name}.py")).run(rows, seed)


@dataclass(frozen=True, slots=True)
class MarketTrial:
    """One tape before one strategy process."""

    evaluator: Evaluator
    tape: Tape
    where: str

    def run(self, count: int, seed: int) -> MarketEvaluation:
        """Targets of all events under the law; errors as in `evaluate_market`."""
        targets, said = self._answered()
        answers_at = self.tape.size
        rows = self._rows(targets, count, seed)
        for stop in sorted({*rows[:: max(len(rows) // PREFIXES, 1)]}):
            self._same_prefix(targets, stop + 1, answers_at)
        self._same_alone(targets, rows, said["windows"], answers_at)
        targets.flags.writeable = False
        files, windows = tuple(Path(file) for file in said["files"]), tuple(said["windows"])
        return MarketEvaluation(self.evaluator.declaration, targets, windows, tuple(rows), files)

    def full(self) -> np.ndarray:
        """(E,) targets of all events, as the strategy gave them."""
        return self._answered()[0]

    def _answered(self) -> tuple[np.ndarray, Any]:
        worker, count, answers_at = self.evaluator.worker, len(self.tape), self.tape.size
        self.tape.write(worker.grow(answers_at + 8 * count))
        said = self._ask("market", stop=count, at=answers_at)
        return worker.read((count,), answers_at), said

    def _ask(self, question: str, **details: Any) -> Any:
        shape = list(self.tape.values.shape)
        return self.evaluator.ask({"do": question, "symbol": self.tape.symbol, "shape": shape,
                                   **details})  # fmt: skip

    def _rows(self, targets: np.ndarray, count: int, seed: int) -> list[int]:
        """Events at which the target changed, the one before, and others by chance."""
        chance = np.random.default_rng(seed)
        decided = np.flatnonzero(~np.isnan(targets))
        picked = chance.permutation(decided)[: count // 4]
        others = chance.integers(0, len(targets), count // 2)
        return sorted({*picked.tolist(), *(picked - 1).clip(min=0).tolist(), *others.tolist()})

    def _same_prefix(self, targets: np.ndarray, stop: int, at: int) -> None:
        worker = self.evaluator.worker
        worker.grow(at + 8 * len(targets))
        self._ask("market", stop=stop, at=at)
        again = worker.read((stop,), at)
        row = first_difference(targets[:stop], again)
        if row is None:
            return
        raise LookAhead(
            f"{self._when(row)} it answers {targets[row]:g} on the whole tape, and {again[row]:g} "
            f"when the tape ends {self._when(stop - 1)}",
            where=self.where,
            hint="nothing but the state: no clock, no chance, no file",
        )

    def _same_alone(
        self, targets: np.ndarray, rows: list[int], windows: list[float], at: int
    ) -> None:
        held = np.concatenate([[0.0], _carried_on(targets)])[:-1]
        firsts = begins(self.tape, rows, windows)
        worker = self.evaluator.worker
        worker.grow(at + 8 * len(rows))
        self._ask("market_rows", rows=rows, firsts=firsts, held=held[rows].tolist(), at=at)
        again = worker.read((len(rows),), at)
        place = first_difference(targets[rows], again)
        if place is not None:
            raise ImpureStrategy(
                f"{self._when(rows[place])} it answers {targets[rows[place]]:g} after the whole "
                f"day, and {again[place]:g} after its longest window alone",
                where=self.where,
                hint="keep nothing between events; state.target and state.windows are the memory",
            )

    def _when(self, row: int) -> str:
        return f"at {iso(int(self.tape.ts[row]))}"


def first_difference(first: np.ndarray, second: np.ndarray) -> int | None:
    """Where two lines of targets begin to differ; NaN equals NaN."""
    same = (first == second) | (np.isnan(first) & np.isnan(second))
    return None if same.all() else int(np.argmin(same))


def _carried_on(targets: np.ndarray) -> np.ndarray:
    """The target in force after each event; 0 before the first answer."""
    newest = np.maximum.accumulate(np.where(np.isnan(targets), -1, np.arange(len(targets))))
    return np.where(newest >= 0, targets[newest.clip(min=0)], 0.0)
