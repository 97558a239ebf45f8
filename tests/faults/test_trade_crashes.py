"""Killed at every step, raced by its own kind: one decision still makes at most one order."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from support.forked import forking
from support.trade_bench import SPOT, ledger, served, trade, workspace

from xq.api.account import positions
from xq.api.workspace import Workspace
from xq.clock import ManualClock
from xq.execution.journal import read_journal
from xq.live.report import Act
from xq.timeframe import HOUR_MS

Trader = Callable[..., list[int]]


@pytest.fixture(scope="module")
def trader() -> Iterator[Trader]:
    """Lets a process trade in a folder and die at a step; the exit codes of its copies."""
    with forking("crashing_trade.py") as ask:

        def run(ws: Workspace, point: int, copies: int = 1) -> list[int]:
            return ask(ws.root, ws.clock.now_ms(), point, copies)

        yield run


def check_agreement(ws: Workspace) -> Decimal:
    """Journal, books and venue say the same; what is held."""
    with read_journal(ws.state / "journal-sim.sqlite", "sim") as journal:
        orders = {order.client_id: order for order in journal.orders()}
        assert all(order.state.is_final for order in orders.values())
        at_venue = ledger(ws)
        assert len({client_id for client_id, _, _ in at_venue}) == len(at_venue)
        for client_id, _, filled in at_venue:
            assert orders[client_id].filled == filled
        by_books = journal.books.position(SPOT)
    rows = {row.symbol: row for row in positions(ws)}
    if rows:
        assert rows["BTC/USDT"].agrees
        assert rows["BTC/USDT"].venue == by_books
    return by_books


STEPS = range(1, 41)
SWEPT = STEPS if os.environ.get("XQ_TEST_STEPS") == "all" else STEPS[::4]  # `make torture`: all


@pytest.mark.parametrize("point", SWEPT)
def test_killed_at_any_step_the_next_runs_make_it_right(
    tmp_path: Path, trader: Trader, point: int
) -> None:
    ws = workspace(tmp_path / "ws")
    assert isinstance(ws.clock, ManualClock)
    with served(ws):
        (code,) = trader(ws, point)
        assert code in (-signal.SIGKILL, 0)
        taken = ledger(ws)
        assert len(taken) <= 1
        ws.clock.advance_to(ws.clock.now_ms() + 60_000)  # a minute later, still the same bar
        report = trade(ws)
        assert report.problems == ()
        if taken:
            assert report.act in (Act.RECONCILED, Act.NOTHING)
            assert ledger(ws) == taken
        check_agreement(ws)
        assert trade(ws).act is Act.NOTHING
        ws.clock.advance_to(ws.clock.now_ms() + HOUR_MS)
        assert trade(ws).problems == ()
        held = check_agreement(ws)
        bought = [filled for _, _, filled in ledger(ws)]
        assert len(bought) == 1
        assert held == bought[0] * Decimal("0.999")  # the fee of a purchase is paid in coins


def test_the_steps_above_are_all_of_them(tmp_path: Path, trader: Trader) -> None:
    last = max(STEPS)
    for point, codes in ((last, [0]), (2, [-signal.SIGKILL])):
        ws = workspace(tmp_path / str(point))
        with served(ws):
            assert trader(ws, point) == codes


@pytest.mark.parametrize("locked", [True, False], ids=["with the lock", "without the lock"])
def test_several_starts_at_once_make_one_order(
    tmp_path: Path, trader: Trader, locked: bool
) -> None:
    for attempt in range(3):
        ws = workspace(tmp_path / str(attempt))
        with served(ws):
            codes = trader(ws, 0 if locked else -1, copies=4)
            assert 0 in codes
            assert set(codes) <= ({0, 75} if locked else {0, 1, 4, 7})
            assert len(ledger(ws)) == 1
            later = replace(ws, clock=ManualClock(ws.clock.now_ms() + 60_000))
            assert trade(later).problems == ()
            assert len(ledger(ws)) == 1
            check_agreement(ws)
