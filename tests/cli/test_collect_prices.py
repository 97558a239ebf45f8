"""Mark, index and open interest of the embedded venue in the lake, and joined with bars."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xq.lake.layout import Dataset
from xq.lake.reader import Lake

Run = Callable[..., Any]
SIM = ("--exchange", "sim", "--symbol", "BTC/USDT:USDT")


@pytest.mark.parametrize(
    ("kind", "timeframe", "count"), [("mark", "15m", 192), ("index", "1h", 48)]
)
def test_bars_of_prices_that_are_not_traded(
    xq: Run, tmp_path: Path, kind: str, timeframe: str, count: int
) -> None:
    line = ("collect", *SIM, "--kind", kind, "--timeframe", timeframe)
    [row] = xq(*line, "--days", "2").rows
    assert (row["new"], row["bars"], row["missing"]) == (count, count, 0)
    assert row["source"] == "synthetic"
    [again] = xq(*line, "--days", "2").rows
    assert (again["new"], again["via"]) == (0, "lake")
    table = Lake(tmp_path / "data").table(Dataset(kind, "sim", "BTC/USDT:USDT", timeframe))
    assert table.column_names == ["ts", "open", "high", "low", "close"]
    xq("data", "check").check(0)


def test_two_lakes_of_one_seed_are_the_same(xq: Run, tmp_path: Path) -> None:
    hashes = []
    for _ in range(2):
        for kind in ("mark", "open_interest"):
            xq("collect", *SIM, "--kind", kind, "--timeframe", "1h", "--days", "9").check(0)
        files = sorted((tmp_path / "data").rglob("part.parquet"))
        hashes.append([path.read_bytes() for path in files])
        xq("data", "rm", "--exchange", "sim", "--yes").check(0)
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) == 2


def test_open_interest_older_than_the_venue_keeps_is_not_claimed(xq: Run, tmp_path: Path) -> None:
    line = ("collect", *SIM, "--kind", "open_interest", "--timeframe", "1h", "--days")
    result = xq(*line, "40")
    [row] = result.rows
    kept = row["new"]
    assert 30 * 24 - 3 < kept < 30 * 24  # whole hours of a month less one hour
    assert "sim keeps it since 2023-12-02T0" in result.stderr
    [ledger] = (tmp_path / "data/.xq/coverage").rglob("*.json")
    [stretch] = json.loads(ledger.read_text().partition("\n")[2])["covered"]
    assert stretch[1] - stretch[0] == kept * 3_600_000
    [again] = xq(*line, "40").rows
    assert again["new"] == 0


def test_a_period_no_venue_has(xq: Run) -> None:
    result = xq("collect", *SIM, "--kind", "open_interest", "--timeframe", "1m")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no period of open interest named '1m'" in result.stderr


def test_bars_with_what_was_known_at_their_close(xq: Run) -> None:
    for kind, options in {
        "ohlcv": ("--timeframe", "1h"),
        "mark": ("--timeframe", "1h"),
        "index": ("--timeframe", "1h"),
        "open_interest": (),
        "funding": (),
    }.items():
        xq("collect", *SIM, "--kind", kind, *options, "--days", "3").check(0)
    joined = """
        select count(*) as bars,
               count(*) filter (mark_known_at = known_at and index_known_at = known_at
                                and open_interest_known_at = known_at) as fresh,
               count(*) filter (funding_known_at <= known_at
                                and known_at - funding_known_at <= interval 8 hours) as funded,
               count(*) filter (mark_close <> m.close or index_close <> i.close
                                or open_interest_quantity <> o.quantity) as wrong,
               max(abs(a.close / mark_close - 1)) as basis
        from ohlcv_asof a
        join mark m on m.ts = a.ts
        join index i on i.ts = a.ts
        join open_interest o on o.ts + interval 5 minutes = a.known_at
    """
    [row] = xq("sql", joined).rows
    basis = row.pop("basis")
    assert row == {"bars": 72, "fresh": 72, "funded": 72, "wrong": 0}
    assert 0 < basis < 0.002
    for name in ("ohlcv_mark", "ohlcv_open_interest", "open_interest_known"):
        [row] = xq("sql", f"select count(*) as n from {name}").rows
        assert row["n"] == (864 if name == "open_interest_known" else 72)
