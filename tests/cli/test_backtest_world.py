"""``xq backtest`` and the world around the bars: rules, marks, outages, books, inputs."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support.backtests import START_MS, bars_table, store, workspace

from xq.lake.coverage import Coverage
from xq.lake.layout import Dataset
from xq.lake.ranges import Range
from xq.lake.schema import TIMESTAMP
from xq.lake.writer import LakeWriter
from xq.timeframe import DAY_MS, HOUR_MS, MINUTE_MS

Run = Callable[..., Any]

SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"

STRATEGY = '''"""In and out of the market."""

import numpy as np

from xq import Bars, Exits, Strategy, param


class Switch(Strategy):
    """Holds one weight every other day."""

    weight: float = param(1.0, low=-50.0, high=50.0)
    INPUTS
    EXITS

    @property
    def lookback(self) -> int:
        return 1

    def target_weights(self, bars: Bars):
        day = (bars.ts // 86_400_000) % 2
        return np.where(day[:, None] == 1, self.weight, 0.0) * np.ones(bars.close.shape)
'''


def switch(folder: Path, *, exits: str = "", inputs: str = "", weights: str = "") -> None:
    text = STRATEGY.replace("EXITS", exits).replace("INPUTS", inputs)
    if weights:
        text = text[: text.index("        day =")] + f"        return {weights}\n"
    (folder / "strategies" / "switch.py").write_text(text, encoding="utf-8")


def answer(xq: Run, *options: str, symbol: str = SPOT) -> dict[str, Any]:
    line = ("backtest", "--strategy", "switch", "--symbol", symbol, "--output", "json", *options)
    result = xq(*line)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def times(values: Any) -> pa.Array:
    return pa.array(values, pa.int64()).cast(TIMESTAMP)


def put(folder: Path, dataset: Dataset, columns: dict[str, Any]) -> None:
    schema = dataset.spec.schema
    fields = [schema.field(name) for name in columns]
    LakeWriter(folder / "data").upsert(dataset, pa.table(columns, schema=pa.schema(fields)))


def instruments(
    folder: Path,
    symbol: str,
    rows: list[tuple[int, float, float]],
    *,
    most: str = "100",
    **more: Any,
) -> None:
    ts, lots, least = zip(*rows, strict=True)
    count = len(rows)
    market_lot = {"filters": [{"filterType": "MARKET_LOT_SIZE", "maxQty": most}]}
    put(
        folder,
        Dataset("instruments", "binance", symbol),
        {
            "ts": times(ts), "tick": [0.5] * count, "lot": lots, "min_quantity": lots,
            "min_notional": least, "maker": [0.0] * count, "taker": [0.0] * count,
            "filters": [json.dumps(market_lot)] * count, **more,
        },
    )  # fmt: skip


def test_rules_are_those_of_their_time_and_known_ones_are_no_survivors(
    xq: Run, tmp_path: Path
) -> None:
    workspace(tmp_path, rows=400)
    switch(tmp_path)
    history = [(START_MS - DAY_MS, 0.01, 10.0), (START_MS + 5 * DAY_MS, 0.1, 10.0)]
    instruments(tmp_path, SPOT, history, most="0.3")
    found = answer(xq, "--initial-cash", "20000", "--save")
    [note] = found["notes"]
    assert note.endswith("orders were cut to the venue's largest market quantity")
    assert found["world"]["filters"] == "as binance stated them at the time, where stored"
    fills = xq("sql", "select ts, quantity, price, side from fills order by ts, fill_id").rows
    steps = np.array([row["quantity"] for row in fills])
    early = np.array([str(row["ts"]) < "2023-01-06" for row in fills])
    assert (np.abs(steps[early] * 100 - np.round(steps[early] * 100)) < 1e-6).all()
    assert (np.abs(steps[~early][2:] * 10 - np.round(steps[~early][2:] * 10)) < 1e-6).all()
    assert steps.max() <= 0.3 + 1e-9
    assert all(row["price"] * 2 == round(row["price"] * 2) for row in fills)


def test_rules_learned_later_are_told(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path, rows=100)
    switch(tmp_path)
    instruments(tmp_path, SPOT, [(START_MS + 2 * DAY_MS, 0.01, 10.0)])
    [note] = [text for text in answer(xq)["notes"] if text.startswith("survivorship")]
    assert "known only from later on (BTC/USDT 2023-01-03)" in note


def test_orders_below_the_least_notional_are_not_placed(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path, rows=100)
    switch(tmp_path)
    instruments(tmp_path, SPOT, [(START_MS - DAY_MS, 0.00001, 100.0)])
    found = answer(xq, "--param", "weight=0.005")
    assert found["metrics"]["turnover"] == 0.0
    assert "2 orders were below the venue's minimum and not placed" in found["notes"]


def marks(folder: Path, timeframe: str, ts: list[int], low: float) -> None:
    values = [20_000.0] * len(ts)
    put(
        folder,
        Dataset("mark", "binance", PERP, timeframe),
        {"ts": times(ts), "open": values, "high": values, "low": [low] * len(ts), "close": values},
    )


def test_liquidation_follows_marks_of_the_bars_length_and_names_its_price(
    xq: Run, tmp_path: Path
) -> None:
    workspace(tmp_path, config="[backtest]\nmax_leverage = 20\n")
    switch(tmp_path)
    store(tmp_path, bars_table(200), symbol=PERP)
    line = ("--param", "weight=3", "--fee", "0")
    plain = answer(xq, *line, symbol=PERP)
    assert plain["world"]["liquidation"] == "last prices (1h); mark prices are not stored"
    assert plain["world"]["brackets"].startswith("made by xq's simulated venue for BTC/USDT:USDT")
    marks(tmp_path, "8h", [START_MS], 20_000.0)
    coarse = answer(xq, *line, symbol=PERP)
    assert coarse["world"]["liquidation"] == ("last prices (1h); mark prices are stored at 8h only")
    assert coarse["metrics"] == plain["metrics"]
    marks(tmp_path, "1h", [START_MS + hour * HOUR_MS for hour in range(100)], 100.0)
    deep = answer(xq, *line, symbol=PERP)
    assert (
        deep["world"]["liquidation"] == "mark prices (1h) in 100 of 200 bars, last prices elsewhere"
    )
    assert any("liquidat" in note for note in deep["notes"])
    assert len({run["run_id"] for run in (plain, deep)}) == 2


def test_the_terminal_and_the_report_name_the_liquidation_price(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    switch(tmp_path)
    store(tmp_path, bars_table(100), symbol=PERP)
    line = ("--symbol", PERP, "--slippage-model", "half_spread", "--report", "run.html")
    shown = xq("backtest", "--strategy", "switch", *line, "--output", "table").stdout
    told = "last prices (1h); mark prices are not stored"
    assert f"liquidation: {told}" in shown
    assert "slippage (half the spread" in shown
    assert told in (tmp_path / "run.html").read_text(encoding="utf-8")


def test_stored_brackets_decide_before_xqs_own(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path, config="[backtest]\nmax_leverage = 20\n")
    switch(tmp_path)
    store(tmp_path, bars_table(200), symbol=PERP)
    tiers = [{"minNotional": 0, "maintenanceMarginRate": 0.3}]
    instruments(tmp_path, PERP, [(START_MS - DAY_MS, 0.001, 5.0)], brackets=[json.dumps(tiers)])
    found = answer(xq, "--param", "weight=4", symbol=PERP)
    assert found["world"]["brackets"] == "as binance stated them, where stored"
    assert any("liquidat" in note for note in found["notes"])
    assert not any("liquidat" in n for n in answer(xq, "--param", "weight=2", symbol=PERP)["notes"])


def test_exits_follow_finer_stored_bars_and_say_so(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path, rows=100)
    switch(tmp_path, exits="exits = Exits(stop_loss=0.001, take_profit=0.001)")
    pessimistic = answer(xq, "--fee", "0", "--slippage", "0")
    assert pessimistic["world"]["exits"].startswith("the bar's own high and low")
    table = bars_table(100)
    parts: dict[str, list[Any]] = {name: [] for name in ("ts", "open", "high", "low", "close")}
    for row in table.slice(0, 80).to_pylist():
        begin = int(row["ts"].timestamp() * 1000)
        ways = [(row["open"], row["high"]), (row["high"], row["low"]), (row["low"], row["close"])]
        for step in range(60):  # up first, then down
            first, last = ways[min(step // 20, 2)] if step % 20 == 0 else (ways[step // 20][1],) * 2
            values = (begin + step * MINUTE_MS, first, max(first, last), min(first, last), last)
            for name, value in zip(parts, values, strict=True):
                parts[name].append(value)
    dataset = Dataset("ohlcv", "binance", SPOT, "1m")
    put(tmp_path, dataset, parts | {"ts": times(parts["ts"]), "volume": [1.0] * len(parts["ts"])})
    inside = answer(xq, "--fee", "0", "--slippage", "0")
    assert inside["world"]["exits"].startswith("1m bars, one after the other, in 80 of 100 bars")
    assert inside["metrics"]["total_return"] > pessimistic["metrics"]["total_return"]
    (tmp_path / "xq.toml").write_text("[backtest]\ninside_bars = false\n", encoding="utf-8")
    again = answer(xq, "--fee", "0", "--slippage", "0")
    assert again["metrics"] == pessimistic["metrics"]


def test_an_outage_of_the_venue_is_no_bar_and_a_gap_of_ours_is_refused(
    xq: Run, tmp_path: Path
) -> None:
    import shutil

    workspace(tmp_path)
    switch(tmp_path)
    shutil.rmtree(tmp_path / "data")
    table = bars_table(300)
    store(tmp_path, pa.concat_tables([table.slice(0, 100), table.slice(110)]))
    line = ("backtest", "--strategy", "switch", "--output", "json")
    assert xq(*line).exit_code == 4
    Coverage(tmp_path / "data").add(
        Dataset("ohlcv", "binance", SPOT, "1h"), Range(START_MS, START_MS + 300 * HOUR_MS)
    )
    found = json.loads(xq(*line).stdout)
    hole = "2023-01-05T04:00:00Z to 2023-01-05T14:00:00Z"
    assert found["gaps"] == {SPOT: {"ours": [], "venue": [hole]}}
    assert found["bars"] == 289
    assert found["notes"][0] == (
        f"outage of the venue: BTC/USDT has no bar {hole}; 10 bars are untradable, nothing was "
        "filled"
    )


def test_slippage_is_measured_and_the_model_is_told(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path, rows=400)
    switch(tmp_path)
    fixed = answer(xq)
    half = answer(xq, "--slippage-model", "half_spread")
    root = answer(xq, "--slippage-model", "square_root", "--initial-cash", "1000000")
    small = answer(xq, "--slippage-model", "square_root")
    assert fixed["world"]["slippage"] == "fixed, 0.0005 of price"
    assert "half the spread, from recorded books in 0% of bars" in half["world"]["slippage"]
    assert "1 × daily volatility × √(quantity / daily volume)" in root["world"]["slippage"]
    costs = [run["metrics"]["slippage"] / run["metrics"]["final_equity"] for run in (small, root)]
    assert 5 * costs[0] < costs[1]
    ts = [START_MS + hour * HOUR_MS for hour in range(400)]
    exact = Dataset("book_snapshot", "binance", SPOT).spec.schema.field("bid_prices").type
    bids, asks, ones = (pa.array([[Decimal(n)]] * 400, exact) for n in (19_990, 20_010, 1))
    sides = {"bid_prices": bids, "ask_prices": asks}
    put(tmp_path, Dataset("book_snapshot", "binance", SPOT),
        {"ts": times(ts), "last_id": list(range(1, 401)), **sides, "bid_quantities": ones,
         "ask_quantities": ones})  # fmt: skip
    booked = answer(xq, "--slippage-model", "half_spread", "--save")
    assert "from recorded books in 100% of bars" in booked["world"]["slippage"]
    rows = xq("sql", "select slippage / (price * quantity) as rate from fills").rows
    assert [row["rate"] for row in rows] == pytest.approx([0.0005] * len(rows), rel=2e-3)


def test_the_benchmark_is_chosen(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path, rows=200)
    switch(tmp_path)
    store(tmp_path, bars_table(200, seed=9), symbol="ETH/USDT")
    held = answer(xq)
    assert held["benchmark"]["name"] == "hold"
    assert held["benchmark"]["total_return"] == held["buy_and_hold"]["total_return"]
    other = answer(xq, "--benchmark", "ETH/USDT")
    assert other["benchmark"]["name"] == "ETH/USDT"
    assert other["benchmark"]["total_return"] != held["benchmark"]["total_return"]
    excess = other["metrics"]["total_return"] - other["benchmark"]["total_return"]
    assert other["benchmark"]["excess_return"] == pytest.approx(excess)
    assert answer(xq, "--benchmark", "none")["benchmark"] is None
    missing = xq("backtest", "--strategy", "switch", "--benchmark", "SOL/USDT")
    assert (missing.exit_code, "xq collect" in missing.stderr) == (4, True)


def test_a_deposit_is_no_profit(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path, rows=200)
    switch(tmp_path)
    plain = answer(xq)["metrics"]
    more = answer(xq, "--deposit", "2023-01-03T12:00=10000")["metrics"]
    assert more["final_equity"] > plain["final_equity"] + 9000
    assert more["total_return"] == pytest.approx(plain["total_return"], rel=1e-9)
    for text in ("2023-01-03", "2023-01-03=x", "2023-01-03=inf"):
        refused = xq("backtest", "--strategy", "switch", "--deposit", text)
        assert (refused.exit_code, "expected TIME=AMOUNT" in refused.stderr) == (2, True)
    late = xq("backtest", "--strategy", "switch", "--deposit", "2030-01-01=1")
    assert (late.exit_code, "a deposit must lie between" in late.stderr) == (2, True)


def test_more_than_the_cash_there_is_cannot_be_taken_out(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path, rows=200)
    switch(tmp_path)
    found = answer(xq, "--deposit", "2023-01-02=-25000")
    assert found["metrics"]["total_return"] > -0.5
    [note] = [line for line in found["notes"] if "withdrawals" in line]
    assert note.startswith("withdrawals were cut by 1")
    assert note.endswith(": no more cash was free")


def test_parts_of_the_time_make_up_the_whole(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    switch(tmp_path)
    found = answer(xq)
    for name, parts in found["breakdowns"].items():
        if name in ("month", "weekday", "hour"):
            assert sum(part["bars"] for part in parts) == found["bars"]
            whole = np.prod([1 + part["total_return"] for part in parts]) - 1
            assert whole == pytest.approx(found["metrics"]["total_return"], rel=1e-9)
    assert [part["name"] for part in found["breakdowns"]["month"]] == [
        "2023-01", "2023-02", "2023-03",
    ]  # fmt: skip
    assert [part["name"] for part in found["breakdowns"]["volatility"]] == ["calm", "usual", "wild"]
    assert len(found["breakdowns"]["hour"]) == 24


def test_a_coarser_timeframe_and_funding_are_inputs_as_of_the_time_they_were_known(
    xq: Run, tmp_path: Path
) -> None:
    workspace(tmp_path, rows=120)
    store(tmp_path, bars_table(120), symbol=PERP)
    put(tmp_path, Dataset("funding", "binance", PERP),
        {"ts": times([START_MS, START_MS + 50 * HOUR_MS]), "rate": [0.0, 0.001]})  # fmt: skip
    switch(
        tmp_path, inputs='inputs = ("close@4h", "funding")',
        weights="np.where(bars.extra['close@4h'] > 0, (bars.extra['funding'] > 0) * 0.5, 0.0)",
    )  # fmt: skip
    found = answer(xq, "--save", symbol=PERP)
    first = xq("sql", "select min(ts) as ts from fills").rows[0]["ts"]
    assert str(first)[:16].replace("T", " ") == "2023-01-03 02:00"  # known at the close before
    assert found["metrics"]["exposure"] == pytest.approx(69 / 119, abs=0.02)
    switch(tmp_path, inputs='inputs = ("close@30m",)')
    line = ("backtest", "--strategy", "switch", "--symbol", PERP)
    refused = xq(*line)
    assert (refused.exit_code, "needs a coarser timeframe" in refused.stderr) == (5, True)
    switch(tmp_path, inputs='inputs = ("moon",)')
    refused = xq(*line)
    assert (refused.exit_code, "no moon is stored" in refused.stderr) == (4, True)
