"""``xq sim --account``: more than one account, known again after a restart."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import ccxt
import pytest
from support.sim_ccxt import futures_client


def start(folder: Path, *arguments: str) -> tuple[subprocess.Popen[str], dict]:
    process = subprocess.Popen(
        [sys.executable, "-m", "xq", "sim", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
    )
    line = process.stdout.readline()
    assert line, process.stderr.read()
    return process, json.loads(line)


def test_accounts_are_opened_and_remembered(tmp_path):
    for arguments in (("--account", "alice", "--account", "bob"), ()):
        process, report = start(tmp_path, *arguments)
        try:
            assert report["accounts"] == ["main", "alice", "bob"]
            with futures_client(report["url"]) as client:
                client.apiKey, client.secret = "alice", "alice-secret"
                assert client.fetch_balance()["USDT"]["total"] == 10_000
                client.apiKey = "carol"
                with pytest.raises(ccxt.AuthenticationError):
                    client.fetch_balance()
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=120)
        assert process.returncode == 0


def test_a_bad_name_is_refused_before_anything_is_made(xq, tmp_path):
    state = tmp_path / "books"
    result = xq("sim", "--account", "No Good", "--state", str(state))
    assert result.exit_code == 2
    assert "an account is named by" in result.stderr
    assert not state.exists()
