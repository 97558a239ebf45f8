"""A journal on a real PostgreSQL server: one writer, and nothing leaves once it is out of reach."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from support.toy_venue import SPOT, START_MS, ToyVenue, desk, terms

from xq.clock import ManualClock
from xq.errors import ConfigError, LockHeld, NoData, StorageFailed
from xq.execution.journal import Journal, open_journal, read_journal, scratch_journal
from xq.execution.ledger_records import Event, Severity
from xq.execution.records import DecisionKey, DecisionStatus, EquityPoint, Signal
from xq.execution.server import Server
from xq.live.loop import tick
from xq.live.report import Act
from xq.types import Book, Symbol

KEY = DecisionKey("toy", "plan", "1h", (SPOT,), 3_600_000)


def fill_in(journal: Journal) -> None:
    decision = journal.decisions.begin(KEY, 1)
    signal = Signal(SPOT, 1.0, Decimal("40000.10"), Decimal(0), Decimal("0.10"), True, "so")
    journal.decisions.record_signals(decision, [signal])
    journal.books.open(SPOT, 5, Decimal("0.50"))
    journal.books.add_equity(EquityPoint(20, Decimal("9999.1"), Decimal(5_999), "plan", "spot"))
    journal.events.append(Event(5, "halt", Severity.ALARM, "halted"))
    journal.decisions.finish(decision, DecisionStatus.DONE)


def test_everything_is_there_after_reopening_and_the_chain_holds(server: Server) -> None:
    with pytest.raises(NoData, match="nothing has been traded yet"), read_journal(server, "toy"):
        pass
    with open_journal(server, "toy") as journal:
        fill_in(journal)
    with read_journal(server, "toy") as journal:
        assert str(journal.books.position(SPOT)) == "0.50"
        assert journal.books.symbols() == (SPOT,)
        assert journal.chain.verify().findings == ()
        with pytest.raises(StorageFailed, match="read-only"):
            journal.books.set_mirrored(1)
    with scratch_journal(server, "toy") as scratch:
        assert scratch.decisions.last_signal(SPOT) is not None
        scratch.books.set_mirrored(99)
        assert scratch.chain.verify().findings == ()
    with open_journal(server, "toy") as journal:
        assert journal.books.mirrored == 0
        later = DecisionKey("toy", "plan", "1h", (SPOT,), 7_200_000)
        assert journal.decisions.begin(later, 2).id == 2


def test_a_changed_row_is_named(server: Server) -> None:
    with open_journal(server, "toy") as journal:
        fill_in(journal)
        with psycopg.connect(server.url, autocommit=True) as other:
            other.execute("UPDATE xq_toy.signals SET reached = false")
        (found,) = journal.chain.verify().findings
        assert (found.kind, found.subject, found.what) == ("signals", "1 BTC/USDT", "changed")


def test_one_writer_at_a_time_and_each_account_has_its_own(server: Server) -> None:
    with open_journal(server, "toy"):
        with pytest.raises(LockHeld, match="another xq trade has the journal of toy open"), \
                open_journal(server, "toy"):  # fmt: skip
            pass
        with open_journal(server, "paper:binance") as other:
            assert other.orders() == ()
        with read_journal(server, "toy") as reader:
            assert reader.orders() == ()
    with open_journal(server, "toy"):
        pass


@dataclass
class Cutting(ToyVenue):
    """Cuts the trader's connection to its journal while it looks at the book."""

    server: str = ""

    def book(self, symbol: Symbol, depth: int) -> Book:
        if self.server:
            held = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            with psycopg.connect(self.server, autocommit=True) as other:
                other.execute(held)
        return super().book(symbol, depth)


def test_a_lost_connection_sends_nothing_and_is_not_made_again(server: Server) -> None:
    venue = Cutting(ManualClock(START_MS), server=server.url)
    with open_journal(server, "toy") as journal:
        for _ in range(2):
            with pytest.raises(StorageFailed, match="the journal refused"):
                tick(desk(venue, journal, {SPOT: 0.5}), terms())
    assert venue.requests == []
    venue.server = ""
    with open_journal(server, "toy") as journal:
        tick(desk(venue, journal, {SPOT: 0.5}), terms())
        assert tick(desk(venue, journal, {SPOT: 0.5}), terms()).act is Act.NOTHING
        assert journal.chain.verify().findings == ()
    assert len(venue.requests) == 1


def test_a_server_that_is_not_there_is_our_error(tmp_path: Path) -> None:
    nowhere = Server.parse(f"postgresql://xq@/xq?host={tmp_path}")
    with pytest.raises(StorageFailed, match="the journal refused"), open_journal(nowhere, "toy"):
        pass


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("postgresql://ann:secret@host/xq", "a password does not belong"),
        ("mysql://host/xq", "expected postgresql://user@host/database, found 'mysql://host/xq'"),
        ("postgresql://host", "expected postgresql://user@host/database"),
        ("nonsense", "expected postgresql://user@host/database"),
    ],
)
def test_other_urls_are_refused_and_no_password_is_shown(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        Server.parse(text)
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(Server.parse("postgresql://ann@host/xq", "secret"))
