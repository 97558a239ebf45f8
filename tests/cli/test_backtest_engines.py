"""``xq backtest --engine replay``, ``--decide`` and ``--verify``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.backtests import workspace

from xq.sim import account

Run = Callable[..., Any]


def answer(result: Any) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture
def runs(xq: Run, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    workspace(tmp_path)
    return lambda *options: answer(xq("backtest", *options, "--days", "4", "--output", "json"))


def test_a_replay_gives_the_vector_engines_numbers(runs: Callable[..., dict[str, Any]]) -> None:
    quick = "--param", "fast=2", "--param", "slow=5"
    vector, replayed = runs(*quick), runs(*quick, "--engine", "replay")
    asked = runs(*quick, "--engine", "replay", "--decide", "each-bar")
    assert (vector["engine"], replayed["engine"]) == ("vectorbt", "replay")
    assert vector["metrics"]["round_trips"] > 3
    for run in (replayed, asked):
        assert run["metrics"] == pytest.approx(vector["metrics"], rel=1e-9)
    assert len({run["run_id"] for run in (vector, replayed, asked)}) == 3
    told = [next(n for n in run["notes"] if "woken" in n) for run in (replayed, asked)]
    woken = [int(text.split(" ")[7]) for text in told]
    assert 0 < woken[0] < 50 < woken[1] == 96


def test_verify_explains_every_friction(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    result = xq("backtest", "--verify", "--days", "20", "--output", "json")
    assert result.exit_code == 0, result.stderr
    rows = json.loads(result.stdout)
    assert [row["name"] for row in rows] == [
        "none", "fee", "slippage", "fee from what is bought", "latency of 1,000 ms",
        "all of the run",
    ]  # fmt: skip
    assert all(row["explained"] and row["residual"] <= 1e-9 for row in rows)
    base, fee, slippage, bought, _, _ = rows
    assert base["orders"] > 6
    assert (base["vector"], base["replay"]) == (0.0, 0.0)
    for row in (fee, slippage):
        assert row["vector"] == pytest.approx(row["replay"], rel=1e-6)
        assert row["vector"] > 0.001
    assert bought["difference"] > 1e-9 > fee["difference"]
    assert "nothing is unexplained" in result.stderr


def test_an_unexplained_difference_is_a_failure_after_the_table(
    xq: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A venue that keeps more of every fee than it says: its books do not add up."""
    workspace(tmp_path)
    honest = account.transfer

    def greedy(source: Any, target: Any, asset: str, amount: Any) -> Any:
        share = amount * 2 if target is account.Account.FEES else amount
        return honest(source, target, asset, share)

    monkeypatch.setattr(account, "transfer", greedy)
    result = xq("backtest", "--verify", "--days", "20", "--output", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)[1]["explained"] is False
    assert "that nothing explains" in result.stderr
    assert "friction: fee" in result.stderr


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--engine", "replya"), "did you mean 'replay'"),
        (("--decide", "each-bar"), "the vector engine decides ahead"),
        (("--engine", "replay", "--decide", "never"), "never"),
        (("--verify", "--save"), "keeps no run"),
    ],
)
def test_what_is_refused(xq: Run, tmp_path: Path, options: tuple[str, ...], expected: str) -> None:
    workspace(tmp_path)
    result = xq("backtest", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert expected in result.stderr


def test_a_saved_replay_comes_out_again_as_a_replay(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    run = answer(xq("backtest", "--engine", "replay", "--days", "4", "--save", "--output", "json"))
    again = xq("runs", "verify", run["run_id"], "--output", "json")
    assert again.exit_code == 0, again.stderr


def test_strategies_on_events_have_one_engine(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    for options in (("--engine", "replay"), ("--verify",)):
        result = xq("backtest", "--strategy", "volume_burst", *options)
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"volume_burst answers events, which one engine simulates; found {options[0]}" in (
            result.stderr
        )


def test_stops_on_spot_are_not_replayed_but_a_time_stop_is(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    plugin = (tmp_path / "strategies" / "trend_following.py").read_text(encoding="utf-8")
    changed = plugin.replace("import Bars,", "import Bars, Exits,").replace(
        "    def check", "    exits = Exits(stop_loss=0.05)\n\n    def check"
    )
    (tmp_path / "strategies" / "trend_following.py").write_text(changed, encoding="utf-8")
    for options in (("--engine", "replay"), ("--verify",)):
        result = xq("backtest", *options)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "stops and take-profits for contracts alone" in result.stderr
    timed = changed.replace("stop_loss=0.05", "max_bars=5")
    (tmp_path / "strategies" / "trend_following.py").write_text(timed, encoding="utf-8")
    result = xq("backtest", "--verify", "--output", "jsonl")
    assert result.exit_code == 0
    [exits] = [row for row in result.rows if row["name"] == "exits"]
    assert (exits["explanation"], exits["explained"]) == ("modelled alike", True)
    assert exits["replay"] == pytest.approx(exits["vector"], abs=1e-9)
    assert exits["replay"] != 0.0


def test_a_latency_is_refused_where_there_are_no_events(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    refused = xq("backtest", "--latency", "100")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "a latency in ms is for strategies on events, trend_following decides" in refused.stderr
