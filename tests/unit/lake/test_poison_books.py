"""No recorded order book raises an alarm, alone or beside the market's grid and its snapshots."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from support.poison_books import rebuilt_snapshots
from support.poison_chains import grid

from xq.lake.book_rows import tables_of
from xq.lake.formats.recording import read_recording
from xq.lake.poison.catalogue import examine
from xq.lake.poison.sheet import Evidence, Sheet

NOW = 1_800_000_000_000
OCTOBER_2021, AUGUST_2025 = 1_634_000_000_000, 1_755_900_000_000
FILES = {
    "binance_um_BTCUSDT_20240808T2354.raw.gz": 2,
    "binance_spot_BTCUSDT_20240808T2354.raw.gz": 2,
    "binance_spot_NEXOUSDT_20240723T1539.raw.gz": 2,
    "binance_spot_NEXOUSDT_20240723T1600_24h.raw.gz": 1,
    "binance_um_4alts_combined_20210722.ws.gz": 4,
    "binance_um_4alts_snapshots_20210722.http.gz": 4,
}


def _listed(path: Path) -> dict[str, tuple[float, float]]:
    """Tick and lot by the venue's id, as its own message says."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    found = {}
    for item in json.loads(data)["symbols"]:
        filters = {f["filterType"]: f for f in item["filters"]}
        tick = float(filters["PRICE_FILTER"]["tickSize"])
        found[item["symbol"]] = tick, float(filters["LOT_SIZE"]["stepSize"])
    return found


def _grid(folder: Path, name: str, symbol: str) -> Evidence:
    """The grid before and after the recording, as far as it is on record."""
    names = {
        "um": ("um_exchangeInfo_20210722.json.gz", "um_TESTNET_exchangeInfo_20251126.json.gz"),
        "spot": ("spot_exchangeInfo_20211012.json.gz", "spot_BTCUSDT_exchangeInfo_20250823.json"),
    }
    first, last = (_listed(folder / f"meta/binance_{n}") for n in names[name.split("_")[1]])
    found = [(at, *rules[symbol]) for at, rules in ((0, first), (AUGUST_2025, last))
             if symbol in rules]  # fmt: skip
    return grid(found) if found and found[0][0] == 0 else Evidence()


def _sheets(folder: Path, name: str) -> Iterator[tuple[str, Sheet]]:
    for symbol, market in read_recording(folder / "book" / name).markets.items():
        tables = tables_of(market, name)
        for kind, table in tables.items():
            evidence = _grid(folder, name, symbol)
            if kind == "book_diff" and "book_snapshot" in tables:
                books = Sheet(tables["book_snapshot"], "book_snapshot")
                evidence = replace(evidence, snapshots=books)
            yield f"{symbol} {kind}", Sheet(table, kind, None, NOW, evidence)


def test_every_recording_is_among_those_looked_at(market_data: Path) -> None:
    assert {path.name for path in (market_data / "book").iterdir()} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_no_recording_raises_an_alarm(market_data: Path, name: str) -> None:
    sheets = dict(_sheets(market_data, name))
    assert len(sheets) == FILES[name]
    for label, sheet in sheets.items():
        assert list(examine(sheet))[:3] == [], label
    if "BTCUSDT" in name or "4alts" in name:
        assert all(sheet.evidence.has("instruments") for sheet in sheets.values())


@pytest.mark.parametrize("name", [name for name, kinds in FILES.items() if kinds == 2])
def test_no_book_rebuilt_from_a_recording_raises_an_alarm(market_data: Path, name: str) -> None:
    [market] = read_recording(market_data / "book" / name).markets.values()
    books = rebuilt_snapshots(tables_of(market, name), every=50, levels=100, count=60)
    assert books.num_rows > 20
    assert list(examine(Sheet(books, "book_snapshot", None, NOW)))[:3] == []


def test_a_tick_is_that_of_its_time(market_data: Path) -> None:
    """A price is off the grid only if the rules before and those after it both say so."""
    name = "binance_um_BTCUSDT_20240808T2354.raw.gz"
    sheet = dict(_sheets(market_data, name))["BTCUSDT book_diff"]
    sheet = replace(sheet, raw=sheet.raw.slice(0, 50))
    at = int(sheet.ts[0])
    for ticks, alarms in (
        ([(at - 1, 1.0, 0.001)], True),
        ([(at - 1, 1.0, 0.001), (at + 10**6, 0.1, 0.001)], False),
        ([(at - 9, 0.1, 0.001), (at + 10**6, 1.0, 0.001)], False),
        ([(at - 9, 0.1, 0.001), (at - 1, 1.0, 0.001)], True),
        ([(at + 10**6, 1.0, 0.001)], False),  # nothing was known before
    ):
        found = {item.rule for item in examine(replace(sheet, evidence=grid(ticks)))}
        assert found == ({"price_off_tick"} if alarms else set()), ticks


def test_no_rule_trips_over_an_empty_or_a_single_row(market_data: Path) -> None:
    for _, sheet in _sheets(market_data, "binance_um_4alts_snapshots_20210722.http.gz"):
        for rows in (0, 1):
            raw = sheet.raw.slice(0, rows)
            bare = raw.set_column(0, "ts", pa.array([None] * rows, raw["ts"].type))
            assert {item.rule for item in examine(Sheet(bare, sheet.kind))} <= {"unreadable_time"}
