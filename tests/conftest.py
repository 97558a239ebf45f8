"""Fixtures shared by every test."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from support import google_store
from support.faultline import compiler
from support.google_store import GoogleStore
from support.object_store import ObjectStore, python, serving

from xq.redact import REDACTOR

_ROOT = Path(__file__).resolve().parent.parent
_ASIDE = _ROOT.parent / "shared" / "data"

# The same examples on every run and machine, however slow; XQ_TEST_EXAMPLES=random looks for new
# ones, as `make torture` does.
settings.register_profile(
    "xq",
    deadline=None,
    derandomize=os.environ.get("XQ_TEST_EXAMPLES") != "random",
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("xq")
collect_ignore = ["support/s3_server.py", "support/gcs_front.py"]  # run where the servers are


@pytest.fixture(scope="session")
def market_data() -> Path:
    """Folder of recorded market data; see `XQ_TEST_DATA`."""
    folder = Path(os.environ.get("XQ_TEST_DATA", _ASIDE))
    if (folder / "manifest.json").is_file():
        return folder
    if os.environ.get("XQ_TEST_DATA_REQUIRED") == "1":
        pytest.fail(f"no market data in {folder}; set XQ_TEST_DATA")
    pytest.skip("no recorded market data (set XQ_TEST_DATA)")


@pytest.fixture(scope="session")
def c_compiler() -> None:
    """For tests that fail calls of the system below Python; none may be left out where all run."""
    if compiler() is None:
        if os.environ.get("XQ_TEST_DATA_REQUIRED") == "1":
            pytest.fail("no C compiler (cc)")
        pytest.skip("needs a C compiler (cc)")


@pytest.fixture(autouse=True)
def _isolated_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of this machine reaches a test, and no test reaches beyond this machine."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    for name in list(os.environ):
        ours = name.startswith("XQ_") and not name.startswith("XQ_TEST_")
        if ours or name.startswith(("AWS_", "AZURE_", "GOOGLE_")):
            monkeypatch.delenv(name)
    REDACTOR.forget()  # what one test calls a secret may be a word of the next


@pytest.fixture(scope="session")
def s3() -> Iterator[ObjectStore]:
    """An S3-compatible server on loopback with one bucket; `make test` prepares it."""
    if not python().exists():
        pytest.fail(f"no S3 server in {python()}; run: make {python().parents[1].name}/.ready")
    with serving() as store:
        yield store


@pytest.fixture(scope="session")
def gcs() -> Iterator[GoogleStore]:
    """A Google Cloud Storage server on loopback with one bucket; `make test` prepares it."""
    if not google_store.python().exists():
        ready = f"{google_store.python().parents[1].name}/.ready"
        pytest.fail(f"no Google Cloud Storage server; run: make {ready}")
    with google_store.serving() as store:
        yield store


@dataclass(frozen=True)
class Result:
    """What one command line did."""

    exit_code: int
    stdout: str
    stderr: str

    def check(
        self, exit_code: int = 0, stdout: str | None = None, stderr: str | None = None
    ) -> None:
        """Compare code and whole outputs; None leaves one out."""
        assert (self.exit_code, self.stderr if exit_code else "") == (
            exit_code,
            (self.stderr if stderr is None else stderr) if exit_code else "",
        ), self.stderr
        assert stdout is None or self.stdout == stdout
        assert stderr is None or self.stderr == stderr

    @property
    def rows(self) -> list[Any]:
        """Stdout read as JSON lines."""
        return [json.loads(line) for line in self.stdout.splitlines()]


@pytest.fixture
def xq(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command line in process, in an empty folder: ``xq("data", "ls", stdin="")``."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object, stdin: str = "") -> Result:
        from xq.cli.app import run

        written = io.BytesIO(), io.BytesIO()
        out, err = (io.TextIOWrapper(raw, "utf-8", write_through=True) for raw in written)
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", io.StringIO(stdin))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = run([str(argument) for argument in arguments])
        return Result(code, *(raw.getvalue().decode() for raw in written))

    return call
