"""``xq audit``: a sound journal, a changed one, and what became of one order."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support import postgres
from support.old_journals import migrate, write_old

from xq.execution.journal import open_journal
from xq.execution.server import Server


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "state" / "journal-sim.sqlite"
    write_old(path)
    return path


def test_a_journal_is_verified_and_its_head_found_again(xq: Any, journal: Path) -> None:
    refused = xq("audit", "verify")
    assert refused.exit_code == 4
    assert "had no chain" in refused.stderr
    migrate(journal)
    (first,) = xq("audit", "verify", "--output", "jsonl").rows
    assert first["findings"] == []
    assert xq("audit", "verify", "--head", first["head"]).exit_code == 0
    other = xq("audit", "verify", "--head", "0" * 64)
    assert other.exit_code == 4
    assert f"no link has the hash {'0' * 64}" in other.stdout


def test_a_changed_row_is_named(xq: Any, journal: Path) -> None:
    migrate(journal)
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("UPDATE fills SET price = '1' WHERE fill_id = 'f0'")
        connection.commit()
    result = xq("audit", "verify", "--output", "jsonl")
    assert result.exit_code == 4
    assert result.rows[0]["findings"] == ["fills BTC/USDT f0: changed"]
    assert "the journal is not what xq wrote: 1 place" in result.stderr


def test_what_became_of_an_order_is_shown(xq: Any, journal: Path) -> None:
    migrate(journal)
    rows = xq("audit", "show", "--subject", "xq-0", "--output", "jsonl").rows
    assert {row["kind"] for row in rows} == {"orders", "moves", "fills"}
    assert "no such row" in xq("audit", "show", "--subject", "xq-9").stderr


def test_a_journal_on_a_server_is_found_by_its_url(xq: Any, monkeypatch: Any) -> None:
    with postgres.running() as socket:
        url = postgres.url(socket)
        monkeypatch.setenv("XQ_TRADE__JOURNAL", url)
        assert "nothing has been traded yet" in xq("audit", "verify").stderr
        with open_journal(Server.parse(url), "sim") as journal:
            journal.books.set_note("leverage", "2")
        (found,) = xq("audit", "verify", "--output", "jsonl").rows
        assert (found["journal"], found["findings"]) == (url, [])
        assert xq("orders").rows == []
    assert xq("orders").exit_code == 4  # the server is gone
    monkeypatch.setenv("XQ_TRADE__JOURNAL", "postgresql://ann:secret@host/xq")
    refused = xq("orders")
    assert refused.exit_code == 3
    assert "secret" not in refused.stderr
