"""A venue at a pace of its own that is killed: its time does not run back."""

import json
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import requests

from xq.api.when import epoch_ms
from xq.clock import SystemClock

_PATIENCE_MS = 120_000


def start(folder):
    words = "sim --port 0 --admin-port 0 --speed 3600 --quiet"
    process = subprocess.Popen(
        [sys.executable, "-m", "xq", *words.split()], stdout=subprocess.PIPE, text=True, cwd=folder
    )
    return process, json.loads(process.stdout.readline())


def shown_time(report):
    with requests.Session() as session:
        session.trust_env = False
        return session.get(f"{report['url']}/fapi/v1/time", timeout=120).json()["serverTime"]


def written_time(folder):
    address = f"file:{folder / 'state' / 'sim.sqlite'}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=120)) as ledger:
        return ledger.execute("SELECT value FROM meta WHERE key = 'settled_ms'").fetchone()[0]


def test_time_goes_on_from_where_it_was_shown(tmp_path):
    process, report = start(tmp_path)
    shown = shown_time(report)
    give_up = SystemClock().now_ms() + _PATIENCE_MS
    while written_time(tmp_path) < shown and SystemClock().now_ms() < give_up:
        threading.Event().wait(0.05)
    process.kill()
    process.communicate(timeout=120)
    again, report = start(tmp_path)
    again.kill()
    again.communicate(timeout=120)
    assert epoch_ms(report["venue_time"]) >= shown
