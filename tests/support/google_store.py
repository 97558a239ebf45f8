"""A Google Cloud Storage server for tests: see ``gcs_front.py``."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_SCRIPT = Path(__file__).with_name("gcs_front.py")


@dataclass(frozen=True)
class GoogleStore:
    """A running server."""

    url: str

    @property
    def environ(self) -> dict[str, str]:
        """What a user would put into the environment; with this key nobody is asked for a token."""
        key = {"gcs_base_url": self.url, "disable_oauth": True, "client_email": "",
               "private_key": "", "private_key_id": ""}  # fmt: skip
        return {"GOOGLE_BASE_URL": self.url, "GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(key)}


def python() -> Path:
    """The interpreter of the server's own environment, which ``make test`` prepares."""
    given = os.environ.get("XQ_TEST_GCS_PYTHON")
    return Path(given) if given else _ROOT / ".venv-gcs" / "bin" / "python"


@contextmanager
def serving() -> Iterator[GoogleStore]:
    """A server with one empty bucket, until the context ends."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    process = subprocess.Popen(
        [python(), _SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield GoogleStore(f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.stdin.close()
        process.wait(timeout=60)
        process.stdout.close()
