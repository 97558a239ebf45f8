"""Commands over a bucket behind a network that loses, cuts and refuses: exit code, words, rows."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.faulty_proxy import Proxy, proxied
from support.object_store import BUCKET, ObjectStore

from xq.lake.objects import address
from xq.lake.objects.address import connect, parse
from xq.lake.objects.bucket import Bucket

Run = Callable[..., Any]
HEAD = "ts,open,high,low,close,volume\n"
TO = ("--symbol", "BTC/USDT", "--exchange", "binance")
COUNT = ("sql", "SELECT count(*) AS n FROM ohlcv")


@pytest.fixture
def proxy(s3: ObjectStore) -> Iterator[Proxy]:
    with proxied(s3.url) as found:
        yield found


@pytest.fixture
def url(
    xq: Run, s3: ObjectStore, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The workspace here reaches its bucket through the proxy; three bars are there."""
    found = f"s3://{BUCKET}/net/{tmp_path.parent.name}/{tmp_path.name}"
    xq("init", ".", "--exchange", "sim").check(0)
    for name, text in (s3.environ | {"AWS_ENDPOINT_URL": proxy.url}).items():
        monkeypatch.setenv(name, text)
    monkeypatch.setenv("XQ_LAKE__PATH", found)
    monkeypatch.chdir(tmp_path)
    for name, hours in (("begin", range(3)), ("more", range(3, 5)), ("other", range(5, 9))):
        rows = [f"2024-01-01T{hour:02}:00Z,10,12,9,11,1\n" for hour in hours]
        (tmp_path / f"{name}.csv").write_text(HEAD + "".join(rows))
    xq("data", "import", "begin.csv", *TO).check(0)
    return found


def add(xq: Run, name: str = "more") -> Any:
    return xq("data", "import", f"{name}.csv", *TO)


def count(xq: Run) -> int:
    shutil.rmtree("state/lake")  # as another machine sees it
    xq("data", "verify").check(0)
    [row] = xq(*COUNT).rows
    return int(row["n"])


@pytest.mark.parametrize("fate", ["503", "lost", "unanswered"])
@pytest.mark.parametrize(
    ("method", "part"), [("PUT", ".parquet"), ("PUT", "/heads/"), ("GET", "/heads/")]
)
def test_what_fails_now_and_then_is_asked_again(
    xq: Run, url: str, proxy: Proxy, method: str, part: str, fate: str
) -> None:
    met = proxy.first(method, part, fate, times=2)
    add(xq).check(0)
    assert len(met) == 2
    assert count(xq) == 5


def test_an_answer_that_is_cut_is_asked_for_again(xq: Run, url: str, proxy: Proxy) -> None:
    shutil.rmtree("state/lake")
    met = proxy.first("GET", ".parquet", "cut")
    [row] = xq(*COUNT).rows
    assert (row["n"], len(met)) == (3, 1)


@pytest.mark.parametrize(
    ("part", "said"),
    [(".parquet", "; nothing was changed"), ("/heads/", "whether it was committed is not known")],
)
def test_a_store_that_refuses_for_long(
    xq: Run, url: str, proxy: Proxy, part: str, said: str
) -> None:
    proxy.first("PUT", part, "503", times=99)
    refused = add(xq)
    assert refused.exit_code == 4
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    proxy.fate = lambda method, path: "pass"
    assert count(xq) == 3
    add(xq).check(0)
    assert count(xq) == 5


def test_a_cut_for_good_after_the_head_was_put(xq: Run, url: str, proxy: Proxy) -> None:
    """The commit is there and nobody can say so; the same command again finds it."""
    gone = []

    def decide(method: str, path: str) -> str:
        if gone:
            return "lost"
        if (method, "/heads/" in path) == ("PUT", True):
            gone.append(path)
            return "unanswered"
        return "pass"

    proxy.fate = decide
    refused = add(xq)
    assert (refused.exit_code, "is not known" in refused.stderr) == (4, True)
    unread = xq("data", "ls")
    assert (unread.exit_code, "the object store cannot be reached" in unread.stderr) == (4, True)
    proxy.fate = lambda method, path: "pass"
    add(xq).check(0)
    assert count(xq) == 5


def test_a_store_that_never_answers(
    xq: Run, url: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = {"connect_timeout": "1s", "read_timeout": "300ms", "timeout": "300ms"}
    monkeypatch.setattr(address, "_TIMEOUTS", quick)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")  # another client than the one at hand
    proxy.fate = lambda method, path: "hang"
    refused = xq("data", "ls")
    assert refused.exit_code == 4
    assert "the object store cannot be reached" in refused.stderr


def test_a_machine_that_dies_between_file_and_head(
    xq: Run, url: str, proxy: Proxy, s3: ObjectStore, tmp_path: Path
) -> None:
    """Another machine writes on; what the dead one had put is not seen, nor swept too early."""
    started: list[subprocess.Popen[bytes]] = []

    def kill(method: str, path: str) -> str:
        if (method, "/heads/" in path) != ("PUT", True):
            return "pass"
        os.kill(started[0].pid, signal.SIGKILL)
        return "lost"

    environ = os.environ | {"XQ_LAKE__CACHE": str(tmp_path / "elsewhere")}
    line = [sys.executable, "-m", "xq", "data", "import", "more.csv", *TO]
    proxy.fate = kill
    started.append(subprocess.Popen(line, env=environ, stderr=subprocess.DEVNULL))
    assert started[0].wait(timeout=120) == -signal.SIGKILL
    proxy.fate = lambda method, path: "pass"
    assert count(xq) == 3
    add(xq, "other").check(0)
    assert count(xq) == 7
    xq("data", "compact").check(0)
    add(xq).check(0)
    assert count(xq) == 9


def test_a_lost_head_is_told_and_made_anew(xq: Run, url: str, s3: ObjectStore) -> None:
    bucket = Bucket(connect(parse(url), s3.environ), parse(url))
    bucket.delete([item.key for item in bucket.list(".xq/heads")])
    for line in (("data", "ls"), COUNT, ("data", "check"), ("data", "compact")):
        refused = xq(*line)
        assert refused.exit_code == 4, line
        assert "hint:  xq data verify --accept --kind ohlcv --symbol BTC/USDT" in refused.stderr
    told = xq("data", "verify")
    assert (told.exit_code, [row["rule"] for row in told.rows]) == (4, ["missing"])
    mended = xq("data", "verify", "--accept")
    mended.check(0)
    assert "head made anew from 1 files, 3 rows" in mended.stderr
    assert count(xq) == 3
