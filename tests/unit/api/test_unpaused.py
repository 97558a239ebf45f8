"""What must not pause is not searched for garbage while it goes on."""

import gc
from pathlib import Path

import pytest
from support.trade_bench import workspace

from xq.api.risk import rearm, trip
from xq.api.trade_run import Run


def test_a_switch_is_pulled_and_armed_without_a_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws, seen = workspace(tmp_path), []
    monkeypatch.setattr("xq.live.news.begin", lambda _: seen.append(gc.isenabled()))
    trip(ws, "leverage", "news", "ann")
    rearm(ws, "leverage", "checked", "ann")
    assert seen == [False, False]
    assert gc.isenabled()


def test_so_is_a_look_of_the_service() -> None:
    assert Run(None, None, None).attempt(gc.isenabled) is False
    assert gc.isenabled()
