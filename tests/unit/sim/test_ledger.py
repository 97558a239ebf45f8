"""The ledger on disk: durable, whole, exact, and clear about files it cannot read."""

import os
import signal
import sqlite3
import subprocess
import sys
from copy import deepcopy
from decimal import Decimal
from pathlib import Path

import pytest
from support.scripted_feed import Bench

from xq.errors import CorruptFile, StorageFailed
from xq.sim.accounts import MAIN
from xq.sim.instruments import Face
from xq.sim.ledger import FILE_NAME, Ledger, Page
from xq.sim.records import Account, Kind, NewOrder
from xq.types import OrderType, Side

D = Decimal


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.venue.ledger.close()


def trade_a_little(bench: Bench) -> None:
    venue = bench.venue
    for face in Face:
        buy = NewOrder("BTCUSDT", Side.BUY, OrderType.MARKET, quantity=D("0.05"))
        rest = NewOrder(
            "BTCUSDT", Side.BUY, OrderType.LIMIT, "rest", quantity=D("0.01"), price=D(39_000)
        )
        venue.place(MAIN, face, buy)
        venue.place(MAIN, face, rest)
    venue.set_leverage(MAIN, "ETHUSDT", 7)


def place_small(bench: Bench, name: str) -> None:
    order = NewOrder("BTCUSDT", Side.BUY, OrderType.MARKET, name, D("0.0002"))
    bench.venue.place(MAIN, Face.SPOT, order)


def test_a_restart_remembers_everything(bench):
    trade_a_little(bench)
    before = bench.venue.state
    assert bench.reopen().state == before
    assert len(before.open_orders) == 2
    assert before.setting(MAIN, "ETHUSDT").leverage == 7


def test_numbers_go_on_after_a_restart(bench):
    trade_a_little(bench)
    newest = max(
        order.id for order in bench.venue.ledger.orders(MAIN, Face.SPOT, "BTCUSDT", Page())
    )
    bench.reopen()
    order = NewOrder("BTCUSDT", Side.BUY, OrderType.MARKET, quantity=D("0.001"))
    placed = bench.venue.place(MAIN, Face.SPOT, order)
    assert placed.order.id > newest


def test_the_file_is_written_ahead_and_synced(bench):
    connection = bench.venue.ledger._connection
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (1,)


def test_balances_are_the_sum_of_their_postings(bench):
    trade_a_little(bench)
    assert bench.venue.ledger.check() == []
    with sqlite3.connect(bench.folder / FILE_NAME) as connection:
        connection.execute(
            "UPDATE balances SET amount = '1' WHERE account = 'free' AND asset = 'BTC'"
        )
    connection.close()
    [finding] = bench.venue.ledger.check()
    assert "BTC" in finding
    assert "0.04995" in finding


def test_a_killed_process_keeps_every_acknowledged_order(tmp_path):
    """The child acknowledges on stdout and is killed in the middle of more of them."""
    script = """
import sys
from decimal import Decimal
from pathlib import Path
from support.scripted_feed import Bench
from xq.sim.accounts import MAIN
from xq.sim.instruments import Face
from xq.sim.records import NewOrder
from xq.types import OrderType, Side
bench = Bench(Path(sys.argv[1]))
for number in range(100_000):
    order = NewOrder("BTCUSDT", Side.BUY, OrderType.MARKET, f"n{number}", Decimal("0.0002"))
    print(bench.venue.place(MAIN, Face.SPOT, order).order.client_id, flush=True)
"""
    tests = Path(__file__).resolve().parents[2]
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(tests)},
    )
    acknowledged = [child.stdout.readline().strip() for _ in range(20)]
    child.send_signal(signal.SIGKILL)
    acknowledged += child.stdout.read().split()
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    bench = Bench(tmp_path)
    try:
        page = Page(limit=100_000)
        kept = [
            order.client_id for order in bench.venue.ledger.orders(MAIN, Face.SPOT, "BTCUSDT", page)
        ]
        complete = [name for name in acknowledged if name]
        assert kept[: len(complete)] == complete
        assert len(kept) <= len(complete) + 1
        assert bench.venue.ledger.check() == []
    finally:
        bench.venue.ledger.close()


def test_a_full_disk_refuses_the_order_and_keeps_the_books(bench):
    trade_a_little(bench)
    before = deepcopy(bench.venue.state)
    connection = bench.venue.ledger._connection
    [pages] = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageFailed, match="full") as caught:  # noqa: PT012
        for number in range(1_000):
            before = deepcopy(bench.venue.state)
            place_small(bench, f"{number}-" + "x" * 30)
    assert caught.value.where == str(bench.folder / FILE_NAME)
    assert bench.venue.state == before
    connection.execute("PRAGMA max_page_count = 1000000")
    assert bench.reopen().state == before


def test_a_file_that_is_no_ledger_is_named(tmp_path):
    path = tmp_path / FILE_NAME
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(CorruptFile, match="not a ledger") as caught:
        Ledger(path)
    assert caught.value.hint == f"mv {path} {path}.old"


def test_a_ledger_of_another_version_is_refused(tmp_path):
    path = tmp_path / FILE_NAME
    Ledger(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(CorruptFile, match="format 99, expected 2"):
        Ledger(path)


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFailed):
        Ledger(tmp_path / "file" / "state" / FILE_NAME)


def test_pages_of_history(bench):
    for number in range(5):
        order = NewOrder("BTCUSDT", Side.BUY, OrderType.MARKET, f"n{number}", D("0.001"))
        bench.venue.place(MAIN, Face.SPOT, order)
        bench.advance(1_000)
    ledger, start = bench.venue.ledger, bench.venue.now_ms - 5_000

    def names(page: Page) -> list[str]:
        return [order.client_id for order in ledger.orders(MAIN, Face.SPOT, "BTCUSDT", page)]

    assert names(Page(limit=2)) == ["n3", "n4"]
    assert names(Page(start_ms=start + 1_000, limit=2)) == ["n1", "n2"]
    assert names(Page(end_ms=start + 1_000)) == ["n0", "n1"]
    assert names(Page(first_id=4)) == ["n3", "n4"]
    assert names(Page(start_ms=start + 60_000)) == []
    [order] = ledger.orders(MAIN, Face.SPOT, "BTCUSDT", Page(limit=1))
    [fill] = ledger.fills(MAIN, Face.SPOT, "BTCUSDT", Page(), order_id=order.id)
    assert fill.order_id == order.id
    assert ledger.fills(MAIN, Face.SPOT, "ETHUSDT", Page()) == []


def test_income_names_reasons_and_symbols(bench):
    trade_a_little(bench)
    ledger = bench.venue.ledger
    [fee] = ledger.income(MAIN, Face.FUTURES, [Kind.FEE], "BTCUSDT", Page())
    assert fee.amount == D("-1.0000125")
    assert fee.account is Account.FREE
    assert ledger.income(MAIN, Face.FUTURES, [Kind.FEE], "ETHUSDT", Page()) == []
    [deposit] = ledger.income(MAIN, Face.FUTURES, [Kind.DEPOSIT], None, Page())
    assert deposit.amount == 10_000
