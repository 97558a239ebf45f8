"""``xq walkforward``: windows, one stitched account, combinatorial paths, refusals."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.backtests import workspace

from xq.api.walkforward_account import efficiency

Run = Callable[..., Any]

TUNED = ("--param", "fast=5:20:5", "--param", "slow=25,40", "--workers", "1", "-o", "json")
PLAN = ("--train", "20", "--test", "7", "--groups", "6")


def answer(result: Any) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_windows_follow_each_other_and_choose_by_their_past(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    page = tmp_path / "walk.html"
    found = answer(xq("walkforward", *TUNED, *PLAN, "--report", str(page)))
    text = page.read_text(encoding="utf-8")
    assert "Walk-forward" in text
    assert found["ledger"]["hash"] in text
    rows = found["windows"]
    assert len(rows) == 3
    assert all(row["train_end"] < row["test_start"] for row in rows)
    assert all(row["test_end"] < later["test_start"] for row, later in pairwise(rows))
    sweeps = answer(xq("sweep", *TUNED[:-4], "--workers", "1", "-o", "json"))
    assert {row["fast"] for row in rows} <= {row["fast"] for row in sweeps["trials"]}
    whole = 1.0
    for row in rows:
        whole *= 1.0 + row["return"]
    assert whole - 1.0 == pytest.approx(found["out_of_sample"]["total_return"], abs=1e-12)
    paths = found["combinatorial"]
    assert (paths["splits"], paths["paths"]) == (15, 5)
    assert paths["daily_sharpe_ratio"]["low"] <= paths["daily_sharpe_ratio"]["median"]
    assert answer(xq("trials", "verify", "-o", "json")) == sweeps["ledger"]


def test_without_a_choice_it_is_the_backtest_of_the_tested_days(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    one = ("--param", "fast=10", "--param", "slow=40")
    found = answer(xq("walkforward", *one, *PLAN, "--workers", "1", "-o", "json"))
    since = found["windows"][0]["test_start"]
    alone = answer(xq("backtest", *one, "--since", since, "-o", "json"))
    out = found["out_of_sample"]
    assert out["total_return"] == pytest.approx(alone["metrics"]["total_return"], abs=1e-12)
    assert out["stressed_return"] == pytest.approx(alone["stress"]["total_return"], abs=1e-12)
    assert found["verdict"]["survives"] is False
    assert found["ledger"]["trials"] == 2
    assert "after 2 trials" in found["verdict"]["reasons"][0]


def test_every_trial_on_record_counts_and_page_and_command_state_the_same_figures(
    xq: Run, tmp_path: Path
) -> None:
    workspace(tmp_path)
    xq("backtest", "--param", "fast=9", "-o", "json")
    page = tmp_path / "walk.html"
    found = answer(xq("walkforward", *TUNED, *PLAN, "--report", str(page)))
    assert found["ledger"]["trials"] == 10  # eight sets, their walk-forward and the backtest
    assert "after 10 trials" in found["verdict"]["reasons"][0]
    text = page.read_text(encoding="utf-8")
    assert '<td data-key="overfit.trials">10</td>' in text
    said, out = text.replace("−", "-"), found["out_of_sample"]
    assert f"{out['daily_sharpe_ratio']:.2f}</b><span>Sharpe ratio of days<" in said
    assert f"{100 * out['hold_total_return']:.2f} %</b><span>buy and hold<" in said


@pytest.mark.parametrize(("tuned", "expected"), [(0.01, None), (-1.0, None), (2.0, 0.5)])
def test_efficiency_is_told_where_there_was_something_to_keep(
    tuned: float, expected: float | None
) -> None:
    assert efficiency(1.0, tuned) == expected


def test_anchored_windows_begin_on_the_first_day_and_purge_leaves_days_out(
    xq: Run, tmp_path: Path
) -> None:
    workspace(tmp_path)
    rows = answer(xq("walkforward", *TUNED, *PLAN, "--anchored", "--purge", "2", "--embargo", "1"))
    assert len({row["train_start"] for row in rows["windows"]}) == 1
    gap = {
        int(row["test_start"][-2:]) - int(row["train_end"][-2:])
        for row in rows["windows"]
        if row["test_start"][:7] == row["train_end"][:7]
    }
    assert gap == {4}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--method", "tpe", "--trials", "9"], "tpe"),
        (["--train", "900"], "900 rows to learn from leave nothing"),
        (["--train", "20", "--test", "0"], "test must be at least 1"),
        (["--train", "20", "--groups", "900"], "groups must be between 2"),
        (["--train", "20", "--groups", "40", "--held", "20"], "too many paths"),
        (["--train", "20", "--purge", "20"], "leave nothing of 20"),
    ],
)
def test_refusals(xq: Run, tmp_path: Path, options: list[str], message: str) -> None:
    workspace(tmp_path)
    found = xq("walkforward", "--param", "fast=5,10", "--workers", "1", *options)
    assert (found.exit_code, found.stdout) == (2, "")
    assert message in found.stderr
