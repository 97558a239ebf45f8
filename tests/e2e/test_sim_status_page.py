"""The status page in a real browser: it shows the venue, and its script may do what it does."""

import html
import os
import re
import shutil
import subprocess

import pytest
from support.faulty_venue import faulty_venue
from support.sim_ccxt import raw, signed

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
MUST = os.environ.get("XQ_TEST_DATA_REQUIRED") == "1"

pytestmark = pytest.mark.skipif(
    BROWSER is None and not MUST, reason="needs chromium to look at the status page"
)


def seen(address, folder):
    """The page as the browser has it after some seconds of its own time."""
    command = [
        str(BROWSER),
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        f"--user-data-dir={folder}",
        "--virtual-time-budget=5000",
        "--dump-dom",
        address,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    return done.stdout


def part(page, first, after):
    """What can be read from one element's start to another's."""
    found = page[page.index(f'id="{first}"') : page.index(f'id="{after}"')]
    return html.unescape(re.sub(r"<[^>]*>", " ", found))


def test_it_shows_the_venue(tmp_path):
    with faulty_venue(tmp_path / "venue", admin=True) as venue:
        venue.strike(do="timeout", path="/fapi/v1/time", name="no-time")
        raw("GET", f"{venue.url}/fapi/v1/time")
        order = "symbol=ETHUSDT&side=BUY&type=MARKET&quantity=0.1&newClientOrderId=:<b>bold"
        signed(venue.url, "POST", "/fapi/v1/order", "", order.replace("<", "%3C"))
        good = "symbol=ETHUSDT&side=BUY&type=MARKET&quantity=0.1"
        assert signed(venue.url, "POST", "/fapi/v1/order", "", good).status_code == 200
        page = seen(f"http://127.0.0.1:{venue.server.admin_port}/", tmp_path / "profile")
    assert re.search(r'id="gone"[^>]*hidden', page)
    assert "2024-01-01" in part(page, "now", "clock")
    assert len(re.findall(r"<tr", page[page.index('id="asks"') : page.index('id="last"')])) == 12
    faults = part(page, "faults", "log-title")
    assert "no-time" in faults
    assert "1 of 1" in faults
    accounts = part(page, "accounts", "faults-title")
    assert "ETHUSDT" in accounts
    assert "alice" in accounts
    log = page[page.index('id="log"') : page.index('id="streams-title"')]
    assert "408 (-1007)" in log
    assert "&lt;b&gt;bold" in log  # what traders send is text
    assert "<b>bold" not in log
