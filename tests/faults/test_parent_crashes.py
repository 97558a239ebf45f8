"""Killed at every step of a parent's look: it goes on, and nothing is sent twice."""

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from support.forked import forking
from support.parents_bench import Bench, bench
from support.trade_bench import served, workspace

from xq.api.execute_hows import market_made, trailing_stop
from xq.api.workspace import Workspace
from xq.execution.journal import open_journal
from xq.live.parents import ask_to_stop

D = Decimal
ALL = os.environ.get("XQ_TEST_STEPS") == "all"  # `make torture`
Looker = Callable[[Workspace, int], int]


@pytest.fixture(scope="module")
def looker() -> Iterator[Looker]:
    """Lets a process look once at the parents of a folder and die at a step; its exit code."""
    with forking("crashing_parent.py") as ask:

        def run(ws: Workspace, point: int) -> int:
            (code,) = ask(ws.root, ws.clock.now_ms(), point, 1)
            return code

        yield run


def twap(table: Bench) -> str:
    made = market_made("twap", slices=2)
    return table.begin(made, quantity="0.02", over="60s", deadline="market", seed=1)


CHILD = range(1, 17)


@pytest.mark.parametrize("point", CHILD if ALL else CHILD[4::6])
def test_killed_at_any_step_of_a_child(tmp_path: Path, looker: Looker, point: int) -> None:
    ws = workspace(tmp_path / "ws")
    with served(ws), bench(ws) as table:
        parent_id = twap(table)
        table.advance(1_000)
        assert looker(ws, point) in (0, -signal.SIGKILL)
        sent = len(table.check_sent(parent_id))
        assert sent <= 1
        table.advance(20_000)
        table.look()  # what nobody heard of is known now, or proven lost
        assert len(table.check_sent(parent_id)) in (sent, 1)
        progress = table.until_ended(parent_id, every_ms=20_000)
        assert progress.ended == "complete"
        assert sum((row[2] for row in table.check(parent_id)), D(0)) == D("0.02")


def test_the_steps_of_a_child_are_all_of_them(tmp_path: Path, looker: Looker) -> None:
    ws = workspace(tmp_path / "ws")
    with served(ws), bench(ws) as table:
        twap(table)
        table.advance(1_000)
        assert looker(ws, max(CHILD)) == 0


PERPETUAL = "BTC/USDT:USDT"
MOVE = range(1, 12)
CASES = [(which, point) for which in ("cancel", "place") for point in MOVE]


def stops(ws: Workspace) -> list[tuple[str, str]]:
    """Client id and status of every conditional order that the venue ever took."""
    connection = sqlite3.connect(ws.state / "sim.sqlite")
    try:
        return list(connection.execute("SELECT client_id, status FROM algos ORDER BY id"))
    finally:
        connection.close()


def check_stops(ws: Workspace) -> None:
    found = stops(ws)
    assert len({client_id for client_id, _ in found}) == len(found)
    assert [status for _, status in found].count("new") <= 1


def hold_one(table: Bench) -> str:
    """A position, and a trailing stop that rests for it."""
    made = market_made("twap", slices=1)
    bought = table.begin(made, symbol=PERPETUAL, quantity="0.01", over="60s", seed=1)
    assert table.until_ended(bought, 5_000).ended == "complete"
    parent_id = table.begin(
        trailing_stop(0.001, None, 0.0, watched=False),
        symbol=PERPETUAL, side="sell", quantity="0.01", reduce_only=True,
    )  # fmt: skip
    table.advance(30_000)
    table.look()
    return parent_id


@pytest.mark.parametrize(("which", "point"), CASES if ALL else CASES[3::8])
def test_killed_at_any_step_of_a_stop_that_moves(
    tmp_path: Path, looker: Looker, which: str, point: int
) -> None:
    ws = workspace(tmp_path / "ws")
    with served(ws), bench(ws) as table:
        parent_id = hold_one(table)
        table.advance(30_000)  # the price has risen
        if which == "place":
            table.look()
            table.advance(30_000)
        assert looker(ws, point) in (0, -signal.SIGKILL)
        check_stops(ws)
        for _ in range(3):
            table.advance(30_000)
            table.look()
            check_stops(ws)
        assert [status for _, status in stops(ws)].count("new") == 1  # it is guarded again
        with open_journal(ws.state / "journal-sim.sqlite", "sim") as journal:
            ask_to_stop(parent_id, "enough", journal)
        assert table.until_ended(parent_id).ended == "enough"
        assert {status for _, status in stops(ws)} == {"canceled"}
        assert table.position(PERPETUAL) == D("0.01")


def test_the_steps_of_a_move_are_all_of_them(tmp_path: Path, looker: Looker) -> None:
    ws = workspace(tmp_path / "ws")
    with served(ws), bench(ws) as table:
        hold_one(table)
        for _ in range(2):  # canceled, then placed anew
            table.advance(30_000)
            assert looker(ws, max(MOVE)) == 0
        assert [status for _, status in stops(ws)] == ["canceled", "new"]
