"""Two runs of one account, one by each engine, and how far apart they are."""

from dataclasses import dataclass, replace

import numpy as np

from xq.backtest.conditions import NOTHING, Brackets, Conditions, Era, Filters
from xq.backtest.replay import Handling, Replayed, replay
from xq.backtest.replay_scope import filters_of
from xq.backtest.simulation import Funding, Rules, Simulation
from xq.backtest.vector import is_margined, simulate
from xq.bars import Bars
from xq.portfolio.accounting import Reason
from xq.portfolio.costs import FREE, Costs

UNBOUND = 1_000.0  # a leverage that no account reaches


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """What both engines are given beside weights and bars."""

    costs: Costs
    rules: Rules
    funding: Funding | None
    conditions: Conditions
    handling: Handling

    def bare(self, bars: Bars) -> "World":
        """The same account without frictions: no cost, filter, funding, exit or bound on leverage.

        Prices inside bars and brackets stay: a liquidation is no friction that can be left out.
        """
        rules = replace(self.rules.without_exits, lots=())
        handling = Handling(max_leverage=UNBOUND)
        if not is_margined(bars.symbols):
            return World(FREE, rules, None, NOTHING, handling)
        conditions = replace(self.conditions, frictions=None, flows=None)
        free = World(FREE, self.rules, None, conditions, handling).with_filters(self, bars)
        return replace(free, rules=replace(rules, max_leverage=UNBOUND))

    def with_filters(self, full: "World", bars: Bars, *names: str) -> "World":
        """With some of the venue's filters of another world."""
        columns = len(bars.symbols)
        known, eras = filters_of(full.rules, full.conditions, columns), full.conditions.eras
        brackets = eras[0].brackets if eras else (Brackets.flat(full.rules.maintenance),) * columns
        kept = tuple(Filters(**{name: getattr(item, name) for name in names}) for item in known)
        conditions = replace(self.conditions, eras=(Era(0, kept, brackets),))
        return replace(self, conditions=conditions)


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two runs of one account."""

    vector: Simulation
    replayed: Replayed

    @classmethod
    def of(cls, weights: np.ndarray, bars: Bars, world: World) -> "Pair":
        """Run both engines."""
        given = weights, bars, world.costs, world.rules, world.funding, world.conditions
        return cls(simulate(*given), replay(*given, handling=world.handling))

    def difference(self, end: int) -> float:
        """Largest distance of the equities before a row, as a fraction."""
        ours, theirs = self.replayed.simulation.equity[:end], self.vector.equity[:end]
        with np.errstate(invalid="ignore"):
            apart = np.abs(ours - theirs) / np.maximum(np.abs(theirs), np.abs(ours))
        return float(np.nan_to_num(apart).max(initial=0.0))

    def worst_order(self, bars: Bars, end: int) -> float:
        """Largest notional by which orders differ before a row, as a fraction of equity."""
        apart = np.abs(traded(self.vector) - traded(self.replayed.simulation))
        notional = np.nan_to_num(apart * bars.open).max(axis=1)[:end]
        return float((notional / self.vector.equity[:end]).max(initial=0.0)) if end else 0.0

    @property
    def end(self) -> int:
        """The row of the first liquidation, after which the two are different accounts."""
        rows = self._forced(self.vector), self._forced(self.replayed.simulation)
        return min(rows)

    @staticmethod
    def _forced(run: Simulation) -> int:
        rows = run.fills.row[run.fills.reason == Reason.LIQUIDATION]
        return int(rows[0]) if len(rows) else len(run.equity)

    @property
    def left_over(self) -> float:
        """What the venue counts beyond what its fills, fees and settlements add up to."""
        counted = float(self.replayed.simulation.equity[-1])
        apart = abs(self.replayed.wallet - counted)
        return apart / max(abs(counted), self.replayed.simulation.initial_cash)


def traded(run: Simulation) -> np.ndarray:
    """(T, N) base asset bought and sold in each bar; a turn through zero may be two orders."""
    found = np.zeros(run.positions.shape)
    np.add.at(found, (run.fills.row, run.fills.symbol), run.fills.quantity)
    return found
