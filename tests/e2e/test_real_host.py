"""The commands as typed, with the default exchange: real hosts, real TLS, a proxy in between.

``api.binance.com`` is played by the simulated venue behind a CONNECT proxy whose certificate comes
from a test CA; nothing leaves the machine.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.connect_proxy import ConnectProxy
from support.wire_server import closed_port

from xq.clock import SystemClock
from xq.sim.wire.embed import ensure

SPOT_HOST, CONTRACT_HOST = "api.binance.com", "fapi.binance.com"
ROOT = Path(__file__).resolve().parents[2]
_NETWORK = re.compile(r"proxy|CA_BUNDLE|SSL_CERT", re.IGNORECASE)
_JQ = """#!{python}
import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1].strip(".").split("."):
    value = value[name]
print(json.dumps(value))
"""


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConnectProxy]:
    state = tmp_path_factory.mktemp("exchange")
    with (
        ensure(state, clock=SystemClock(), seed=7) as venue,
        ConnectProxy([SPOT_HOST, CONTRACT_HOST], int(venue.url.rpartition(":")[2])) as started,
    ):
        yield started


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder made by ``xq init``."""
    folder = tmp_path / "desk"
    done = shell("xq init desk", tmp_path, {})
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def environment(proxy: ConnectProxy, tmp_path: Path) -> dict[str, str]:
    proxy.asked.clear()
    proxy.lines.clear()
    return proxy.environment(tmp_path / "ca.pem")


def shell(line: str, folder: Path, extra: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A line as a person types it, in a shell that knows ``xq`` and ``jq``."""
    tools = folder.parent / "bin"
    tools.mkdir(exist_ok=True)
    _script(tools / "xq", f'#!/bin/sh\nexec "{sys.executable}" -m xq "$@"\n')
    if shutil.which("jq") is None:
        _script(tools / "jq", _JQ.format(python=sys.executable))
    kept = {name: text for name, text in os.environ.items() if not _NETWORK.search(name)}
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=folder,
        env={**kept, "PATH": path, "PYTHONPATH": str(ROOT), **extra},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def _script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_collect_thirty_days(
    proxy: ConnectProxy, workspace: Path, tmp_path: Path, variable: str
) -> None:
    extra = proxy.environment(tmp_path / "ca.pem", variable)
    proxy.asked.clear()
    done = shell("xq collect --symbol BTC/USDT --days 30", workspace, extra)
    assert (done.returncode, done.stderr) == (0, "")
    row = json.loads(done.stdout)
    assert (row["bars"], row["new"], row["source"]) == (720, 720, "recorded")
    assert (workspace / "data" / "ohlcv" / "exchange=binance").is_dir()
    assert set(proxy.asked) == {SPOT_HOST}


def test_a_contract_asks_the_contract_host_only(
    proxy: ConnectProxy, workspace: Path, environment: dict[str, str]
) -> None:
    done = shell("xq collect --symbol BTC/USDT:USDT --days 2", workspace, environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["bars"] == 48
    assert set(proxy.asked) == {CONTRACT_HOST}


def test_symbols_into_collect_into_backtest(workspace: Path, environment: dict[str, str]) -> None:
    line = (
        "xq symbols --quote USDT | head -20 | xq collect --symbol - --days 7"
        " && xq backtest --strategy trend_following --output json | jq .metrics.sharpe_ratio"
    )
    done = shell(line, workspace, environment)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    *rows, sharpe = done.stdout.splitlines()
    assert len(rows) == 20
    assert json.loads(rows[0])["symbol"] == "BTC/USDT"
    assert isinstance(json.loads(sharpe), float | None)


def test_backtest_after_collect(workspace: Path, environment: dict[str, str]) -> None:
    line = "xq collect --symbol BTC/USDT --days 30 && xq backtest --strategy trend_following"
    done = shell(line, workspace, environment)
    assert done.returncode == 0, done.stderr


def test_without_a_network_the_hint_names_the_embedded_venue(workspace: Path) -> None:
    extra = {"HTTPS_PROXY": f"http://127.0.0.1:{closed_port()}", "NO_PROXY": ""}
    done = shell("xq collect --symbol BTC/USDT --days 30", workspace, extra)
    assert (done.returncode, done.stdout) == (6, "")
    assert "--exchange sim" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 3


def test_an_untrusted_certificate_is_unreachable(workspace: Path, proxy: ConnectProxy) -> None:
    done = shell(
        "xq collect --symbol BTC/USDT --days 30",
        workspace,
        {"HTTPS_PROXY": proxy.url, "NO_PROXY": ""},
    )
    assert (done.returncode, done.stdout) == (6, "")
    assert "certificate is not trusted" in done.stderr
    assert "--exchange sim" in done.stderr


def test_a_host_the_proxy_refuses_is_unreachable(
    workspace: Path, environment: dict[str, str]
) -> None:
    done = shell("xq collect --exchange bybit --days 1", workspace, environment)
    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr.startswith("error: bybit cannot be reached: the proxy failed")
    assert "Traceback" not in done.stderr
