"""The same seed and the same requests write the same ledger, byte by byte, in fresh processes."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import ccxt
import pytest
import requests
from support.sim_ccxt import futures_client, spot_client

PERPETUAL, ETHER = "BTC/USDT:USDT", "ETH/USDT:USDT"


def told(folder: Path, *, seed: int = 7, hashes: int = 0, end: int = signal.SIGTERM) -> Path:
    """The ledger of ``xq sim`` in a process of its own that was told the whole story."""
    command = "-m xq sim --port 0 --admin-port 0 --speed max --account alice --quiet --seed"
    with subprocess.Popen(
        [sys.executable, *command.split(), str(seed), "--state", str(folder)],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONHASHSEED": str(hashes)},
    ) as process:  # fmt: skip
        try:
            report = json.loads(process.stdout.readline())
            _story(report["url"], report["admin"])
        finally:
            process.send_signal(end)
            process.wait(timeout=120)
    return folder / "sim.sqlite"


def _story(url: str, admin: str) -> None:
    """Two accounts trade on three doors while days pass; every order has a name."""
    with (
        requests.Session() as desk,
        futures_client(url) as main,
        futures_client(url) as alice,
        spot_client(url) as spot,
    ):
        alice.apiKey, alice.secret = "alice", "alice-secret"

        def step(length: str) -> None:
            assert desk.post(f"{admin}/clock", json={"step": length}).status_code == 200

        def named(client: Any, name: str, *order: Any, **params: Any) -> Any:
            return client.create_order(*order, params={"clientOrderId": name, **params})

        alice.set_position_mode(True)
        main.set_leverage(20, PERPETUAL)
        named(main, "open", PERPETUAL, "market", "buy", 0.05)
        last = main.fetch_ticker(PERPETUAL)["last"]
        named(alice, "short", PERPETUAL, "market", "sell", 0.02, positionSide="SHORT")
        named(alice, "bid", PERPETUAL, "limit", "buy", 0.5, last * 0.999, positionSide="LONG")
        named(main, "meets", PERPETUAL, "limit", "sell", 0.03, last * 0.99)
        named(main, "stop", PERPETUAL, "market", "sell", 0.01, triggerPrice=round(last * 0.98))
        named(main, "rests", ETHER, "limit", "buy", 1, main.fetch_ticker(ETHER)["last"] * 0.997)
        step("1m")
        named(spot, "coins", "BTC/USDT", "market", "buy", 0.01)
        named(spot, "dear", "BTC/USDT", "limit", "sell", 0.004, last * 1.2)
        step("1d")
        with pytest.raises(ccxt.InsufficientFunds):
            named(main, "too-much", PERPETUAL, "market", "buy", 100)
        alice.cancel_all_orders(PERPETUAL)
        spot.cancel_all_orders("BTC/USDT")
        bybit = ccxt.bybit(
            {
                "apiKey": "sim",
                "secret": "sim",
                "urls": {"api": {"public": url, "private": url}},
                "options": {"defaultType": "swap"},
            }
        )
        with bybit.session:
            named(bybit, "other-face", ETHER, "market", "sell", 0.5)
        step("1h")


def rows(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as ledger:
        return list(ledger.iterdump())


def fills(dump: list[str]) -> list[str]:
    return [row for row in dump if row.startswith('INSERT INTO "fills"')]


def test_the_same_seed_and_requests_write_the_same_bytes(tmp_path: Path) -> None:
    first, second = (told(tmp_path / str(number), hashes=number) for number in (1, 2))
    said = rows(first)
    assert len(fills(said)) >= 5
    assert any("'funding'" in row for row in said)
    assert rows(second) == said
    assert second.read_bytes() == first.read_bytes()
    killed = told(tmp_path / "killed", end=signal.SIGKILL)
    assert rows(killed) == said
    other = rows(told(tmp_path / "other", seed=8))
    assert fills(other) != fills(said)
