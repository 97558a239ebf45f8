"""What a backtest answers: one frozen object, one JSON object, arrays for those who want more."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from xq.backtest.breakdown import breakdowns
from xq.backtest.measure import Metrics
from xq.backtest.simulation import Rules, Simulation
from xq.backtest.stress import STRESS
from xq.backtest.verdict import Evidence, Verdict, verdict
from xq.bars import Bars
from xq.clock import iso
from xq.lake.ranges import Range
from xq.metrics.daily import daily_returns
from xq.metrics.statistics import Statistics, statistics
from xq.portfolio.accounting import Reason, RoundTrips
from xq.portfolio.costs import Costs
from xq.types import Side


@dataclass(frozen=True, slots=True)
class Law:
    """What the law of strategies checked before the run.

    Attributes
    ----------
    checked_rows
        Rows asked again with only the bars that the live loop would have.
    lookback
        Bars that a row of weights depends on.
    thin_margins
        Rows whose answer differs by rounding alone; listed, not refused.
    """

    checked_rows: int
    lookback: int
    thin_margins: int


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the prices come from.

    Attributes
    ----------
    label
        A sentence for people.
    synthetic
        Whether any of them is invented.
    warm_up_bars
        Bars before the range that were read in addition.
    funding_settlements
        Settlements applied per perpetual; empty on spot.
    """

    label: str
    synthetic: bool
    warm_up_bars: int
    funding_settlements: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Overfit:
    """How much of the Sharpe ratio of daily returns may be luck.

    Attributes
    ----------
    trials
        Of this strategy on this market by the trial ledger, this one included.
    probabilistic_sharpe_ratio, deflated_sharpe_ratio
        Forms of 2012 and 2014; see `xq.metrics.overfit`.
    deflated_sharpe_ratio_2026
        See `xq.metrics.sharpe_inference`.
    probability_of_overfitting
        Of choosing the best among the trials with the same days; None without such trials.
    """

    trials: int
    probabilistic_sharpe_ratio: float
    deflated_sharpe_ratio: float
    deflated_sharpe_ratio_2026: float = float("nan")
    probability_of_overfitting: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Benchmark:
    """What a run is compared with.

    Attributes
    ----------
    name
        ``hold`` for the run's own symbols, else a symbol.
    equity
        (T,) quote asset at each close, from the same cash and costs.
    """

    name: str
    equity: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class BacktestResult:
    """One finished run.

    Attributes
    ----------
    run_id
        Stands for everything that decided the outcome.
    bars
        The bars of the run, warm-up excluded.
    simulation
        Equity, positions and fills on those bars.
    hold
        (T,) equity of buying and holding, quote asset.
    benchmark
        What to compare with; None if nothing is.
    world
        What was applied and where it comes from: slippage, filters, exits, liquidation.
    facts
        Everything that decided the outcome; the run id is their hash.
    missing
        Per symbol the ranges without bars: ours, and the venue's own.
    stressed_return
        Total return at twice the costs, as a fraction.
    notes
        What a reader should know, one sentence each.
    """

    run_id: str
    strategy: str
    params: Mapping[str, Any]
    exchange: str
    data_hash: str
    bars: Bars
    simulation: Simulation
    trips: RoundTrips
    metrics: Metrics
    costs: Costs
    rules: Rules
    law: Law
    data: Provenance
    overfit: Overfit
    hold: np.ndarray
    stressed_return: float = float("nan")
    benchmark: Benchmark | None = None
    world: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    missing: Mapping[str, tuple[tuple[Range, ...], tuple[Range, ...]]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    printed: str = ""

    @property
    def start_ms(self) -> int:
        """Open of the first bar, epoch ms."""
        return int(self.bars.ts[0])

    @property
    def end_ms(self) -> int:
        """Close of the last bar, epoch ms."""
        return self.bars.timeframe.end(int(self.bars.ts[-1]))

    @property
    def hold_return(self) -> float:
        """Total return of buying and holding, as a fraction."""
        return float(self.hold[-1]) / self.simulation.initial_cash - 1.0

    @property
    def benchmark_return(self) -> float | None:
        """Total return of the benchmark, as a fraction; None without one."""
        if self.benchmark is None:
            return None
        return float(self.benchmark.equity[-1]) / self.simulation.initial_cash - 1.0

    @property
    def statistics(self) -> Statistics:
        """Figures of the run's days against its benchmark, buying and holding without one."""
        other = self.hold if self.benchmark is None else self.benchmark.equity
        start, times = self.simulation.initial_cash, self.bars.known_at
        curves = (self.simulation.growth, other)
        return statistics(*(daily_returns(times, curve, start) for curve in curves))

    @property
    def verdict(self) -> Verdict:
        """Whether the result survives the gate."""
        return verdict(
            Evidence(
                trials=self.overfit.trials,
                deflated_sharpe_ratio=self.overfit.deflated_sharpe_ratio_2026,
                probability_of_overfitting=self.overfit.probability_of_overfitting,
                total_return=self.metrics.total_return,
                stressed_return=self.stressed_return,
                stress=STRESS,
                checked_rows=self.law.checked_rows,
            )
        )

    def to_vectorbt(self) -> Any:
        """The run as a `vectorbt.Portfolio`; see `xq.backtest.notebook.portfolio`."""
        from xq.backtest.notebook import portfolio

        return portfolio(self)

    def summary(self) -> dict[str, Any]:
        """The JSON object of ``xq backtest --output json``; what is not a number is None."""
        return {
            "run_id": self.run_id,
            "strategy": self.strategy,
            "params": dict(self.params),
            "exchange": self.exchange,
            "symbols": list(self.bars.symbols),
            "timeframe": str(self.bars.timeframe),
            "start": iso(self.start_ms),
            "end": iso(self.end_ms),
            "bars": len(self.bars),
            "data_hash": self.data_hash,
            "metrics": self.metrics.as_dict(),
            "costs": _plain(self.costs),
            "rules": _plain(self.rules),
            "engine": self.simulation.engine,
            "law": _plain(self.law),
            "data": _plain(self.data),
            "overfit": _plain(self.overfit),
            "statistics": self.statistics.as_dict(),
            "stress": {"costs": STRESS, "total_return": _value(self.stressed_return)},
            "verdict": _plain(self.verdict),
            "buy_and_hold": {"total_return": self.hold_return},
            "benchmark": self._compared(),
            "world": dict(self.world),
            "gaps": {
                symbol: {"ours": [str(r) for r in ours], "venue": [str(r) for r in venue]}
                for symbol, (ours, venue) in self.missing.items()
            },
            "breakdowns": {
                name: [_plain(part) for part in parts]
                for name, parts in breakdowns(self.bars, self.simulation).items()
            },
            "notes": list(self.notes),
        }

    def _compared(self) -> dict[str, Any] | None:
        if self.benchmark is None:
            return None
        gained = self.benchmark_return
        excess = self.metrics.total_return - (gained or 0.0)
        return {"name": self.benchmark.name, "total_return": gained, "excess_return": excess}

    def fill_rows(self) -> list[dict[str, Any]]:
        """Fills as records: ts is the open of the bar it happened in."""
        fills = self.simulation.fills
        return [
            {
                "ts": int(self.bars.ts[fills.row[k]]),
                "symbol": self.bars.symbols[fills.symbol[k]],
                "side": (Side.BUY if fills.quantity[k] > 0 else Side.SELL).value,
                "price": float(fills.price[k]),
                "quantity": float(abs(fills.quantity[k])),
                "fee": float(fills.fee[k]),
                "slippage": float(fills.slippage[k]),
                "reason": Reason(int(fills.reason[k])).label,
            }
            for k in range(len(fills))
        ]

    def round_trip_rows(self) -> list[dict[str, Any]]:
        """Round trips as records; an open one ends at the last close."""
        trips = self.trips
        return [
            {
                "symbol": self.bars.symbols[trips.symbol[k]],
                "side": "long" if trips.direction[k] > 0 else "short",
                "entry_ts": int(self.bars.ts[trips.entry_row[k]]),
                "exit_ts": int(self.bars.ts[trips.exit_row[k]]),
                "bars": int(trips.exit_row[k] - trips.entry_row[k]),
                "quantity": float(trips.quantity[k]),
                "entry_price": float(trips.entry_price[k]),
                "exit_price": float(trips.exit_price[k]),
                "pnl": float(trips.pnl[k]),
                "return": float(trips.returns[k]),
                "fee": float(trips.fee[k]),
                "reason": Reason(int(trips.reason[k])).label if trips.closed[k] else "open",
            }
            for k in range(len(trips))
        ]


def _plain(record: Any) -> dict[str, Any]:
    values = {name: getattr(record, name) for name in record.__slots__}
    return {name: _value(value) for name, value in values.items()}


def _value(value: Any) -> Any:
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value
