"""A real S3-compatible server for tests, and lakes in it."""

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_SCRIPT = Path(__file__).with_name("s3_server.py")
BUCKET = "lakes"


@dataclass(frozen=True)
class ObjectStore:
    """A running server."""

    url: str

    @property
    def environ(self) -> dict[str, str]:
        """What a user would put into the environment."""
        return {
            "AWS_ACCESS_KEY_ID": "tester",
            "AWS_SECRET_ACCESS_KEY": "not-a-secret",
            "AWS_ENDPOINT_URL": self.url,
        }

    def requests(self) -> dict[str, int]:
        """How many requests of each kind came since this was last asked."""
        with _open(f"{self.url}/-/requests") as answer:
            found: dict[str, int] = json.load(answer)
        return found

    def make_bucket(self, name: str) -> None:
        _open(urllib.request.Request(f"{self.url}/{name}", method="PUT")).close()


def python() -> Path:
    """The interpreter of the server's own environment, which ``make test`` prepares."""
    given = os.environ.get("XQ_TEST_S3_PYTHON")
    return Path(given) if given else _ROOT / ".venv-s3" / "bin" / "python"


@contextmanager
def serving(milliseconds: float = 0) -> Iterator[ObjectStore]:
    """A server with one empty bucket, until the context ends; slow to answer if told so."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PYTHON"))}
    process = subprocess.Popen(
        [python(), _SCRIPT, str(milliseconds)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=environ | {"HOME": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"},
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        store = ObjectStore(f"http://127.0.0.1:{int(process.stdout.readline())}")
        store.make_bucket(BUCKET)
        yield store
    finally:
        process.stdin.close()
        process.wait(timeout=60)
        process.stdout.close()


def _open(request):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(request, timeout=60)
