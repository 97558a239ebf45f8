"""``xq stop`` and ``xq watchdog`` as a shell sees them, beside a service that hangs or dies."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from support.stop_desk import StopDesk, desk_folder, stop_desk

from xq.api.stop import release, stop_file
from xq.api.trade import TradeRequest, heartbeat_path, trade_once
from xq.api.watchdog import Watchdog
from xq.clock import ManualClock, SystemClock
from xq.errors import XqError
from xq.execution.journal import read_journal

Xq = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return desk_folder(tmp_path)


@pytest.fixture
def desk(folder: Path) -> Iterator[StopDesk]:
    with stop_desk(folder) as made:
        yield made


@contextmanager
def service(desk: StopDesk, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """``xq trade`` in a process of its own."""
    command = [sys.executable, "-m", "xq", "trade", "--timeframe", "1d", *arguments]
    with subprocess.Popen(
        command, cwd=desk.ws.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def hear(process: subprocess.Popen[str], words: str) -> None:
    """Read what a process says until it says this."""
    assert process.stderr is not None
    heard = []
    for line in process.stderr:
        heard.append(line)
        if words in line:
            return
    pytest.fail(f"never said {words!r}: {''.join(heard)}")


def test_stopped_and_released(folder: Path, xq: Xq) -> None:
    done = xq("stop", "--flatten", "--reason", "news", "--who", "ann")
    done.check(0)
    assert (done.rows[0]["done"], done.rows[0]["rounds"]) == (True, 2)
    assert (folder / "state" / "STOP-sim").exists()
    refused = xq("trade", "--once")
    assert "tripped: emergency_stop, leverage" in refused.stderr
    assert refused.exit_code == 7
    assert xq("stop", "--release").exit_code == 2
    assert xq("stop", "--release", "--reason", "...").exit_code == 2
    assert (folder / "state" / "STOP-sim").exists()
    xq("stop", "--release", "--reason", "checked", "--who", "ann").check(0)
    assert not (folder / "state" / "STOP-sim").exists()
    again = xq("stop", "--release", "--reason", "checked")
    assert (again.exit_code, "no stop is latched" in again.stderr) == (2, True)


def test_what_is_asked_wrongly_stops_nothing(folder: Path, xq: Xq) -> None:
    assert xq("stop", "--symbol", "BTC").exit_code == 2
    assert xq("stop", "--reason", "...").exit_code == 2
    assert xq("stop", "--account", "simm").exit_code == 2
    assert not (folder / "state" / "STOP-sim").exists()


def test_without_keys_entries_are_stopped_all_the_same(folder: Path, xq: Xq) -> None:
    xq("stop", "--account", "testnet:binance").check(3)
    assert (folder / "state" / "STOP-testnet-binance").exists()


def test_a_service_obeys_signals_and_ends_in_order(desk: StopDesk) -> None:
    with service(desk) as process:
        assert process.stdout is not None
        assert '"traded"' in process.stdout.readline()
        held = desk.held()
        assert held > 0
        desk.rest("a", "b")
        process.send_signal(signal.SIGUSR1)
        hear(process, "the emergency stop is done")
        assert (desk.resting(), desk.held()) == ([], held)
        process.send_signal(signal.SIGUSR2)
        hear(process, "the emergency stop is done")
        assert desk.held() == 0
        assert heartbeat_path(desk.ws).exists()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate()
    assert process.returncode == 0, said
    assert said.endswith("ended\n")  # looks may have told something before
    assert not heartbeat_path(desk.ws).exists()
    latched = stop_file(desk.ws).demand()
    assert latched is not None
    assert latched.reason == "SIGUSR2"


def test_a_watchdog_stops_for_a_service_that_hangs_and_once_only(desk: StopDesk) -> None:
    said: list[XqError] = []
    with service(desk) as process:
        assert process.stdout is not None
        process.stdout.readline()
        desk.rest("a", "b")
        process.send_signal(signal.SIGSTOP)
        ws = replace(desk.ws, clock=ManualClock(SystemClock().now_ms()))
        with Watchdog(ws, said.append, lambda: False) as dog:
            assert dog.look().fired == ""
            ws.clock.sleep(600)
            line = dog.look()
        assert line.fired.startswith("the service has been silent for")
        assert line.latched
        assert (desk.resting(), desk.held() > 0) == ([], True)
        process.kill()
    assert "the watchdog fires" in said[0].message
    release(ws, "the service is dead", "ann")
    with Watchdog(ws, said.append, lambda: False) as dog:  # restarted
        assert (dog.look().fired, dog.look().latched) == ("", False)
    assert len(said) == 1


def test_the_watchdog_obeys_the_file_and_its_own_bounds(desk: StopDesk, xq: Xq) -> None:
    config = desk.ws.root / "xq.toml"
    config.write_text(config.read_text() + '[watchdog]\nmax_leverage = 0.1\naction = "flatten"\n')
    calm = xq("watchdog", "--once")
    calm.check(0)
    assert (calm.rows[0]["leverage"], calm.rows[0]["loss"]) == (0.0, 0.0)
    desk.rest("a")
    (desk.ws.state / "STOP").touch()
    obeyed = xq("watchdog", "--once")
    obeyed.check(0)
    assert (desk.resting(), obeyed.rows[0]["latched"]) == ([], True)
    desk.hold()  # some 4,000 on 10,000
    fired = xq("watchdog", "--once")
    assert fired.exit_code == 7
    assert "times equity, at most 0.1" in fired.stderr
    assert (desk.resting(), desk.held()) == ([], Decimal(0))


def test_signals_cut_a_call_that_hangs_and_the_next_run_finds_out(desk: StopDesk) -> None:
    desk.strike(do="hang", method="POST", path="/fapi/v1/order")
    pause = Event()
    with service(desk) as process:
        for _ in range(2_400):  # two minutes: only a hang takes as long
            if any(row["path"] == "/fapi/v1/order" for row in desk.bench.journal.rows(50)):
                break
            pause.wait(0.05)
        process.send_signal(signal.SIGTERM)
        pause.wait(0.05)  # two at once may count as one, which is cut after its grace
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert process.returncode == 130
    desk.calm()
    desk.ws.clock.advance_to(SystemClock().now_ms() + 60_000)  # the service lived by that clock
    assert trade_once(desk.ws, TradeRequest()).problems == ()
    with read_journal(desk.ws.state / "journal-sim.sqlite", "sim") as journal:
        filled = sum(o.filled * o.side.sign for o in journal.orders())
    assert filled == desk.held()
