"""Without a difference of model the replay trades what the vector engine trades, to 1e-9."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.toy_venue import TAKER, ToyVenue, instrument, limits

from xq.backtest.funding import Settlements, on_bars
from xq.backtest.replay import Handling, Replayed, replay
from xq.backtest.simulation import Funding, Rules, Simulation
from xq.backtest.vector import simulate
from xq.bars import Bars
from xq.clock import ManualClock
from xq.execution.memory import MemoryJournal
from xq.live.desk import Desk, Forecast, Terms
from xq.live.loop import tick
from xq.portfolio.costs import Costs
from xq.strategy.load import find, load
from xq.strategy.market import answers_events
from xq.timeframe import HOUR_MS, Timeframe
from xq.types import Symbol

HOUR = Timeframe.parse("1h")
ROOT = Path(__file__).resolve().parents[2]
SEVERAL = ("cross_section", "pairs")
SHELF = [
    (name, kind)
    for name, path in sorted(find(ROOT / "strategies").items())
    for kind in ("spot", "perpetual")
    if not answers_events(path) and (name, kind) != ("funding_carry", "spot")
]
PRICES = ("open", "high", "low", "close")
COSTS = Costs(fee=0.001, slippage=0.0005)


def net(run: Simulation) -> np.ndarray:
    """(T, N) what was bought and sold in each bar; a turn through zero may be two orders."""
    found = np.zeros(run.positions.shape)
    np.add.at(found, (run.fills.row, run.fills.symbol), run.fills.quantity)
    return found


def assert_same(vector: Simulation, replayed: Replayed, bars: Bars) -> None:
    run = replayed.simulation
    assert replayed.problems == ()
    orders = np.abs(net(vector) - net(run)) * np.nan_to_num(bars.open)
    assert (orders.max(axis=1) <= 1e-9 * np.abs(vector.equity)).all()
    np.testing.assert_allclose(run.equity, vector.equity, rtol=1e-9)
    np.testing.assert_allclose(run.positions, vector.positions, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(run.funding, vector.funding, rtol=1e-9, atol=1e-7)
    np.testing.assert_allclose(run.fills.fee.sum(), vector.fills.fee.sum(), rtol=1e-9, atol=1e-7)
    assert replayed.wallet == pytest.approx(run.equity[-1], rel=1e-9)


@dataclass(frozen=True)
class Recording:
    """Real bars of two symbols, and what holding them cost."""

    bars: Bars
    funding: Funding | None = None

    def of(self, strategy: str) -> "Recording":
        """Both symbols for strategies that compare them, else the first."""
        if strategy in SEVERAL:
            return self
        bars = self.bars
        fields = {name: getattr(bars, name)[:, :1] for name in (*PRICES, "volume")}
        extra = {name: values[:, :1] for name, values in bars.extra.items()}
        funding = self.funding
        if funding is not None:
            funding = Funding(funding.at_open[:, :1], funding.inside[:, :1])
        return Recording(
            Bars.of(bars.timeframe, bars.symbols[:1], bars.ts, **fields, **extra), funding
        )


def stacked(tables: list[pa.Table], names: list[str], timeframe: str, **extra: Any) -> Bars:
    ts = tables[0]["ts"].cast("int64").to_numpy()
    fields = {
        field: np.column_stack([table[field].to_numpy() for table in tables]).astype(np.float64)
        for field in (*PRICES, "volume")
    }
    return Bars.of(Timeframe.parse(timeframe), names, ts, **fields, **extra)


@pytest.fixture(scope="module")
def recordings(market_data: Path) -> dict[str, Recording]:
    """Hours of spot, and four-hourly perpetuals with their funding."""

    def read(kind: str, name: str) -> pa.Table:
        return pq.read_table(market_data / kind / f"binance_{name}.parquet")

    spot = [read("ohlcv", f"spot_{base}USDT_1h").slice(5_000, 1_500) for base in ("ETH", "SOL")]
    universe = read("ohlcv", "um_universe20_4h")
    since = datetime(2022, 5, 1, tzinfo=UTC)
    later = universe.filter(pc.greater_equal(universe["ts"], since))
    swaps = [
        later.filter(pc.equal(later["symbol"], f"{base}USDT")).slice(0, 1_500)
        for base in ("BTC", "ETH")
    ]
    settled = [read("funding", f"um_{base}USDT_funding") for base in ("BTC", "ETH")]
    times = [table["ts"].cast("int64").to_numpy() for table in settled]
    ends = swaps[0]["ts"].cast("int64").to_numpy() + 4 * HOUR_MS
    known = [
        table["rate"].to_numpy()[np.searchsorted(at, ends, side="right") - 1]
        for table, at in zip(settled, times, strict=True)
    ]
    bars = stacked(swaps, ["BTC/USDT:USDT", "ETH/USDT:USDT"], "4h", funding=np.column_stack(known))
    paid = [
        Settlements(at, table["rate"].to_numpy(), np.full(len(at), np.nan))
        for table, at in zip(settled, times, strict=True)
    ]
    return {
        "spot": Recording(stacked(spot, ["ETH/USDT", "SOL/USDT"], "1h")),
        "perpetual": Recording(bars, on_bars(bars, paid)),
    }


@pytest.mark.parametrize(("strategy", "kind"), SHELF)
def test_shipped_strategies_on_real_bars(
    recordings: dict[str, Recording], strategy: str, kind: str
) -> None:
    """Vector engine, replay, and the loop as paper trading runs it, on a venue of its own."""
    recording = recordings[kind].of(strategy)
    bars, funding = recording.bars, recording.funding
    parameters = {"short": True} if kind == "perpetual" else {}
    subject = load(ROOT / "strategies", strategy, parameters)
    weights = np.asarray(subject.target_weights(bars), dtype=np.float64)
    first = int(np.flatnonzero(np.isfinite(weights).all(axis=1))[0])
    weights, bars = weights[first:], bars.slice(first, len(bars))
    funding = None if funding is None else funding.slice(first, first + len(bars))
    rules = Rules(max_leverage=3.0, lots=(0.001,) * len(bars.symbols))
    vector = simulate(weights, bars, COSTS, rules, funding)
    assert len(vector.fills) >= 4
    assert funding is None or vector.funding.any()
    assert_same(vector, replay(weights, bars, COSTS, rules, funding), bars)

    vector = simulate(weights, bars, Costs(fee=float(TAKER)), rules)
    traded, equity = on_a_toy_venue(weights, bars, rules)
    np.testing.assert_allclose(traded, net(vector), atol=1e-9)
    np.testing.assert_allclose(equity, vector.equity, rtol=1e-9)


def on_a_toy_venue(weights: np.ndarray, bars: Bars, rules: Rules) -> tuple[np.ndarray, np.ndarray]:
    """The same loop, every bar, on a venue that shares no code with the replay's."""
    symbols = tuple(Symbol.parse(name) for name in bars.symbols)
    clock = ManualClock(int(bars.ts[0]))
    venue = ToyVenue(clock, symbols, cash=Decimal(repr(rules.initial_cash)))
    assert [float(instrument(symbol).lot) for symbol in symbols] == list(rules.lots)

    def prices(values: np.ndarray) -> dict[Symbol, Decimal]:
        return {s: Decimal(repr(x)) for s, x in zip(symbols, values.tolist(), strict=True)}

    def forecast(bar_ms: int) -> Forecast:
        row = int(np.searchsorted(bars.ts, bar_ms))
        told = dict(zip(symbols, weights[row].tolist(), strict=True))
        return Forecast(bar_ms, told, prices(bars.close[row]))

    wide = limits(
        symbols, price_collar=Decimal(1), max_leverage=Decimal(3),
        max_order_notional=Decimal(10**9), max_position_notional=Decimal(10**9),
    )  # fmt: skip
    terms = Terms(
        "toy", "plan", symbols, bars.timeframe, wide, cash_buffer=TAKER / (1 + TAKER), leverage=3,
    )  # fmt: skip
    desk = Desk(venue, venue, MemoryJournal("toy"), clock, forecast)
    equity = [rules.initial_cash]
    for row in range(len(bars) - 1):
        clock.advance_to(int(bars.ts[row + 1]))
        venue.marked |= prices(bars.close[row])
        venue.prices |= prices(bars.open[row + 1])
        if row == 0 or (weights[row] != weights[row - 1]).any():
            assert tick(desk, terms).problems == ()
        held = [float(venue.held.get(symbol, Decimal(0))) for symbol in symbols]
        equity.append(float(venue.cash) + float(np.dot(held, bars.close[row + 1])))
    traded = np.zeros(weights.shape)
    for fill in venue.trades:
        row = int(np.searchsorted(bars.ts, fill.ts))
        traded[row, symbols.index(fill.symbol)] += fill.side.sign * float(fill.quantity)
    return traded, np.array(equity)


Case = tuple[np.ndarray, Bars, Costs, Rules, Funding | None]


@dataclass(frozen=True)
class Knobs:
    """What one random account is made from: short to print, quick to shrink."""

    seed: int
    contract: bool
    columns: int
    rows: int
    holes: float
    news: float
    unknown: float
    cash: float
    band: float | None
    lot: float
    costs: Costs
    funded: int | None  # ms after a bar's open

    def case(self) -> Case:
        random = np.random.default_rng(self.seed)
        bars = self._bars(random)
        weights = self._weights(random)
        rules = Rules(
            initial_cash=self.cash,
            max_leverage=1_000.0 if self.contract else 1.0,
            rebalance_band=self.band,
            lots=(self.lot,) * self.columns,
        )
        if not self.contract or self.funded is None:
            return weights, bars, self.costs, rules, None
        times = bars.ts[random.random(self.rows) < 0.3] + self.funded
        paid = [
            Settlements(times, random.normal(0, 1e-3, len(times)), np.full(len(times), np.nan))
            for _ in bars.symbols
        ]
        return weights, bars, self.costs, rules, on_bars(bars, paid)

    def _bars(self, random: np.random.Generator) -> Bars:
        shape = self.rows, self.columns
        bases = ("BTC", "ETH", "XRP")[: self.columns]
        names = [f"{base}/USDT" + ":USDT" * self.contract for base in bases]
        steps = np.cumsum(random.normal(0, 0.01, shape), axis=0)
        close = 10.0 ** random.uniform(-2, 4, self.columns) * np.exp(steps)
        opened = np.vstack((close[:1], close[:-1])) * np.exp(random.normal(0, 0.002, shape))
        high, low = np.maximum(opened, close) * 1.001, np.minimum(opened, close) * 0.999
        holes = random.random(shape) < self.holes
        holes[0] = False
        fields = [np.where(holes, np.nan, values) for values in (opened, high, low, close)]
        times = 1_600_000_000_000 // HOUR_MS * HOUR_MS + np.arange(self.rows) * HOUR_MS
        return Bars.of(HOUR, names, times, **dict(zip(PRICES, fields, strict=True)))

    def _weights(self, random: np.random.Generator) -> np.ndarray:
        shape = self.rows, self.columns
        levels = random.uniform(-0.9 if self.contract else 0.0, 0.9, shape) / self.columns
        levels[random.random(shape) < 0.2] = 0.0
        news = random.random((self.rows, 1)) < self.news
        kept = np.maximum.accumulate(np.where(news, np.arange(self.rows)[:, None], 0))
        weights = np.take_along_axis(levels, np.broadcast_to(kept, shape), axis=0)
        weights[random.random(shape) < self.unknown] = np.nan
        return weights


knobs = st.builds(
    Knobs,
    seed=st.integers(0, 2**32 - 1),
    contract=st.booleans(),
    columns=st.integers(1, 3),
    rows=st.integers(2, 120),
    holes=st.sampled_from([0.0, 0.05]),
    news=st.sampled_from([0.05, 0.3, 1.0]),
    unknown=st.sampled_from([0.0, 0.1]),
    cash=st.sampled_from([100.0, 10_000.0, 3_000_000.0]),
    band=st.sampled_from([None, 0.01, 0.1]),
    lot=st.sampled_from([0.0, 0.001]),
    costs=st.sampled_from([Costs(), COSTS]),
    funded=st.sampled_from([None, 0, 1_800_000]),
)


@settings(max_examples=60, deadline=None)
@given(knobs)
def test_random_weights(knobs: Knobs) -> None:
    weights, bars, costs, rules, funding = knobs.case()
    vector = simulate(weights, bars, costs, rules, funding)
    wide = Handling(max_leverage=1_000.0)
    replayed = replay(weights, bars, costs, rules, funding, handling=wide)
    assert_same(vector, replayed, bars)
    asked = replay(weights, bars, costs, rules, funding, handling=wide, decide=weights.__getitem__)
    assert asked.ticks >= replayed.ticks
    np.testing.assert_array_equal(asked.simulation.equity, replayed.simulation.equity)
    np.testing.assert_array_equal(net(asked.simulation), net(replayed.simulation))
