"""Both engines on the same weights: equal without frictions, then one friction at a time.

The base is an account that trades at the prices themselves, in steps too small to matter, without
fee, funding or bound on leverage. There the two engines must agree order by order. Then each
friction is added alone. Where both model it alike they must still agree; where they do not, the
difference is the friction's own and is shown. In every run what the venue counts at the end must be
what its fills, fees and settlements add up to. Whatever is left over is unexplained.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from xq.backtest.conditions import NO_LIMIT, NOTHING, Conditions
from xq.backtest.replay import Handling
from xq.backtest.replay_scope import filters_of, require_replayable
from xq.backtest.simulation import Funding, Rules, Simulation
from xq.backtest.vector import is_margined
from xq.backtest.verify_pair import UNBOUND, Pair, World, traded
from xq.bars import Bars
from xq.portfolio.costs import Costs

TOLERANCE = 1e-9
"""Largest residual, as a fraction of equity."""

LATENCY_MS = 1_000
"""How long orders travel where that is the friction."""

SAME = "modelled alike"
BASE = "none"


@dataclass(frozen=True, slots=True)
class Friction:
    """One row of the comparison; amounts are fractions of equity.

    Attributes
    ----------
    vector, replay
        What it costs each engine at the end; positive is a loss.
    difference
        Largest distance of the two equities on the way.
    explanation
        Why they differ.
    residual
        What nothing explains.
    orders
        Bars and symbols in which the replay traded.
    """

    name: str
    vector: float
    replay: float
    difference: float
    explanation: str
    residual: float
    orders: int

    @property
    def is_explained(self) -> bool:
        """Whether nothing is left over."""
        return self.residual <= TOLERANCE


def verify(
    weights: np.ndarray,
    bars: Bars,
    costs: Costs,
    rules: Rules,
    funding: Funding | None = None,
    conditions: Conditions = NOTHING,
) -> tuple[Friction, ...]:
    """Run both engines, without frictions and with each of those given.

    Raises
    ------
    BadWeights, UsageError
        As `xq.backtest.replay.replay`.

    Examples
    --------
    >>> from xq.timeframe import Timeframe
    >>> bars = Bars.of(Timeframe.parse("1h"), ["BTC/USDT"], [0, 3600000, 7200000],
    ...                open=[100.0, 100.0, 125.0], close=[100.0, 110.0, 130.0])
    >>> found = verify(np.array([[0.5], [0.0], [0.0]]), bars, Costs(0.001), Rules())
    >>> [(row.name, row.is_explained) for row in found][:2]
    [('none', True), ('fee', True)]
    """
    require_replayable(bars, rules, conditions)
    full = World(costs, rules, funding, conditions, Handling())
    return tuple(_Comparison(weights, bars, full, full.bare(bars)).rows())


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """One friction; ``why`` explains what the engines do differently, None: nothing."""

    name: str
    world: World
    why: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Comparison:
    weights: np.ndarray
    bars: Bars
    full: World
    bare: World

    def rows(self) -> Iterator[Friction]:
        """The base, then what there is of frictions."""
        base = Pair.of(self.weights, self.bars, self.bare)
        yield self._row(_Case(BASE, self.bare), base, base)
        if self._margined:
            yield self._liquidation(base)
        for case in (*self._costs(), *self._exits(), *self._filters(), *self._handling()):
            yield self._row(case, Pair.of(self.weights, self.bars, case.world), base)

    @property
    def _margined(self) -> bool:
        return is_margined(self.bars.symbols)

    def _costs(self) -> Iterator[_Case]:
        costs, funding = self.full.costs, self.full.funding
        measured = self.full.conditions.frictions
        if costs.fee:
            yield _Case("fee", replace(self.bare, costs=Costs(fee=costs.fee)))
        if measured is not None:
            known = replace(self.bare.conditions, frictions=measured)
            yield _Case("slippage", replace(self.bare, conditions=known))
        elif costs.slippage:
            yield _Case("slippage", replace(self.bare, costs=Costs(slippage=costs.slippage)))
        flows = self.full.conditions.flows
        if flows is not None and flows.any():
            brought = replace(self.bare, conditions=replace(self.bare.conditions, flows=flows))
            yield _Case("deposits", brought, _DEPOSITS if self._spends_all else None)
        if funding is not None and (funding.at_open.any() or funding.inside.any()):
            yield _Case("funding", replace(self.bare, funding=funding))

    @property
    def _spends_all(self) -> bool:
        """Whether purchases on spot may need what arrives with them."""
        gross = np.nansum(np.abs(self.weights), axis=1).max(initial=0.0)
        return not self._margined and float(gross) > _NEARLY

    def _exits(self) -> Iterator[_Case]:
        full = self.full.rules
        if full.has_exits:
            own = {name: getattr(full, name) for name in _EXITS}
            world = replace(self.bare, rules=replace(self.bare.rules, **own))
            alike = full.take_profit is None and full.trailing_stop is None
            yield _Case("exits", world, None if alike else _INSIDE)

    def _filters(self) -> Iterator[_Case]:
        given = filters_of(self.full.rules, self.full.conditions, len(self.bars.symbols))
        if any(item.lot for item in given):
            yield _Case("lots", self._with("lot"))
        if any(item.tick for item in given):
            yield _Case("price tick", self._with("tick"))
        if any(item.min_notional or item.min_quantity for item in given):
            coarse = any(item.min_quantity > item.lot for item in given)
            limited = self._with("lot", "min_notional", "min_quantity")
            yield _Case("smallest order", limited, _SMALLEST if coarse else None)
        if any(item.max_quantity < NO_LIMIT for item in given):
            yield _Case("largest order", self._with("max_quantity"), _LARGEST)
        if self._margined:
            bound = self.full.rules.max_leverage
            rules = replace(self.bare.rules, max_leverage=bound)
            bounded = replace(self.bare, rules=rules, handling=Handling(max_leverage=bound))
            yield _Case("leverage limit", bounded, _LEVERAGE)

    def _handling(self) -> Iterator[_Case]:
        fee = self.full.costs.fee
        if fee and not self._margined:
            bought = Handling(fee_in_quote=False, max_leverage=UNBOUND)
            paid = replace(self.bare, costs=Costs(fee=fee), handling=bought)
            yield _Case("fee from what is bought", paid, "vector pays every fee in the quote asset")
        late = Handling(latency_ms=LATENCY_MS, max_leverage=UNBOUND)
        name = f"latency of {LATENCY_MS:,} ms"
        yield _Case(name, replace(self.bare, handling=late), "vector does not model it")
        yield _Case("all of the run", self.full, "what the rows above explain, together")

    def _with(self, *names: str) -> World:
        return self.bare.with_filters(self.full, self.bars, *names)

    def _liquidation(self, base: Pair) -> Friction:
        """Always on in both: what it did to the base."""
        if base.end == len(self.bars):
            return Friction("liquidation", 0.0, 0.0, 0.0, "never came near", 0.0, 0)
        return self._row(_Case("liquidation", self.bare, _LIQUIDATION), base, base)

    def _row(self, case: _Case, pair: Pair, base: Pair) -> Friction:
        text, residual = case.why or SAME, pair.left_over
        if case.why is None:
            apart = pair.difference(pair.end), pair.worst_order(self.bars, pair.end)
            residual = max(residual, *apart)
            if pair.end < len(self.bars):
                text += ", until the account is liquidated"
        refused = pair.replayed.problems
        if refused:
            text += f"; {len(refused)} orders refused, the first: {refused[0][1].message}"
        return Friction(
            case.name,
            _cost(base.vector, pair.vector),
            _cost(base.replayed.simulation, pair.replayed.simulation),
            pair.difference(len(self.bars)),
            text,
            residual,
            int(np.count_nonzero(traded(pair.replayed.simulation))),
        )


_EXITS = ("stop_loss", "take_profit", "trailing_stop", "max_bars")
_NEARLY = 0.9
_DEPOSITS = "vector pays with a deposit at the open it arrives for, the loop from the next bar on"
_INSIDE = "vector takes the worst of a bar first and no profit beyond its level"
_LEVERAGE = "vector cuts an order at the open, the risk gate judges at the close before it"
_SMALLEST = "in a turn vector closes a rest below the least quantity, the venue refuses it"
_LARGEST = "vector cuts or splits a larger order, the venue refuses it"
_LIQUIDATION = "vector takes the worst of a bar first, the venue its prices one after the other"


def _cost(without: Simulation, run: Simulation) -> float:
    """Share of what the first cash became that a friction took."""
    before = float(without.growth[-1])
    return (before - float(run.growth[-1])) / before if before else 0.0
