"""Every kind of poison is found each time it is planted, and none where nothing is wrong."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import support.poison_bars
import support.poison_beside
import support.poison_interest  # noqa: F401 - registers its injectors
from support.poison import INJECTORS
from support.poison_books import rebuilt_snapshots, recorded_market
from support.poison_chains import grid

from xq.lake.poison.beside import folded
from xq.lake.poison.catalogue import RULES, examine
from xq.lake.poison.rule import BOOKS, Severity
from xq.lake.poison.sheet import Evidence, Sheet
from xq.timeframe import DAY_MS, HOUR_MS, Timeframe

TIMES = 100
NOW = 1_800_000_000_000
_TAPE = "trades/binance_spot_BTCUSDT_aggtrades_20240101_h00-06.parquet"


_FUNDING = ("binance_um_BTCUSDT", "binance_um_ETHUSDT", "bybit_linear_BTCUSDT")


def _rates(name: str) -> str:
    return f"funding/{name}_funding.parquet"


class Recorded:
    """Sheets over the recorded files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def table(self, name: str) -> pa.Table:
        return pq.ParquetFile(self.folder / name).read()

    def bars(self, name: str, since: str = "2000-01-01", rows: int | None = None) -> Sheet:
        timeframe = Timeframe.parse(name.split("_")[2])
        table = self.table(f"ohlcv/binance_{name}.parquet")
        start = int(np.searchsorted(table["ts"].to_numpy(), np.datetime64(since)))
        return Sheet(table.slice(start, rows), "ohlcv", timeframe, NOW)

    def trades(self) -> Sheet:
        table = self.table(_TAPE)
        names = ["quantity" if name == "amount" else name for name in table.column_names]
        return Sheet(table.rename_columns(names), "trades", None, NOW)

    def funding(self, name: str) -> Sheet:
        return Sheet(self.table(_rates(name)), "funding", None, NOW)

    def mark(self) -> Sheet:
        table = self.table("mark/binance_um_BTCUSDT_mark_8h.parquet")
        return Sheet(table, "mark", Timeframe.parse("8h"), NOW)

    def universe(self) -> dict[str, Sheet]:
        table = self.table("ohlcv/binance_um_universe20_4h.parquet")
        names = table["symbol"].unique().to_pylist()
        return {
            name: Sheet(table.filter(pc.equal(table["symbol"], name)).drop(["symbol"]), "ohlcv",
                        Timeframe.parse("4h"), NOW) for name in names
        }  # fmt: skip


@pytest.fixture(scope="module")
def recorded(market_data: Path) -> Recorded:
    return Recorded(market_data)


def _bases(recorded: Recorded) -> dict[str, Sheet]:
    """True rows to spoil, by what a rule needs."""
    hours = recorded.bars("spot_BTCUSDT_1h", "2023-06-01", 300)
    minutes = recorded.bars("spot_BTCUSDT_1m", "2023-06-01", 300 * 60)
    ether = recorded.bars("spot_ETHUSDT_1h", "2023-06-01", 300)
    mark = Sheet(hours.raw.drop(["volume"]), "mark", Timeframe.parse("1h"), NOW)
    evidence = Evidence(reference=hours, finer=minutes, mark=mark, twin=hours,
                        siblings={"ETH/USDT": ether})  # fmt: skip
    funding = recorded.funding("binance_um_BTCUSDT")
    funding = replace(funding, raw=funding.raw.slice(3000, 300))
    tape = recorded.trades()
    quarter = recorded.bars("spot_BTCUSDT_1m_20240101_h00-06")
    changes, books = _books(recorded)
    return {
        **_without_volume(hours, minutes, ether),
        "book_diff": changes,
        "book_snapshot": books,
        "ohlcv": replace(hours, evidence=evidence),
        "full": recorded.bars("spot_BTCUSDT_1m_full_202301", "2023-01-05", 300),
        "with trades": replace(quarter, evidence=Evidence(trades=tape)),
        "trades": replace(tape, raw=tape.raw.slice(5000, 300)),
        "funding": replace(funding, evidence=Evidence(reference=funding)),
    }


def _without_volume(hours: Sheet, minutes: Sheet, ether: Sheet) -> dict[str, Sheet]:
    """Bars of mark and index prices, and contracts that grow and shrink as these hours traded."""

    def fair(sheet: Sheet, kind: str) -> Sheet:
        return replace(sheet, raw=sheet.raw.drop(["volume"]), kind=kind)

    sheets = {}
    for kind in ("mark", "index"):
        same = fair(hours, kind)
        evidence = Evidence(reference=same, finer=fair(minutes, kind), last=hours,
                            index=fair(hours, "index") if kind == "mark" else None,
                            siblings={"ETH/USDT": fair(ether, kind)})  # fmt: skip
        sheets[kind] = replace(same, evidence=evidence)
    held = 90_000 + np.cumsum(hours.volume - np.median(hours.volume)) / 10
    table = pa.table({"ts": hours.raw["ts"], "quantity": held, "notional": held * hours.close})
    interest = Sheet(table, "open_interest", Timeframe.parse("1h"), NOW)
    beside = Evidence(reference=interest, mark=sheets["mark"], last=hours)
    return sheets | {"open_interest": replace(interest, evidence=beside)}


def _books(recorded: Recorded) -> tuple[Sheet, Sheet]:
    """Recorded changes, and snapshots taken while they were applied to the recorded one."""
    name = "book/binance_um_BTCUSDT_20240808T2354.raw.gz"
    tables = recorded_market(recorded.folder / name, "BTCUSDT")
    books = rebuilt_snapshots(tables, every=40, levels=12, count=80)
    sheet = Sheet(books, "book_snapshot", None, NOW, grid([(0, 0.1, 0.001)]))
    changes = Sheet(tables["book_diff"].slice(3000, 300), "book_diff", None, NOW)
    beside = replace(sheet.evidence, snapshots=Sheet(tables["book_snapshot"], "book_snapshot"))
    return replace(changes, evidence=beside), sheet


@pytest.fixture(scope="module")
def bases(recorded: Recorded) -> dict[str, Sheet]:
    return _bases(recorded)


_FULL = {"average_outside_range", "taker_average_outside_range", "taker_above_volume",
         "trade_count_wrong"}  # fmt: skip


def _base(name: str, kind: str) -> str:
    if name in _FULL:
        return "full"
    return "with trades" if RULES[name].needs == "trades" else kind


def masks(sheet: Sheet) -> dict[str, np.ndarray]:
    """(n,) bool per rule that could be judged."""
    found = {}
    for rule in RULES.values():
        if sheet.kind in rule.kinds and (rule.needs is None or sheet.evidence.has(rule.needs)):
            with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
                hits = rule.find(sheet)
            if hits is not None:
                found[rule.name] = hits.mask
    return found


PAIRS = [(name, kind) for name, rule in sorted(RULES.items()) for kind in rule.kinds]


def test_there_are_sixty_kinds_and_more_and_each_has_an_injector() -> None:
    assert len(RULES) >= 150
    assert set(INJECTORS) == set(RULES)
    assert all(rule.meaning and rule.says for rule in RULES.values())


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_each_kind_is_found_every_time(name: str, kind: str, bases: dict[str, Sheet]) -> None:
    rng = np.random.default_rng(list(name.encode()))
    base, rule = bases[_base(name, kind)], RULES[name]
    missed = []
    for turn in range(TIMES):
        spoiled, rows = INJECTORS[name](base, rng)
        with np.errstate(all="ignore"):
            hits = rule.find(spoiled)
        assert hits is not None
        if not hits.mask[rows].all():
            missed.append((turn, rows))
    assert missed == []


def test_nothing_is_found_where_nothing_was_planted(bases: dict[str, Sheet]) -> None:
    for kind, base in bases.items():
        assert _alarms(base) == {}, kind


def test_a_finding_names_row_rule_and_values(bases: dict[str, Sheet]) -> None:
    rng = np.random.default_rng(5)
    for name, kind in PAIRS:
        rule = RULES[name]
        spoiled, rows = INJECTORS[name](bases[_base(name, kind)], rng)
        found = list(examine(spoiled, [rule]))
        assert {item.row - 1 for item in found} >= set(rows), (name, kind)
        assert all(item.message and item.rule == name for item in found)


@pytest.mark.parametrize("kind", BOOKS)
def test_a_bad_book_does_not_condemn_its_neighbours(kind: str, bases: dict[str, Sheet]) -> None:
    """What is an error is set aside by a repair: rows beside a bad one have to stay."""
    rng = np.random.default_rng(7)
    errors = [rule for rule in RULES.values() if rule.severity is Severity.ERROR]
    for name in [rule.name for rule in errors if kind in rule.kinds and rule.name != "unsorted"]:
        for _ in range(5):
            spoiled, rows = INJECTORS[name](bases[kind], rng)
            condemned = {item.row - 1 for item in examine(spoiled, errors)}
            assert condemned == set(rows), name


def _alarms(sheet: Sheet) -> dict[str, int]:
    return {name: int(mask.sum()) for name, mask in masks(sheet).items() if mask.any()}


def test_every_clean_table_of_rows_is_among_those_looked_at(market_data: Path) -> None:
    """The tests for false alarms name files; this one notices a file that none of them names."""
    found = {str(path.relative_to(market_data)) for path in market_data.rglob("*.parquet")}
    bars = {name for name in found if name.startswith("ohlcv/")}  # listed, all of them, below
    assert found - bars == {
        "mark/binance_um_BTCUSDT_mark_8h.parquet", _TAPE, *(_rates(name) for name in _FUNDING),
        "dirty/gapless_BTCUSDT_1h_slices.parquet",
    }  # fmt: skip


def test_what_needs_a_second_source_is_silent_without_one(bases: dict[str, Sheet]) -> None:
    """And found with one: `test_each_kind_is_found_every_time` gives it."""
    needing = [name for name, rule in RULES.items() if rule.needs is not None]
    assert {RULES[name].needs for name in needing} == {
        "reference", "finer", "mark", "twin", "siblings", "trades", "last", "index", "snapshots",
        "instruments",
    }  # fmt: skip
    rng = np.random.default_rng(3)
    for name, kind in [pair for pair in PAIRS if pair[0] in needing]:
        base = bases[_base(name, kind)]
        assert base.evidence.has(str(RULES[name].needs)), name
        spoiled, _ = INJECTORS[name](base, rng)
        assert name not in masks(replace(spoiled, evidence=Evidence())), name


def test_no_recorded_bars_raise_an_alarm(recorded: Recorded, market_data: Path) -> None:
    names = [path.stem.removeprefix("binance_") for path in (market_data / "ohlcv").iterdir()]
    assert len(names) == 16
    for name in names:
        if "universe" not in name:
            assert _alarms(recorded.bars(name)) == {}, name


def test_no_recorded_universe_mark_tape_or_funding_raises_an_alarm(recorded: Recorded) -> None:
    universe = recorded.universe()
    for name, sheet in universe.items():
        siblings = {other: item for other, item in universe.items() if other != name}
        beside = replace(sheet, evidence=Evidence(siblings=siblings))
        assert _alarms(beside) == {}, name
    assert _alarms(recorded.mark()) == {}
    assert _alarms(recorded.trades()) == {}
    for name in _FUNDING:
        sheet = recorded.funding(name)
        assert _alarms(replace(sheet, evidence=Evidence(reference=sheet))) == {}, name


def test_recorded_files_agree_with_each_other(recorded: Recorded) -> None:
    hours, days = recorded.bars("spot_BTCUSDT_1h"), recorded.bars("spot_BTCUSDT_1d")
    minutes = recorded.bars("spot_BTCUSDT_1m")
    siblings = {name: recorded.bars(f"spot_{name}_1h") for name in ("ETHUSDT", "SOLUSDT")}
    beside = Evidence(reference=hours, finer=minutes, siblings=siblings)
    assert _alarms(replace(hours, evidence=beside)) == {}
    assert _alarms(replace(days, evidence=Evidence(finer=hours))) == {}
    for name in ("ETHUSDT", "SOLUSDT"):
        finer = Evidence(finer=recorded.bars(f"spot_{name}_1m"), siblings={"BTC": hours})
        assert _alarms(replace(recorded.bars(f"spot_{name}_1h"), evidence=finer)) == {}, name
    quarter = recorded.bars("spot_BTCUSDT_1m_20240101_h00-06")
    assert _alarms(replace(quarter, evidence=Evidence(trades=recorded.trades()))) == {}
    futures = recorded.bars("um_BTCUSDT_5m")
    eight, _ = folded(futures, Timeframe.parse("8h"))
    assert _alarms(replace(eight, evidence=Evidence(mark=recorded.mark()))) == {}
    hourly, _ = folded(futures, Timeframe.parse("1h"))
    assert _alarms(replace(hourly, evidence=Evidence(twin=hours))) == {}


def test_the_dirty_recording_is_diagnosed_row_by_row(recorded: Recorded) -> None:
    table = recorded.table("dirty/gapless_BTCUSDT_1h_slices.parquet")
    alone = list(examine(Sheet(table, "ohlcv", Timeframe.parse("1h"), NOW)))
    rules = [item.rule for item in alone]
    # The 8 bars of 2023-01-02 that the shifted bars before them already show.
    assert (rules.count("off_grid"), rules.count("repeated_block"), len(rules)) == (43, 8, 51)
    assert alone[0].message == "2018-02-09T09:28:14Z is no bar edge"

    reference = recorded.bars("spot_BTCUSDT_1h")
    beside = list(
        examine(Sheet(table, "ohlcv", Timeframe.parse("1h"), NOW, Evidence(reference=reference)))
    )
    count = {name: [item for item in beside if item.rule == name] for name in RULES}
    assert {name: len(found) for name, found in count.items() if found} == {
        "off_grid": 43, "repeated_block": 8, "not_in_reference": 9, "shifted": 24,
        "open_differs": 1, "volume_differs": 1,
    }  # fmt: skip
    new_year = int(np.datetime64("2023-01-01", "ms").astype(np.int64))
    assert [item.ts_ms for item in count["shifted"]] == [new_year + h * HOUR_MS for h in range(24)]
    assert count["shifted"][0].message == (
        "the prices of 2023-01-01T00:00:00Z are those of +8 bars"
    )
    assert {item.ts_ms // DAY_MS * DAY_MS for item in count["not_in_reference"]} == {
        int(np.datetime64(day, "ms").astype(np.int64)) for day in ("2018-02-09", "2023-03-24")
    }
    # Where the values of hours without trading came from: 8 (once 7) hours later.
    assert [item.message[-8:] for item in count["not_in_reference"]] == [" +8 bars"] * 8 + [
        " +7 bars"
    ]
    assert count["open_differs"][0].ts_ms == count["volume_differs"][0].ts_ms
    assert {item.rule for item in beside if item.severity is Severity.WARNING} == {"repeated_block"}
