"""The world a run takes place in, bar by bar: the venue's rules, what prices did inside bars.

Everything here is optional; without it a run knows its `Rules` and `Costs` alone.
"""

from dataclasses import dataclass, replace

import numpy as np

NO_LIMIT = float("inf")


@dataclass(frozen=True, slots=True)
class Filters:
    """What one venue asks of an order in one market.

    Attributes
    ----------
    lot, min_quantity, max_quantity
        Base asset; the largest is that of one order at the market.
    min_notional
        Quote asset; reductions of contracts need none.
    tick
        Smallest step of price; 0: none.
    """

    lot: float = 0.0
    min_quantity: float = 0.0
    max_quantity: float = NO_LIMIT
    min_notional: float = 0.0
    tick: float = 0.0


@dataclass(frozen=True, slots=True)
class Brackets:
    """Maintenance margin by notional: notional × rate − amount from each floor on.

    Examples
    --------
    >>> Brackets.of([(0.0, 0.004), (50_000.0, 0.005)]).amount
    (0.0, 50.0)
    """

    floor: tuple[float, ...]
    rate: tuple[float, ...]
    amount: tuple[float, ...]

    @classmethod
    def of(cls, tiers: "list[tuple[float, float]]") -> "Brackets":
        """From (floor, rate), smallest first; the amounts make the margin continuous."""
        amounts, before = [0.0], tiers[0][1]
        for floor, rate in tiers[1:]:
            amounts.append(amounts[-1] + floor * (rate - before))
            before = rate
        floors, rates = zip(*tiers, strict=True)
        return cls(tuple(floors), tuple(rates), tuple(amounts))

    @classmethod
    def flat(cls, rate: float) -> "Brackets":
        """One rate for any notional."""
        return cls((0.0,), (rate,), (0.0,))


def simulated_brackets(symbol: str) -> Brackets:
    """The table that the simulated venue has for a symbol, or makes for one it does not know.

    Examples
    --------
    >>> simulated_brackets("BTC/USDT:USDT").rate[:2]
    (0.004, 0.005)
    """
    from xq.sim.brackets import tiers_of
    from xq.types import Symbol

    parsed = Symbol.parse(symbol)
    tiers = tiers_of(f"{parsed.base}{parsed.quote}")
    return Brackets.of([(float(tier.floor), float(tier.rate)) for tier in tiers])


@dataclass(frozen=True, slots=True)
class Era:
    """The rules of every symbol from one bar on; the first era begins at row 0."""

    row: int
    filters: tuple[Filters, ...]
    brackets: tuple[Brackets, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Frictions:
    """Slippage of every bar: ``base + impact × √quantity`` as a fraction of price.

    Attributes
    ----------
    base, impact
        (T, N), finite and not negative.
    """

    base: np.ndarray
    impact: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Finer prices inside bars: bar i is rows ``first[i]`` to ``first[i + 1]``.

    Attributes
    ----------
    first
        (T + 1,) int64.
    open, high, low
        (P, N) quote per base.
    """

    first: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray

    def slice(self, start: int, stop: int) -> "Path":
        """Bars ``start`` to ``stop``."""
        rows = np.s_[self.first[start] : self.first[stop]]
        first = self.first[start : stop + 1] - self.first[start]
        return Path(first, self.open[rows], self.high[rows], self.low[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """What is known of the world beside the bars; None is what `Rules` and `Costs` say.

    Attributes
    ----------
    eras
        The venue's rules as of the time; empty: those of `Rules`.
    frictions
        Slippage measured from data.
    path
        Prices inside bars; None: each bar's own open, high and low.
    marks
        Mark prices on the same rows as the path (the bars without one); margin is judged on them.
    flows
        (T,) quote asset brought in before a bar's open, negative is taken out.
    """

    eras: tuple[Era, ...] = ()
    frictions: Frictions | None = None
    path: Path | None = None
    marks: Path | None = None
    flows: np.ndarray | None = None

    @property
    def are_none(self) -> bool:
        """Whether nothing is known, as in `NOTHING`, of which another process has a copy."""
        parts = (self.frictions, self.path, self.marks, self.flows)
        return not self.eras and all(part is None for part in parts)

    def slice(self, start: int, stop: int) -> "Conditions":
        """Rows ``start`` to ``stop``."""
        rows = np.s_[start:stop]
        before = [era for era in self.eras if era.row <= start][-1:]
        eras = [*before, *(era for era in self.eras if start < era.row < stop)]
        return Conditions(
            tuple(replace(era, row=max(0, era.row - start)) for era in eras),
            self.frictions and Frictions(self.frictions.base[rows], self.frictions.impact[rows]),
            self.path and self.path.slice(start, stop),
            self.marks and self.marks.slice(start, stop),
            None if self.flows is None else self.flows[rows],
        )


NOTHING = Conditions()
"""Nothing but `Rules` and `Costs`."""
