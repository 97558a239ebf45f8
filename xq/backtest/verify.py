"""Both engines on the same weights: equal without frictions, then one friction at a time.

The base is an account that trades at the prices themselves, in steps too small to matter, without
fee, funding or bound on leverage. There the two engines must agree order by order. Then each
friction is added alone. Where both model it alike they must still agree; where they do not, the
difference is the friction's own and is shown. In every run what the venue counts at the end must be
what its fills, fees and settlements add up to. Whatever is left over is unexplained.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from xq.backtest.replay import Conditions, Replayed, replay
from xq.backtest.simulation import Funding, Rules, Simulation
from xq.backtest.vector import is_margined, simulate
from xq.bars import Bars
from xq.portfolio.costs import FREE, Costs

TOLERANCE = 1e-9
"""Largest residual, as a fraction of equity."""

UNBOUND = 1_000.0  # a leverage that no account reaches

SAME = "modelled alike"
BASE = "none"


@dataclass(frozen=True, slots=True)
class Friction:
    """One row of the comparison; amounts are fractions of equity.

    Attributes
    ----------
    vector, replay
        What it costs each engine at the end; positive is a loss. NaN where an engine has no
        such friction.
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


@dataclass(frozen=True, slots=True)
class Frictions:
    """What is added, one by one, to the account without any.

    Attributes
    ----------
    min_notional
        The venue's smallest order, quote asset.
    latency_ms
        How long orders travel.
    """

    costs: Costs
    rules: Rules
    funding: Funding | None = None
    min_notional: float = 0.0
    latency_ms: int = 1_000


def verify(weights: np.ndarray, bars: Bars, frictions: Frictions) -> tuple[Friction, ...]:
    """Run both engines, without frictions and with each of them.

    Raises
    ------
    BadWeights, UsageError
        As `xq.backtest.replay.replay`.

    Examples
    --------
    >>> from xq.timeframe import Timeframe
    >>> bars = Bars.of(Timeframe.parse("1h"), ["BTC/USDT"], [0, 3600000, 7200000],
    ...                open=[100.0, 100.0, 125.0], close=[100.0, 110.0, 130.0])
    >>> found = verify(np.array([[0.5], [0.0], [0.0]]), bars, Frictions(Costs(0.001), Rules()))
    >>> [(row.name, row.is_explained) for row in found][:2]
    [('none', True), ('fee', True)]
    """
    return _Comparison(weights, bars, frictions).rows()


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """Two runs of one account."""

    vector: Simulation
    replayed: Replayed

    def difference(self, end: int) -> float:
        """Largest distance of the equities before a row, as a fraction."""
        ours, theirs = self.replayed.simulation.equity[:end], self.vector.equity[:end]
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
        rows = self.vector.ruin_row, self.replayed.simulation.ruin_row
        return min((row for row in rows if row is not None), default=len(self.vector.equity))


@dataclass
class _Comparison:
    weights: np.ndarray
    bars: Bars
    asked: Frictions
    margined: bool = False
    _kept: dict[str, _Pair] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.margined = is_margined(self.bars.symbols)

    def rows(self) -> tuple[Friction, ...]:
        """The base, then what there is of frictions."""
        costs, rules, funding = self.asked.costs, self.asked.rules, self.asked.funding
        found = [self._alike(BASE, FREE, self._bare)]
        if costs.fee:
            found.append(self._alike("fee", Costs(fee=costs.fee), self._bare))
        if costs.slippage:
            found.append(self._alike("slippage", Costs(slippage=costs.slippage), self._bare))
        if funding is not None and (funding.at_open.any() or funding.inside.any()):
            found.append(self._alike("funding", FREE, self._bare, funding))
        if rules.has_lots:
            found.append(self._alike("lots", FREE, replace(self._bare, lots=rules.lots)))
        if self.margined:
            bound = replace(self._bare, max_leverage=rules.max_leverage)
            gate = Conditions(max_leverage=rules.max_leverage)
            text = "vector cuts an order at the open, the risk gate judges at the close before it"
            found += [self._apart("leverage limit", FREE, bound, gate, text), self._liquidation()]
        if self.asked.min_notional:
            small = replace(self._free, min_notional=self.asked.min_notional)
            found.append(self._apart("smallest order", FREE, self._bare, small, _ONLY_REPLAY))
        if costs.fee and not self.margined:
            bought = replace(self._free, fee_in_quote=False)
            text = "vector pays every fee in the quote asset"
            fee = Costs(fee=costs.fee)
            found.append(self._apart("fee from what is bought", fee, self._bare, bought, text))
        late = replace(self._free, latency_ms=self.asked.latency_ms)
        name = f"latency of {self.asked.latency_ms:,} ms"
        found.append(self._apart(name, FREE, self._bare, late, _ONLY_REPLAY))
        return tuple(found)

    @property
    def _bare(self) -> Rules:
        rules = replace(self.asked.rules, lots=())
        return replace(rules, max_leverage=UNBOUND) if self.margined else rules

    @property
    def _free(self) -> Conditions:
        return Conditions(max_leverage=UNBOUND)

    def _alike(
        self, name: str, costs: Costs, rules: Rules, funding: Funding | None = None
    ) -> Friction:
        """Both engines model it the same way: any difference is unexplained."""
        pair = self._run(costs, rules, funding, self._free)
        apart, orders = pair.difference(pair.end), pair.worst_order(self.bars, pair.end)
        text = SAME if pair.end == len(self.bars) else f"{SAME}, until the account is liquidated"
        return self._row(name, pair, text, max(apart, orders, _left_over(pair.replayed)))

    def _apart(
        self, name: str, costs: Costs, rules: Rules, conditions: Conditions, text: str
    ) -> Friction:
        """The engines model it differently, or one does not at all."""
        pair = self._run(costs, rules, None, conditions)
        return self._row(name, pair, text, _left_over(pair.replayed))

    def _liquidation(self) -> Friction:
        """Always on in both: what it did to the base."""
        pair = self._base
        if pair.end == len(self.bars):
            return Friction("liquidation", 0.0, 0.0, 0.0, "never came near", 0.0, 0)
        text = "vector forfeits the margin, the venue closes step by step by its brackets"
        return self._row("liquidation", pair, text, _left_over(pair.replayed))

    @property
    def _base(self) -> _Pair:
        return self._run(FREE, self._bare, None, self._free)

    def _run(
        self, costs: Costs, rules: Rules, funding: Funding | None, conditions: Conditions
    ) -> _Pair:
        key = repr((costs, rules, funding is None, conditions))
        if key not in self._kept:
            vector = simulate(self.weights, self.bars, costs, rules, funding)
            replayed = replay(self.weights, self.bars, costs, rules, funding, conditions)
            self._kept[key] = _Pair(vector, replayed)
        return self._kept[key]

    def _row(self, name: str, pair: _Pair, text: str, residual: float) -> Friction:
        base, refused = self._base, pair.replayed.problems
        if refused:
            text += f"; {len(refused)} orders refused, the first: {refused[0][1].message}"
        return Friction(
            name,
            _cost(base.vector, pair.vector),
            _cost(base.replayed.simulation, pair.replayed.simulation),
            pair.difference(len(self.bars)),
            text,
            residual,
            int(np.count_nonzero(traded(pair.replayed.simulation))),
        )


_ONLY_REPLAY = "vector does not model it"


def traded(run: Simulation) -> np.ndarray:
    """(T, N) base asset bought and sold in each bar; a turn through zero may be two orders."""
    found = np.zeros(run.positions.shape)
    np.add.at(found, (run.fills.row, run.fills.symbol), run.fills.quantity)
    return found


def _cost(without: Simulation, run: Simulation) -> float:
    """Share of the final equity that a friction took."""
    before = float(without.equity[-1])
    return (before - float(run.equity[-1])) / before if before else 0.0


def _left_over(replayed: Replayed) -> float:
    """What the venue counts beyond what its fills, fees and settlements add up to."""
    counted = float(replayed.simulation.equity[-1])
    apart = abs(replayed.wallet - counted)
    return apart / max(abs(counted), replayed.simulation.initial_cash)
