"""Shipped strategies that compare symbols, or need more than bars, on recorded data."""

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from support.plugins import recorded, walk

from xq.bars import FIELDS, Bars
from xq.errors import NoData
from xq.strategy.sandbox import StrategySpec, evaluate
from xq.timeframe import Timeframe

FOLDER = Path(__file__).resolve().parents[2] / "strategies"
FIVE = ("ADAUSDT", "BNBUSDT", "BTCUSDT", "ETHUSDT", "XRPUSDT")
ROWS = 2000


@pytest.fixture(scope="module")
def universe(market_data: Path) -> Bars:
    table = pq.read_table(market_data / "ohlcv" / "binance_um_universe20_4h.parquet")
    parts = [table.filter(pc.equal(table["symbol"], name)).slice(3000, ROWS) for name in FIVE]
    ts = parts[0]["ts"].cast("int64").to_numpy()
    fields = {n: np.column_stack([part[n].to_numpy() for part in parts]) for n in FIELDS}
    symbols = [f"{name.removesuffix('USDT')}/USDT:USDT" for name in FIVE]
    return Bars.of(Timeframe.parse("4h"), symbols, ts, **fields)


@pytest.fixture(scope="module")
def funded(market_data: Path) -> Bars:
    hours = recorded(market_data, "binance_spot_BTCUSDT_1h", "1h", -ROWS, ROWS)
    funding = pq.read_table(market_data / "funding" / "binance_um_BTCUSDT_funding.parquet")
    settled = funding["ts"].cast("int64").to_numpy()
    newest = np.searchsorted(settled, hours.known_at, side="right") - 1
    fields = {name: getattr(hours, name) for name in FIELDS}
    rate = funding["rate"].to_numpy()[newest]
    return Bars.of(hours.timeframe, hours.symbols, hours.ts, **fields, funding=rate)


@pytest.mark.parametrize("name", ["cross_section", "pairs"])
@pytest.mark.parametrize("short", [False, True])
def test_every_row_over_five_symbols_is_within_the_law(
    name: str, short: bool, universe: Bars
) -> None:
    spec = StrategySpec(FOLDER, name, {"short": short})
    evaluation = evaluate(spec, universe, rows="all", deadline_s=600)
    assert len(evaluation.checked_rows) == ROWS - evaluation.lookback + 1
    assert evaluation.thin_margins == ()
    settled = evaluation.weights[evaluation.lookback - 1 :]
    assert (settled < 0).any() == short
    assert (settled.max(axis=0) > 0).all(), "every symbol is bought at some time"
    assert np.abs(settled).sum(axis=1).max() <= 1 + 1e-12


@pytest.mark.parametrize("name", ["cross_section", "pairs"])
def test_short_adds_shorts_only(name: str, universe: Bars) -> None:
    both = evaluate(StrategySpec(FOLDER, name, {"short": True}), universe).weights
    long_only = evaluate(StrategySpec(FOLDER, name), universe).weights
    assert np.array_equal(both.clip(0), long_only, equal_nan=True)


def test_ranks_are_neutral_and_fully_used(universe: Bars) -> None:
    evaluation = evaluate(StrategySpec(FOLDER, "cross_section", {"short": True}), universe)
    settled = evaluation.weights[evaluation.lookback - 1 :]
    assert np.abs(settled.sum(axis=1)).max() < 1e-15
    assert np.allclose(np.abs(settled).sum(axis=1), 1, rtol=0, atol=1e-15)


def test_two_legs_of_a_pair_open_and_close_together(universe: Bars) -> None:
    two = Bars.of(
        universe.timeframe,
        universe.symbols[:2],
        universe.ts,
        **{name: getattr(universe, name)[:, :2] for name in FIELDS},
    )
    evaluation = evaluate(StrategySpec(FOLDER, "pairs", {"short": True}), two)
    settled = evaluation.weights[evaluation.lookback - 1 :]
    assert np.array_equal(settled[:, 0], -settled[:, 1])
    assert 10 < int((np.diff(settled[:, 0]) != 0).sum()) < 500


@pytest.mark.parametrize("name", ["cross_section", "pairs"])
def test_one_symbol_has_nothing_to_be_compared_with(name: str) -> None:
    evaluation = evaluate(StrategySpec(FOLDER, name, {"short": True}), walk(1000))
    assert set(np.unique(evaluation.weights[evaluation.lookback - 1 :])) == {0.0}


@pytest.mark.parametrize("name", ["cross_section", "pairs"])
def test_a_symbol_without_bars_leaves_the_others_tradable(name: str) -> None:
    whole = walk(1500, symbols=3)
    holes = {field: getattr(whole, field).copy() for field in FIELDS}
    for values in holes.values():
        values[700:760, 1] = np.nan
    holed = Bars.of(whole.timeframe, whole.symbols, whole.ts, **holes)
    evaluation = evaluate(StrategySpec(FOLDER, name, {"short": True}), holed, rows="all")
    assert np.isfinite(evaluation.weights[evaluation.lookback - 1 :, [0, 2]]).all()


@pytest.mark.parametrize("short", [False, True])
def test_carry_is_within_the_law_on_recorded_funding(short: bool, funded: Bars) -> None:
    spec = StrategySpec(FOLDER, "funding_carry", {"short": short})
    evaluation = evaluate(spec, funded, rows="all", deadline_s=600)
    assert evaluation.thin_margins == ()
    settled = evaluation.weights[evaluation.lookback - 1 :]
    assert set(np.unique(settled)) == ({-1.0, 0.0} if short else {0.0})


def test_carry_stays_flat_while_funding_is_unknown() -> None:
    bars = walk(300)
    rate = np.full((300, 1), -0.001)
    rate[:200] = np.nan
    known = Bars.of(bars.timeframe, bars.symbols, bars.ts, close=bars.close, funding=rate)
    evaluation = evaluate(StrategySpec(FOLDER, "funding_carry"), known, rows="all")
    first_average = 200 + evaluation.lookback - 1
    assert set(evaluation.weights[evaluation.lookback - 1 : first_average, 0]) == {0.0}
    assert set(evaluation.weights[first_average:, 0]) == {1.0}


def test_carry_without_funding_is_refused() -> None:
    with pytest.raises(NoData, match="needs funding beside the bars"):
        evaluate(StrategySpec(FOLDER, "funding_carry"), walk(300))
