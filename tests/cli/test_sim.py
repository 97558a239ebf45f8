"""``xq sim``: says where it listens, serves, ends cleanly, refuses a second owner."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import ccxt
import pytest
import requests


class Server:
    """``xq sim`` in a process of its own."""

    def __init__(self, *arguments: str, cwd: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "xq", "sim", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
        )

    def report(self) -> dict[str, object]:
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        return json.loads(line)

    def end(self, number: int) -> tuple[int, str, str]:
        self.process.send_signal(number)
        rest, notes = self.process.communicate(timeout=120)
        return self.process.returncode, rest, notes


def time_of(url: str) -> int:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(f"{url}/api/v3/time", timeout=10).json()["serverTime"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_told_to_stop(tmp_path, number):
    server = Server(cwd=tmp_path)
    report = server.report()
    assert report["venue_time"] == "2024-01-01T00:00:00Z"
    assert time_of(report["url"]) >= 1_704_067_200_000
    code, rest, notes = server.end(number)
    assert (code, rest) == (0, "")
    assert f'url, ws = "{report["url"]}"' in notes
    assert "Traceback" not in notes
    assert (tmp_path / "state" / "sim.sqlite").is_file()


def test_what_it_prints_is_a_program_that_trades_at_every_door(tmp_path):
    server = Server(cwd=tmp_path)
    server.report()
    code, _, notes = server.end(signal.SIGTERM)
    assert code == 0
    assert all(len(line) < 80 for line in notes.splitlines() if "sim.sqlite" not in line)
    old = notes.split('url, ws = "')[1].partition('"')[0]
    server = Server("--state", "state", cwd=tmp_path)
    names: dict[str, Any] = {}
    exec(notes.replace(old.partition("//")[2], server.report()["url"].partition("//")[2]), names)
    symbols = {"spot": "BTC/USDT", "futures": "BTC/USDT:USDT", "bybit": "BTC/USDT:USDT"}
    for name, symbol in symbols.items():
        with names[name].session:
            assert names[name].fetch_ticker(symbol)["last"] > 0
            assert names[name].fetch_balance()["USDT"]["free"] == 10_000
            with pytest.raises(ccxt.InsufficientFunds):
                names[name].create_order(symbol, "market", "buy", 50)
    assert server.end(signal.SIGTERM)[0] == 0


def test_a_second_server_is_refused_with_the_holders_process(tmp_path):
    server = Server("--state", "here", "--quiet", cwd=tmp_path)
    report = server.report()
    second = Server("--state", "here", cwd=tmp_path)
    out, err = second.process.communicate(timeout=120)
    assert second.process.returncode == 75
    assert out == ""
    assert f"held by process {report['pid']}" in err
    assert report["url"] in err
    assert server.end(signal.SIGTERM) == (0, "", "")


def test_it_can_start_later_and_never_earlier(tmp_path):
    server = Server("--at", "2024-01-01T05:00", "--seed", "3", cwd=tmp_path)
    report = server.report()
    assert (report["venue_time"], report["seed"]) == ("2024-01-01T05:00:00Z", 3)
    server.end(signal.SIGTERM)
    early = Server("--at", "2023-06-01", "--seed", "3", cwd=tmp_path)
    _, err = early.process.communicate(timeout=120)
    assert early.process.returncode == 2
    assert "cannot go back to 2023-06-01" in err
    other = Server(cwd=tmp_path)
    _, err = other.process.communicate(timeout=120)
    assert other.process.returncode == 3
    assert "seed 3, found 7" in err


def test_nonsense_times_are_usage_errors(tmp_path):
    server = Server("--at", "tomorrow", cwd=tmp_path)
    _, err = server.process.communicate(timeout=120)
    assert server.process.returncode == 2
    assert "found 'tomorrow'" in err
    assert not (tmp_path / "state").exists()
