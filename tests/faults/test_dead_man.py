"""The venue's dead-man timer: kept wound by the service, and only where stops are shown to stay."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.stop_desk import StopDesk, stop_desk

from xq.api.trade import TradeRequest, _plan, trade_loop
from xq.api.workspace import open_workspace
from xq.errors import ConfigError


def timed(desk: StopDesk, **settings: str) -> StopDesk:
    environ = {"XQ_TRADE__DEAD_MAN_SECONDS": "60", **settings}
    opened = open_workspace(cwd=desk.ws.root, environ=environ)
    return replace(desk, ws=replace(opened, clock=desk.ws.clock))


def test_entries_go_and_stops_stay_when_nobody_winds_it(tmp_path: Path) -> None:
    with stop_desk(tmp_path) as bare:
        desk = timed(bare)
        desk.hold()
        desk.rest("a")
        plan = replace(_plan(desk.ws, TradeRequest(), None), dead_man_seconds=60)
        with plan.opened() as run:
            run.wind()
            desk.ws.clock.sleep(59)
            run.wind()
            desk.ws.clock.sleep(59)
            assert desk.resting() == ["a", "exit"]
        desk.ws.clock.sleep(2)
        assert desk.resting() == ["exit"]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"XQ_EXCHANGE__NAME": "sim-bybit"}, "BTC/USDT:USDT"),  # Bybit's face has no such timer
        ({"XQ_TRADE__SYMBOLS": "BTC/USDT"}, "BTC/USDT"),  # nor has spot
    ],
    ids=["bybit", "spot"],
)
def test_it_is_refused_by_name_where_stops_might_go(
    tmp_path: Path, settings: dict[str, str], named: str
) -> None:
    with stop_desk(tmp_path) as bare:
        desk = timed(bare, **settings)
        with pytest.raises(ConfigError, match=f"sim is not shown .* dead-man timer of {named}"):
            trade_loop(desk.ws, TradeRequest(), lambda _: None, cycles=1)
        assert bare.held() == 0


def test_a_timer_that_runs_out_between_two_looks_is_refused(tmp_path: Path) -> None:
    with stop_desk(tmp_path) as bare:
        desk = timed(bare, XQ_TRADE__WATCH_SECONDS="21")
        with pytest.raises(ConfigError, match="at least three times watch_seconds"):
            trade_loop(desk.ws, TradeRequest(), lambda _: None, cycles=1)
