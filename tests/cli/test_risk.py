"""``xq risk`` and ``xq arm``, as a shell sees them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.trade_bench import ALWAYS

Xq = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "always.py").write_text(ALWAYS)
    (tmp_path / "xq.toml").write_text('[exchange]\nname = "sim"\n[trade]\nstrategy = "always"\n')
    return tmp_path


def states(xq: Xq) -> dict[str, str]:
    rows = xq("risk", "status", "--output", "jsonl").rows
    return {row["switch"]: row["state"] for row in rows}


def test_a_switch_pulled_by_hand_stops_entries_until_it_is_rearmed(folder: Path, xq: Xq) -> None:
    assert set(states(xq).values()) == {"armed"}  # nothing was ever traded
    xq("risk", "trip", "drawdown", "--reason", "news", "--who", "ann").check(0)
    told = xq("risk", "status", "--check")
    assert told.exit_code == 7
    assert "kill switches are tripped: drawdown" in told.stderr
    refused = xq("trade", "--once")
    assert refused.exit_code == 7
    assert "no new exposure while a kill switch is tripped: drawdown" in refused.stderr
    for reason in ("", "  ", "..."):
        assert xq("risk", "rearm", "drawdown", "--reason", reason).exit_code == 2
    assert xq("risk", "rearm", "drawdown").exit_code == 2  # a reason is demanded
    xq("risk", "rearm", "draw-down", "--reason", "over").check(2)
    xq("risk", "rearm", "drawdown", "--reason", "over", "--who", "ann").check(0)
    assert xq("risk", "rearm", "drawdown", "--reason", "over").exit_code == 2  # not tripped
    assert set(states(xq).values()) == {"armed"}
    known = json.loads(xq("risk", "explain", "drawdown", "--output", "json").stdout)
    assert (known["rearmed_by"], known["rearmed_why"]) == ("ann", "over")
    assert known["rearmed"].startswith("2024-01-01T00:")  # by the venue's clock
    assert xq("audit", "verify").exit_code == 0


def test_an_unknown_switch_or_action_is_refused(folder: Path, xq: Xq) -> None:
    wrong = xq("risk", "trip", "drawdwn", "--reason", "x")
    assert (wrong.exit_code, "drawdown" in wrong.stderr) == (2, True)
    assert xq("risk", "trip", "drawdown", "--reason", "x", "--action", "panic").exit_code == 2
    assert not (folder / "state").exists()


def test_limits_are_those_of_the_configuration(folder: Path, xq: Xq) -> None:
    rows = {r["limit"]: r["value"] for r in xq("risk", "limits", "--output", "jsonl").rows}
    assert rows["max_order_notional"] == 20_000.0
    assert "switches" not in rows


def test_arming_needs_keys_and_the_account_typed(
    folder: Path, xq: Xq, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert xq("arm", "--account", "live:binance", "--exchange", "binance").exit_code == 3
    monkeypatch.setenv("XQ_API_KEY", "key")
    monkeypatch.setenv("XQ_API_SECRET", "canary")
    other = xq("arm", "--account", "binance", "--exchange", "binance")
    assert (other.exit_code, "expected the account's name 'live:binance'" in other.stderr) == (
        3,
        True,
    )
    given = xq("arm", "--account", "live:binance", "--exchange", "binance", "--output", "json")
    given.check(0)
    assert "canary" not in given.stdout + given.stderr
    assert (folder / "state" / "live-armed-binance.json").exists()
    xq("arm", "--off", "--exchange", "binance").check(0)
    assert not (folder / "state" / "live-armed-binance.json").exists()
