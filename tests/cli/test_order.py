"""``xq order``, ``xq close`` and ``xq events``, as a shell sees them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.trade_bench import workspace

from xq.live.lock import held_by, only_run

Xq = Callable[..., Any]
PERP = ("--symbol", "BTC/USDT:USDT")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    workspace(tmp_path)
    return tmp_path


def test_from_an_order_to_flat(folder: Path, xq: Xq) -> None:
    bought = xq("order", "place", *PERP, "--side", "buy", "--notional", "1000")
    bought.check(0)
    assert bought.rows[0]["status"] == "filled"
    assert bought.stderr.startswith("1000 USDT at 42")
    stop = xq("order", "place", *PERP, "--side", "sell", "--type", "stop_market",
              "--stop-price", "40000", "--quantity", "0.02", "--reduce-only")  # fmt: skip
    name = stop.rows[0]["client_id"]
    shown = xq("order", "show", name, "--output", "table")
    shown.check(0)
    assert "sell stop market BTC/USDT:USDT, reduce only; by hand, hand" in shown.stdout
    assert "stop_price     40000" in shown.stdout
    resting = xq("order", "list", "--open", *PERP).rows
    assert resting == xq("orders", "--open", *PERP).rows
    assert [row["client_id"] for row in resting] == [name]
    closed = xq("close", "BTC/USDT:USDT")
    closed.check(0)
    (row,) = closed.rows
    assert (row["after"], row["canceled"]) == (0, 1)
    assert xq("order", "list", "--open", *PERP).rows == []
    again = xq("close", "--all")
    assert (again.exit_code, again.rows, again.stderr) == (
        0, [], "nothing is held that could be closed\n",
    )  # fmt: skip
    (copied,) = xq("sql", "select count(*) as n from orders where strategy is null").rows
    assert copied == {"n": 3}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--side", "buy"), 2, "found none"),
        (("--side", "buy", "--quantity", "1", "--notional", "5"), 2, "--quantity and --notional"),
        (("--side", "sell", "--quantity", "0.01", "--reduce-only"), 7, "nothing is held"),
        (("--side", "buy", "--quantity", "2"), 7, "order notional must be at most"),
        (("--side", "buy", "--quantity", "0.01", "--mode", "live"), 3, "XQ_API_KEY"),
    ],
)
def test_refused_means_nothing_was_sent(
    folder: Path, xq: Xq, words: tuple[str, ...], code: int, said: str
) -> None:
    refused = xq("order", "place", *PERP, *words)
    assert (refused.exit_code, refused.stdout) == (code, "")
    assert said in refused.stderr
    assert xq("orders").rows == [] if (folder / "state" / "journal-sim.sqlite").exists() else True


def test_beside_a_running_service(folder: Path, xq: Xq) -> None:
    lock = folder / "state" / "trade-sim.lock"
    assert held_by(lock) is None
    with only_run(lock):  # as a service holds it: for its whole life
        assert held_by(lock) == os.getpid()
        xq("order", "place", *PERP, "--side", "buy", "--quantity", "0.01").check(0)
        refused = xq("trade", "--once")
        assert (refused.exit_code, f"process {os.getpid()}" in refused.stderr) == (75, True)
    assert held_by(lock) is None
    xq("trade", "--once", *PERP).check(0)
    (held,) = xq("positions").rows
    assert (held["books"], held["agrees"]) == (0.128, True)  # the strategy's 0.118, and by hand


def test_events_are_told_newest_last(folder: Path, xq: Xq) -> None:
    xq("events").check(4)
    xq("risk", "trip", "drawdown", "--reason", "news", "--who", "ann").check(0)
    xq("risk", "rearm", "drawdown", "--reason", "over", "--who", "bob").check(0)
    rows = xq("events").rows
    assert [(row["kind"], row["who"], row["text"]) for row in rows] == [
        ("trip", "ann", "drawdown: news"), ("rearm", "bob", "drawdown: over"),
    ]  # fmt: skip
    assert rows[0]["facts"] == {"switch": "drawdown", "action": "cancel"}
    assert [row["kind"] for row in xq("events", "--limit", "1").rows] == ["rearm"]
    assert [row["who"] for row in xq("events", "--kind", "trip").rows] == ["ann"]
    assert xq("events", "--since", "2030-01-01").rows == []
    xq("events", "--since", "soon").check(2)
