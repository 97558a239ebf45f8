"""What every shipped strategy must keep, on recorded bars."""

from pathlib import Path

import numpy as np
import pytest
from support.plugins import plugin, recorded, walk

from xq.bars import Bars
from xq.strategy.load import find, load
from xq.strategy.market import answers_events
from xq.strategy.sandbox import Evaluator, StrategySpec, discover, evaluate
from xq.strategy.template import render
from xq.timeframe import Timeframe

FOLDER = Path(__file__).resolve().parents[2] / "strategies"
FILES = find(FOLDER)
NAMES = sorted(name for name, path in FILES.items() if not answers_events(path))
SEVERAL = ["cross_section", "pairs"]
WITH_INPUTS = ["funding_carry"]
ALONE = [name for name in NAMES if name not in SEVERAL + WITH_INPUTS]
every = pytest.mark.parametrize("name", sorted(FILES))
each = pytest.mark.parametrize("name", ALONE)


@pytest.fixture(scope="module")
def hours(market_data: Path) -> Bars:
    return recorded(market_data, "binance_spot_BTCUSDT_1h", "1h", -5000, 5000)


def _pair(market_data: Path) -> Bars:
    sol = recorded(market_data, "binance_spot_SOLUSDT_1h", "1h", -3000, 3000)
    eth = recorded(market_data, "binance_spot_ETHUSDT_1h", "1h", -3000, 3000)
    assert np.array_equal(sol.ts, eth.ts)
    fields = {
        name: np.hstack([getattr(sol, name), getattr(eth, name)])
        for name in ("open", "high", "low", "close", "volume")
    }
    return Bars.of(Timeframe.parse("1h"), ["SOL/USDT", "ETH/USDT"], sol.ts, **fields)


def test_the_shelf_is_complete() -> None:
    assert NAMES == [
        "bollinger", "breakout", "cross_section", "funding_carry", "indicator_vote",
        "ma_crossover", "macd_stochrsi", "mean_reversion", "pairs", "rsi", "trend_following",
    ]  # fmt: skip
    assert set(FILES) - set(NAMES) == {"volume_burst"}


@every
def test_it_is_one_page_and_names_its_source(name: str) -> None:
    found = next(listing for listing in discover(FOLDER) if listing.name == name)
    assert found.error is None
    assert found.title
    assert any(year.isdigit() for year in found.source.replace(";", " ").replace(",", " ").split())
    assert found.parameters["short"].default is False
    assert len(found.path.read_text(encoding="utf-8").splitlines()) <= 60


@each
def test_every_row_of_recorded_hours_is_within_the_law(name: str, hours: Bars) -> None:
    evaluation = evaluate(StrategySpec(FOLDER, name), hours, rows="all", deadline_s=600)
    assert len(evaluation.checked_rows) == 5000 - evaluation.lookback + 1
    assert evaluation.thin_margins == ()
    settled = evaluation.weights[evaluation.lookback - 1 :]
    assert set(np.unique(settled)) == {0.0, 1.0}
    changes = int((np.diff(settled[:, 0]) != 0).sum())
    assert 20 < changes < 2000, "it should trade, and not at every bar"


@each
def test_short_is_the_mirror_that_adds_shorts_only(name: str, hours: Bars) -> None:
    spec = StrategySpec(FOLDER, name, {"short": "true"})
    evaluation = evaluate(spec, hours)
    assert evaluation.declaration.parameters["short"] is True
    settled = evaluation.weights[evaluation.lookback - 1 :]
    long_only = evaluate(StrategySpec(FOLDER, name), hours).weights[evaluation.lookback - 1 :]
    assert (settled < 0).any()
    assert np.array_equal(settled.clip(0), long_only)


@each
def test_two_symbols_share_the_equity(name: str, market_data: Path) -> None:
    bars = _pair(market_data)
    weights = evaluate(StrategySpec(FOLDER, name), bars).weights
    assert np.nanmax(weights) == 0.5
    alone = Bars.of(bars.timeframe, ["ETH/USDT"], bars.ts, **{
        field: getattr(bars, field)[:, 1] for field in ("open", "high", "low", "close", "volume")
    })  # fmt: skip
    single = evaluate(StrategySpec(FOLDER, name), alone).weights
    assert np.array_equal(weights[:, 1:] * 2, single, equal_nan=True)


@each
def test_minutes_with_a_flat_stretch(name: str, market_data: Path) -> None:
    bars = recorded(market_data, "binance_spot_BTCUSDT_1m", "1m", 641_000, 4000)
    evaluation = evaluate(StrategySpec(FOLDER, name), bars, rows="all", deadline_s=300)
    for thin in evaluation.thin_margins:
        at = int(np.searchsorted(bars.ts, thin.ts_ms))
        near = bars.volume[max(at - 100, 0) : at + 1]
        assert (near == 0).any(), "rounding decides only where nothing moves"


@each
def test_extreme_parameters_are_within_the_law(name: str, market_data: Path) -> None:
    strategy = load(FOLDER, name, {})
    bars = recorded(market_data, "binance_spot_BTCUSDT_1h", "1h", -20_000, 20_000)
    for edge in ("low", "high"):
        chosen = {
            key: getattr(declared, edge)
            for key, declared in strategy.parameters.items()
            if getattr(declared, edge) is not None
        }
        chosen |= {"fast": 2, "slow": chosen["slow"]} if "slow" in chosen else {}
        chosen |= {"leave": 0.0} if name == "mean_reversion" else {}
        assert evaluate(StrategySpec(FOLDER, name, chosen), bars).checked_rows


def test_the_example_of_the_contract_reads_and_works_as_written(tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(
        '''"""Trend following by two exponential averages (Brock, Lakonishok & LeBaron 1992)."""

from xq import Bars, Strategy, param
from xq import indicators as ta


class TrendFollowing(Strategy):
    """Long while the fast average is above the slow one; short while below, if allowed."""

    fast: int = param(12, low=2, high=200, unit="bars")
    slow: int = param(26, low=5, high=500, unit="bars")
    short: bool = param(False)

    @property
    def lookback(self) -> int:
        return ta.ema.memory(self.slow)          # bars until the seed no longer matters

    def target_weights(self, bars: Bars):
        trend = ta.sign(ta.ema(bars.close, self.fast) - ta.ema(bars.close, self.slow))
        return (trend if self.short else trend.clip(0)) / len(bars.symbols)
''',
        encoding="utf-8",
    )
    bars = walk(2000, symbols=2)
    example = evaluate(StrategySpec(tmp_path, "example"), bars)
    shipped = evaluate(StrategySpec(FOLDER, "trend_following"), bars)
    assert np.array_equal(example.weights, shipped.weights, equal_nan=True)
    assert example.declaration.source == "Brock, Lakonishok & LeBaron 1992"


@pytest.mark.parametrize("name", ["my_idea", "x", "Über".replace("Ü", "U"), "bollinger2"])
def test_a_new_strategy_is_within_the_law(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.py").write_text(render(name), encoding="utf-8")
    evaluation = evaluate(StrategySpec(tmp_path, name), walk(1500), rows="all")
    assert set(np.unique(evaluation.weights[evaluation.lookback - 1 :])) == {0.0, 1.0}
    assert len(render(name).splitlines()) <= 60


def test_one_process_serves_several_blocks_and_loads_once(tmp_path: Path) -> None:
    body = "return np.where(bars.close > ta.sma(bars.close, 20), 1.0, 0.0)"
    with Evaluator.start(plugin(tmp_path, body)) as evaluator:
        assert evaluator.declaration.lookback == 20
        for rows in (100, 3000, 50):
            evaluation = evaluator.run(walk(rows))
            assert evaluation.weights.shape == (rows, 1)
    evaluator.close()  # twice is harmless


def test_the_same_question_gets_the_same_answer(hours: Bars) -> None:
    spec = StrategySpec(FOLDER, "mean_reversion")
    one, other = (evaluate(spec, hours, seed=5) for _ in range(2))
    assert np.array_equal(one.weights, other.weights, equal_nan=True)
    assert one.checked_rows == other.checked_rows
    assert evaluate(spec, hours, seed=6).checked_rows != one.checked_rows
