"""``xq backtest --save`` and ``xq runs``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support.backtests import workspace

Run = Callable[..., Any]


@pytest.fixture
def saved(xq: Run, tmp_path: Path) -> list[dict[str, Any]]:
    workspace(tmp_path)
    options = [[], ["--param", "fast=9"], ["--param", "fast=15", "--days", "20"]]
    return [json.loads(xq("backtest", "--save", *chosen).stdout) for chosen in options]


def test_a_workspace_without_runs_has_an_empty_list(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    result = xq("runs", "list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "xq backtest --save" in result.stderr
    missing = xq("runs", "show", "abc")
    assert missing.exit_code == 4
    assert "no run is saved" in missing.stderr


def test_saved_runs_are_listed_oldest_first(xq: Run, saved: list[dict[str, Any]]) -> None:
    rows = xq("runs", "list").rows
    assert [row["run_id"] for row in rows] == [run["run_id"] for run in saved]
    assert rows[0]["total_return"] == saved[0]["metrics"]["total_return"]
    assert xq("runs", "list", "--strategy", "bollinger").stdout == ""


def test_one_is_shown_by_the_beginning_of_its_id(xq: Run, saved: list[dict[str, Any]]) -> None:
    result = xq("runs", "show", saved[1]["run_id"][:6], "--output", "json")
    shown = json.loads(result.stdout)
    keys = list(shown)[:-1]
    assert shown == {key: saved[1][key] for key in keys} | {"saved": shown["saved"]}
    assert keys == list(saved[1])[:11]


@pytest.mark.parametrize(("given", "says"), [("zzzz", "no run named 'zzzz'"), ("", "single run")])
def test_an_id_that_fits_none_or_several_is_refused(
    xq: Run, saved: list[dict[str, Any]], given: str, says: str
) -> None:
    result = xq("runs", "show", given)
    assert result.exit_code == 2
    assert says in result.stderr
    assert "hint:  xq runs list" in result.stderr


def test_equity_fills_and_round_trips_are_in_the_lake(
    xq: Run, saved: list[dict[str, Any]], tmp_path: Path
) -> None:
    run = saved[0]
    counts = xq(
        "sql",
        f"select (select count(*) from equity where run_id = '{run['run_id']}') as equity, "
        f"(select sum(fee) from fills where run_id = '{run['run_id']}') as fees, "
        f"(select count(*) from round_trips where run_id = '{run['run_id']}') as trips, "
        f"(select last(equity order by ts) from equity where run_id = '{run['run_id']}') as final",
    ).rows[0]
    assert counts["equity"] == run["bars"]
    assert counts["trips"] == run["metrics"]["round_trips"]
    assert counts["fees"] == pytest.approx(run["metrics"]["fees"])
    assert counts["final"] == run["metrics"]["final_equity"]


def test_saving_again_changes_nothing(xq: Run, saved: list[dict[str, Any]], tmp_path: Path) -> None:
    def state() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in (tmp_path / "data").glob("*/**/*.parquet")}

    before = state()
    xq("backtest", "--save")
    assert state() == before


def test_every_saved_run_of_the_same_series_counts_as_a_trial(
    xq: Run, saved: list[dict[str, Any]]
) -> None:
    assert [run["overfit"]["trials"] for run in saved] == [1, 2, 3]
    again = json.loads(xq("backtest").stdout)
    assert again["overfit"]["trials"] == 3
    chance = again["overfit"]
    assert chance["deflated_sharpe_ratio"] < chance["probabilistic_sharpe_ratio"]
    other = json.loads(xq("backtest", "--strategy", "bollinger").stdout)
    assert other["overfit"]["trials"] == 1


def test_a_run_comes_out_again_byte_by_byte(xq: Run, saved: list[dict[str, Any]]) -> None:
    for run in (saved[0], saved[2]):
        result = xq("runs", "verify", run["run_id"])
        assert result.exit_code == 0, result.stderr
        assert [row["part"] for row in result.rows] == ["equity", "fills", "round_trips", "metrics"]
        assert all(row["same"] and row["saved"] == row["again"] for row in result.rows)
        assert "byte by byte" in result.stderr


def test_a_run_with_other_options_comes_out_again_whatever_is_configured_now(
    xq: Run, tmp_path: Path
) -> None:
    workspace(tmp_path)
    options = ["--delay", "3", "--slippage-model", "square_root", "--deposit", "2023-02-01=500"]
    run = json.loads(xq("backtest", "--save", *options, "--fee", "0").stdout)
    (tmp_path / "xq.toml").write_text("[backtest]\nfee = 0.01\n[collect]\ntimeframe = '4h'\n")
    assert xq("runs", "verify", run["run_id"]).exit_code == 0


def test_another_strategy_or_other_data_is_named_as_the_reason(
    xq: Run, saved: list[dict[str, Any]], tmp_path: Path
) -> None:
    file = tmp_path / "strategies" / "trend_following.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("trend.clip(0)", "trend.clip(0) * 0.5"), encoding="utf-8")
    result = xq("runs", "verify", saved[0]["run_id"])
    assert result.exit_code == 4
    assert "equity, fills, round_trips, metrics differ because of source" in result.stderr


def test_what_tells_two_runs_apart_is_listed(xq: Run, saved: list[dict[str, Any]]) -> None:
    rows = xq("runs", "diff", saved[0]["run_id"], saved[1]["run_id"]).rows
    found = {row["name"]: (row["first"], row["second"]) for row in rows}
    assert found["params.fast"] == (12, 9)
    assert found["run_id"] == (saved[0]["run_id"], saved[1]["run_id"])
    assert "metrics.total_return" in found
    assert not {"source", "params.slow", "versions.xq"} & set(found)
    same = xq("runs", "diff", saved[0]["run_id"], saved[0]["run_id"])
    assert (same.stdout, same.stderr) == ("", "no difference\n")


def live_fills(folder: Path, count: int) -> None:
    """Fills of a paper run that cost half the spread and 0.7 times the square-root law."""
    from xq.lake.layout import Dataset
    from xq.lake.reader import Lake
    from xq.lake.schema import TIMESTAMP
    from xq.lake.writer import LakeWriter
    from xq.portfolio.slippage_evidence import from_bars

    bars = Lake(folder / "data").bars("binance", ["BTC/USDT"], "1h")
    known = from_bars(bars)
    rows = np.arange(200, 200 + count)
    quantity = 1e-4 * (1 + rows % 7)
    worse = known.spread[rows, 0] / 2 + 0.7 * known.volatility[rows, 0] * np.sqrt(
        quantity / known.volume[rows, 0]
    )
    sign = np.where(rows % 2 == 0, 1, -1)
    columns = {
        "ts": pa.array(bars.ts[rows] + 5_000, pa.int64()).cast(TIMESTAMP),
        "fill_id": [f"f{row}" for row in rows],
        "symbol": ["BTC/USDT"] * count,
        "side": ["buy" if one > 0 else "sell" for one in sign],
        "price": bars.open[rows, 0] * (1 + sign * worse),
        "quantity": quantity,
        "mode": ["paper"] * count,
        "exchange": ["binance"] * count,
    }
    dataset = Dataset("fills", run_id="paper-1")
    schema = pa.schema([dataset.spec.schema.field(name) for name in columns])
    LakeWriter(folder / "data").upsert(dataset, pa.table(columns, schema=schema))


def test_own_fills_fit_the_coefficient_from_200_on(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    live_fills(tmp_path, 199)
    few = xq("runs", "slippage")
    assert few.exit_code == 4
    assert "needs 200 fills, found 199" in few.stderr
    live_fills(tmp_path, 400)
    found = json.loads(xq("runs", "slippage").stdout)
    assert found["fills"] == 400
    assert found["coefficient"] == pytest.approx(0.7, rel=1e-6)
