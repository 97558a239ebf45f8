"""The chain: honest journals pass, every tampering is named."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.old_journals import migrate, write_old

from xq.clock import ManualClock
from xq.errors import ConfigError, CorruptFile, NoData
from xq.execution.audit import Audit, Finding
from xq.execution.journal import open_journal, read_journal
from xq.execution.ledger_records import Event, Severity, SwitchRow
from xq.execution.orders import OrderState

TAMPERINGS = 100


def audit(path: Path) -> Audit:
    with read_journal(path, "sim") as journal:
        return journal.chain.verify()


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A journal with a past: one file, closed."""
    path = tmp_path_factory.mktemp("honest") / "journal.sqlite"
    write_old(path)
    migrate(path)
    with open_journal(path, "sim", ManualClock(7)) as journal:
        journal.move("xq-2", OrderState.LOST, 5)
        journal.events.append(Event(5, "halt", Severity.ALARM, "halted"))
        journal.switches.keep([SwitchRow("drawdown", 7, "limit", "cancel", "deep")])
        for decision in journal.decisions.unfinished():
            journal.decisions.record_signals(decision, [])  # rows that are gone are told too
        journal.books.set_mirrored(3)
    return path.read_bytes()


def tamper(path: Path, chance: random.Random) -> str:
    """Change, delete or insert one row of any table; what was done."""
    with closing(sqlite3.connect(path)) as connection:
        filled = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        tables = [
            name
            for (name,) in connection.execute(filled).fetchall()
            if connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
        ]
        table = chance.choice(tables)
        info = connection.execute(f"PRAGMA table_info({table})").fetchall()
        names, keys = [row[1] for row in info], [row[1] for row in info if row[5]]
        rows = connection.execute(f"SELECT rowid, * FROM {table} ORDER BY rowid").fetchall()
        rowid, *found = chance.choice(rows)
        values = dict(zip(names, found, strict=True))
        act, place = chance.choice(["change", "delete", "insert"]), chance.choice(names)
        if act == "change":
            changed = other(values[place], chance)
            statement = f"UPDATE {table} SET {place} = ? WHERE rowid = ?"
            connection.execute(statement, (changed, rowid))
        elif act == "delete":
            connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))
        else:
            values |= {name: f"{values[name]}9" for name in keys}
            values |= {"bar_ms": 9} if "bar_ms" in values else {}  # unique in its table
            marks = ", ".join("?" * len(values))
            connection.execute(f"INSERT INTO {table} VALUES ({marks})", tuple(values.values()))
        connection.commit()
        return f"{act} {table}.{place} of row {rowid}"


def other(value: object, chance: random.Random) -> object:
    """A value of the same kind that is not the same."""
    if isinstance(value, int):
        return value + chance.choice([1, 2, 1_000])
    if isinstance(value, float):
        return value * 2 + 1
    return f"{value or ''}{chance.choice(['0', 'x', ' '])}"


def test_every_tampering_is_found(tmp_path: Path, honest: bytes) -> None:
    path, missed = tmp_path / "journal.sqlite", []
    for seed in range(TAMPERINGS):
        path.write_bytes(honest)
        done = tamper(path, random.Random(seed))
        try:
            found = audit(path).findings
        except (ConfigError, CorruptFile):  # what it says of itself: refused before it is read
            continue
        if not found:
            missed.append(f"{seed}: {done}")
    assert missed == []


def test_an_honest_journal_passes_and_tells_its_head(tmp_path: Path, honest: bytes) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(honest)
    found = audit(path)
    assert found.findings == ()
    assert (found.links > found.rows > 20, len(found.head)) == (True, 64)
    with open_journal(path, "sim") as journal:
        journal.books.set_mirrored(4)
        assert journal.chain.holds(found.head)
        assert journal.chain.head().hash != found.head


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE orders SET quantity = '0.1' WHERE client_id = 'xq-0'", ("xq-0", "changed")),
        ("UPDATE orders SET state = 'banana' WHERE client_id = 'xq-0'", ("xq-0", "changed")),
        ("UPDATE orders SET reduce_only = 2 WHERE client_id = 'xq-0'", ("xq-0", "changed")),
        ("DELETE FROM fills WHERE fill_id = 'foreign'", ("BTC/USDT foreign", "deleted")),
        ("INSERT INTO meta VALUES ('leverage:X', '9')", ("leverage:X", "inserted")),
        ("UPDATE meta SET value = '1' WHERE name = 'revision'", ("revision", "changed")),
    ],
)
def test_the_row_is_named(
    tmp_path: Path, honest: bytes, statement: str, finding: tuple[str, str]
) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(honest)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()
    (found,) = audit(path).findings
    assert (found.subject, found.what) == finding


def test_a_tail_cut_off_is_found(tmp_path: Path, honest: bytes) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(honest)
    with closing(sqlite3.connect(path)) as connection:
        newest = "SELECT max(sequence) FROM chain"
        connection.execute(f"DELETE FROM chain WHERE sequence = ({newest})")
        connection.execute("UPDATE meta SET value = '0' WHERE name = 'mirrored'")
        connection.commit()
    assert Finding("meta", "revision", "changed") in audit(path).findings


def test_an_order_is_shown_with_all_that_became_of_it(tmp_path: Path, honest: bytes) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(honest)
    with read_journal(path, "sim") as journal:
        kinds = [link.kind for link in journal.chain.links("xq-2")]
        assert kinds == ["orders", "moves", "orders", "moves"]
        assert [link.kind for link in journal.chain.links(limit=1)] == ["meta"]
        assert journal.chain.links("xq-") == ()


def test_an_old_format_has_no_chain_to_verify(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    write_old(path)
    with pytest.raises(NoData, match="earlier format"):
        audit(path)


def test_what_xq_never_wrote_is_our_error(tmp_path: Path, honest: bytes) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(honest)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE orders SET state = 'banana'")
        connection.commit()
    with read_journal(path, "sim") as journal, pytest.raises(CorruptFile, match="'banana'"):
        journal.orders()
