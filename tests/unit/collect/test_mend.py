"""`mend` against a scripted venue on loopback: prices, open interest, and gaps asked again."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.contract_venue import script
from support.tiny_binance import HOUR, TinyBinance
from support.wire_server import WireServer

from xq.clock import ManualClock
from xq.collect.donors import Given, Venue
from xq.collect.fetch import Source
from xq.collect.mend import Mended, Patient, mend
from xq.collect.run import Ways, collect
from xq.collect.task import Task
from xq.lake import facts, layout, manifest
from xq.lake.damage import damage_of
from xq.lake.facts import What
from xq.lake.gaps import gaps
from xq.lake.gaps_tape import gaps_of_tape
from xq.lake.layout import Dataset
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.lake.schema import kind_of
from xq.lake.writer import LakeWriter
from xq.timeframe import Timeframe
from xq.types import Symbol
from xq.venues.ccxt_market import CcxtMarket
from xq.venues.clients import Access
from xq.venues.registry import profile

NOW = 1_704_067_200_000
LATER = NOW + 30 * 24 * HOUR
HOURS = Dataset("ohlcv", "sim", "BTC/USDT", "1h")


def market_of(server: WireServer) -> CcxtMarket:
    return CcxtMarket(profile("sim", server.url), ManualClock(NOW), Access(loopback_only=True))


def bring(market: CcxtMarket, root: Path, dataset: Dataset, bars: int) -> None:
    bar = Timeframe.parse(str(dataset.timeframe))
    span = Range(NOW - bars * bar.ms, NOW)
    task = Task("sim", Symbol.parse(str(dataset.symbol)), bar, span, NOW, dataset.kind)
    [done] = collect(Ways(Source(market, True, market)), root, [task])
    assert done.error is None


def lose(root: Path, dataset: Dataset, start: int, stop: int) -> bytes:
    """Take rows out of the newest file; its bytes before."""
    path = layout.leaves(root, dataset)[-1].path
    before, table = path.read_bytes(), pq.ParquetFile(path).read()
    pq.write_table(pa.concat_tables([table.slice(0, start), table.slice(stop)]), path)
    manifest.forget(root, dataset)
    return before


def heal(
    market: CcxtMarket, root: Path, dataset: Dataset, now_ms: int = NOW, *, again: bool = False
) -> Mended:
    damage = damage_of(Lake(root), dataset, now_ms=now_ms, again=again)
    donor = Venue(Ways(Source(market, True, market)), "sim")
    return mend(Patient(root, dataset, damage, donor, now_ms))


@pytest.mark.parametrize(
    ("kind", "timeframe"), [("mark", "1h"), ("index", "1h"), ("open_interest", "5m")]
)
def test_prices_and_open_interest_come_back(tmp_path: Path, kind: str, timeframe: str) -> None:
    dataset = Dataset(kind, "sim", "BTC/USDT:USDT", timeframe)
    with WireServer(script) as server:
        market = market_of(server)
        bring(market, tmp_path, dataset, 400)
        before = lose(tmp_path, dataset, 100, 130)
        asked = len(server.requests)
        done = heal(market, tmp_path, dataset)
        market.close()
        assert (done.repaired, done.refused, done.sources) == (30, (), ("sim",))
        assert len(server.requests) == asked + 1
    assert layout.leaves(tmp_path, dataset)[-1].path.read_bytes() == before
    assert damage_of(Lake(tmp_path), dataset, now_ms=NOW).is_empty


@pytest.fixture
def holed() -> Iterator[tuple[TinyBinance, WireServer]]:
    """A venue whose hours 50 to 52 do not exist."""
    first = NOW - 100 * HOUR
    times = [first + n * HOUR for n in range(100) if n not in (50, 51, 52)]
    venue = TinyBinance(NOW, times)
    with WireServer(venue) as server:
        yield venue, server


def test_a_venues_gap_is_asked_again_on_request_and_keeps_both_dates(
    holed: tuple[TinyBinance, WireServer], tmp_path: Path
) -> None:
    _, server = holed
    market = market_of(server)
    bring(market, tmp_path, HOURS, 100)
    asked = len(server.requests)
    assert damage_of(Lake(tmp_path), HOURS, now_ms=LATER).is_empty
    done = heal(market, tmp_path, HOURS, LATER, again=True)
    market.close()
    assert (done.venue_has_none, done.repaired, len(server.requests)) == (3, 0, asked + 1)
    [gap] = gaps(Lake(tmp_path), HOURS)
    assert (gap.missing, gap.whose, gap.verified_ms, gap.again_ms) == (3, "venue", NOW, LATER)


def test_bars_the_venue_has_by_now_are_taken_and_the_evidence_goes(
    holed: tuple[TinyBinance, WireServer], tmp_path: Path
) -> None:
    venue, server = holed
    market = market_of(server)
    bring(market, tmp_path, HOURS, 100)
    first = NOW - 100 * HOUR
    venue.times = [first + n * HOUR for n in range(100) if n != 52]
    done = heal(market, tmp_path, HOURS, LATER, again=True)
    market.close()
    assert (done.venue_has_none, done.repaired) == (1, 2)
    [gap] = gaps(Lake(tmp_path), HOURS)
    assert (gap.within.start_ms, gap.missing, gap.again_ms) == (first + 52 * HOUR, 1, LATER)
    known = facts.load(tmp_path, HOURS)
    assert [fact.within for fact in known if fact.what is What.REPAIRED] == [
        Range(first + 50 * HOUR, first + 52 * HOUR)
    ]


@dataclass
class Tape:
    """A source of trades; ``rows`` are (ts, id)."""

    rows: list[tuple[int, int]]
    name: str = "tape"
    proves: bool = True
    notes: list[str] = field(default_factory=list)
    asked: list[Range] = field(default_factory=list)

    def give(self, dataset: Dataset, stretch: Range, now_ms: int) -> Given:
        self.asked.append(stretch)
        assert dataset == TRADES
        assert stretch.end_ms <= now_ms
        table = tape([row for row in self.rows if stretch.start_ms <= row[0] < stretch.end_ms])
        return Given(table, (stretch,) if table.num_rows else (), self.name)


TRADES = Dataset("trades", "x", "BTC/USDT")


def tape(rows: list[tuple[int, int]]) -> pa.Table:
    return pa.table(
        {
            "ts": [ts for ts, _ in rows],
            "id": [number for _, number in rows],
            "price": [100.0] * len(rows),
            "quantity": [1.0] * len(rows),
            "side": ["buy"] * len(rows),
        }
    ).cast(
        pa.schema([(f.name, pa.int64() if f.name == "ts" else f.type) for f in
                   kind_of("trades").schema])
    ).cast(kind_of("trades").schema)  # fmt: skip


def heal_tape(root: Path, donor: Tape, *, again: bool = False, now_ms: int = NOW) -> Mended:
    damage = damage_of(Lake(root), TRADES, now_ms=now_ms, again=again)
    return mend(Patient(root, TRADES, damage, donor, now_ms))


def test_a_hole_between_trades_is_asked_with_both_ends_and_proven_once(tmp_path: Path) -> None:
    start = NOW - 10 * HOUR
    rows = [(start + n * 1000, n if n < 50 else n + 7) for n in range(100)]
    LakeWriter(tmp_path).upsert(TRADES, tape(rows), covered=Range(start, start + 100_000))
    source = Tape(rows)
    done = heal_tape(tmp_path, source)
    hole = Range(start + 49_000, start + 50_001)
    assert (source.asked, done.venue_has_none, done.repaired) == ([hole], 1, 0)
    [gap] = gaps_of_tape(Lake(tmp_path), TRADES)
    assert (gap.within, gap.whose, gap.verified_ms) == (hole, "venue", NOW)
    assert damage_of(Lake(tmp_path), TRADES, now_ms=NOW).is_empty
    heal_tape(tmp_path, source, again=True, now_ms=LATER)
    [gap] = gaps_of_tape(Lake(tmp_path), TRADES)
    assert (gap.verified_ms, gap.again_ms) == (NOW, LATER)


def test_a_hole_across_midnight_is_asked_with_both_ends(tmp_path: Path) -> None:
    midnight = NOW - 48 * HOUR
    rows = [(midnight + (n - 50) * 1000, n) for n in range(100)]
    kept = [row for row in rows if not 45 <= row[1] < 55]
    covered = Range(rows[0][0], rows[-1][0] + 1)
    LakeWriter(tmp_path).upsert(TRADES, tape(kept), covered=covered)
    source = Tape(rows)
    done = heal_tape(tmp_path, source)
    assert source.asked == [Range(midnight - 6_000, midnight + 5_001)]
    assert (done.repaired, done.refused) == (10, ())
    assert Lake(tmp_path).table(TRADES)["id"].to_pylist() == list(range(100))
    assert damage_of(Lake(tmp_path), TRADES, now_ms=NOW).is_empty


def test_days_that_were_never_asked_for_are_no_hole(tmp_path: Path) -> None:
    day = 24 * HOUR
    for number, start in ((0, NOW - 9 * day), (500, NOW - 5 * day)):
        rows = [(start + n * 1000, number + n) for n in range(10)]
        LakeWriter(tmp_path).upsert(TRADES, tape(rows), covered=Range(start, start + day))
    assert damage_of(Lake(tmp_path), TRADES, now_ms=NOW).is_empty


def test_what_a_file_lacks_is_no_proof(tmp_path: Path) -> None:
    start = NOW - 10 * HOUR
    rows = [(start + n * 1000, n if n < 50 else n + 7) for n in range(100)]
    LakeWriter(tmp_path).upsert(TRADES, tape(rows), covered=Range(start, start + 100_000))
    done = heal_tape(tmp_path, Tape(rows, "file x.csv", proves=False))
    assert (done.venue_has_none, done.repaired, len(done.refused)) == (0, 0, 1)
    assert facts.load(tmp_path, TRADES) == ()
