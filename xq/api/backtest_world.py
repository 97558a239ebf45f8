"""The world of a run: costs, rules and conditions from configuration and lake."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xq.api.backtest_inputs import Market
from xq.api.workspace import Workspace
from xq.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    from xq.backtest.conditions import Conditions
    from xq.backtest.simulation import Rules
    from xq.bars import Bars
    from xq.lake.reader import Lake
    from xq.portfolio.costs import Costs
    from xq.strategy.base import Exits

Deposits = Sequence[tuple[int, float]]


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Everything that decides an outcome beside weights, bars and funding.

    Attributes
    ----------
    told
        What was applied and where it comes from, for people.
    notes
        What a reader should be warned of.
    """

    costs: "Costs"
    rules: "Rules"
    conditions: "Conditions"
    told: Mapping[str, str]
    notes: tuple[str, ...]

    def stressed(self) -> "World":
        """The same world at the costs a result has to survive."""
        from xq.backtest.stress import at_costs, in_conditions

        return replace(self, costs=at_costs(self.costs), conditions=in_conditions(self.conditions))


@dataclass(frozen=True, slots=True)
class WorldOf:
    """Finds the world of one run.

    Attributes
    ----------
    first, start
        Rows of the bars at which the simulation and the run begin.
    """

    ws: Workspace
    lake: "Lake"
    market: Market
    bars: "Bars"
    first: int
    start: int

    def found(self, exits: "Exits | None", deposits: Deposits) -> World:
        """Read what the lake has.

        Raises
        ------
        DataError
            If a file cannot be read.
        UsageError
            If a deposit lies outside the run.
        """
        from xq.api.backtest_inside import inside
        from xq.api.backtest_rules import venue_rules
        from xq.api.backtest_slippage import measured
        from xq.backtest.conditions import NOTHING, Conditions, Frictions
        from xq.backtest.vector import is_margined

        margined = is_margined(self.market.symbols)
        bars = self.bars.slice(self.first, len(self.bars))
        known = venue_rules(self.lake, self.market, bars, self.start - self.first)
        lots = tuple(item.lot for item in known.eras[-1].filters)
        rules = self._rules(exits, lots if any(lots) else ())
        slippage = measured(self.ws, self.lake, self.market, self.bars, self.start)
        priced = (rules.stop_loss, rules.take_profit, rules.trailing_stop)
        exits_inside = any(rule is not None for rule in priced)
        finer = self.ws.config.backtest.inside_bars and (exits_inside or margined)
        within = inside(self.lake, self.market, bars, finer=finer, margined=margined)
        frictions = slippage.frictions
        if frictions is not None:
            frictions = Frictions(frictions.base[self.first :], frictions.impact[self.first :])
        conditions = Conditions(
            known.eras, frictions, within.path, within.marks, self._flows(bars, deposits)
        )
        told = {"slippage": slippage.told, "filters": known.filters}
        if exits_inside:
            told["exits"] = within.exits
        if margined:
            told |= {"brackets": known.brackets, "liquidation": within.liquidation}
        if not margined and _is_empty(conditions):
            conditions = NOTHING
        return World(self._costs(), rules, conditions, told, known.notes)

    def _costs(self) -> "Costs":
        from xq.portfolio.costs import Costs

        settings = self.ws.config.backtest
        return Costs(settings.fee, settings.slippage, settings.maker_fee)

    def _rules(self, exits: "Exits | None", lots: tuple[float, ...]) -> "Rules":
        from xq.backtest.simulation import Rules

        settings = self.ws.config.backtest
        chosen = {} if exits is None else {name: getattr(exits, name) for name in exits.__slots__}
        return Rules(
            initial_cash=settings.initial_cash,
            rebalance_band=settings.rebalance_band,
            max_leverage=settings.max_leverage,
            liquidation_fee=settings.liquidation_fee,
            limit_exits=settings.limit_exits,
            delay=settings.delay,
            lots=lots,
            **chosen,
        )

    def _flows(self, bars: "Bars", deposits: Deposits) -> "np.ndarray | None":
        """Money arrives before the first open at or after its time."""
        import numpy as np

        if not deposits:
            return None
        flows = np.zeros(len(bars))
        begin, end = int(self.bars.ts[self.start]), int(bars.ts[-1])
        for ts_ms, amount in deposits:
            if not begin <= ts_ms <= end:
                from xq.clock import iso

                raise UsageError(
                    f"a deposit must lie between {iso(begin)} and {iso(end)}, found {iso(ts_ms)}",
                    hint="--since and --until set the range",
                )
            flows[int(bars.ts.searchsorted(ts_ms))] += amount
        return flows


def _is_empty(conditions: "Conditions") -> bool:
    """Whether nothing of it could change a spot run: vectorbt's kernel may then serve it."""
    from xq.backtest.conditions import Filters

    parts = (conditions.frictions, conditions.path, conditions.marks, conditions.flows)
    if any(part is not None for part in parts):
        return False
    return all(item == Filters() for era in conditions.eras for item in era.filters)


def deposits_of(texts: Sequence[str]) -> list[tuple[int, float]]:
    """From texts such as ``2024-01-01=1000``; a negative amount is a withdrawal.

    Raises
    ------
    UsageError
        If one is not a time and a finite amount.

    Examples
    --------
    >>> deposits_of(["1970-01-02=-5"])
    [(86400000, -5.0)]
    """
    import math

    from xq.api.when import epoch_ms

    found = []
    for text in texts:
        when, equals, amount = text.partition("=")
        try:
            value = float(amount) if equals else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise UsageError(
                f"expected TIME=AMOUNT, found {text!r}", hint="--deposit 2024-01-01=1000"
            )
        found.append((epoch_ms(when), value))
    return found
