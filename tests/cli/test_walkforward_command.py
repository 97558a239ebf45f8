"""``xq walkforward``: windows, one stitched account, combinatorial paths, refusals."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.backtests import workspace

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
    assert paths["sharpe_ratio"]["low"] <= paths["sharpe_ratio"]["median"]
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
