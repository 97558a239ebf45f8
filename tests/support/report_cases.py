"""Runs of known shape for the report, and a search around one."""

from dataclasses import replace

import numpy as np

from xq.backtest.funding import Funding
from xq.backtest.hold import buy_and_hold
from xq.backtest.measure import measure
from xq.backtest.report_study import Study, Trial, Window
from xq.backtest.result import BacktestResult, Benchmark, Law, Overfit, Provenance
from xq.backtest.simulation import Rules
from xq.backtest.vector import simulate
from xq.bars import Bars
from xq.metrics.returns import yearly_bars
from xq.portfolio.accounting import round_trips
from xq.portfolio.costs import Costs
from xq.timeframe import DAY_MS, Timeframe

START_MS = 1_672_531_200_000


def result_of(
    rows: int,
    *,
    name: str = "subject",
    turn: int = 20,
    label: str = "recorded",
    symbols: tuple[str, ...] = ("BTC/USDT",),
    timeframe: str = "1m",
    short: bool = False,
    funded: bool = False,
    **more: object,
) -> BacktestResult:
    """A run that turns over every so many bars on seeded walks."""
    length = Timeframe.parse(timeframe)
    random = np.random.default_rng(4)
    steps = random.normal(0.0002, 0.004, (rows, len(symbols))) * (length.ms / 3_600_000) ** 0.5
    close = 100 * np.exp(np.cumsum(steps, axis=0)) * (10.0 ** np.arange(len(symbols)))
    wide = np.abs(random.normal(0, 0.001, close.shape))
    opens = np.vstack([close[:1], close[:-1]])
    times = START_MS + np.arange(rows) * length.ms
    bars = Bars.of(
        length, list(symbols), times, close=close, open=opens,
        high=np.maximum(opens, close) * (1 + wide), low=np.minimum(opens, close) * (1 - wide),
    )  # fmt: skip
    phase = (np.arange(rows)[:, None] + 7 * np.arange(len(symbols))) // turn % 2
    weights = np.where(phase == 1, 1.0, -1.0 if short else 0.0) / len(symbols)
    costs, rules = Costs(0.0001, 0.0001), Rules()
    paid = Funding(close * 1e-5, close * 0.0) if funded else None
    run = simulate(weights, bars, costs, rules, paid)
    trips = round_trips(run.fills, bars.close[-1], rows - 1)
    year = yearly_bars(rows, int(times[0]), length.end(int(times[-1])))
    hold = buy_and_hold(bars, costs, rules.initial_cash)
    made = BacktestResult(
        run_id="0123456789abcdef", strategy=name, params={"fast": 3}, exchange="sim",
        data_hash="ff", bars=bars, simulation=run, trips=trips,
        metrics=measure(run, trips, year), costs=costs, rules=rules, law=Law(24, 5, 0),
        data=Provenance(label, True, 10, {}), overfit=Overfit(1, 0.5, 0.5, 0.5, 0.25),
        hold=hold, benchmark=Benchmark("hold", hold), stressed_return=-0.01,
        notes=("something <b>odd</b>",),
    )  # fmt: skip
    return replace(made, **more)


def searched() -> Study:
    """Twenty trials of three parameters, one a word, and six walk-forward windows."""
    random = np.random.default_rng(3)
    trials = [
        Trial({"fast": fast, "slow": slow, "mode": mode}, float(random.normal(fast / 20, 0.4)))
        for fast in (5, 10, 15, 20, 25)
        for slow in (40, 80)
        for mode in ("long_only", "both")
    ]
    month = 30 * DAY_MS
    windows = [
        Window(
            (START_MS + k * month, START_MS + (k + 3) * month),
            (START_MS + (k + 3) * month, START_MS + (k + 4) * month),
            float(random.normal(0.05, 0.02)), float(random.normal(0.01, 0.04)), {"fast": 5},
        )
        for k in range(6)
    ]  # fmt: skip
    return Study(tuple(trials), windows=tuple(windows), ledger_head="ab" * 32)
