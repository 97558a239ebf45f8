"""The journal file: what is in it survives, and nonsense does not get in."""

import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from support.toy_venue import SPOT

from xq.errors import ConfigError, CorruptFile, NoData, OrderRefused, StorageFailed, XqError
from xq.execution.journal import Journal, open_journal, read_journal, scratch_journal
from xq.execution.memory import MemoryJournal
from xq.execution.orders import OrderState
from xq.execution.records import (
    DecisionKey,
    DecisionStatus,
    EquityPoint,
    JournalOrder,
    Signal,
)
from xq.types import Fill, Order, OrderStatus, OrderType, Side

KEY = DecisionKey("toy", "plan", "1h", (SPOT,), 3_600_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite"


@pytest.fixture
def filed(path: Path) -> Iterator[Journal]:
    with open_journal(path, "toy") as opened:
        yield opened


@pytest.fixture(params=["file", "memory"])
def journal(request: pytest.FixtureRequest) -> Journal:
    if request.param == "memory":
        return MemoryJournal("toy")
    found: Journal = request.getfixturevalue("filed")
    return found


def intent(journal: Journal, client_id: str = "xq-1") -> JournalOrder:
    decision = journal.decisions.find(KEY) or journal.decisions.begin(KEY, 1)
    order = JournalOrder(
        client_id=client_id,
        decision_id=decision.id,
        symbol=SPOT,
        leg="open",
        side=Side.BUY,
        type=OrderType.MARKET,
        quantity=Decimal("0.10"),
        reduce_only=False,
        expected_price=Decimal(40_000),
        position_before=Decimal(0),
        state=OrderState.INTENT,
        venue_ms=5,
        created_ms=10,
    )
    journal.intend(order)
    return order


def seen(status: OrderStatus, filled: str) -> Order:
    return Order(
        SPOT, "7", "xq-1", Side.BUY, OrderType.MARKET, Decimal("0.10"), status, Decimal(filled),
        average_price=Decimal("40000.5"), ts=20,
    )  # fmt: skip


def fill(number: str, quantity: str, asset: str = "USDT", fee: str = "1") -> Fill:
    return Fill(
        SPOT, number, "7", Side.BUY, Decimal(40_000), Decimal(quantity), Decimal(fee), asset, 20
    )


def test_everything_is_there_after_reopening(path: Path) -> None:
    with open_journal(path, "toy") as journal:
        order = intent(journal)
        decision = journal.decisions.find(KEY)
        assert decision is not None
        signal = Signal(SPOT, 0.1, Decimal("40000.10"), Decimal(0), Decimal("0.10"), True, "so")
        journal.decisions.record_signals(decision, [signal])
        journal.observe("xq-1", seen(OrderStatus.FILLED, "0.10"), 20)
        journal.books.open(SPOT, 5, Decimal("0.5"))
        journal.books.add_fills([(fill("1", "0.10"), "xq-1")])
        journal.books.add_equity(EquityPoint(20, Decimal("9999.1"), Decimal(5_999), "plan", "spot"))
        journal.decisions.finish(decision, DecisionStatus.DONE)
    with read_journal(path, "toy") as journal:
        (kept,) = journal.orders()
        assert kept.quantity.as_tuple() == order.quantity.as_tuple()
        assert (kept.state, kept.venue_id, kept.average_price) == (
            OrderState.FILLED, "7", Decimal("40000.5"),
        )  # fmt: skip
        assert journal.decisions.last_signal(SPOT) == (KEY, signal)
        assert journal.books.position(SPOT) == Decimal("0.60")
        assert journal.books.equity()[0].equity == Decimal("9999.1")
        assert journal.books.symbols() == (SPOT,)


def test_a_commit_is_on_the_disk_when_it_returns(path: Path, filed: Journal) -> None:
    with filed._store.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
    intent(filed)
    other = sqlite3.connect(path)
    assert other.execute("SELECT client_id, state FROM orders").fetchall() == [("xq-1", "intent")]
    other.close()


def test_the_same_intent_is_refused_twice(journal: Journal) -> None:
    intent(journal)
    with pytest.raises(OrderRefused, match="already in the journal"):
        intent(journal)
    assert len(journal.orders()) == 1


def test_moves_are_legal_and_kept(journal: Journal) -> None:
    intent(journal)
    journal.move("xq-1", OrderState.UNKNOWN, 11, reason="no answer", code="-1007")
    journal.observe("xq-1", seen(OrderStatus.FILLED, "0.10"), 12)
    with pytest.raises(XqError, match="cannot go from filled to lost"):
        journal.move("xq-1", OrderState.LOST, 13)
    assert journal.moves("xq-1") == (
        (OrderState.INTENT, OrderState.UNKNOWN, 11, "no answer"),
        (OrderState.UNKNOWN, OrderState.FILLED, 12, "the venue says so"),
    )
    assert journal.order("xq-1").code == "-1007"


def test_an_old_answer_of_the_venue_changes_nothing(journal: Journal) -> None:
    intent(journal)
    journal.observe("xq-1", seen(OrderStatus.FILLED, "0.10"), 12)
    kept = journal.observe("xq-1", seen(OrderStatus.PARTIALLY_FILLED, "0.05"), 13)
    assert (kept.state, kept.filled) == (OrderState.FILLED, Decimal("0.10"))


def test_a_lost_order_that_turns_up_counts(journal: Journal) -> None:
    intent(journal)
    journal.move("xq-1", OrderState.LOST, 11)
    assert journal.observe("xq-1", seen(OrderStatus.FILLED, "0.10"), 12).filled == Decimal("0.10")


def test_a_bar_is_begun_once(journal: Journal) -> None:
    first = journal.decisions.begin(KEY, 1)
    again = journal.decisions.begin(KEY, 2)  # its run died before anything was written
    assert (first.id, first.created_ms) == (again.id, again.created_ms)
    once_more = journal.decisions.finish(again, DecisionStatus.AGAIN)
    assert (once_more.attempt, journal.decisions.begin(KEY, 3).attempt) == (1, 1)
    journal.decisions.finish(once_more, DecisionStatus.DONE)
    with pytest.raises(XqError, match="already decided"):
        journal.decisions.begin(KEY, 4)


def test_fills_are_counted_once_and_fees_in_base_are_taken_off(journal: Journal) -> None:
    intent(journal)
    journal.books.open(SPOT, 5, Decimal(0))
    two = [(fill("1", "0.04", "BTC", "0.00004"), "xq-1"), (fill("2", "0.06"), None)]
    assert journal.books.add_fills(two) == 2
    assert journal.books.add_fills(two) == 0
    assert journal.books.position(SPOT) == Decimal("0.09996")
    journal.books.adopt(SPOT, Decimal("0.05"))
    assert journal.books.position(SPOT) == Decimal("0.05")


def test_a_scratch_copy_leaves_no_trace(path: Path) -> None:
    with open_journal(path, "toy") as journal:
        intent(journal)
    before = path.read_bytes()
    with scratch_journal(path, "toy") as scratch:
        scratch.move("xq-1", OrderState.LOST, 11)
        assert scratch.order("xq-1").state is OrderState.LOST
    assert path.read_bytes() == before


def test_a_journal_of_another_account_or_a_newer_xq_is_refused(path: Path) -> None:
    with open_journal(path, "toy"):
        pass
    for opened in (open_journal, read_journal, scratch_journal):
        with pytest.raises(ConfigError, match="belongs to account 'toy', not 'other'"), \
                opened(path, "other"):  # fmt: skip
            pass
    other = sqlite3.connect(path)
    other.execute("UPDATE meta SET value = '99' WHERE name = 'version'")
    other.execute("ALTER TABLE fills RENAME TO executions")
    other.commit()
    other.close()
    for opened in (open_journal, read_journal, scratch_journal):
        with pytest.raises(ConfigError, match="format 99, this xq knows up to 1"), \
                opened(path, "toy"):  # fmt: skip
            pass
    assert "fills" not in tables(path)  # nothing was added to what is not understood


def tables(path: Path) -> set[str]:
    connection = sqlite3.connect(path)
    try:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    finally:
        connection.close()


def test_a_file_that_is_no_journal_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 100)
    for opened in (open_journal, read_journal, scratch_journal):
        with pytest.raises(CorruptFile, match="the journal cannot be read"), \
                opened(path, "toy") as journal:  # fmt: skip
            journal.orders()


def test_no_journal_is_no_data(path: Path) -> None:
    with pytest.raises(NoData, match="nothing has been traded yet"), read_journal(path, "toy"):
        pass


def test_a_disk_that_refuses_is_our_error(path: Path) -> None:
    with open_journal(path, "toy") as journal:
        intent(journal)
    with read_journal(path, "toy") as journal, pytest.raises(StorageFailed, match="readonly"):
        journal.move("xq-1", OrderState.LOST, 11)


def test_a_full_disk_leaves_the_journal_as_it_was(path: Path, filed: Journal) -> None:
    with filed._store.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    def write_on() -> None:
        for number in range(10_000):
            intent(filed, f"xq-{number}")

    with pytest.raises(StorageFailed, match="disk is full"):
        write_on()
    kept = len(filed.orders())
    assert 0 < kept < 10_000
