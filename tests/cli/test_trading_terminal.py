"""Orders, fills and stops as a terminal of 80 columns shows them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.console import typed
from support.trade_bench import workspace

Xq = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path, xq: Xq) -> Path:
    workspace(tmp_path)
    (tmp_path / "xq.toml").write_text(
        '[exchange]\nname = "sim"\n[trade]\nstrategy = "always"\nsymbols = ["BTC/USDT:USDT"]\n'
    )
    xq("trade", "--once").check(0)
    resting = ("--side", "buy", "--type", "limit", "--quantity", "0.01", "--price", "41000")
    xq("order", "place", "--symbol", "BTC/USDT:USDT", *resting).check(0)
    return tmp_path


def shown(command: str, folder: Path) -> list[str]:
    """Lines of a terminal of 80 columns, none of them cut or folded by it."""
    code, text = typed(command, folder, {"COLUMNS": "80"})
    assert code == 0, text
    lines = [line.rstrip() for line in text.splitlines()]
    assert max(map(len, lines)) <= 80
    assert "── row" not in text
    return lines


def test_a_line_an_order_and_its_beginning_is_a_name(folder: Path, xq: Xq) -> None:
    name = xq("orders").rows[0]["client_id"]
    lines = shown("xq orders", folder)
    (line,) = (line for line in lines if "0.01" in line)
    assert "buy 0.01 limit" in line
    assert line.endswith(name[:11])
    assert any("filled at" in line and "always" in line for line in lines)
    assert [line.split()[-1][:3] for line in shown("xq fills", folder) if "BTC" in line] == ["xq-"]
    assert xq("order", "show", name[:11]).rows[0]["client_id"] == name
    assert xq("order", "show", "xq-").exit_code == 2
    assert xq("order", "cancel", name[:11]).rows[0]["status"] == "canceled"


def test_a_stop_tells_its_steps_in_a_table_and_as_data(folder: Path, xq: Xq) -> None:
    told = xq("stop", "--reason", "news", "--who", "ann")
    (step,) = told.rows[0]["steps"]
    assert (step["act"], step["outcome"]) == ("cancel", "accepted")
    lines = shown("xq stop --flatten --quiet --reason 'more news'", folder)
    assert "reason    more news" in lines
    assert not any("Step(" in line or line.startswith("left") for line in lines)
    (row,) = (line.split() for line in lines if line.startswith(" close"))
    assert row[:3] == ["close", "BTC/USDT:USDT", "sell"]
    ends = xq("events", "--kind", "emergency_stop").rows
    assert {row["ts"][:4] for row in ends} == {"2024"}  # the venue's time, not ours
