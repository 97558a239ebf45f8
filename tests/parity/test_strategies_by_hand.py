"""Shipped strategies against a plain loop or pandas, written from their sources alone."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.plugins import recorded, walk

from xq.bars import Bars
from xq.strategy.sandbox import StrategySpec, evaluate

FOLDER = Path(__file__).resolve().parents[2] / "strategies"


@pytest.fixture(scope="module")
def hours(market_data: Path) -> Bars:
    return recorded(market_data, "binance_spot_BTCUSDT_1h", "1h", -3000, 3000)


def _weights(name: str, bars: Bars, **parameters: object) -> tuple[np.ndarray, int]:
    evaluation = evaluate(StrategySpec(FOLDER, name, parameters), bars)
    return evaluation.weights, evaluation.lookback - 1


def _held(enter: pd.Series, leave: pd.Series, max_bars: int) -> list[float]:
    held, age = [], max_bars
    for bought, sold in zip(enter, leave, strict=True):
        age = max_bars if sold else 0 if bought else age + 1
        held.append(float(age < max_bars))
    return held


def test_ma_crossover(hours: Bars) -> None:
    weights, first = _weights("ma_crossover", hours, fast=5, slow=150, band=0.01, short=True)
    close = pd.Series(hours.close[:, 0])
    ratio = close.rolling(5).mean() / close.rolling(150).mean()
    wanted = (ratio > 1.01).astype(float) - (ratio < 0.99)
    assert weights[first:, 0].tolist() == wanted[first:].tolist()
    assert {-1.0, 0.0, 1.0} == set(wanted[first:])


def test_rsi(hours: Bars) -> None:
    weights, first = _weights("rsi", hours, length=14, max_bars=96)
    change = pd.Series(hours.close[:, 0]).diff()
    gain, loss = change.clip(lower=0), (-change).clip(lower=0)
    up, down = (
        side.ewm(alpha=1 / 14, adjust=False).mean() for side in (gain.fillna(0), loss.fillna(0))
    )
    strength = 100 * up / (up + down)
    crossed = (strength > 30) & (strength.shift() <= 30)
    wanted = _held(crossed, strength > 55, 96)
    assert weights[first:, 0].tolist() == wanted[first:]
    assert 0.05 < np.mean(wanted[first:]) < 0.5


def test_breakout(hours: Bars) -> None:
    weights, first = _weights("breakout", hours)
    close = pd.Series(hours.close[:, 0])
    highest = pd.Series(hours.high[:, 0]).shift().rolling(20).max()
    lowest = pd.Series(hours.low[:, 0]).shift().rolling(10).min()
    wanted = _held(close > highest, close < lowest, 240)
    assert weights[first:, 0].tolist() == wanted[first:]


def test_indicator_vote(hours: Bars) -> None:
    weights, first = _weights("indicator_vote", hours, quorum=5)
    close = pd.Series(hours.close[:, 0])
    high, low = pd.Series(hours.high[:, 0]), pd.Series(hours.low[:, 0])
    line = close.ewm(span=12, adjust=False).mean() - close.ewm(span=26, adjust=False).mean()
    moved_up, moved_down = high.diff(), -low.diff()
    plus = moved_up.where((moved_up > moved_down) & (moved_up > 0), 0).ewm(alpha=1 / 14).mean()
    minus = moved_down.where((moved_down > moved_up) & (moved_down > 0), 0).ewm(alpha=1 / 14).mean()
    gain, loss = close.diff().clip(lower=0), (-close.diff()).clip(lower=0)
    votes = [
        line > 0,
        line > line.ewm(span=9, adjust=False).mean(),
        gain.ewm(alpha=1 / 14).mean() > loss.ewm(alpha=1 / 14).mean(),
        plus > minus,
        close > (high.rolling(48).max() + low.rolling(48).min()) / 2,
    ]  # fmt: skip
    wanted = sum(vote.astype(int) for vote in votes) == 5
    assert weights[first:, 0].tolist() == wanted[first:].astype(float).tolist()
    assert 0.05 < wanted[first:].mean() < 0.6


def test_pairs() -> None:
    bars = walk(1200, symbols=2)
    weights, first = _weights("pairs", bars, window=60, max_bars=40, short=True)
    spread = pd.Series(np.log(bars.close[:, 0] / bars.close[:, 1]))
    score = (spread - spread.rolling(60).mean()) / spread.rolling(60).std(ddof=0)
    long = _held(score < -2, score > 0, 40)
    short = _held(score > 2, score < 0, 40)
    wanted = (np.array(long) - np.array(short)) / 2
    assert weights[first:, 0].tolist() == wanted[first:].tolist()
    assert weights[first:, 1].tolist() == (-wanted[first:]).tolist()


def test_cross_section_of_three_as_in_the_paper() -> None:
    close = np.array([[100.0, 100, 100], [100, 100, 100], [110, 120, 90], [120, 110, 110]])
    bars = Bars.of(walk(4).timeframe, ["A/B", "C/B", "D/B"], np.arange(4) * 3_600_000, close=close)
    weights, first = _weights("cross_section", bars, length=2, short=True)
    assert first == 2
    # ranks 2 3 1 less their mean 2, scaled to 1; then 20 %, 10 %, 10 %: ranks 3, 1.5, 1.5
    assert weights[2].tolist() == [0.0, 0.5, -0.5]
    assert weights[3].tolist() == [0.5, -0.25, -0.25]


def test_funding_carry_by_hand() -> None:
    rate = np.array([0.0, -0.0002, -0.0002, 0.0003, 0.0003, 0.0])
    ts = np.arange(6) * 3_600_000
    bars = Bars.of(walk(6).timeframe, ["A/B:B"], ts, close=np.ones(6), funding=rate)
    weights, _ = _weights("funding_carry", bars, window=2, threshold=0.00012, short=True)
    assert weights[1:, 0].tolist() == [0.0, 1.0, 0.0, -1.0, -1.0]
