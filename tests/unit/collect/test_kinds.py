"""Mark and index price bars and open interest, from a scripted contract venue on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.contract_venue import NOW, script
from support.wire_server import WireServer

from xq.clock import ManualClock
from xq.collect.fetch import Source
from xq.collect.run import Ways, collect
from xq.collect.task import Task
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.timeframe import Timeframe
from xq.types import Symbol
from xq.venues.ccxt_market import CcxtMarket
from xq.venues.clients import Access
from xq.venues.registry import profile

BTC = Symbol("BTC", "USDT", "USDT")


@pytest.fixture
def market() -> Iterator[CcxtMarket]:
    with WireServer(script) as server:
        made = CcxtMarket(profile("sim", server.url), ManualClock(NOW), Access(loopback_only=True))
        yield made
        made.close()


@pytest.mark.parametrize(
    ("kind", "timeframe", "column", "value"),
    [
        ("mark", "1h", "close", 101.5),
        ("index", "1h", "open", 100.5),
        ("open_interest", "5m", "quantity", 80000.5),
    ],
)
def test_every_row_even_where_answers_are_short(
    market: CcxtMarket, tmp_path: Path, kind: str, timeframe: str, column: str, value: float
) -> None:
    bar = Timeframe.parse(timeframe)
    span = Range(NOW - 1_000 * bar.ms, NOW)
    task = Task("sim", BTC, bar, span, NOW, kind)
    [done] = collect(Ways(Source(market, True, market)), tmp_path, [task])
    rows = Lake(tmp_path).table(task.dataset)
    assert (done.error, done.new, done.empty) == (None, span.bars(bar), ())
    assert set(rows[column].to_pylist()) == {value}
    assert "volume" not in rows.column_names
