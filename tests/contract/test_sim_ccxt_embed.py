"""Starting, joining, handing over and restarting the embedded venue."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests
from support.sim_ccxt import raw, spot_client

from xq.clock import ManualClock, SystemClock
from xq.errors import ConfigError, LockHeld, StorageFailed, UsageError
from xq.sim.wire.embed import ensure
from xq.sim.wire.owner import LOCK_NAME, OWNER_NAME, Owner, try_lock, write_owner

BTC = "BTC/USDT"
CHILD = """
import sys
from pathlib import Path
from xq.clock import SystemClock
from xq.sim.wire.embed import ensure
with ensure(Path(sys.argv[1]), clock=SystemClock(), seed=7) as handle:
    print(handle.url, handle.started, flush=True)
    sys.stdin.readline()
"""


def reach(folder: Path):
    return ensure(folder, clock=SystemClock(), seed=7)


def child(folder: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen) -> None:
    process.stdin.close()
    process.stdout.close()
    assert process.wait(20) == 0


def answers(url: str) -> bool:
    try:
        return raw("GET", f"{url}/api/v3/ping").status_code == 200
    except requests.ConnectionError:
        return False


def until(condition) -> None:
    """Wait for what another process or thread does; bounded."""
    clock = SystemClock()
    deadline = clock.monotonic() + 20
    while not condition():
        assert clock.monotonic() < deadline, "it never happened"
        threading.Event().wait(0.02)


def test_the_first_starts_and_the_second_joins(tmp_path):
    with reach(tmp_path) as first, reach(tmp_path) as second:
        assert (first.started, second.started) == (True, False)
        assert first.url == second.url
        assert (first.pid, second.pid) == (os.getpid(), os.getpid())
        assert answers(first.url)


def test_only_loopback_is_listened_on(tmp_path):
    with reach(tmp_path) as handle, socket.socket() as other:
        other.settimeout(2)
        assert other.connect_ex(("127.0.0.2", handle.port)) != 0


def test_closing_leaves_nothing_behind(tmp_path):
    before = set(threading.enumerate())
    handle = reach(tmp_path)
    with spot_client(handle.url) as client:
        client.fetch_time()
        handle.close()
    handle.close()
    assert set(threading.enumerate()) == before
    assert not answers(handle.url)
    lock = try_lock(tmp_path)
    assert lock is not None
    lock.release()


def test_a_restart_remembers_orders_balances_and_time(tmp_path):
    clock = ManualClock(SystemClock().now_ms())
    with ensure(tmp_path, clock=clock, seed=7) as handle, spot_client(handle.url) as client:
        client.load_markets()
        client.create_order(BTC, "market", "buy", 0.01, None, {"clientOrderId": "m"})
        client.create_order(BTC, "limit", "buy", 0.01, 30_000, {"clientOrderId": "l"})
        balance, then = client.fetch_balance()["total"], client.fetch_time()
    clock.sleep(30)
    with ensure(tmp_path, clock=clock, seed=7) as handle, spot_client(handle.url) as client:
        client.load_markets()
        assert client.fetch_balance()["total"] == balance
        assert client.fetch_order(None, BTC, {"clientOrderId": "m"})["status"] == "closed"
        assert [order["clientOrderId"] for order in client.fetch_open_orders(BTC)] == ["l"]
        assert client.fetch_time() == then + 30_000


def test_two_processes_at_once_share_one_server(tmp_path):
    crowd = [child(tmp_path) for _ in range(4)]
    try:
        told = [process.stdout.readline().split() for process in crowd]
        assert len({url for url, _ in told}) == 1
        assert sorted(started for _, started in told) == ["False"] * 3 + ["True"]
    finally:
        for process in crowd:
            finish(process)


def test_when_the_owner_ends_whoever_joined_goes_on_at_the_same_address(tmp_path):
    owner = child(tmp_path)
    url, started = owner.stdout.readline().split()
    assert started == "True"
    with reach(tmp_path) as joined, spot_client(url) as client:
        assert (joined.started, joined.url) == (False, url)
        client.load_markets()
        client.create_order(BTC, "market", "buy", 0.01, None, {"clientOrderId": "m"})
        finish(owner)
        until(lambda: answers(url))
        client.session.close()
        assert client.fetch_order(None, BTC, {"clientOrderId": "m"})["status"] == "closed"
    assert not answers(url)


def test_a_killed_owner_is_succeeded_from_the_ledger(tmp_path):
    owner = child(tmp_path)
    url, _ = owner.stdout.readline().split()
    with spot_client(url) as client:
        client.load_markets()
        client.create_order(BTC, "market", "buy", 0.01, None, {"clientOrderId": "m"})
    owner.send_signal(signal.SIGKILL)
    owner.stdin.close()
    owner.stdout.close()
    owner.wait(20)
    with reach(tmp_path) as handle, spot_client(handle.url) as client:
        assert handle.started
        client.load_markets()
        assert client.fetch_order(None, BTC, {"clientOrderId": "m"})["status"] == "closed"


def test_what_a_dead_owner_wrote_is_not_believed(tmp_path):
    (tmp_path / LOCK_NAME).touch()
    write_owner(tmp_path, Owner(pid=1, port=1, seed=7))
    with reach(tmp_path) as handle:
        assert handle.started
    (tmp_path / OWNER_NAME).write_text("not json")
    with reach(tmp_path) as handle:
        assert handle.started


def test_the_venue_of_another_folder_is_not_joined(tmp_path, monkeypatch):
    monkeypatch.setattr("xq.sim.wire.embed._PATIENCE_SECONDS", 0.2)
    here, there = tmp_path / "here", tmp_path / "there"
    with reach(there) as other:
        lock = try_lock(here)
        write_owner(here, Owner(pid=12345, port=other.port, seed=7))
        with pytest.raises(LockHeld, match="held by process 12345"):
            reach(here)
        lock.release()


def test_another_seed_is_refused_whether_joined_or_started(tmp_path):
    with reach(tmp_path), pytest.raises(ConfigError, match="seed 7, found 8"):
        ensure(tmp_path, clock=SystemClock(), seed=8)
    with pytest.raises(ConfigError, match="seed 7, found 8"):
        ensure(tmp_path, clock=SystemClock(), seed=8)
    with reach(tmp_path) as handle:
        assert handle.started


def test_a_port_of_ones_own_and_a_port_that_is_taken(tmp_path):
    with (
        reach(tmp_path / "a") as handle,
        pytest.raises(UsageError, match=f"cannot listen on port {handle.port}"),
    ):
        ensure(tmp_path / "b", port=handle.port, clock=SystemClock(), seed=7)
    with ensure(tmp_path / "b", port=handle.port, clock=SystemClock(), seed=7) as again:
        assert again.port == handle.port


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageFailed):
        reach(tmp_path / "file" / "state")


def test_a_full_disk_answers_503_and_places_nothing(tmp_path):
    from support.sim_ccxt import signed

    with reach(tmp_path) as handle:
        connection = handle.server.venue.ledger._connection
        connection.execute("PRAGMA query_only = ON")
        body = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01&newClientOrderId=m"
        response = signed(handle.url, "POST", "/api/v3/order", body=body)
        assert (response.status_code, response.json()["code"]) == (503, -1001)
        connection.execute("PRAGMA query_only = OFF")
        query = "symbol=BTCUSDT&origClientOrderId=m"
        assert signed(handle.url, "GET", "/api/v3/order", query).json()["code"] == -2013
        assert signed(handle.url, "POST", "/api/v3/order", body=body).status_code == 200
