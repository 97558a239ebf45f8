"""Parents that another process works, when a person closes or stops."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from support.parents_bench import Bench, bench
from support.stop_desk import desk_folder
from support.trade_bench import ledger, served

from xq.api.execute_hows import iceberg, trailing_stop
from xq.api.orders_change import close
from xq.api.orders_list import open_orders
from xq.api.orders_place import place, wish_of
from xq.api.stop import StopReport, StopRequest, release, stop
from xq.api.workspace import open_workspace
from xq.clock import ManualClock, SystemClock
from xq.execution.ledger_records import ParentStatus

PERP = "BTC/USDT:USDT"


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Bench]:
    """A parent that another process works: here, step by step."""
    opened = open_workspace(cwd=desk_folder(tmp_path), environ={})
    ws = replace(opened, clock=ManualClock(SystemClock().now_ms()))
    with served(ws), bench(ws) as made:
        yield made


def hidden(table: Bench) -> str:
    """An iceberg below the market, its first part resting."""
    name = table.begin(iceberg("42000", "0.005", 0.0), symbol=PERP, quantity="0.02", over="10m")
    table.look()
    assert Decimal("0.005") in [row.quantity for row in open_orders(table.ws)]
    return name


def holding(table: Bench) -> None:
    told = {"symbol": PERP, "side": "buy", "type": "market", "quantity": "0.01"}
    assert place(table.ws, wish_of(told)).problem is None


def pulled(table: Bench, *, flatten: bool = False) -> StopReport:
    return stop(table.ws, StopRequest(flatten=flatten, reason="news", who="ann"))


def later(table: Bench) -> list[str]:
    """What the worker says at its next step."""
    table.advance(5_000)
    return [note for looked in table.look() for note in looked.notes]


def test_a_stop_ends_what_may_add_and_leaves_what_protects(table: Bench) -> None:
    holding(table)
    trail = trailing_stop(0.05, None, 0.0, watched=False)
    guard = table.begin(trail, symbol=PERP, side="sell", quantity="0.01", reduce_only=True)
    entry = hidden(table)
    report = pulled(table)
    assert (report.done, report.canceled) == (True, 1)
    assert report.parents == (f"{entry} (buy 0.02 {PERP})",)
    later(table)
    ended = table.parent(entry)
    assert (ended.status, ended.reason) == (ParentStatus.ENDED, "emergency stop: news")
    assert table.parent(guard).status is ParentStatus.WORKING
    assert [row.reduce_only for row in open_orders(table.ws)] == [True]
    report = pulled(table, flatten=True)
    assert (report.done, len(report.parents)) == (True, 1)
    later(table)
    assert table.parent(guard).status is ParentStatus.ENDED
    release(table.ws, "checked", "ann")
    sent = len(ledger(table.ws))
    later(table)
    assert (len(ledger(table.ws)), open_orders(table.ws)) == (sent, ())


def test_with_a_journal_that_takes_nothing_the_next_child_is_refused(table: Bench) -> None:
    name = hidden(table)
    holder = sqlite3.connect(table.ws.state / "journal-sim.sqlite", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        report = pulled(table)
    finally:
        holder.close()
    assert (report.done, report.canceled, report.parents) == (True, 1, ())
    sent = len(ledger(table.ws))
    said = [later(table) for _ in range(3)]
    assert "emergency_stop" in str(said), (said, table.parent(name))
    assert (len(ledger(table.ws)), open_orders(table.ws)) == (sent, ())
    assert table.parent(name).status is ParentStatus.WORKING


def test_a_close_ends_what_would_open_it_again(table: Bench) -> None:
    holding(table)
    name = hidden(table)
    done = close(table.ws, [PERP])
    assert done.problem is None
    assert any(f"{name} ended" in note for note in done.notes)
    assert done.rows[0].after == 0
    parent = table.parent(name)
    assert (parent.status, parent.reason) == (
        ParentStatus.ENDED, "the position is closed by hand",
    )  # fmt: skip
    sent = len(ledger(table.ws))
    assert later(table) == []
    assert (len(ledger(table.ws)), open_orders(table.ws)) == (sent, ())
