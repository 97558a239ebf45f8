"""``xq collect`` killed and interrupted in the middle: nothing torn, and the next run resumes."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.connect_proxy import ConnectProxy
from support.tiny_binance import HOUR, TinyBinance
from support.wire_server import HANG, Request, WireServer

NOW = 1_704_067_200_000
BARS = 60_000
COMMITTED = BARS - 2 * 8_760  # whole years, as one piece, before the one that is cut short
_LOOKS = 1_500  # for half a minute at most
_NETWORK = re.compile(r"proxy|CA_BUNDLE|SSL_CERT", re.IGNORECASE)


class Stalling(TinyBinance):
    """Falls silent at one page of bars, once, and says so."""

    def __init__(self) -> None:
        super().__init__(NOW, [NOW - hours * HOUR for hours in range(BARS, -1, -1)])
        self.silent_from = NOW - 1_500 * HOUR
        self.patient = True
        self.told = False

    def __call__(self, request: Request) -> bytes:
        found = re.search(r"startTime=(\d+)", request.path)
        if self.patient and found and int(found[1]) >= self.silent_from:
            if not self.told:
                self.told = True
                self.stalled()
            return HANG
        return super().__call__(request)

    def stalled(self) -> None:
        pass


@pytest.fixture
def venue() -> Stalling:
    return Stalling()


@pytest.fixture
def environment(venue: Stalling, tmp_path: Path) -> Iterator[dict[str, str]]:
    with WireServer(venue) as server:
        port = int(server.url.rpartition(":")[2])
        with ConnectProxy(["api.binance.com"], port) as proxy:
            kept = {name: text for name, text in os.environ.items() if not _NETWORK.search(name)}
            yield {**kept, **proxy.environment(tmp_path / "ca.pem")}


def start(folder: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    days = str(BARS // 24)
    return subprocess.Popen(
        [sys.executable, "-m", "xq", "collect", "--symbol", "BTC/USDT", "--days", days],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def stored(folder: Path) -> int:
    return sum(pq.read_table(file).num_rows for file in folder.glob("data/ohlcv/**/part.parquet"))


@pytest.mark.parametrize(
    ("kind", "code", "message"),
    [(signal.SIGKILL, -signal.SIGKILL, ""), (signal.SIGINT, 130, "error: interrupted; ")],
    ids=["killed", "interrupted"],
)
def test_a_run_cut_short_resumes(
    tmp_path: Path,
    venue: Stalling,
    environment: dict[str, str],
    kind: signal.Signals,
    code: int,
    message: str,
) -> None:
    folder = tmp_path / "desk"
    folder.mkdir()
    process = start(folder, environment)

    def cut_short() -> None:
        for _ in range(_LOOKS):  # pieces are written while the next are fetched
            if stored(folder) == COMMITTED:
                break
            threading.Event().wait(0.02)
        process.send_signal(kind)

    venue.stalled = cut_short
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr[: len(message) or None]) == (code, "", message)
    assert stored(folder) == COMMITTED

    venue.patient = False
    stdout, stderr = start(folder, environment).communicate(timeout=60)
    assert stderr == ""
    row = json.loads(stdout)
    assert (row["bars"], row["new"], row["missing"]) == (BARS, BARS - COMMITTED, 0)
    assert stored(folder) == BARS
