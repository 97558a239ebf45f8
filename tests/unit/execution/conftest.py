"""The journals that one suite runs over: a file, memory, a server."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from support import postgres

from xq.execution.journal import Journal, open_journal
from xq.execution.memory import MemoryJournal
from xq.execution.server import Server, namespace


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of this test process."""
    with postgres.running() as socket:
        yield postgres.url(socket)


@pytest.fixture
def server(postgres_url: str) -> Server:
    """The server, without a journal of account ``toy``."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {namespace('toy')} CASCADE")
    return Server.parse(postgres_url)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite"


@pytest.fixture
def filed(path: Path) -> Iterator[Journal]:
    with open_journal(path, "toy") as opened:
        yield opened


@pytest.fixture
def served(server: Server) -> Iterator[Journal]:
    with open_journal(server, "toy") as opened:
        yield opened


@pytest.fixture(params=["filed", "memory", "served"])
def journal(request: pytest.FixtureRequest) -> Journal:
    if request.param == "memory":
        return MemoryJournal("toy")
    found: Journal = request.getfixturevalue(request.param)
    return found
