"""``xq sim --market …``: recorded prices, speeds and conditions, and what is refused."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from support.replayed import FROM, make, minutes

from xq.timeframe import DAY_MS, HOUR_MS


class Server:
    """``xq sim`` in a process of its own; on entering, what it says of itself."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "xq", "sim", "--port", "0", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder,
        )  # fmt: skip

    def __enter__(self) -> "Server":
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        self.report = json.loads(line)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGINT)
        _, self.notes = self.process.communicate(timeout=60)
        assert "Traceback" not in self.notes
        assert self.process.returncode == 0, self.notes

    def ask(self, path: str) -> object:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(self.report["url"] + path, timeout=30).json()

    def time(self) -> int:
        return self.ask("/api/v3/time")["serverTime"]


@pytest.fixture
def folder(tmp_path):
    make(tmp_path / "data")
    return tmp_path


def test_the_lake_is_replayed_from_a_date(folder):
    with Server(folder, "--market", "replay", "--from", "2023-07-02T12:00") as server:
        report = server.report
        assert report["venue_time"] == "2023-07-02T12:00:00Z"
        assert (report["market"], report["speed"]) == ("replay", "1")
        rows = server.ask(
            "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1000&endTime=1688212000000"
        )
        stored = {row[0]: row[1:] for row in minutes().tolist()}
        assert len(rows) == 1000
        for row in rows:
            if row[0] in stored:
                assert [float(value) for value in row[1:6]] == stored[row[0]]
        listed = server.ask("/fapi/v1/exchangeInfo")["symbols"]
        assert [item["symbol"] for item in listed] == ["BTCUSDT"]
        assert server.ask("/api/v3/depth?symbol=BTCUSDT&limit=5")["bids"]
        assert server.ask("/fapi/v1/premiumIndex?symbol=BTCUSDT")["markPrice"]


def test_speed_passes_and_lasts(folder):
    with Server(folder, "--market", "replay", "--speed", "3600") as server:
        assert server.report["speed"] == "3600"
        begun = server.time()
        while server.time() < begun + HOUR_MS:
            pass
    with Server(folder, "--market", "replay") as again:
        assert again.report["speed"] == "3600"
        assert again.time() >= begun + HOUR_MS


def test_time_ends_with_the_recording(folder):
    end = FROM + 3 * DAY_MS
    with Server(
        folder, "--market", "replay", "--from", "2023-07-03T23:59:59", "--speed", "1000"
    ) as s:
        while s.time() < end:
            pass
        assert s.time() == end
        assert float(s.ask("/api/v3/ticker/price?symbol=BTCUSDT")["price"]) == minutes()[-1, 4]


def test_conditions(folder):
    with Server(folder, "--market", "replay", "--from", "2023-07-02",
                "--liquidity", "spread:50", "--latency", "sampled:20") as server:  # fmt: skip
        quote = server.ask("/api/v3/ticker/bookTicker?symbol=BTCUSDT")
        bid, ask = float(quote["bidPrice"]), float(quote["askPrice"])
        assert (ask - bid) / ask > 0.0049


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("--market replay --from 2010-01-01", 4, "nothing is recorded at 2010-01-01"),
        ("--market replay --from 2030-01-01", 4, "prices reach from 2023-06-26"),
        ("--market book", 4, "there is no book_diff in the lake"),
        ("--market replay --source bynance", 2, "did you mean 'binance'"),
        ("--source binance", 2, "--market replay --source binance"),
        ("--speed fast", 2, "expected a speed"),
        ("--latency late", 2, "expected a latency"),
        ("--liquidity deep", 2, "expected spread:"),
        ("--market book --liquidity impact", 2, "belongs to other markets"),
    ],
)
def test_what_cannot_be_is_refused(folder, words, code, said):
    done = subprocess.run(
        [sys.executable, "-m", "xq", "sim", "--port", "0", *words.split()],
        capture_output=True, text=True, cwd=folder, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "hint:" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "state" / "sim.sqlite").exists() or code == 4


def test_an_empty_lake_is_told(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "xq", "sim", "--market", "replay", "--port", "0"],
        capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 4
    assert "xq collect" in done.stderr


def test_books_of_one_market_are_not_continued_in_another(folder):
    with Server(folder, "--market", "replay", "--from", "2023-07-02"):
        pass
    done = subprocess.run(
        [sys.executable, "-m", "xq", "sim", "--port", "0"],
        capture_output=True, text=True, cwd=folder, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert "--market replay" in done.stderr
