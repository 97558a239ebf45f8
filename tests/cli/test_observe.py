"""Logs, metrics and messages as a shell asks for them."""

import json
import logging
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.trade_bench import ALWAYS
from support.wire_server import Request, WireServer, answer, closed_port

from xq.api.observing import announcing
from xq.api.trade import TradeRequest, trade_loop
from xq.api.workspace import open_workspace
from xq.execution.ledger_records import Severity

Xq = Callable[..., Any]
PATIENT = "[notify]\ntimeout_seconds = 120\nlinger_seconds = 120\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "always.py").write_text(ALWAYS)
    own = '[exchange]\nname="sim"\ntimeout_seconds=120\n[trade]\nstrategy="always"\n'
    (tmp_path / "xq.toml").write_text(own + PATIENT)
    return tmp_path


@pytest.fixture
def phone() -> Iterator[WireServer]:
    def script(request: Request) -> bytes:
        return answer(500 if "broken" in request.path else 200, "")

    with WireServer(script) as server:
        yield server


def test_json_on_stderr_is_all_there_is_on_it(folder: Path, xq: Xq) -> None:
    done = xq("trade", "--once", "--log-format", "json")
    done.check(0)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["decision", "filled", "fill"]
    (order,) = done.rows[0]["symbols"][0]["orders"]
    assert lines[1]["client_id"] == lines[2]["client_id"] == order["client_id"]
    refused = xq("trade", "--once", "--log-format", "json", "--strategy", "nobody")
    assert (refused.exit_code, refused.stdout) == (2, "")
    (line,) = [json.loads(line) for line in refused.stderr.splitlines()]
    assert (line["event"], line["level"], line["error"], line["exit_code"]) == (
        "failed", "error", "UnknownName", 2,
    )  # fmt: skip


def test_words_for_people_are_not_doubled(folder: Path, xq: Xq) -> None:
    (folder / "xq.toml").write_text(
        '[exchange]\nname="sim"\ntimeout_seconds=120\n[trade]\nstrategy="always"\n[log]\nfile="logs/xq.log"\n'
    )
    done = xq("trade", "--once")
    done.check(0)
    assert done.stderr == ""
    refused = xq("trade", "--once", "--strategy", "nobody")
    assert refused.stderr.startswith("error: no strategy named 'nobody'\n")
    lines = [json.loads(line) for line in (folder / "logs" / "xq.log").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["decision", "filled", "fill", "failed"]


def test_an_odd_format_is_refused(folder: Path, xq: Xq) -> None:
    refused = xq("trade", "--once", "--log-format", "xml")
    assert refused.exit_code == 2
    assert "log.format: expected 'human' or 'json', found 'xml'" in refused.stderr


def test_metrics_in_a_file_go_on_from_run_to_run(folder: Path, xq: Xq) -> None:
    for bars in ("1", "2"):
        xq("trade", "--once", "--metrics-file", "xq.prom", "--timeframe", bars + "h").check(0)
    families = text_string_to_metric_families((folder / "xq.prom").read_text())
    found = {sample.name: sample.value for family in families for sample in family.samples}
    assert (found["xq_decisions_total"], found["xq_fills_total"]) == (2, 1)
    xq("trade", "--once", "--metrics-file", str(folder / "xq.toml" / "x")).check(4)


def test_a_service_answers_a_scrape_and_tells_its_begin_and_end(
    folder: Path, phone: WireServer, caplog: pytest.LogCaptureFixture
) -> None:
    flags = {"metrics.port": 0, "log.file": "xq.log"}
    environ = {"XQ_NOTIFY_URLS": phone.url.replace("http", "json")}
    ws = open_workspace(flags=flags, environ=environ, cwd=folder)
    scraped: list[str] = []

    def tell(_: object) -> None:
        url = next(r.msg["metrics"] for r in caplog.records if r.msg.get("event") == "started")
        with urllib.request.urlopen(url, timeout=120) as reply:
            scraped.append(reply.read().decode())

    with caplog.at_level(logging.INFO, "xq"):
        assert trade_loop(ws, TradeRequest(), tell, cycles=1) is False
    assert 'xq_orders_total{outcome="filled"} 1.0' in scraped[0].splitlines()
    told = [json.loads(request.body)["title"] for request in phone.requests]
    assert told == ["xq sim: started", "xq sim: filled", "xq sim: ended"]


def test_a_port_that_is_taken_is_told_before_anything_is_traded(folder: Path, xq: Xq) -> None:
    with WireServer(lambda _: b"") as server:
        port = server.url.rpartition(":")[2]
        refused = xq("trade", "--cycles", "1", "--metrics-port", port)
    refused.check(3)
    assert "metrics cannot be served: address already in use" in refused.stderr
    assert xq("orders").exit_code == 4


def test_a_switch_pulled_by_hand_is_told(
    folder: Path, xq: Xq, phone: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XQ_NOTIFY_URLS", phone.url.replace("http", "json"))
    xq("risk", "trip", "drawdown", "--reason", "enough", "--who", "ann").check(0)
    xq("risk", "rearm", "drawdown", "--reason", "calm", "--who", "ann").check(0)
    told = [json.loads(request.body) for request in phone.requests]
    assert [(line["title"], line["message"], line["type"]) for line in told] == [
        ("xq sim: switch tripped", "kill switch drawdown tripped: enough", "failure"),
        ("xq sim: switch rearmed", "kill switch drawdown armed again: calm", "warning"),
    ]


def test_notify(folder: Path, xq: Xq, phone: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = xq("notify", "list")
    assert (nobody.rows, nobody.stderr) == ([], "nobody is told: XQ_NOTIFY_URLS is not set\n")
    xq("notify", "test").check(3)
    url = phone.url.replace("http", "json")
    monkeypatch.setenv("XQ_NOTIFY_URLS", f"phone={url}/token-1 desk={url}/broken-token-2")
    assert [row["name"] for row in xq("notify", "list").rows] == ["phone", "desk"]
    tried = xq("notify", "test")
    assert tried.exit_code == 6
    assert [(row["name"], row["sent"]) for row in tried.rows] == [("phone", True), ("desk", False)]
    assert "not taken by desk" in tried.stderr
    assert "token" not in tried.stdout + tried.stderr
    xq("notify", "test", "--url-name", "phone").check(0)
    wrong = xq("notify", "test", "--url-name", "fone")
    wrong.check(2)
    assert "did you mean 'phone'?" in wrong.stderr
    kinds = {row["event"]: row["told"] for row in xq("notify", "events").rows}
    assert (kinds["filled"], kinds["decision"]) == (True, False)
    monkeypatch.setenv("XQ_NOTIFY__EVENTS", "filed")
    refused = xq("config", "check")
    refused.check(3)
    assert "no event named 'filed'; did you mean 'filled'?" in refused.stderr


def test_an_announcement_needs_no_journal_and_no_target(
    folder: Path, phone: WireServer, caplog: pytest.LogCaptureFixture
) -> None:
    for urls, arrived in ((phone.url.replace("http", "json"), 1), ("nonsense://x", 1)):
        environ = {"XQ_NOTIFY_URLS": urls, "XQ_LOG__FILE": "xq.log"}
        ws = open_workspace(environ=environ, cwd=folder)
        with announcing(ws, "sim", "watchdog") as announce, caplog.at_level(logging.INFO, "xq"):
            announce(Severity.ALARM, "no heartbeat")
        assert len(phone.requests) == arrived
    told = json.loads(phone.requests[0].body)
    assert (told["title"], told["message"], told["type"]) == (
        "xq sim: watchdog", "no heartbeat", "failure",
    )  # fmt: skip
    assert [record.name for record in caplog.records].count("xq") == 2


def test_a_phone_that_is_off_changes_nothing_about_the_trade(
    folder: Path, xq: Xq, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XQ_NOTIFY_URLS", f"json://127.0.0.1:{closed_port()}/token-1")
    monkeypatch.setenv("XQ_LOG__FILE", "xq.log")
    done = xq("trade", "--once")
    done.check(0)
    assert (done.rows[0]["act"], done.stderr) == ("traded", "")
    assert re.search(r"json did not take it", (folder / "xq.log").read_text())


def test_help_reads_nothing_of_all_this() -> None:
    code = (
        "import sys; from xq.cli.app import run; run(['--help']);"
        "print([m for m in ('structlog', 'apprise', 'prometheus_client') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600
    )
    assert done.stdout.splitlines()[-1] == "[]"
