"""Journals of earlier formats: brought to this one whole, or left as they were."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from support import old_journals
from support.old_journals import NOW_MS, dump, migrate, write_old
from support.toy_venue import SPOT

from xq.clock import ManualClock
from xq.execution.database import file_engine
from xq.execution.journal import Journal, open_journal, read_journal, scratch_journal
from xq.execution.migrate import backup_path
from xq.execution.orders import OrderState
from xq.execution.schema import metadata


def answers(journal: Journal) -> list[object]:
    orders = journal.orders()
    assert [order.client_id for order in orders] == ["xq-0", "xq-1", "xq-2"]
    assert {order.strategy for order in orders} == {"plan"}
    assert orders[2].state is OrderState.UNKNOWN
    assert orders[2].code == "-1007"
    assert journal.books.position(SPOT) == Decimal("0.58")
    assert len(journal.moves("xq-0")) == 1
    return [
        orders,
        journal.books.fills(),
        journal.books.equity(),
        journal.decisions.signals(),
        journal.decisions.unfinished(),
        journal.books.note("leverage:ETH/USDT:USDT"),
    ]


def test_an_old_journal_is_brought_here_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    write_old(path)
    before = dump(path)
    with read_journal(path, "sim") as journal:
        read = answers(journal)
    with scratch_journal(path, "sim") as journal:
        assert answers(journal) == read
    assert dump(path) == before  # reading an old one changes nothing
    with open_journal(path, "sim", ManualClock(NOW_MS)) as journal:
        assert answers(journal) == read
        known = journal.order("xq-2")
        assert journal.move("xq-2", OrderState.LOST, 5).state is OrderState.LOST
        assert known.decision_id is not None
    assert dump(backup_path(path, 1)) == before
    with read_journal(path, "sim") as journal:
        assert journal.order("xq-2").state is OrderState.LOST


def test_a_migrated_file_has_the_tables_of_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    write_old(path)
    migrate(path)
    engine = file_engine(path)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        keys = {
            name: sa.inspect(connection).get_pk_constraint(name)["constrained_columns"]
            for name in metadata.tables
        }
    engine.dispose()
    assert keys == {
        name: [column.name for column in table.primary_key]
        for name, table in metadata.tables.items()
    }


def test_killed_at_any_step_a_migration_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    script = Path(old_journals.__file__)
    found = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin"},
    ).stdout
    points = int(found)
    assert points > 20
    complete = dump(tmp_path / "warm.sqlite")
    write_old(tmp_path / "old.sqlite")
    old = dump(tmp_path / "old.sqlite")
    for point in range(1, points + 2):
        path = tmp_path / str(point) / "journal.sqlite"
        assert dump(path) in (old, complete), point
        if point % 4:
            continue  # looking is cheap, going on from there is not
        migrate(path)
        assert dump(path) == complete, point
        assert dump(backup_path(path, 1)) == old, point


def test_a_first_run_that_was_killed_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
        connection.execute("CREATE TABLE orders (client_id TEXT PRIMARY KEY)")
    with open_journal(path, "sim") as journal:
        assert journal.orders() == ()
        assert journal.chain.verify().findings == ()
