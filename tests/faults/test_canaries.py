"""Canary secrets in every place where xq takes one; afterwards none is found anywhere else."""

import ast
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.canaries import CANARIES, URL_TOKEN, dotenv, in_folder, sung
from support.trade_bench import ALWAYS, Wire, served, wired_desk, wired_terms
from support.wire_server import Request, WireServer, answer

from xq.__main__ import _told
from xq.api.logs import logging_of
from xq.api.observing import observing
from xq.api.workspace import Workspace, open_workspace
from xq.clock import ManualClock, SystemClock
from xq.execution.journal import read_journal
from xq.live.loop import tick
from xq.strategy.sandbox import Evaluator, StrategySpec
from xq.types import Symbol

Xq = Callable[..., Any]
SPOT = Symbol.parse("BTC/USDT")
CONFIG = """
[exchange]
name = "sim"
timeout_seconds = 120
[trade]
strategy = "always"
[log]
file = "logs/xq.log"
level = "debug"
[metrics]
file = "state/xq.prom"
[notify]
timeout_seconds = 120
linger_seconds = 120
"""
ECHO = json.dumps(
    {"code": -2014, "msg": "API-key format invalid: {XQ_API_KEY}, not {XQ_API_SECRET}"}
)


class Phone:
    """Where messages go: takes them, or is broken."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.status = 200

    def __call__(self, request: Request) -> bytes:
        self.bodies.append(request.body)
        return answer(self.status, "")


@pytest.fixture
def phone() -> Phone:
    return Phone()


@pytest.fixture
def folder(tmp_path: Path, phone: Phone) -> Iterator[Path]:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "always.py").write_text(ALWAYS)
    (tmp_path / "xq.toml").write_text(CONFIG)
    with WireServer(phone) as server:
        (tmp_path / ".env").write_text(dotenv(server.url))
        (tmp_path / ".env").chmod(0o600)
        yield tmp_path


def workspace(folder: Path) -> Workspace:
    opened = open_workspace(cwd=folder, environ={})
    return replace(opened, clock=ManualClock(SystemClock().now_ms()))


def test_commands_tell_no_secret_and_leave_none(folder: Path, xq: Xq, phone: Phone) -> None:
    said = []
    for line in (
        "trade --once",
        "trade --once --log-format json",
        "trade --once --mode testnet --exchange binance",  # asks with real canaries, by the proxy
        "trade --once --mode live --exchange binance",
        "risk trip drawdown --reason enough",
        "config show",
        "notify list",
        "notify test",
        "doctor --offline",
        "orders",
        "audit verify",
        "sql select*from(orders)",
        "config explain exchange.archive_url",
    ):
        done = xq(*line.split(" "))
        said.append(f"{line}\n{done.stdout}{done.stderr}")
    phone.status = 500
    broken = xq("notify", "test")
    assert broken.exit_code == 6
    assert "filled" in " ".join(phone.bodies)
    assert "switch tripped" in " ".join(phone.bodies)
    assert sung("\n".join([*said, broken.stdout, broken.stderr, *phone.bodies])) == []
    assert {"logs/xq.log", "state/xq.prom", "state/journal-sim.sqlite"} <= {
        str(path.relative_to(folder)) for path in folder.rglob("*")
    }
    assert in_folder(folder) == {}


def test_a_venue_that_echoes_the_key_gets_it_into_no_journal(folder: Path, phone: Phone) -> None:
    ws = workspace(folder)
    echo = ECHO
    for name in ("XQ_API_KEY", "XQ_API_SECRET"):
        echo = echo.replace("{" + name + "}", CANARIES[name])

    class Echoing(Wire):
        def __call__(self, request: Request) -> bytes:
            if request.method == "POST":
                return answer(400, echo)
            return super().__call__(request)

    with (
        logging_of(ws, sys.stderr),
        served(ws) as handle,
        WireServer(Echoing(handle.url)) as wire,
        wired_desk(ws, handle, wire.url, 0.5, SPOT) as desk,
        observing(ws, "sim") as observer,
    ):
        observer.opened(desk)
        report = tick(desk, wired_terms(SPOT))
        observer.saw(desk, report)
    with read_journal(ws.state / "journal-sim.sqlite", "sim") as journal:
        (order,) = journal.orders()
        assert "API-key format invalid: ***, not ***" in order.reason + str(
            journal.moves(order.client_id)
        )
    assert [problem.message for problem in report.problems] != []
    assert sung(repr(report) + "".join(phone.bodies)) == []
    assert in_folder(folder) == {}


def test_a_bug_tells_no_secret(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ws = workspace(folder)
    crash = pytest.raises(ValueError, match="cAnArY")
    with crash, logging_of(ws, sys.stderr), observing(ws, "sim", service=True):
        raise ValueError(f"no {CANARIES['XQ_API_SECRET']}")
    try:
        raise ValueError(f"no {CANARIES['XQ_API_SECRET']}")
    except ValueError as bug:
        _told(type(bug), bug, bug.__traceback__)
    told = capsys.readouterr().err
    assert told.rstrip().endswith("ValueError: no ***")
    assert "crashed" in (folder / "logs" / "xq.log").read_text()
    assert sung(told) == []
    assert in_folder(folder) == {}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_strategy_s_process_is_given_no_secret(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in CANARIES.items():
        monkeypatch.setenv(name, text)
    before = _children()
    with Evaluator.start(
        StrategySpec(folder / "strategies", "always", {}), clock=SystemClock()
    ) as e:
        assert e.declaration
        (child,) = _children() - before
        for part in ("cmdline", "environ"):
            text = Path(f"/proc/{child}/{part}").read_bytes().decode()
            assert text
            assert sung(text) == []


def _children() -> set[str]:
    tasks = Path("/proc/self/task").iterdir()
    return {child for task in tasks for child in (task / "children").read_text().split()}


def test_no_option_takes_a_secret() -> None:
    """What stands on a command line is seen by everybody who asks ps."""
    files = (Path(__file__).resolve().parents[2] / "xq" / "cli").glob("*.py")
    names = [
        argument.arg
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        for argument in (*node.args.args, *node.args.kwonlyargs)
    ]
    assert "symbol" in names
    secret = ("secret", "password", "token", "api_key", "passphrase")
    assert [name for name in names if any(word in name for word in secret)] == []


def test_the_search_finds_a_planted_canary_wherever_it_is(folder: Path) -> None:
    secret = CANARIES["XQ_API_SECRET"]
    places = {}
    (folder / "state").mkdir()
    for name, text in (("xq.log", f'{{"a": "{secret}"}}'), ("xq.prom", f'a{{b="{URL_TOKEN}"}} 1')):
        (folder / "state" / name).write_text(text)
        places[f"state/{name}"] = sung(text)
    table = pa.table({"reason": [f"no {secret}"] * 100})
    pq.write_table(table, folder / "state" / "part.parquet", compression="zstd")
    connection = sqlite3.connect(folder / "state" / "journal-x.sqlite")
    connection.execute("CREATE TABLE orders (reason TEXT)")
    connection.execute("INSERT INTO orders VALUES (?)", (secret,))
    connection.commit()
    connection.close()
    assert in_folder(folder) == {
        **places, "state/part.parquet": [secret], "state/journal-x.sqlite": [secret],
    }  # fmt: skip
    assert all(sung(f"text with {text}") == [text] for text in CANARIES.values())
    assert sung(f"XQ_API_KEY={CANARIES['XQ_API_KEY'].lower()}") == [CANARIES["XQ_API_KEY"]]
