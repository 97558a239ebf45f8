"""``xq execute``, as a shell sees it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.trade_bench import ALWAYS

Xq = Callable[..., Any]
TWAP = ("execute", "twap", "--symbol", "BTC/USDT", "--side", "buy")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "always.py").write_text(ALWAYS)
    (tmp_path / "xq.toml").write_text(
        '[exchange]\nname = "sim"\n[trade]\nstrategy = "always"\n'
        "[trade.execution]\nstep_seconds = 0.1\n"
    )
    return tmp_path


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--over", "1m"), 2, "say either --quantity or --notional"),
        (("--over", "1m", "--quantity", "1", "--notional", "9"), 2, "say either"),
        (("--over", "soon", "--quantity", "1"), 2, "--over must be a time such as 90s"),
        (("--quantity", "1"), 2, "twap needs an end"),
        (("--over", "1m", "--quantity", "0.000001"), 2, "quantity must be whole lots of 0.00001"),
        (("--over", "1m", "--quantity", "0.00001"), 2, "the smallest order of BTC/USDT is"),
        (("--over", "1m", "--quantity", "much"), 2, "--quantity must be a positive number"),
        (("--over", "1m", "--quantity", "1", "--side", "by"), 2, "did you mean"),
        (("--over", "1m", "--quantity", "1", "--symbol", "BTC/USDX"), 2, "BTC/USDX"),
        (("--over", "1m", "--quantity", "1", "--cap", "2"), 2, "cap must be in (0, 1]"),
        (("--over", "1m", "--quantity", "1", "--cap", "nan"), 2, "--cap must be a positive number"),
        (("--over", "1m", "--quantity", "1", "--deadline", "never"), 2, "deadline"),
        (("--over", "1m", "--quantity", "1", "--detach"), 2, "nobody would work this order"),
        (("--over", "1m", "--quantity", "1", "--detach", "--follow"), 2, "say one of them"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_begins(
    folder: Path, xq: Xq, options: tuple[str, ...], code: int, said: str
) -> None:
    found = xq(*TWAP, *options)
    assert (found.exit_code, said in found.stderr) == (code, True), found.stderr
    assert (
        not (folder / "state" / "journal-sim.sqlite").exists()
        or not xq("execute", "list", "--output", "jsonl").rows
    )


def test_a_dry_run_shows_schedule_and_cost_and_leaves_no_trace(folder: Path, xq: Xq) -> None:
    found = xq(
        *TWAP, "--quantity", "0.5", "--over", "10m", "--slices", "4", "--dry-run", "-o", "json"
    )
    assert found.exit_code == 0, found.stderr
    told = json.loads(found.stdout)
    assert sum(part["quantity"] for part in told["schedule"]) == pytest.approx(0.5)
    assert len(told["schedule"]) == 4
    cost = told["predicted"]
    assert (cost["shown"], cost["low"]) == (1.0, None)
    a_rounding = 1e-9  # where the best price is enough, both are the same sum
    assert 0 <= cost["worked"] <= cost["at_once"] * (1 + a_rounding)
    assert "no range before 200 own orders" in cost["rests_on"]
    assert xq("execute", "list", "-o", "jsonl").rows == []


def test_a_parent_is_worked_here_and_what_it_cost_is_told(folder: Path, xq: Xq) -> None:
    found = xq(
        *TWAP,
        "--notional",
        "2000",
        "--over",
        "2s",
        "--slices",
        "2",
        "--deadline",
        "market",
        "-o",
        "json",
    )
    assert found.exit_code == 0, found.stderr
    told = json.loads(found.stdout)
    assert (told["status"], told["reason"], told["completion"]) == ("ended", "complete", 1.0)
    assert told["fees"] > 0
    assert told["vwap"] == pytest.approx(told["arrival"], rel=0.01)
    assert [order["status"] for order in told["orders"]] == ["filled"] * len(told["orders"])
    assert f"{told['id']} ended: complete" in found.stderr
    shown = json.loads(xq("execute", "show", told["id"], "-o", "json").stdout)
    assert shown == told
    (copied,) = xq("sql", "select sum(quantity) as filled, count(*) as n from fills").rows
    assert copied["filled"] == pytest.approx(told["filled"])
    assert copied["n"] >= len(told["orders"])
    again = xq("execute", "resume", told["id"])
    assert (again.exit_code, "has ended: complete" in again.stderr) == (2, True)
    assert xq("execute", "cancel", told["id"]).exit_code == 2
    assert xq("execute", "show", "nothing").exit_code == 4
    assert xq("audit", "verify").exit_code == 0


def test_cron_refuses_what_only_the_service_can_work(folder: Path, xq: Xq) -> None:
    with (folder / "xq.toml").open("a") as settings:
        settings.write('algo = "twap"\nover = "10m"\n')
    found = xq("trade", "--once")
    assert (found.exit_code, "nobody would step them" in found.stderr) == (2, True)
    assert "worked as twap-" in xq("trade", "--dry-run", "-o", "table").stdout
    (folder / "xq.toml").write_text((folder / "xq.toml").read_text().replace("10m", "2h"))
    late = xq("trade", "--dry-run")
    assert (late.exit_code, "must be shorter than a bar" in late.stderr) == (3, True)
