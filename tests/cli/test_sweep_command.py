"""``xq sweep`` and ``xq trials``: the object, the refusals, the same bytes, the ledger."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.backtests import workspace

from xq.api.backtest import BacktestRequest, backtest
from xq.api.workspace import open_workspace
from xq.backtest.sweep_store import TrialStore

Run = Callable[..., Any]

GRID = ("--param", "fast=5:20:5", "--param", "slow=20,40")


def answer(result: Any) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_grid_has_every_trial_and_judges_the_best(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    said = xq("sweep", *GRID, "--workers", "1", "--output", "json")
    found = answer(said)
    assert [row["trial"] for row in sorted(found["trials"], key=lambda r: r["trial"])] == [
        0, 1, 2, 3, 4, 5, 7,
    ]  # fmt: skip
    assert found["refused"] == 1  # fast 20, slow 20
    assert "1 set of parameters refused: fast must be below slow, found 20 and 20" in said.stderr
    best = max(found["trials"], key=lambda row: row["daily_sharpe_ratio"])
    assert found["best"]["params"] == {name: best[name] for name in ("fast", "slow", "short")}
    assert found["statistics"]["best"] == best["trial"]
    assert found["statistics"]["trials"] == found["ledger"]["trials"] == 7
    assert 0.0 <= found["statistics"]["probability_of_overfitting"] <= 1.0
    assert found["statistics"]["splits"] == 16
    assert found["statistics"]["neighbours"]["count"] == 4
    assert 0.0 <= found["statistics"]["reality"]["consistent"] <= 1.0
    assert found["verdict"]["survives"] is False
    assert "after 7 trials" in found["verdict"]["reasons"][0]


def test_a_trial_is_the_backtest_of_its_parameters(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    found = answer(xq("sweep", *GRID, "--workers", "1", "--since", "2023-02-01", "-o", "json"))
    for row in found["trials"]:
        params = ("--param", f"fast={row['fast']}", "--param", f"slow={row['slow']}")
        alone = answer(xq("backtest", *params, "--since", "2023-02-01", "-o", "json"))
        assert row["total_return"] == pytest.approx(alone["metrics"]["total_return"], abs=1e-12)
        daily = alone["statistics"]["sharpe_ratio"]
        assert row["daily_sharpe_ratio"] == pytest.approx(daily, abs=1e-9)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_same_seed_gives_the_same_bytes(xq: Run, tmp_path: Path, workers: str) -> None:
    options = ("sweep", "--param", "fast=2:40", "--param", "slow=41:90", "--method", "random",
               "--trials", "12", "--seed", "5", "-o", "json")  # fmt: skip
    workspace(tmp_path)
    first = xq(*options, "--workers", workers)
    again = xq(*options, "--workers", workers)  # from disk
    for kept in (tmp_path / "state" / "sweeps").glob("*/*.npz"):
        kept.unlink()
    anew = xq(*options, "--workers", "2")
    assert len(answer(first)["trials"]) == 12
    assert first.stdout == again.stdout == anew.stdout
    other = answer(xq(*options[:-3], "6", *options[-2:], "--workers", "1"))
    assert other["sweep_id"] != answer(first)["sweep_id"]


def test_a_second_sweep_counts_the_trials_of_the_first(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    first = answer(xq("sweep", *GRID, "--workers", "1", "-o", "json"))
    wider = answer(xq("sweep", *GRID, "--param", "short=no,yes", "--workers", "1", "-o", "json"))
    assert first["statistics"]["trials"] == 7
    assert wider["statistics"]["trials"] == 7  # spot: shorts are refused, the others known
    assert wider["refused"] == 9
    more = answer(xq("sweep", *GRID[:2], "--param", "slow=50", "--workers", "1", "-o", "json"))
    assert more["statistics"]["trials"] == 11
    verified = xq("trials", "verify", "-o", "json")
    assert answer(verified) == more["ledger"]
    listed = xq("trials", "list", "-o", "json", "--strategy", "trend_following")
    ratios = [row["daily_sharpe_ratio"] for row in json.loads(listed.stdout)]
    assert len(ratios) == 11
    for row in first["trials"]:  # the same figure in both lists
        assert any(ratio == pytest.approx(row["daily_sharpe_ratio"]) for ratio in ratios)


@pytest.mark.parametrize(
    ("options", "exit_code", "message", "hint"),
    [
        (["--param", "fast=50:5:5"], 2, "0 sets of parameters", "--param fast=5:50:5"),
        (["--param", "fast=2:200", "--param", "slow=5:500"], 2, "98,704 sets", "--method random"),
        (["--param", "fast=0.5:3:0.5"], 2, "fast must be a whole number", "--param fast="),
        (["--param", "fats=5:50:5"], 2, "no parameter named 'fats'", "fast"),
        (["--param", "fast"], 2, "name=values", "--param fast=5:50:5"),
        (["--param", "fast=5:10:0"], 2, "step above 0", "--param fast=5:50:5"),
        (["--param", "fast=5", "--param", "fast=6"], 2, "given twice", "commas"),
        (["--method", "grids"], 2, "no method named 'grids'", "grid"),
        (["--method", "random"], 2, "needs a number of trials", "--trials"),
        (["--method", "random", "--trials", "0"], 2, "0 sets", "--param"),
        (["--objective", "luck"], 2, "no objective named 'luck'", "xq sweep --help"),
        (["--executor", "cloud"], 2, "no executor named 'cloud'", "--executor local"),
        (["--workers", "0"], 2, "workers must be at least 1", ""),
        (["--param", "fast=30,40", "--param", "slow=20"], 2, "every set of parameters", ""),
        (["--strategy", "nosuch"], 2, "no strategy named 'nosuch'", ""),
    ],
)
def test_refusals(
    xq: Run, tmp_path: Path, options: list[str], exit_code: int, message: str, hint: str
) -> None:
    workspace(tmp_path)
    found = xq("sweep", *options)
    assert (found.exit_code, found.stdout) == (exit_code, "")
    assert message in found.stderr
    assert hint in found.stderr
    assert not (tmp_path / "state" / "sweeps").exists() or "workers" in message


def test_an_interrupted_sweep_says_how_to_go_on(
    xq: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace(tmp_path)
    keep = TrialStore.keep

    def interrupted(self: TrialStore, outcomes: list[Any]) -> None:
        keep(self, outcomes)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(TrialStore, "keep", interrupted)
        stopped = xq("sweep", *GRID, "--workers", "1")
    assert (stopped.exit_code, stopped.stdout) == (130, "")
    assert "interrupted; the trials that are done are kept" in stopped.stderr
    assert "the same command again goes on where this one stopped" in stopped.stderr
    [kept] = (tmp_path / "state" / "sweeps").glob("*/*.npz")
    before = kept.stat().st_mtime_ns
    assert len(answer(xq("sweep", *GRID, "--workers", "1", "-o", "json"))["trials"]) == 7
    assert kept.stat().st_mtime_ns == before


def test_without_values_to_try_it_says_that_nothing_was_swept(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    said = xq("sweep", "--workers", "1", "-o", "table")
    assert said.stdout.splitlines()[0].rstrip().endswith("BTC/USDT 1h: 1 trial")
    assert "one set of parameters and nothing to choose from" in said.stderr
    assert "no --param has several values, such as --param fast=2:200:STEP" in said.stderr


def test_the_table_ends_with_verdict_and_ledger(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    said = xq("sweep", *GRID, "--workers", "1", "--top", "3", "-o", "table").stdout
    assert "trend_following on binance BTC/USDT 1h: 7 trials" in said
    lines = said.splitlines()
    assert any(line.startswith("  overfitting: choosing the best fails") for line in lines)
    assert any(line.startswith("  verdict: does not survive") for line in lines)
    head = json.loads((tmp_path / "state" / "trials.head").read_text())["hash"]
    assert lines[-1] == f"  ledger: 7 trials, head {head[:16]}"


def test_a_backtest_is_a_trial_and_the_report_shows_search_and_ledger(
    xq: Run, tmp_path: Path
) -> None:
    workspace(tmp_path)
    run = answer(xq("backtest", "--param", "fast=9", "-o", "json"))
    xq("backtest", "--param", "fast=9", "-o", "json")
    page = tmp_path / "sweep.html"
    found = answer(xq("sweep", *GRID, "--workers", "1", "--report", str(page), "-o", "json"))
    assert found["statistics"]["trials"] == found["ledger"]["trials"] == 8
    first = json.loads((tmp_path / "state" / "trials.jsonl").read_text().splitlines()[0])
    assert first["source"] == f"backtest {run['run_id']}"
    text = page.read_text(encoding="utf-8")
    assert found["ledger"]["hash"] in text
    assert "Search: heat map" in text
    refused = xq("sweep", *GRID, "--report", str(tmp_path))
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "expected a file, found a folder" in refused.stderr


def test_what_was_swept_counts_for_every_later_backtest(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    page = tmp_path / "sweep.html"
    swept = answer(xq("sweep", *GRID, "--workers", "1", "--report", str(page), "-o", "json"))
    assert "after 7 trials" in swept["verdict"]["reasons"][0]
    assert "after 7 trials" in page.read_text("utf-8")
    best = [f"{name}={value}" for name, value in swept["best"]["params"].items()]
    alone = xq("backtest", *(word for one in best for word in ("--param", one)), "-o", "json")
    assert answer(alone)["overfit"]["trials"] == 8
    again = xq("backtest", *(word for one in best for word in ("--param", one)), "-o", "json")
    assert again.stdout == alone.stdout


def test_a_backtest_from_python_is_on_record_too(xq: Run, tmp_path: Path) -> None:
    ws = open_workspace(cwd=workspace(tmp_path), environ={})
    ours = backtest(ws, BacktestRequest(params={"fast": 9}))
    listed = answer(xq("trials", "list", "-o", "json"))
    assert [row["source"] for row in listed] == [f"backtest {ours.run_id}"]
