"""A PostgreSQL server of the tests' own: a folder, a unix socket, no network."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_DEBIAN = Path("/usr/lib/postgresql")
_REQUIRED = "XQ_TEST_DATA_REQUIRED"


def programs() -> Path:
    """The folder of initdb and postgres; without them the tests are skipped, or fail."""
    for initdb in sorted(_DEBIAN.glob("*/bin/initdb")):
        return initdb.parent
    if found := shutil.which("initdb"):
        return Path(found).parent
    reason = "no PostgreSQL server here: apt-get install postgresql"
    if os.environ.get(_REQUIRED) == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def running() -> Iterator[Path]:
    """Start a server; the folder of its socket. It refuses to run as root, so it does not."""
    folder = programs()
    user = pwd.getpwnam("nobody").pw_uid if os.getuid() == 0 else None
    with tempfile.TemporaryDirectory(
        prefix="xq-pg-", dir="/tmp"
    ) as made:  # a socket's path is short
        root = Path(made)
        if user is not None:
            os.chown(root, user, -1)
        data = root / "data"
        initdb = [folder / "initdb", "-D", data, "-U", "xq", "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [*initdb, "--locale=C.UTF-8", "--no-sync"], check=True, capture_output=True, user=user
        )
        start = [folder / "pg_ctl", "-D", data, "-w", "-t", "120", "-l", root / "log", "-o"]
        options = f"-k {root} -c listen_addresses='' -c max_connections=20"
        subprocess.run([*start, options, "start"], check=True, capture_output=True, user=user)
        try:
            yield root
        finally:
            stop = [folder / "pg_ctl", "-D", data, "-m", "immediate", "stop"]
            subprocess.run(stop, check=True, capture_output=True, user=user)


def url(socket: Path, database: str = "postgres") -> str:
    """The URL of a database of a server."""
    return f"postgresql://xq@/{database}?host={socket}"
