"""``xq backtest``: the object, the table, the options, and every way it refuses."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.backtests import START_MS, bars_table, store, workspace

Run = Callable[..., Any]

GOLDEN = Path(__file__).parent.parent / "golden" / "backtest_table.txt"

KEYS = [
    "run_id", "strategy", "params", "exchange", "symbols", "timeframe", "start", "end", "bars",
    "data_hash", "metrics",
]  # fmt: skip
METRICS = [
    "total_return", "annual_return", "volatility", "sharpe_ratio", "sortino_ratio", "calmar_ratio",
    "max_drawdown", "win_rate", "profit_factor", "expectancy", "round_trips", "turnover",
    "exposure", "fees", "slippage", "funding", "final_equity",
]  # fmt: skip
EXTRA = [
    "costs", "rules", "engine", "law", "data", "overfit", "statistics", "stress", "verdict",
    "buy_and_hold", "benchmark", "world", "gaps", "breakdowns", "notes",
]  # fmt: skip


def survivors(symbol: str = "BTC/USDT") -> str:
    return (
        f"survivorship: no trading rules of {symbol} are stored as of the time: no lots, minimums "
        "and ticks, and symbols chosen because they exist today"
    )


ALWAYS = '''"""Always in the market."""

import numpy as np

from xq import Bars, Exits, Strategy, param


class Always(Strategy):
    """Holds one weight."""

    weight: float = param(1.0)
    EXITS

    @property
    def lookback(self) -> int:
        return 1

    def target_weights(self, bars: Bars):
        return np.full(bars.close.shape, self.weight)
'''


def always(folder: Path, exits: str = "") -> None:
    text = ALWAYS.replace("EXITS", exits)
    (folder / "strategies" / "always.py").write_text(text, encoding="utf-8")


def answer(result: Any) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_the_object_has_exactly_the_documented_keys_in_order(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    found = answer(xq("backtest", "--strategy", "trend_following", "--output", "json"))
    assert list(found) == KEYS + EXTRA
    assert list(found["metrics"]) == METRICS
    assert found["strategy"] == "trend_following"
    assert found["params"] == {"fast": 12, "slow": 26, "short": False}
    assert (found["exchange"], found["symbols"], found["timeframe"]) == (
        "binance", ["BTC/USDT"], "1h",
    )  # fmt: skip
    assert (found["start"], found["bars"]) == ("2023-01-17T02:00:00Z", 1500 - 386)
    assert found["end"] == "2023-03-04T12:00:00Z"
    assert found["costs"] == {"fee": 0.001, "slippage": 0.0005, "maker": None}
    assert found["metrics"]["round_trips"] > 5
    assert found["metrics"]["max_drawdown"] <= 0 < found["metrics"]["fees"]
    assert found["law"]["checked_rows"] == 24
    assert found["data"]["synthetic"] is False


def test_the_same_input_gives_the_same_bytes_and_another_input_another_run(
    xq: Run, tmp_path: Path
) -> None:
    workspace(tmp_path)
    lines = [xq("backtest", "--output", "json").stdout for _ in range(2)]
    assert lines[0] == lines[1]
    ids = {answer(xq("backtest", *options, "--output", "json"))["run_id"] for options in (
        [], ["--param", "fast=13"], ["--fee", "0"], ["--slippage", "0"], ["--initial-cash", "5"],
        ["--days", "30"], ["--since", "2023-02-01"], ["--until", "2023-02-20"],
    )}  # fmt: skip
    assert len(ids) == 8


def test_a_run_is_named_by_every_file_of_its_strategy_and_by_no_other(
    xq: Run, tmp_path: Path
) -> None:
    folder = workspace(tmp_path) / "strategies"
    text = ALWAYS.replace("EXITS", "None").replace("import numpy", "import _shared\nimport numpy")
    (folder / "always.py").write_text(text, encoding="utf-8")

    def run_id(shared: str, other: str) -> str:
        (folder / "_shared.py").write_text(shared, encoding="utf-8")
        (folder / "_other.py").write_text(other, encoding="utf-8")
        found = answer(xq("backtest", "--strategy", "always"))["run_id"]
        return str(found)

    first = run_id("LEVEL = 1", "")
    assert run_id("LEVEL = 1", "EDITED = True") == first
    assert run_id("LEVEL = 2", "") != first


def test_piped_it_is_one_json_line_and_notes_go_to_stderr(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    result = xq("backtest")
    assert len(result.stdout.splitlines()) == 1
    assert answer(result)["bars"] == 1500 - 386
    assert result.stderr == f"note: {survivors()}\n"
    early = ("backtest", "--since", "2023-01-01")
    assert xq(*early).stderr.startswith("note: earlier bars for the warm-up could not be fetched: ")
    quiet = xq(*early, "--quiet")
    assert quiet.stderr == ""


def test_a_range_takes_its_warm_up_from_the_bars_before_it(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    found = answer(xq("backtest", "--days", "20", "--output", "json"))
    assert found["bars"] == 480
    assert found["data"]["warm_up_bars"] == found["law"]["lookback"]
    assert found["notes"] == [survivors()]
    since = answer(
        xq("backtest", "--since", "2023-02-01", "--until", "2023-02-11", "--output", "json")
    )
    assert (since["start"], since["end"]) == ("2023-02-01T00:00:00Z", "2023-02-11T00:00:00Z")
    assert since["bars"] == 240
    everything = answer(xq("backtest", "--since", "2023-01-01", "--output", "json"))
    assert "could not be fetched: binance cannot be reached" in everything["notes"][0]
    assert "warm-up without a position; no earlier bars are stored" in everything["notes"][1]
    assert everything["bars"] == 1500


def test_a_lake_with_less_than_the_warm_up_says_what_it_tried(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path, rows=168)
    result = xq("backtest")
    assert result.exit_code == 4
    assert "needs 386 bars for its first weight, found 168" in result.stderr
    assert "could not be fetched: binance cannot be reached" in result.stderr


def test_missing_warm_up_is_fetched_and_changes_nothing_the_next_time(
    xq: Run, tmp_path: Path
) -> None:
    workspace(tmp_path, rows=1)
    sim = ("--exchange", "sim", "--output", "json")
    assert xq("collect", "--days", "7", *sim).exit_code == 0
    first = answer(xq("backtest", *sim))
    assert (first["bars"], first["start"]) == (168, "2023-12-25T00:00:00Z")
    assert first["data"]["warm_up_bars"] == 386
    assert answer(xq("backtest", *sim)) == first
    longer = answer(xq("backtest", "--days", "20", *sim))
    assert (longer["bars"], longer["notes"]) == (480, [])


def test_the_decision_of_the_last_close_before_the_range_fills_at_its_first_open(
    xq: Run, tmp_path: Path
) -> None:
    workspace(tmp_path)
    always(tmp_path)
    options = ["--strategy", "always", "--fee", "0", "--slippage", "0", "--output", "json"]
    inside = answer(xq("backtest", "--since", "2023-02-01", *options))
    assert inside["metrics"]["exposure"] == 1.0
    assert inside["metrics"]["total_return"] == pytest.approx(
        inside["buy_and_hold"]["total_return"], abs=2e-3  # the quantity is fixed a bar earlier
    )  # fmt: skip
    whole = answer(xq("backtest", *options))
    assert (whole["bars"], whole["metrics"]["exposure"]) == (1499, 1.0)


def test_params_and_costs_come_from_the_config_and_flags_win(xq: Run, tmp_path: Path) -> None:
    config = "[backtest]\nfee = 0.002\ninitial_cash = 500\n[strategy.trend_following]\nfast = 8\n"
    workspace(tmp_path, config=config)
    found = answer(xq("backtest", "--param", "slow=30", "--fee", "0.003", "--output", "json"))
    assert found["params"] == {"fast": 8, "slow": 30, "short": False}
    assert found["costs"]["fee"] == 0.003
    assert found["rules"]["initial_cash"] == 500


def test_several_symbols_share_one_account(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    store(tmp_path, bars_table(1500, seed=2), symbol="ETH/USDT")
    found = answer(
        xq("backtest", "--symbol", "BTC/USDT", "--symbol", "eth/usdt", "--output", "json")
    )
    assert found["symbols"] == ["BTC/USDT", "ETH/USDT"]
    assert found["engine"] == "xq"


def test_exits_of_the_strategy_are_applied(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    always(tmp_path, "exits = Exits(stop_loss=0.02)")
    found = answer(xq("backtest", "--strategy", "always", "--output", "json"))
    assert found["rules"]["stop_loss"] == 0.02
    assert found["metrics"]["round_trips"] == 1  # stopped once, flat ever after
    assert found["metrics"]["exposure"] < 0.5


def test_perpetuals_may_be_short_and_pay_the_funding_that_is_stored(
    xq: Run, tmp_path: Path
) -> None:
    import pyarrow as pa

    from xq.lake.layout import Dataset
    from xq.lake.writer import LakeWriter

    workspace(tmp_path)
    always(tmp_path)
    symbol = "BTC/USDT:USDT"
    store(tmp_path, bars_table(600), symbol=symbol)
    options = ["--strategy", "always", "--symbol", symbol, "--param", "weight=-0.5",
               "--output", "json"]  # fmt: skip
    bare = answer(xq("backtest", *options))
    assert bare["notes"] == [
        f"no funding of {symbol} is stored, none was applied", survivors(symbol),
    ]  # fmt: skip
    assert bare["metrics"]["funding"] == 0.0
    times = pa.array([START_MS + k * 8 * 3_600_000 for k in range(75)])
    table = pa.table({"ts": times.cast(pa.timestamp("ms", "UTC")), "rate": [0.0001] * 75})
    LakeWriter(tmp_path / "data").upsert(Dataset("funding", "binance", symbol), table)
    paid = answer(xq("backtest", *options))
    assert paid["data"]["funding_settlements"] == {symbol: 74}
    assert paid["metrics"]["funding"] == pytest.approx(-0.0001 * 5000 * 74, rel=0.2)
    assert paid["metrics"]["total_return"] > bare["metrics"]["total_return"]
    assert paid["data_hash"] != bare["data_hash"]


def test_the_table_on_a_terminal(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    result = xq("backtest", "--output", "table")
    if os.environ.get("XQ_TEST_GOLDEN") == "write":
        GOLDEN.write_text(result.stdout, encoding="utf-8")
    assert result.stdout == GOLDEN.read_text(encoding="utf-8")
    assert result.stderr == "  --save keeps this run (xq runs list) · --report FILE.html draws it\n"


def test_the_report_is_one_file_and_says_where(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    result = xq("backtest", "--days", "20", "--report", "out/report.html")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert result.stderr.endswith("report: out/report.html\n")
    assert answer(result)["run_id"] in page
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--strategy", "trend_folowing"], 2, "did you mean 'trend_following'?"),
        (["--param", "fsat=20"], 2, "did you mean 'fast'?"),
        (["--param", "fast=x"], 2, "fast must be a whole number"),
        (["--param", "fast"], 2, "a parameter is written name=value, found 'fast'"),
        (["--timeframe", "7h"], 2, "no timeframe named '7h'"),
        (["--timeframe", "30m"], 4, "no 30m bars of BTC/USDT stored"),
        (["--symbol", "BTCUSDT"], 2, "a symbol is written BASE/QUOTE"),
        (["--symbol", "XYZ/USDT"], 4, "no 1h bars of XYZ/USDT stored"),
        (["--symbol", "BTC/USDT", "--symbol", "BTC/USDT"], 2, "named twice"),
        (["--exchange", "kraken"], 4, "BTC/USDT --timeframe 1h --exchange kraken"),
        (["--days", "10", "--since", "2023-01-05"], 2, "expected --since or --days, found both"),
        (["--days", "-1"], 2, "expected --days above 0 and at most 15000, found -1"),
        (["--since", "soon"], 2, "expected a date like"),
        (["--since", "2023-02-01", "--until", "2023-01-01"], 2, "expected --until after --since"),
        (["--since", "2030-01-01"], 4, "stored"),
        (["--days", "900"], 4, "bars missing"),
        (["--fee", "2"], 2, "backtest.fee"),
        (["--gaps", "fill"], 2, "backtest.gaps"),
        (["--until", "2023-01-03"], 4, "bars for its first weight, found 48"),
    ],
)  # fmt: skip
def test_bad_input_is_one_clear_error(
    xq: Run, tmp_path: Path, options: list[str], code: int, says: str
) -> None:
    workspace(tmp_path)
    result = xq("backtest", *options)
    assert result.exit_code == code, result.stderr
    assert says in result.stderr
    assert result.stderr.startswith("error: ")
    assert result.stdout == ""


def test_an_empty_lake_says_what_to_collect(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    import shutil

    shutil.rmtree(tmp_path / "data")
    result = xq("backtest", "--days", "30")
    assert result.exit_code == 4
    assert (
        "hint:  xq collect --symbol BTC/USDT --timeframe 1h --exchange binance --days 30"
        in result.stderr
    )


def test_a_hole_is_refused_flagged_or_dropped(xq: Run, tmp_path: Path) -> None:
    import shutil

    workspace(tmp_path)
    shutil.rmtree(tmp_path / "data")
    table = bars_table(1500)
    import pyarrow as pa

    store(tmp_path, pa.concat_tables([table.slice(0, 900), table.slice(910)]))
    refused = xq("backtest")
    assert refused.exit_code == 4
    assert "10 of 1500 bars missing" in refused.stderr
    for choice in ("drop", "flag"):
        found = answer(xq("backtest", "--gaps", choice))
        assert found["bars"] == 1490 - 386
        how = "left out" if choice == "drop" else "untradable"
        hole = "2023-02-07T12:00:00Z to 2023-02-07T22:00:00Z"
        assert found["notes"] == [
            f"gap of ours: BTC/USDT has no bar {hole}; 10 bars are {how}, nothing was filled",
            survivors(),
        ]
        assert found["gaps"] == {"BTC/USDT": {"ours": [hole], "venue": []}}
        years = (1500 - 386) / 8760  # time that passed, not bars that were seen
        growth = 1 + found["metrics"]["total_return"]
        assert found["metrics"]["annual_return"] == pytest.approx(growth ** (1 / years) - 1)


def test_a_short_weight_on_spot_is_refused_with_symbol_and_bar(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    result = xq("backtest", "--param", "short=true")
    assert result.exit_code == 5
    assert "a short weight is impossible on spot, found -1" in result.stderr
    assert "where: BTC/USDT 1h, bar 2023-01-" in result.stderr


def test_a_corrupt_file_is_a_clear_error(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    [path] = (tmp_path / "data").glob("ohlcv/**/*.parquet")
    path.write_bytes(path.read_bytes()[:200])
    result = xq("backtest")
    assert result.exit_code == 4
    assert "Traceback" not in result.stderr


def test_a_report_that_cannot_be_written_leaves_nothing_behind(xq: Run, tmp_path: Path) -> None:
    workspace(tmp_path)
    (tmp_path / "taken").write_text("", encoding="utf-8")
    result = xq("backtest", "--report", "taken/report.html")
    assert result.exit_code == 4
    assert "report.html" in result.stderr
    assert "Traceback" not in result.stderr
    (tmp_path / "folder").mkdir()
    result = xq("backtest", "--report", "folder")
    assert result.exit_code == 2
    assert not list(tmp_path.glob(".folder*"))


def test_real_history(xq: Run, tmp_path: Path, market_data: Path) -> None:
    workspace(tmp_path)
    table = pq.read_table(market_data / "ohlcv" / "binance_spot_BTCUSDT_1h.parquet")
    store(tmp_path, table.slice(len(table) - 6000), exchange="recorded")
    found = answer(xq("backtest", "--exchange", "recorded", "--days", "200", "--output", "json"))
    assert found["bars"] == 4800
    assert found["end"] == "2024-01-01T00:00:00Z"
    assert found["buy_and_hold"]["total_return"] == pytest.approx(0.68, abs=0.01)
