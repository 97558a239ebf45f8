"""The emergency stop over the wire, with a venue that answers badly and a disk that refuses."""

import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from support.stop_desk import StopDesk, stop_desk
from support.trade_bench import PERPETUAL

from xq.api.logs import logging_of
from xq.api.stop import StopReport, StopRequest, release, stop, stop_file
from xq.api.trade import TradeRequest, trade_once
from xq.api.workspace import open_workspace
from xq.errors import CorruptFile
from xq.execution.journal import open_journal, read_journal
from xq.execution.ledger_records import Severity
from xq.live.latches import JournalLatches
from xq.live.stop_file import EMERGENCY
from xq.risk.switches import Action

CANCELS = {"method": "DELETE"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[StopDesk]:
    with stop_desk(tmp_path) as made:
        yield made


def pulled(desk: StopDesk, *, flatten: bool = False, **request: object) -> StopReport:
    asked = StopRequest(flatten=flatten, reason="news", who="ann", **request)
    return stop(desk.ws, asked)


def check_flat(desk: StopDesk) -> None:
    assert (desk.resting(), desk.held()) == ([], Decimal(0))


def test_both_books_are_swept_and_protection_stays(desk: StopDesk) -> None:
    desk.hold()
    desk.rest("a", "b", "c", "d")
    told = desk.ws.root / "told.jsonl"
    ws = replace(
        open_workspace(cwd=desk.ws.root, environ={"XQ_LOG__FILE": str(told)}), clock=desk.ws.clock
    )
    with logging_of(ws, sys.stderr):
        report = stop(ws, StopRequest(reason="news", who="ann"))
    assert (report.done, report.canceled, report.troubles) == (True, 4, ())
    assert (desk.resting(), desk.held()) == (["exit"], Decimal("0.1"))
    assert report.kept == ("stop_market sell 0.1 at 30000 (exit)",)
    said = [json.loads(line) for line in told.read_text().splitlines()]
    heard = [line["level"] for line in said if line["event"] == "emergency_stop"]
    assert heard == ["error", "info"]


def test_flatten_leaves_nothing_and_is_in_the_journal(desk: StopDesk) -> None:
    desk.hold()
    desk.rest("a", "b")
    report = pulled(desk, flatten=True)
    assert (report.done, report.closed) == (True, 1)
    check_flat(desk)
    with read_journal(desk.ws.state / "journal-sim.sqlite", "sim") as journal:
        (order,) = journal.orders()
        assert (order.reduce_only, order.state, order.filled) == (True, "filled", Decimal("0.1"))
        latches = JournalLatches(journal).load(0)
        assert latches.action is Action.FLATTEN
        assert [event.kind for event in journal.events.all()] == ["emergency_stop"]


def test_the_books_know_at_once_what_was_closed(desk: StopDesk) -> None:
    assert trade_once(desk.ws, TradeRequest()).problems == ()
    assert desk.held()
    assert pulled(desk, flatten=True).done
    with read_journal(desk.ws.state / "journal-sim.sqlite", "sim") as journal:
        assert journal.books.position(PERPETUAL) == desk.held() == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"do": "bad_gateway", "path": "/fapi/*", "times": 8},
        {"do": "lose_answer", "path": "/fapi/*", "times": 5},
        {"do": "lose_answer", **CANCELS, "times": 3},
        {"do": "lose_answer", "method": "POST", "times": 1},
        {"do": "html", "path": "/fapi/v1/openAlgoOrders", "times": 3},
    ],
    ids=lambda fault: "-".join(str(value).strip("/*") for value in fault.values()),
)
def test_it_is_done_in_the_end_whatever_the_venue_answers(
    desk: StopDesk, fault: dict[str, object]
) -> None:
    desk.hold()
    desk.rest("a", "b", "c", "d")
    desk.strike(**fault)
    assert pulled(desk, flatten=True).done
    desk.calm()
    check_flat(desk)


def test_a_rate_limit_is_heeded_and_outlasted(desk: StopDesk) -> None:
    desk.rest("a", "b", "c", "d")
    desk.strike(do="too_many_requests", **CANCELS, seconds=20)
    began = desk.ws.clock.now_ms()
    report = pulled(desk)
    assert report.done
    assert desk.ws.clock.now_ms() - began >= 20_000
    assert report.canceled == 5  # one was refused, and nothing was asked before the time was over
    check_flat(desk)


def test_a_ban_is_waited_out(desk: StopDesk) -> None:
    desk.rest("a", "b")
    desk.strike(do="ban", path="/fapi/v1/openOrders", seconds=120)
    began = desk.ws.clock.now_ms()
    assert pulled(desk).done
    assert desk.ws.clock.now_ms() - began >= 120_000


def test_a_venue_that_stays_away_is_an_alarm(desk: StopDesk) -> None:
    desk.rest("a")
    desk.strike(do="unavailable", path="/fapi/*", times=0)
    report = pulled(desk, give_up_seconds=60.0)
    assert not report.done
    assert report.left
    with read_journal(desk.ws.state / "journal-sim.sqlite", "sim") as journal:
        (event,) = journal.events.all()
    assert event.severity is Severity.ALARM
    assert "NOT done" in event.text


def test_a_locked_journal_holds_up_nothing(desk: StopDesk) -> None:
    desk.hold()
    desk.rest("a", "b")
    place = desk.ws.state / "journal-sim.sqlite"
    with open_journal(place, "sim"):
        pass
    holder = sqlite3.connect(place, isolation_level=None)
    holder.execute("PRAGMA busy_timeout=0")
    holder.execute("BEGIN EXCLUSIVE")
    try:
        report = pulled(desk, flatten=True)
    finally:
        holder.close()
    assert report.done
    assert any("locked" in trouble for trouble in report.troubles)
    check_flat(desk)
    with read_journal(desk.ws.state / "stop-journal-sim.sqlite", "sim") as journal:
        assert [order.state for order in journal.orders()] == ["filled"]


def test_a_broken_journal_holds_up_nothing_and_no_release(desk: StopDesk) -> None:
    desk.hold()
    (desk.ws.state / "journal-sim.sqlite").write_bytes(b"no journal at all" * 100)
    assert pulled(desk, flatten=True).done
    check_flat(desk)
    with pytest.raises(CorruptFile):
        release(desk.ws, "checked", "ann")
    assert stop_file(desk.ws).demand() is not None


def test_a_latch_that_cannot_be_written_leaves_the_switch(desk: StopDesk) -> None:
    desk.rest("a")
    (desk.ws.state / f".STOP-sim.{os.getpid()}.tmp").mkdir()  # neither written nor taken away
    report = pulled(desk)
    assert stop_file(desk.ws).demand() is None
    assert (report.done, len(report.troubles)) == (True, 1)
    with read_journal(desk.ws.state / "journal-sim.sqlite", "sim") as journal:
        assert JournalLatches(journal).tripped(0) == ("leverage",)


def test_what_was_traded_under_other_settings_is_swept_too(desk: StopDesk) -> None:
    desk.hold()
    with open_journal(desk.ws.state / "journal-sim.sqlite", "sim") as journal:
        journal.books.open(PERPETUAL, 1, Decimal(0))
    config = desk.ws.root / "xq.toml"
    config.write_text(config.read_text().replace("BTC/USDT:USDT", "BTC/USDT"))
    spot = open_workspace(cwd=desk.ws.root, environ={})
    assert stop(spot, StopRequest(flatten=True, reason="news", who="ann")).done
    assert desk.held() == 0


def test_a_dropped_file_stops_entries_and_is_obeyed_by_a_run(desk: StopDesk) -> None:
    desk.hold()
    desk.rest("a", "b")
    (desk.ws.state / "STOP").write_text("flatten")
    report = trade_once(desk.ws, TradeRequest({"weight": 0.9}))
    assert EMERGENCY in report.problems[0].message
    check_flat(desk)
    assert release(desk.ws, "checked", "ann") == ("STOP-sim", "STOP", "switch leverage")
    assert stop_file(desk.ws).demand() is None
