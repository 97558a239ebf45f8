"""``xq status``: one screen, at any width, and again and again."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from support.trade_bench import served, workspace

from xq.api.orders_place import place, wish_of
from xq.api.status import status
from xq.cli.live_screen import redraw
from xq.cli.status_view import screen
from xq.live.lock import only_run

Xq = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    workspace(tmp_path)
    with (tmp_path / "xq.toml").open("a") as config:
        config.write('symbols = ["BTC/USDT:USDT"]\n')
    return tmp_path


def test_before_anything_was_traded(folder: Path, xq: Xq) -> None:
    looked = xq("status", "--output", "table")
    looked.check(0)
    lines = looked.stdout.splitlines()
    assert lines[0] == "sim, always on sim, 1h bars"
    assert "service: not running" in lines
    (decided,) = (line for line in lines if line.startswith("decided: "))
    assert decided.startswith("decided: nothing yet; next due ")
    assert {"switches: none tripped", "positions: none", "orders: none"} <= set(lines)
    assert not list((folder / "state").glob("journal*"))


def test_everything_at_once(folder: Path, xq: Xq) -> None:
    xq("trade", "--once").check(0)
    for words in (
        ("--side", "buy", "--quantity", "0.01"),
        ("--side", "sell", "--quantity", "0.05", "--type", "stop_market", "--stop-price", "40000",
         "--reduce-only"),
    ):  # fmt: skip
        xq("order", "place", "--symbol", "BTC/USDT:USDT", *words).check(0)
    xq("risk", "trip", "drawdown", "--reason", "news", "--who", "ann").check(0)
    with only_run(folder / "state" / "trade-sim.lock"):
        (found,) = xq("status").rows
    assert found["service_pid"] is not None
    assert found["decided"] == "2024-01-01T00:00:00Z"
    assert found["due"] == "2024-01-01T01:00:05Z"
    (held,) = found["positions"]
    assert (held["quantity"], held["by_hand"], held["stop"]) == (0.128, 0.01, 40_000)
    (order,) = found["orders"]
    assert (order["type"], order["whose"], order["price"]) == ("stop_market", "by hand", 40_000)
    (signal,) = found["signals"]
    assert (signal["weight"], signal["reached"]) == (0.5, True)
    (wallet,) = found["wallets"]
    assert abs(wallet["today"]) < 100
    assert -0.01 < wallet["drawdown"] <= 0
    assert found["switches"] == {"drawdown": "news"}
    assert found["problems"] == ["kill switch drawdown is tripped: news"]
    assert [event["kind"] for event in found["events"]][-1] == "trip"


def test_looks_follow_each_other_until_it_is_enough(folder: Path, xq: Xq) -> None:
    looked = xq("status", "--watch", "--every", "0.2", "--cycles", "2")
    looked.check(0)
    assert [row["account"] for row in map(json.loads, looked.stdout.splitlines())] == ["sim"] * 2


def test_q_or_an_interrupt_ends_it() -> None:
    seen: list[float] = []
    keys = iter(["", "x", "Q"])

    def wait(seconds: float) -> str:
        seen.append(seconds)
        return next(keys)

    looks: list[int] = []
    redraw(lambda: looks.append(1), wait, 2.0)
    assert (len(looks), seen) == (3, [2.0] * 3)

    def interrupted(_seconds: float) -> str:
        raise KeyboardInterrupt

    redraw(lambda: looks.append(1), interrupted, 2.0)
    assert len(looks) == 4


def test_no_line_is_wider_than_the_terminal(tmp_path: Path) -> None:
    ws = workspace(tmp_path)
    with served(ws):
        place(ws, wish_of({"symbol": "BTC/USDT", "side": "buy", "type": "market",
                           "quantity": "0.01"}))  # fmt: skip
        place(ws, wish_of({"symbol": "BTC/USDT", "side": "buy", "type": "limit",
                           "price": "42000", "quantity": "0.02"}))  # fmt: skip
        found = status(ws)
    for width in (60, 80, 200):
        console = Console(width=width, record=True, file=io.StringIO())
        console.print(*screen(found, width), sep="\n")
        text = console.export_text()
        assert max(map(len, text.splitlines())) <= width
        for word in ("0.00999", "42000", "by hand", "not running"):
            assert word in text
