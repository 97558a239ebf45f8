"""On the simulated venue: the loop's targets are the sizing rule's on the lake's own bars."""

from pathlib import Path

import pytest
from support.trade_bench import served, trade, workspace

from xq.clock import ManualClock
from xq.execution.journal import read_journal
from xq.lake.reader import Lake
from xq.portfolio.sizing import target_quantity
from xq.strategy.sandbox import StrategySpec, evaluate
from xq.timeframe import MINUTE_MS, Timeframe
from xq.types import Symbol

STEPS = 12
MINUTE = Timeframe.parse("1m")

ZIGZAG = '''"""Another weight every other minute."""

import numpy as np

from xq import Bars, Strategy


class Zigzag(Strategy):
    """Follows the clock."""

    @property
    def lookback(self) -> int:
        return 1

    def target_weights(self, bars: Bars):
        weight = (bars.ts // 120_000) % 4 * 0.25
        return np.repeat(weight.reshape(-1, 1), len(bars.symbols), axis=1)
'''


@pytest.mark.parametrize("name", ["BTC/USDT", "ETH/USDT:USDT"])
def test_targets_are_the_vector_engines(tmp_path: Path, name: str) -> None:
    ws = workspace(
        tmp_path,
        XQ_TRADE__TIMEFRAME="1m",
        XQ_TRADE__STRATEGY="zigzag",
        XQ_TRADE__SYMBOLS=name,
        XQ_RISK__MAX_LEVERAGE="2",
        XQ_RISK__SWITCHES__VOLATILITY__ENABLED="false",  # an hour of minutes is not there yet
    )
    (ws.strategies / "zigzag.py").write_text(ZIGZAG)
    assert isinstance(ws.clock, ManualClock)
    symbol = Symbol.parse(name)
    seen = []
    with served(ws) as handle:
        ws.clock.sleep(1_805)  # half an hour into the recorded trades
        for _ in range(STEPS):
            report = trade(ws, weight=None)
            assert report.problems == ()
            seen.append(report)
            ws.clock.advance_to(ws.clock.now_ms() + MINUTE_MS)
        lot = _lot(handle.url, symbol)
    stored = Lake(ws.lake).bars("sim", [name], MINUTE)
    weights = evaluate(StrategySpec(ws.strategies, "zigzag"), stored, rows="all").weights[:, 0]
    closes = dict(zip(stored.ts.tolist(), stored.close[:, 0].tolist(), strict=True))
    by_bar = dict(zip(stored.ts.tolist(), weights.tolist(), strict=True))
    with read_journal(ws.state / "journal-sim.sqlite", "sim") as journal:
        signals = {key.bar_ms: signal for key, signal in journal.decisions.signals()}
        points = journal.books.equity()
    assert sorted(signals) == sorted(set(stored.ts.tolist()))[-STEPS:]
    traded = 0
    for bar_ms, signal in signals.items():
        assert signal.weight == by_bar[bar_ms]
        assert float(signal.close) == closes[bar_ms]
        if signal.target == signal.position:
            continue
        traded += 1
        equity = _equity_at(bar_ms, signal.position, closes[bar_ms], points, symbol)
        wanted = target_quantity(signal.weight, equity, closes[bar_ms], lot)
        assert abs(float(signal.target) - wanted) < lot * (1.5 if symbol.is_contract else 0.01)
    assert traded >= STEPS // 2
    assert len({report.bar_ms for report in seen}) == STEPS


def _lot(url: str, symbol: Symbol) -> float:
    from xq.clock import SystemClock
    from xq.venues.ccxt_market import CcxtMarket
    from xq.venues.registry import profile

    market = CcxtMarket(profile("sim", url), SystemClock())
    try:
        return float(market.find(symbol).lot)
    finally:
        market.close()


def _equity_at(bar_ms, position, close, points, symbol):
    """Equity at a bar's close, from what was recorded after the decision before it."""
    earlier = [point for point in points if point.ts <= bar_ms + MINUTE_MS]
    if not earlier:
        return 10_000.0
    last = max(earlier, key=lambda point: point.ts)
    if symbol.is_contract:
        return float(last.equity)  # marked a minute before: right to within a lot
    return float(last.cash) + float(position) * close
