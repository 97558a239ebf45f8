"""Each check of the doctor, made to fail once."""

import os
import re
import resource
import shutil
import sqlite3
from collections import namedtuple
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from xq.api import doctor as room
from xq.api.doctor import doctor
from xq.api.doctor_finding import Finding
from xq.api.init import init
from xq.api.workspace import Workspace, open_workspace
from xq.clock import ManualClock
from xq.execution.journal import open_journal
from xq.execution.ledger_records import Event, Severity
from xq.live.lock import only_run

Usage = namedtuple("Usage", "total used free")
Make = Callable[..., Workspace]
PATIENT = {"XQ_EXCHANGE__TIMEOUT_SECONDS": "120"}


@pytest.fixture
def make(tmp_path: Path) -> Make:
    init(tmp_path / "ws", exchange="sim")

    def call(**environ: str) -> Workspace:
        return open_workspace(environ=environ, cwd=tmp_path / "ws")

    return call


def _finding(ws: Workspace, name: str, *, venue: bool = False) -> Finding:
    assert venue or name not in ("exchange", "keys", "account")
    return room._run(name, room._CHECKS[name], ws)


def test_a_fresh_workspace_is_in_order(make: Make) -> None:
    findings = doctor(make(**PATIENT))
    slow = ("durability", "files")  # of the machine that runs the test
    assert [f for f in findings if f.status != "ok" and f.check not in slow] == []
    assert all(finding.ok for finding in findings)
    assert len(findings) == 15
    assert {f.check for f in findings} - {f.check for f in doctor(make(), venue=False)} == {
        "exchange", "keys", "account",
    }  # fmt: skip


def test_config_says_which_file(make: Make) -> None:
    assert "xq.toml, 1 setting" in _finding(make(), "config").detail


def test_packages_of_another_version(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(room._PINNED, "ccxt", "0.0.1")
    finding = _finding(make(), "packages")
    assert (finding.ok, finding.exit_code) == (False, 3)
    assert "expected ccxt 0.0.1, found 4.5.90" in finding.detail


def test_packages_that_are_missing(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(room._PINNED, "no-such-package", "1")
    assert "found nothing" in _finding(make(), "packages").detail


def test_a_lake_that_is_a_file(make: Make) -> None:
    ws = make()
    ws.lake.rmdir()
    ws.lake.write_text("x")
    finding = _finding(ws, "folders")
    assert (finding.ok, finding.exit_code) == (False, 4)


def test_a_full_disk(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: Usage(10, 9, 1))
    finding = _finding(make(), "disk")
    assert (finding.ok, finding.exit_code) == (False, 4)
    assert "found 0.00 GB" in finding.detail


def test_a_corrupt_file_in_the_lake(make: Make) -> None:
    ws = make()
    leaf = ws.lake / "ohlcv" / "exchange=sim" / "symbol=BTC%2FUSDT" / "timeframe=1h" / "year=2024"
    leaf.mkdir(parents=True)
    (leaf / "part.parquet").write_bytes(b"PAR1 torn")
    finding = _finding(ws, "lake")
    assert (finding.ok, finding.exit_code, finding.hint) == (False, 4, "xq data check")


def test_a_broken_strategy(make: Make) -> None:
    ws = make()
    (ws.strategies / "torn.py").write_text("def (")
    finding = _finding(ws, "strategies")
    assert (finding.ok, finding.exit_code) == (False, 5)
    assert "torn" in finding.detail


def test_a_strategy_that_would_end_xq_itself(make: Make) -> None:
    ws = make()
    (ws.strategies / "leaves.py").write_text("import os\nos._exit(3)\n")
    finding = _finding(ws, "strategies")
    assert (finding.ok, finding.exit_code) == (False, 5)
    assert "leaves" in finding.detail


def test_secrets_that_others_can_read(make: Make) -> None:
    ws = make()
    path = ws.root / ".env"
    path.write_text("XQ_API_KEY=k\nXQ_API_SECRET=do-not-show\n")
    path.chmod(0o644)
    finding = _finding(ws, "secrets")
    assert (finding.ok, finding.exit_code) == (False, 3)
    assert "do-not-show" not in str(finding)
    path.chmod(0o600)
    assert _finding(make(), "secrets").detail == "keys set"


def test_a_mode_with_money_that_has_no_keys(make: Make) -> None:
    assert _finding(make(), "keys", venue=True).detail == "none needed in sim mode"
    for mode in ("testnet", "live"):
        finding = _finding(make(XQ_TRADE__MODE=mode), "keys", venue=True)
        assert (finding.ok, finding.exit_code) == (False, 3)
        assert f"{mode} mode needs XQ_API_KEY" in finding.detail


def test_an_exchange_that_does_not_answer(make: Make) -> None:
    ws = make(XQ_EXCHANGE__NAME="binance", https_proxy="http://127.0.0.1:9")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        finding = _finding(ws, "exchange", venue=True)
    assert (finding.ok, finding.exit_code) == (False, 6)
    assert "--exchange sim" in (finding.hint or "")


def test_a_clock_that_is_off(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import contextmanager
    from types import SimpleNamespace

    ws = make(XQ_EXCHANGE__NAME="binance")

    @contextmanager
    def skewed(_: Workspace):
        yield SimpleNamespace(now_ms=lambda: ws.clock.now_ms() + 5_000)

    monkeypatch.setattr("xq.api.venues.market_data", skewed)
    finding = _finding(ws, "exchange", venue=True)
    assert (finding.ok, finding.exit_code) == (False, 6)
    assert re.search(r"found (49|50)\d\d ms", finding.detail)


def test_config_that_no_command_would_take(make: Make) -> None:
    finding = _finding(make(XQ_TRADE__TIMEFRAME="7q"), "config")
    assert (finding.ok, finding.exit_code) == (False, 3)


def test_a_slow_disk_is_a_warning(make: Make) -> None:
    class Slow(ManualClock):
        def monotonic(self) -> float:
            self.sleep(0.06)
            return super().monotonic()

    ws = replace(make(), clock=Slow(0))
    finding = _finding(ws, "durability")
    assert (finding.status, finding.ok) == ("warn", True)
    assert "state 60.0 ms, lake 60.0 ms" in finding.detail
    assert list(ws.root.rglob(".xq-doctor*")) == []


def test_a_folder_that_takes_nothing_is_a_finding(make: Make) -> None:
    ws = make()
    shutil.rmtree(ws.state, ignore_errors=True)
    ws.state.write_text("no folder")
    finding = _finding(ws, "durability")
    assert (finding.ok, finding.exit_code) == (False, 4)
    assert "cannot be written" in finding.detail


def test_few_files(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (256, 256))
    finding = _finding(make(), "files")
    assert (finding.status, finding.hint) == ("warn", "ulimit -n 4096")
    monkeypatch.setattr("resource.getrlimit", lambda _: (resource.RLIM_INFINITY, 0))
    assert _finding(make(), "files").detail == "no limit"


def test_who_trades(make: Make) -> None:
    ws = make()
    assert _finding(ws, "lock").detail == "free: nobody trades sim"
    with only_run(ws.state / "trade-sim.lock"):
        assert _finding(ws, "lock").detail == f"held by process {os.getpid()}"
    assert _finding(ws, "lock").detail == "free: nobody trades sim"


def test_a_journal_that_somebody_changed(make: Make) -> None:
    ws = make()
    path = ws.state / "journal-sim.sqlite"
    assert _finding(ws, "journal").detail == "none yet: nothing was traded on sim"
    with open_journal(path, "sim") as journal:
        journal.events.append(Event(1, "foreign", Severity.INFO, "one"))
    assert _finding(ws, "journal").status == "ok"
    connection = sqlite3.connect(path)
    connection.execute("UPDATE events SET text = 'two'")
    connection.commit()
    connection.close()
    finding = _finding(ws, "journal")
    assert (finding.ok, finding.exit_code, finding.hint) == (False, 4, "xq audit verify")


def test_the_account_by_request_and_stream(make: Make) -> None:
    detail = _finding(make(**PATIENT), "account", venue=True).detail
    assert detail == "equity 10000.00; the stream is open"
    assert "nobody is asked" in _finding(make(XQ_TRADE__MODE="paper"), "account", venue=True).detail
    for mode in ("testnet", "live"):
        refused = _finding(make(XQ_TRADE__MODE=mode), "account", venue=True)
        assert (refused.ok, refused.exit_code) == (False, 3)


def test_who_is_told(make: Make) -> None:
    assert _finding(make(), "notify").status == "ok"
    alone = _finding(make(XQ_TRADE__MODE="paper"), "notify")
    assert (alone.status, alone.detail) == ("warn", "nobody is told of an alarm")
    told = _finding(make(XQ_NOTIFY_URLS="phone=json://127.0.0.1/secret-token"), "notify")
    assert told.detail == "tells phone (JSON)"
    odd = _finding(make(XQ_NOTIFY_URLS="nonsense://secret-token"), "notify")
    assert (odd.ok, odd.exit_code) == (False, 3)
    assert "secret-token" not in str(odd)
