"""What a strategy is asked beyond the law: other starts, orders, units and futures of its bars."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from xq.bars import Bars
from xq.clock import iso
from xq.errors import LookAhead, ShortWarmUp, StrategyError, StrategyTimeout
from xq.ports import Clock
from xq.strategy import alterations
from xq.strategy.laws import TOLERANCE, Difference
from xq.strategy.sandbox import Evaluator
from xq.strategy.trial import Trial

Result = Literal["holds", "fails", "not asked"]

UNITS = (1000.0, 0.001)
"""Prices are told again in these multiples of their unit."""

_CUTS = 4
_COLUMNS = 3
_SHAKEN = 8
_TOLD_ROWS = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One property, asked in several ways.

    Attributes
    ----------
    asked
        Weights that were held against those wanted.
    finding
        What differs, or why it was not asked; empty when it holds.
    rows
        Open times of the first bars concerned, epoch ms.
    thin_margins
        Weights that differ because rounding alone decides them; they do not count as failures.
    error
        What a failure is raised as.
    """

    name: str
    result: Result
    asked: int = 0
    finding: str = ""
    rows: tuple[int, ...] = ()
    thin_margins: int = 0
    error: StrategyError | None = None


class Question(NamedTuple):
    """The same bars told differently, and the weights they should get.

    Attributes
    ----------
    rows
        Rows at which answer and ``wanted`` are compared.
    exact
        Bit for bit, because not even the rounding may differ.
    """

    said: str
    bars: Bars
    wanted: np.ndarray
    rows: slice
    exact: bool = False


class _Failure(NamedTuple):
    said: str
    differing: int
    first: Difference
    rows: tuple[int, ...]
    bars: Bars


class _Property(NamedTuple):
    name: str
    kind: type[StrategyError]
    hint: str


_START = _Property(
    "warm-up",
    ShortWarmUp,
    "a longer lookback: the sum of the memories (ta.ema.memory(n), …) of what it chains",
)
_ORDER = _Property("symbol order", StrategyError, "treat every column alike; name no symbol")
_UNITS = _Property("price units", StrategyError, "compare prices with prices: ratios, not amounts")
_FUTURE = _Property("other futures", LookAhead, "use only rows up to t, of every symbol")


@dataclass
class Examination:
    """A strategy that passed the law before more questions.

    Attributes
    ----------
    weights
        ``(T, N)``, the answer that passed the law.
    until
        Monotonic second after which nothing more is asked.
    """

    evaluator: Evaluator
    bars: Bars
    weights: np.ndarray
    until: float
    clock: Clock
    where: str
    seed: int = 0
    _thin: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.lookback = self.evaluator.declaration.lookback

    def checks(self) -> Iterator[Check]:
        """Every property in turn."""
        yield self._check(_START, self._starts())
        stored = [name for name in self.bars.extra if not alterations.has_known_unit(name)]
        if stored:
            told = f"stored features keep their units: {', '.join(stored)}"
            yield Check(_UNITS.name, "not asked", finding=told)
        else:
            yield self._check(_UNITS, self._units())
        several = self._several()
        if isinstance(several, str):
            yield Check(_ORDER.name, "not asked", finding=several)
            yield self._check(_FUTURE, self._futures(self.bars, self.weights))
            return
        yield self._check(_ORDER, self._orders(*several))
        yield self._check(_FUTURE, self._futures(*several))

    def _starts(self) -> Iterator[Question]:
        """The past cut off at several places: none may matter a lookback later."""
        count, lookback = len(self.bars), self.lookback
        starts = {1, 2, lookback // 2, lookback, 2 * lookback, count // 2}
        for start in sorted(start for start in starts if 0 < start <= count - lookback):
            yield Question(
                f"started {start} bars later",
                self.bars.slice(start, count),
                self.weights[start:],
                np.s_[lookback - 1 :],
            )

    def _units(self) -> Iterator[Question]:
        rows = np.s_[self.lookback - 1 :]
        width = len(self.bars.symbols)
        for factor in UNITS:
            told = alterations.rescaled(self.bars, np.full(width, factor))
            yield Question(f"with prices times {factor:g}", told, self.weights, rows)
        if width > 1:
            one = np.where(np.arange(width) == 0, UNITS[0], 1.0)
            said = f"with prices of {self.bars.symbols[0]} alone times {UNITS[0]:g}"
            yield Question(said, alterations.rescaled(self.bars, one), self.weights, rows)

    def _several(self) -> tuple[Bars, np.ndarray] | str:
        """Bars of several symbols with their weights, or why there are none."""
        if len(self.bars.symbols) > 1:
            return self.bars, self.weights
        both = alterations.halves(self.bars)
        if len(both) < self.lookback + 2:
            return "one symbol, and too few bars to make two of its halves"
        try:
            return both, self.evaluator.trial(both, self.until).full(again=True)[0]
        except StrategyTimeout:
            return "no answer for two symbols in time"
        except StrategyError as error:
            return f"it answers for one symbol alone: {error.message}"

    def _orders(self, bars: Bars, weights: np.ndarray) -> Iterator[Question]:
        width = len(bars.symbols)
        turned = {"reversed": range(width)[::-1], "moved by one": [*range(1, width), 0]}
        rows = np.s_[self.lookback - 1 :]
        for how, columns in turned.items():
            order = list(columns)
            told = alterations.reordered(bars, order)
            yield Question(f"with its symbols {how}", told, weights[:, order], rows)

    def _futures(self, bars: Bars, weights: np.ndarray) -> Iterator[Question]:
        """What comes later changed in one symbol, then in all: nothing before may move."""
        width, first = len(bars.symbols), self.lookback - 1
        if len(bars) - 1 <= first:
            return
        chance = np.random.default_rng(self.seed)
        cuts = chance.integers(first, len(bars) - 1, _CUTS).tolist()
        columns = [[column] for column in range(min(width, _COLUMNS))]
        for cut in sorted(set(cuts)):
            for changed in [*columns, *([list(range(width))] if width > 1 else [])]:
                names = bars.symbols[changed[0]] if len(changed) == 1 else "all symbols"
                yield Question(
                    f"with another future of {names} from {iso(int(bars.ts[cut + 1]))} on",
                    alterations.another_future(bars, cut, changed, self.seed + cut),
                    weights,
                    np.s_[first : cut + 1],
                    exact=True,
                )

    def _check(self, about: _Property, questions: Iterable[Question]) -> Check:
        asked, self._thin = 0, 0
        try:
            for question in questions:
                if self.clock.monotonic() >= self.until:
                    return Check(about.name, "not asked", asked, "the time was up")
                failure = self._asked(question)
                asked += question.wanted[question.rows].size
                if failure is not None:
                    return self._failed(about, asked, failure)
        except StrategyTimeout:
            return Check(about.name, "not asked", asked, "the time was up")
        except StrategyError as error:
            return Check(about.name, "fails", asked, error.message, error=error)
        if not asked:
            return Check(about.name, "not asked", finding="too few bars for its lookback")
        return Check(about.name, "holds", asked, thin_margins=self._thin)

    def _failed(self, about: _Property, asked: int, failure: _Failure) -> Check:
        first, bars = failure.first, failure.bars
        finding = (
            f"{failure.said}, {failure.differing} rows differ: the weight of "
            f"{bars.symbols[first.column]} at {iso(int(bars.ts[first.row]))} is "
            f"{first.again:.12g} instead of {first.full:.12g}"
        )
        error = about.kind(finding, where=self.where, hint=about.hint)
        return Check(about.name, "fails", asked, finding, failure.rows, self._thin, error)

    def _asked(self, question: Question) -> _Failure | None:
        trial = self.evaluator.trial(question.bars, self.until)
        answer, _ = trial.full(again=True)
        found = _differences(question, answer)
        if not found:
            return None
        if not question.exact and self._all_thin(trial, found):
            self._thin += len(found)
            return None
        rows = sorted({difference.row for difference in found})
        times = tuple(int(question.bars.ts[row]) for row in rows[:_TOLD_ROWS])
        return _Failure(question.said, len(rows), found[0], times, question.bars)

    def _all_thin(self, trial: Trial, found: list[Difference]) -> bool:
        """Whether rounding decides a sample of them; more would take too long to ask."""
        step = max(len(found) // _SHAKEN, 1)
        return all(trial.is_thin(difference, self.seed) for difference in found[::step])


def _differences(question: Question, answer: np.ndarray) -> list[Difference]:
    wanted, told = question.wanted[question.rows], answer[question.rows]
    same = (wanted == told) if question.exact else np.abs(wanted - told) <= TOLERANCE
    different = ~(same | (np.isnan(wanted) & np.isnan(told)))
    first = question.rows.start
    return [
        Difference(
            first + int(row), int(column), float(wanted[row, column]), float(told[row, column])
        )
        for row, column in zip(*np.nonzero(different), strict=True)
    ]
