"""What a strategy on events is asked beyond its law: other units and futures of the same record."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from xq.clock import iso
from xq.errors import LookAhead, StrategyError, StrategyTimeout
from xq.ports import Clock
from xq.strategy.examination import Check
from xq.strategy.market_sandbox import MarketTrial, first_difference
from xq.strategy.market_tape import Tape

UNITS = (1024.0, 1 / 1024)
"""Powers of two, so that ratios of prices come out the same to the bit."""

_CUTS = 4
_TOLD_ROWS = 5
_HOUR_MS = 3_600_000


class _Question(NamedTuple):
    said: str
    tape: Tape
    events: int  # so many, from the first on, must be answered as before


@dataclass(frozen=True, slots=True)
class MarketExamination:
    """A strategy that passed the law before more questions.

    Attributes
    ----------
    targets
        (E,), the answer that passed the law.
    until
        Monotonic second after which nothing more is asked.
    """

    trial: MarketTrial
    targets: np.ndarray
    until: float
    clock: Clock
    seed: int = 0

    def checks(self) -> Iterator[Check]:
        """Every property in turn."""
        hint = "compare prices with prices: ratios, not amounts"
        yield self._check("price units", StrategyError, hint, self._units())
        hint = "decide from the state alone"
        yield self._check("other futures", LookAhead, hint, self._futures())

    def _units(self) -> Iterator[_Question]:
        tape = self.trial.tape
        for factor in UNITS:
            yield _Question(f"with prices times {factor:g}", _repriced(tape, 0, factor), len(tape))

    def _futures(self) -> Iterator[_Question]:
        tape = self.trial.tape
        if len(tape) < 2:
            return
        chance = np.random.default_rng(self.seed)
        for cut in sorted(set(chance.integers(1, len(tape), _CUTS).tolist())):
            said = f"with other events from {iso(int(tape.ts[cut]))} on"
            yield _Question(said, _another_future(tape, cut, chance), cut)

    def _check(
        self, name: str, kind: type[StrategyError], hint: str, questions: Iterable[_Question]
    ) -> Check:
        asked = 0
        try:
            for question in questions:
                if self.clock.monotonic() >= self.until:
                    return Check(name, "not asked", asked, "the time was up")
                asked += question.events
                told = replace(self.trial, tape=question.tape).full()[: question.events]
                wanted = self.targets[: question.events]
                if (first := first_difference(wanted, told)) is not None:
                    return self._failed(Check(name, "fails", asked), question, first, told,
                                        kind, hint)  # fmt: skip
        except StrategyTimeout:
            return Check(name, "not asked", asked, "the time was up")
        except StrategyError as error:
            return Check(name, "fails", asked, error.message, error=error)
        if not asked:
            return Check(name, "not asked", finding="too few events")
        return Check(name, "holds", asked)

    def _failed(
        self, check: Check, question: _Question, first: int, told: np.ndarray,
        kind: type[StrategyError], hint: str,
    ) -> Check:  # fmt: skip
        wanted, ts = self.targets[: len(told)], self.trial.tape.ts
        differing = np.flatnonzero((wanted != told) & ~(np.isnan(wanted) & np.isnan(told)))
        finding = (
            f"{question.said}, {len(differing)} events are answered otherwise: at "
            f"{iso(int(ts[first]))} {told[first]:g} instead of {wanted[first]:g}"
        )
        rows = tuple(int(ts[row]) for row in differing[:_TOLD_ROWS])
        error = kind(finding, where=self.trial.where, hint=hint)
        return replace(check, finding=finding, rows=rows, error=error)


def _repriced(tape: Tape, first: int, factor: float) -> Tape:
    """Prices of trades and book in another unit from an event on."""
    values, levels = tape.values.copy(), tape.levels
    book = len(values[0]) - 4 * levels
    for column in (1, *range(book, book + levels), *range(book + 2 * levels, book + 3 * levels)):
        values[first:, column] *= factor
    return Tape(tape.symbol, tape.ts, values)


def _another_future(tape: Tape, cut: int, chance: np.random.Generator) -> Tape:
    """Events from ``cut`` on an hour later, in turned order, at other prices."""
    told = _repriced(tape, cut, float(np.exp(chance.normal(0.0, 0.05))))
    told.values[cut:] = told.values[cut:][::-1].copy()
    ts = tape.ts.copy()
    ts[cut:] += _HOUR_MS
    return Tape(tape.symbol, ts, told.values)
