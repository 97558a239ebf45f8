"""``xq backtest`` with a strategy that answers events, on what a lake has recorded."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.recordings import START_MS, diff, lines, snapshot, write

Run = Callable[..., Any]
ABC = "ABC/USDT:USDT"
ASK = ("backtest", "--strategy", "volume_burst", "--symbol", ABC, "--exchange", "binance")
QUICK = ("--param", "fast=1", "--param", "slow=5", "--param", "burst=1.5")
EAGER = (*QUICK, "--param", "tilt=0.2", "--param", "momentum=0")


def _messages(count: int = 300, name: str = "ABCUSDT") -> list[dict[str, Any]]:
    """A change every 100 ms; the bid side swells and shrinks, the price climbs and falls."""
    found: list[dict[str, Any]] = [
        snapshot(100, [["10.00", "5"]], [["10.10", "5"]], START_MS + 5),
    ]
    for n in range(count):
        shift = (n // 40) % 5
        old = ((n - 1) // 40) % 5 if n else 0
        bids, asks = [], []
        if shift != old:
            bids.append([f"{10 + old / 100:.2f}", "0"])
            asks.append([f"{10.1 + old / 100:.2f}", "0"])
        bids.append([f"{10 + shift / 100:.2f}", str(2 + n % 37)])
        asks.append([f"{10.1 + shift / 100:.2f}", str(2 + (n * 7) % 11)])
        first = 100 + n if n else 99
        found.append(diff(first, 101 + n, bids, asks, before=100 + n if n else 98,
                          ts=START_MS + 10 + 100 * n, name=name))  # fmt: skip
    return found


def _record(xq: Run, folder: Path, *, trades: bool = True) -> None:
    folder.mkdir(exist_ok=True)
    xq("data", "import", write(folder / "abc.raw.gz", lines(_messages()))).check(0)
    if not trades:
        return
    rows = ["ts,id,price,quantity,side"]
    for n in range(600):
        quantity = 3.0 if n % 100 < 12 else 0.5
        side = "buy" if n % 3 else "sell"
        rows.append(f"{START_MS + 33 + 50 * n},{n + 1},10.05,{quantity},{side}")
    file = folder / "trades.csv"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    asked = ("--kind", "trades", "--symbol", ABC, "--exchange", "binance")
    xq("data", "import", file, *asked).check(0)


@pytest.fixture
def desk(xq: Run, tmp_path: Path) -> Path:
    xq("init", tmp_path).check(0)
    _record(xq, tmp_path / "in")
    return tmp_path


def test_a_run_over_events_and_the_same_again(xq: Run, desk: Path) -> None:
    first = xq(*ASK, *EAGER)
    assert first.exit_code == 0, first.stderr
    assert xq(*ASK, *EAGER).stdout == first.stdout
    [found] = first.rows
    assert (found["engine"], found["timeframe"], found["bars"]) == ("events", "1s", 30)
    assert found["law"]["checked_rows"] > 30
    assert found["metrics"]["round_trips"] >= 2
    assert found["metrics"]["fees"] > 0
    assert "a stop of 5% on 0.1 times equity loses 0.5% of it" in found["notes"]
    assert (desk / "strategies" / "volume_burst.py").exists()
    slower = xq(*ASK, *EAGER, "--latency", "700").rows[0]
    assert slower["run_id"] != found["run_id"]
    assert slower["metrics"]["final_equity"] != found["metrics"]["final_equity"]
    risky = xq(*ASK, *EAGER, "--param", "risk=0.05").rows[0]
    assert "a stop of 5% on 1 times equity loses 5.0% of it" in risky["notes"]


def test_a_saved_run_and_its_report(xq: Run, desk: Path) -> None:
    report = desk / "page.html"
    done = xq(*ASK, *EAGER, "--save", "--report", report)
    assert done.exit_code == 0, done.stderr
    [saved] = xq("runs", "list").rows
    assert (saved["strategy"], saved["run_id"]) == ("volume_burst", done.rows[0]["run_id"])
    page = report.read_text(encoding="utf-8")
    assert "100 ms from decision to book" in page
    assert "from decision to fill" not in page
    assert "figures per year are extrapolated from 0.00035 days and say little" in done.stderr
    xq("runs", "verify", saved["run_id"]).check(0)
    part = xq(*ASK, *EAGER, "--days", str(10 / 86_400), "--save").rows[0]
    xq("runs", "verify", part["run_id"]).check(0)
    fills = xq("sql", "select count(*) as n from fills").rows
    assert fills[0]["n"] >= 4
    assert xq(*ASK, *EAGER, "--output", "table").exit_code == 0


def test_a_part_of_the_record(xq: Run, desk: Path) -> None:
    begin = xq(*ASK, *EAGER, "--since", str(START_MS + 10_000)).rows[0]
    assert begin["start"] == "2024-08-08T23:54:25Z"
    last = xq(*ASK, *EAGER, "--days", str(10 / 86_400)).rows[0]
    assert 9 <= last["bars"] <= 12
    assert xq(*ASK, *EAGER, "--timeframe", "1m").rows[0]["bars"] == 1


def test_what_cannot_be_run_says_why(xq: Run, desk: Path, tmp_path: Path) -> None:
    leveraged = xq(*ASK, *EAGER, "--param", "risk=0.5")
    assert leveraged.exit_code == 5
    assert "expected weights from -1 to 1, found 10" in leveraged.stderr
    two = xq(*ASK, "--symbol", "ETH/USDT:USDT")
    assert (two.exit_code, "one symbol" in two.stderr) == (2, True)
    odd = xq(*ASK, "--param", "fast=99")
    assert (odd.exit_code, "slow must be longer than fast" in odd.stderr) == (2, True)
    other = xq("backtest", "--strategy", "volume_burst", "--symbol", "X/USDT")
    assert other.exit_code == 4
    assert "follows a stored snapshot" in other.stderr
    for asked, said in (
        (("--deposit", "2024-08-09=100"), "deposits are for strategies on bars"),
        (("--delay", "2"), "backtest.delay counts opens of bars, found 2"),
        (("--benchmark", "ETH/USDT"), "expected hold or none as the benchmark of events"),
    ):
        refused = xq(*ASK, *asked)
        assert (refused.exit_code, said in refused.stderr) == (2, True)
    checked = xq("strategies", "check", "volume_burst")
    assert checked.exit_code in (4, 5)
    assert "Traceback" not in checked.stderr


def test_a_book_without_trades_says_how_to_get_them(xq: Run, tmp_path: Path) -> None:
    xq("init", tmp_path).check(0)
    _record(xq, tmp_path / "in", trades=False)
    done = xq(*ASK)
    assert (done.exit_code, done.stdout) == (4, "")
    assert "no trade of ABC/USDT:USDT is stored beside its book" in done.stderr


@pytest.mark.usefixtures("desk")
def test_a_leverage_that_is_allowed_says_what_a_stop_costs(
    xq: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seed's own: ten times equity behind a stop of 5 %."""
    monkeypatch.setenv("XQ_BACKTEST__MAX_LEVERAGE", "10")
    done = xq(*ASK, *EAGER, "--param", "risk=0.5")
    assert done.exit_code == 0, done.stderr
    assert "a stop of 5% on 10 times equity loses 50.0% of it" in json.dumps(done.rows)


FLOW = ("features", "flow", "--symbol", ABC, "--exchange", "binance")


@pytest.mark.usefixtures("desk")
def test_order_flow_of_the_record(xq: Run) -> None:
    done = xq(*FLOW)
    assert done.exit_code == 0, done.stderr
    rows = done.rows
    assert len(rows) == 30
    traded = [row["trade_flow"] for row in rows[1:-1]]
    assert any(value > 0 for value in traded)
    half = len(rows) // 2
    for name in ("microprice", "ofi_integrated"):
        assert all(row[name] is None for row in rows[:half])
    assert all(row["microprice"] is not None for row in rows[half:])
    assert rows[0]["ofi"] is None  # its first change follows nothing
    swelling = [row for row in rows[1:] if row["ofi"] is not None]
    assert len(swelling) == 29
    assert all(-1 <= row["imbalance"] <= 1 for row in rows)
    assert all(10 <= row["weighted_mid"] <= 10.2 for row in rows)
    refused = xq(*FLOW, "--train", "1")
    assert (refused.exit_code, "share between 0 and 1" in refused.stderr) == (2, True)


def test_the_check_asks_events(xq: Run, desk: Path) -> None:
    asked = ("strategies", "check", "volume_burst", "--symbol", ABC, "--exchange", "binance")
    done = xq(*asked, *EAGER, "--output", "json")
    done.check(0)
    report = json.loads(done.stdout)
    assert {row["check"]: row["result"] for row in report["checks"]} == dict.fromkeys(
        ["law", "price units", "other futures", "parameter corners"], "holds"
    )
    assert (report["timeframe"], report["bars"], report["windows"]) == ("events", 0, [1.0, 5.0])
    assert report["events"] > 800
    assert f"the law holds: {report['checked']} events asked again" in done.stderr
    two = xq(*asked, "--symbol", "BTC/USDT")
    assert (two.exit_code, "expected one symbol for events" in two.stderr) == (2, True)
