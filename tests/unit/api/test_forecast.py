"""Where a decision's weights come from, and when there are none."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.trade_bench import ALWAYS, ledger, served, trade, workspace

from xq.api.workspace import Workspace
from xq.clock import ManualClock
from xq.errors import ConfigError, DataGap, VenueUnclear
from xq.lake.reader import Lake
from xq.live.report import Act
from xq.timeframe import MINUTE_MS, Timeframe
from xq.venues.ccxt_market import CcxtMarket

MINUTE = Timeframe.parse("1m")


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    opened = workspace(tmp_path, XQ_TRADE__TIMEFRAME="1m", **YOUNG)
    with served(opened):
        assert isinstance(opened.clock, ManualClock)
        opened.clock.sleep(605)  # ten minutes of recorded trades behind us
        yield opened


# An hour of minutes is not there yet, and the switch would say so.
YOUNG = {"XQ_RISK__SWITCHES__VOLATILITY__ENABLED": "false"}


def write(ws: Workspace, *changes: tuple[str, str]) -> None:
    text = ALWAYS
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    (ws.strategies / "always.py").write_text(text)


def test_the_bars_of_a_decision_are_the_lakes(ws: Workspace) -> None:
    report = trade(ws)
    stored = Lake(ws.lake).bars("sim", ["BTC/USDT"], MINUTE)
    assert int(stored.ts[-1]) == report.bar_ms
    assert float(report.symbols[0].close) == stored.close[-1, 0]


def test_a_young_market_needs_no_more_than_the_lookback(ws: Workspace) -> None:
    write(ws, ("return 1", "return 10"))
    assert trade(ws).act is Act.TRADED


def test_too_young_a_market_is_refused(ws: Workspace) -> None:
    write(ws, ("return 1", "return 11"))
    with pytest.raises(DataGap, match="1 of 11 bars missing"):
        trade(ws)
    assert ledger(ws) == []


@pytest.mark.parametrize("gaps", ["flag", "drop"])
def test_gaps_that_a_backtest_lets_pass_do_not_shorten_a_lookback(ws: Workspace, gaps: str) -> None:
    lenient = workspace(ws.root, XQ_TRADE__TIMEFRAME="1m", **YOUNG, XQ_BACKTEST__GAPS=gaps)
    lenient = replace(lenient, clock=ws.clock)
    write(lenient, ("return 1", "return 11"))
    with pytest.raises(DataGap, match="lookback of 11 bars, found 10"):
        trade(lenient)
    assert ledger(ws) == []
    write(lenient, ("return 1", "return 10"))
    assert trade(lenient).act is Act.TRADED


def test_exits_are_not_ignored(ws: Workspace) -> None:
    write(
        ws,
        ("import Bars, Strategy, param", "import Bars, Exits, Strategy, param"),
        ("    weight: float", "    exits = Exits(stop_loss=0.05)\n    weight: float"),
    )
    with pytest.raises(ConfigError, match=r"declares exits .*stop_loss=0\.05"):
        trade(ws)
    assert ledger(ws) == []


def test_a_late_venue_is_waited_for_and_never_recorded_as_without_the_bar(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = CcxtMarket.bars
    missing = 4

    def late(self: CcxtMarket, *arguments: object) -> np.ndarray:
        nonlocal missing
        rows = real(self, *arguments)
        missing -= 1
        return rows[:-1] if missing >= 0 else rows

    monkeypatch.setattr(CcxtMarket, "bars", late)
    with pytest.raises(VenueUnclear, match="has not published the bar that just closed"):
        trade(ws)
    missing = 2
    assert trade(ws).act is Act.TRADED
    assert isinstance(ws.clock, ManualClock)
    ws.clock.advance_to(ws.clock.now_ms() + MINUTE_MS)
    assert trade(ws).problems == ()
    assert Lake(ws.lake).bars("sim", ["BTC/USDT"], MINUTE).ts.size > 1
