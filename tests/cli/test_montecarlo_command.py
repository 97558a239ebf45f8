"""``xq montecarlo``: what each way answers, the same seed, and refusals."""

import json
from pathlib import Path

import pytest
from support.backtests import workspace

METHODS = {"bootstrap": 200, "trades": 200, "jitter": 3, "synthetic": 3}


@pytest.fixture
def run_id(xq, tmp_path: Path) -> str:
    workspace(tmp_path)
    return json.loads(xq("backtest", "--save").stdout)["run_id"]


def answer(result) -> dict:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("method", METHODS)
def test_every_way_answers_and_the_seed_decides(xq, run_id, method):
    paths = str(METHODS[method])

    def ask(seed: str) -> str:
        return xq("montecarlo", run_id[:6], "--method", method, "--paths", paths, "--seed", seed)

    first = ask("1")
    found = answer(first)
    assert (found["run_id"], found["method"], found["seed"]) == (run_id, method, 1)
    assert 0 < found["paths"] <= METHODS[method]
    assert 0.0 <= found["losing"] <= 1.0
    spread = found["figures"]["total_return"]
    assert spread["p05"] <= spread["median"] <= spread["p95"]
    assert found["figures"]["max_drawdown"]["p95"] <= 0.0
    if method in ("bootstrap", "trades"):
        assert ask("1").stdout == first.stdout
        assert ask("2").stdout != first.stdout


def test_the_observed_figure_is_the_run_itself(xq, run_id):
    saved = json.loads(xq("runs", "show", run_id).stdout)["metrics"]["total_return"]
    for method in ("bootstrap", "jitter"):
        found = answer(xq("montecarlo", run_id, "--method", method, "--paths", "2"))
        assert found["figures"]["total_return"]["observed"] == pytest.approx(saved)
        assert found["notes"] == ["with 2 paths the 5 % and 95 % ends are hardly known"]


def test_drawing_trades_says_that_it_is_too_good(xq, run_id):
    result = xq("montecarlo", run_id, "--method", "trades", "--output", "table")
    assert "too good" in result.stderr
    assert "of the paths earn nothing or lose" in result.stdout


def test_changed_costs_are_told(xq, run_id, tmp_path):
    (tmp_path / "xq.toml").write_text("[backtest]\nfee = 0.0\n", encoding="utf-8")
    found = answer(xq("montecarlo", run_id, "--method", "jitter", "--paths", "2"))
    assert "changed since the run was saved" in found["notes"][0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--method", "bootstrab"], "bootstrap"),
        (["--paths", "1"], "paths must be between 2 and 100,000, found 1"),
        (["--paths", "10000000"], "found 10,000,000"),
        (["--block", "0.5"], "block must be at least 1, found 0.5"),
        (["--block", "nan"], "block must be at least 1, found nan"),
        (["--block", "2", "--method", "jitter"], "jitter has no blocks"),
        (["--seed", "-1"], "seed must be at least 0, found -1"),
    ],
)
def test_refusals(xq, options, words):
    result = xq("montecarlo", "abc", *options)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""


def test_without_a_run(xq, tmp_path):
    workspace(tmp_path)
    result = xq("montecarlo", "abc")
    assert result.exit_code == 4
    assert "no run is saved" in result.stderr


def test_a_run_of_a_few_hours_is_too_short(xq, tmp_path):
    workspace(tmp_path)
    short = json.loads(xq("backtest", "--days", "1", "--save").stdout)["run_id"]
    result = xq("montecarlo", short)
    assert result.exit_code == 4
    assert "at least 10 days" in result.stderr
    result = xq("montecarlo", short, "--method", "trades")
    assert result.exit_code == 4
    assert "at least 2 closed ones" in result.stderr
