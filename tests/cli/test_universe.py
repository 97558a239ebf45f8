"""``xq backtest --symbol '*/USDT'``: who was listed then, not who is left."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support.backtests import START_MS, store, workspace

from xq.lake.layout import Dataset
from xq.lake.schema import TIMESTAMP
from xq.lake.writer import LakeWriter
from xq.timeframe import HOUR_MS

Run = Callable[..., Any]

ROWS, DEATH, BIRTH = 400, 250, 100
EVENLY = '''"""The same share of everything."""

import numpy as np

from xq import Bars, Strategy


class Evenly(Strategy):
    """Holds every symbol, listed or not."""

    @property
    def lookback(self) -> int:
        return 1

    def target_weights(self, bars: Bars):
        return np.full(bars.close.shape, 1 / len(bars.symbols))
'''


def path(rows: int, drift: float, start: int = 0) -> pa.Table:
    close = 100 * np.exp(drift * np.arange(1, rows + 1) + 0.002 * np.sin(np.arange(rows)))
    opens = np.concatenate(([100.0], close[:-1]))
    ts = pa.array(START_MS + HOUR_MS * np.arange(start, start + rows)).cast(TIMESTAMP)
    fields = {"open": opens, "high": np.maximum(opens, close), "low": np.minimum(opens, close)}
    return pa.table({"ts": ts, **fields, "close": close, "volume": np.full(rows, 1e6)})


def listing(folder: Path, symbol: str, rows: list[tuple[int, dict[str, Any]]]) -> None:
    """What the venue said of a symbol at each hour it was looked at."""
    ts = pa.array([START_MS + HOUR_MS * hour for hour, _ in rows]).cast(TIMESTAMP)
    none = [0.0] * len(rows)
    numbers = ("tick", "lot", "min_quantity", "min_notional", "maker", "taker")
    table = pa.table(
        {"ts": ts, **dict.fromkeys(numbers, none), "filters": [json.dumps(d) for _, d in rows]},
        schema=pa.schema(
            [
                Dataset("instruments", "binance", symbol).spec.schema.field(name)
                for name in ("ts", *numbers, "filters")
            ]
        ),
    )
    LakeWriter(folder / "data").upsert(Dataset("instruments", "binance", symbol), table)


@pytest.fixture
def market(tmp_path: Path) -> Path:
    """GOOD and LATE live on, DEAD falls and is delisted: a survivor's list has it not."""
    workspace(tmp_path, rows=1)
    (tmp_path / "strategies" / "evenly.py").write_text(EVENLY, encoding="utf-8")
    store(tmp_path, path(ROWS, 0.0004), symbol="GOOD/BUSD")
    store(tmp_path, path(ROWS - BIRTH, 0.0004, BIRTH), symbol="LATE/BUSD")
    store(tmp_path, path(DEATH, -0.004), symbol="DEAD/BUSD")
    return tmp_path


def known(folder: Path) -> None:
    born = {"status": "TRADING", "onboardDate": START_MS + HOUR_MS * BIRTH}
    listing(folder, "GOOD/BUSD", [(-5, {"status": "TRADING"})])
    listing(folder, "LATE/BUSD", [(BIRTH, born)])
    listing(folder, "DEAD/BUSD", [(-5, {"status": "TRADING"}), (DEATH + 9, {"status": "BREAK"})])


def run(xq: Run, *options: str) -> dict[str, Any]:
    result = xq("backtest", "--strategy", "evenly", "--output", "json", *options)
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


UNIVERSE = ("--symbol", "*/BUSD")
SURVIVORS = ("--symbol", "GOOD/BUSD", "--symbol", "LATE/BUSD", "--gaps", "flag")


def test_survivors_look_better_than_who_was_listed(xq: Run, market: Path) -> None:
    known(market)
    honest, kept = run(xq, *UNIVERSE), run(xq, *SURVIVORS)
    assert honest["symbols"] == ["DEAD/BUSD", "GOOD/BUSD", "LATE/BUSD"]
    assert kept["metrics"]["sharpe_ratio"] > honest["metrics"]["sharpe_ratio"] + 1
    assert kept["metrics"]["total_return"] > 0 > honest["metrics"]["total_return"]
    assert honest["run_id"] != kept["run_id"]


def test_a_delisted_position_is_closed_at_the_last_close(xq: Run, market: Path) -> None:
    known(market)
    found = run(xq, *UNIVERSE, "--fee", "0", "--slippage", "0", "--save")
    assert any(
        note == "delisted in the run, positions closed at the last close: "
        "DEAD/BUSD 2023-01-11T09:00:00Z"
        for note in found["notes"]
    )
    fills = xq("sql", "select * from fills where symbol = 'DEAD/BUSD' order by ts").rows
    last = path(DEATH, -0.004)["close"][-1].as_py()
    assert (fills[-1]["side"], fills[-1]["price"]) == ("sell", pytest.approx(last, rel=1e-12))
    held = sum(row["quantity"] * (1 if row["side"] == "buy" else -1) for row in fills)
    assert held == pytest.approx(0, abs=1e-12)
    late = xq("sql", "select min(ts) as ts from fills where symbol = 'LATE/BUSD'").rows
    assert str(late[0]["ts"]).startswith("2023-01-05T05") or "2023-01-05 05" in str(late[0]["ts"])
    verified = xq("runs", "verify", found["run_id"])
    assert verified.exit_code == 0, verified.stderr


def test_both_engines_close_it_alike(xq: Run, market: Path) -> None:
    known(market)
    vector = run(xq, *UNIVERSE)
    replayed = run(xq, *UNIVERSE, "--engine", "replay")
    assert replayed["metrics"] == pytest.approx(vector["metrics"], rel=1e-6)


def test_survivorship_is_warned_of_only_where_history_is_lacking(xq: Run, market: Path) -> None:
    warned = [n for n in run(xq, *UNIVERSE)["notes"] if "no history of the listing" in n]
    assert len(warned) == 1
    assert "DEAD/BUSD GOOD/BUSD LATE/BUSD" in warned[0]
    known(market)
    listing(market, "GONE/BUSD", [(-5, {"status": "TRADING"})])
    notes = run(xq, *UNIVERSE)["notes"]
    assert not any("no history of the listing" in note for note in notes)
    assert any("GONE/BUSD was listed, but no bars of it are stored" in note for note in notes)


@pytest.mark.parametrize("status", ["TRADING", "HALT"])
def test_bars_that_end_while_a_symbol_is_listed_are_a_gap_of_ours(
    xq: Run, market: Path, status: str
) -> None:
    known(market)
    listing(market, "DEAD/BUSD", [(DEATH + 20, {"status": status})])
    result = xq("backtest", "--strategy", "evenly", *UNIVERSE)
    assert result.exit_code != 0
    assert "DEAD/BUSD" in result.stderr


def test_a_halted_symbol_is_held_and_not_closed(xq: Run, market: Path) -> None:
    known(market)
    listing(market, "DEAD/BUSD", [(DEATH + 9, {"status": "HALT"})])
    found = run(xq, *UNIVERSE, "--gaps", "flag", "--save")
    assert not any("delisted" in note for note in found["notes"])
    fills = xq("sql", "select * from fills where symbol = 'DEAD/BUSD'").rows
    held = sum(row["quantity"] * (1 if row["side"] == "buy" else -1) for row in fills)
    assert held > 0


def test_only_what_is_missing_while_listed_is_counted_as_missing(xq: Run, market: Path) -> None:
    known(market)
    late = path(ROWS - BIRTH - 60, 0.0004, BIRTH + 60)
    store(market, late, symbol="TORN/BUSD")
    store(market, path(10, 0.0004, BIRTH), symbol="TORN/BUSD")
    result = xq("backtest", "--strategy", "evenly", *UNIVERSE)
    assert result.exit_code == 4
    assert result.stderr.startswith("error: 50 of 300 bars missing, first 2023-01-05T14:00:00Z")
    assert "--since 2023-01-05T14:00:00Z --until 2023-01-07T16:00:00Z" in result.stderr


def test_a_trial_of_a_sweep_is_the_backtest_of_the_universe(xq: Run, market: Path) -> None:
    known(market)
    alone = run(xq, *UNIVERSE)
    said = xq("sweep", "--strategy", "evenly", *UNIVERSE, "--workers", "1", "-o", "json")
    assert said.exit_code == 0, said.stderr
    found = json.loads(said.stdout)
    assert found["best"]["run_id"] == alone["run_id"]
    [trial] = found["trials"]
    assert trial["total_return"] == pytest.approx(alone["metrics"]["total_return"], abs=1e-12)
    assert any("delisted in the run" in note for note in found["notes"])


def test_a_walk_forward_of_one_set_is_the_backtest_of_its_days(xq: Run, market: Path) -> None:
    known(market)
    plan = ("--train", "6", "--test", "3", "--groups", "0", "--workers", "1", "-o", "json")
    said = xq("walkforward", "--strategy", "evenly", *UNIVERSE, *plan)
    assert said.exit_code == 0, said.stderr
    found = json.loads(said.stdout)
    alone = run(xq, *UNIVERSE, "--since", found["windows"][0]["test_start"])
    total = found["out_of_sample"]["total_return"]
    assert total == pytest.approx(alone["metrics"]["total_return"], abs=1e-12)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (("backtest", "--strategy", "evenly", "--symbol", "*/EUR"), "no 1h bars of */EUR"),
        (("backtest", *UNIVERSE, "--symbol", "GOOD/BUSD"), "a universe stands alone"),
        (("backtest", *UNIVERSE, "--engine", "replay", "--decide", "each-bar"), "decided ahead"),
        (("sweep", "--strategy", "evenly", *UNIVERSE, "--symbol", "GOOD/BUSD"), "stands alone"),
    ],
)
def test_what_a_universe_is_not_for(
    xq: Run, market: Path, line: tuple[str, ...], told: str
) -> None:
    result = xq(*line)
    assert result.exit_code == 2 or "*/EUR" in told
    assert told in result.stderr
