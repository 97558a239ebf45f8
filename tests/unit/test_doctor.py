"""Each check of the doctor, made to fail once."""

import re
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from xq.api import doctor as room
from xq.api.doctor import Finding, doctor
from xq.api.init import init
from xq.api.workspace import Workspace, open_workspace

Usage = namedtuple("Usage", "total used free")
Make = Callable[..., Workspace]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    init(tmp_path / "ws", exchange="sim")

    def call(**environ: str) -> Workspace:
        return open_workspace(environ=environ, cwd=tmp_path / "ws")

    return call


def _finding(ws: Workspace, name: str, *, venue: bool = False) -> Finding:
    return next(item for item in doctor(ws, venue=venue) if item.check == name)


def test_a_fresh_workspace_is_in_order(make: Make) -> None:
    findings = doctor(make())
    assert [finding.check for finding in findings if not finding.ok] == []
    assert len(findings) == 9


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
