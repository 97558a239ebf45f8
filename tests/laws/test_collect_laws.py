"""However a venue's pages come, what is stored in the end is the same, byte for byte."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.tiny_binance import HOUR, TinyBinance, hourly
from support.wire_server import Request, WireServer, answer

from xq.clock import ManualClock
from xq.collect.fetch import Source
from xq.collect.run import collect
from xq.collect.task import Task
from xq.errors import PoisonRows, VenueError
from xq.lake import coverage, layout
from xq.lake.ranges import Range
from xq.timeframe import Timeframe
from xq.types import Symbol
from xq.venues.ccxt_market import CcxtMarket
from xq.venues.clients import Access
from xq.venues.registry import profile

LAST = 1_704_067_200_000 + 900 * HOUR
FIRST = LAST - 2_700 * HOUR  # over a change of year: two files
HOLES = {FIRST + hour * HOUR for hour in (0, 700, 701, 1_500, 2_699)}
BTC, HOURLY = Symbol("BTC", "USDT"), Timeframe.parse("1h")
MANNERS = ("honest", "shuffled", "truncated", "overlapping", "unfinished", "repeated")


class Disorderly(TinyBinance):
    """Answers the k-th page in the k-th manner, then honestly."""

    def __init__(self, now_ms: int, times: list[int]) -> None:
        super().__init__(now_ms, times)
        self.manners: list[str] = []
        self.chance = Random(0)

    def __call__(self, request: Request) -> bytes:
        url = urlsplit(request.path)
        if not url.path.endswith("/klines"):
            return super().__call__(request)
        manner = self.manners.pop(0) if self.manners else "honest"
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        first, limit = int(query["startTime"]), int(query["limit"])
        if manner == "overlapping":
            first -= self.chance.randint(1, 50) * HOUR
        last = min(int(query.get("endTime", self.now_ms)), self.now_ms)
        shown = [ts for ts in self.times if first <= ts <= last][:limit]
        if manner == "truncated":
            shown = shown[: max(1, self.chance.randint(1, limit))]
        if manner == "unfinished":
            shown.append(self.now_ms // HOUR * HOUR + HOUR)
        rows = [self.bars(ts) for ts in shown]
        if manner == "repeated" and rows:
            rows.append(self.chance.choice(rows))
        if manner in ("shuffled", "repeated"):
            self.chance.shuffle(rows)
        return answer(200, json.dumps(rows))


@pytest.fixture(scope="module")
def venue() -> Iterator[tuple[Disorderly, CcxtMarket]]:
    times = [ts for ts in range(FIRST, LAST + HOUR, HOUR) if ts not in HOLES]
    tiny = Disorderly(LAST + HOUR // 2, times)
    tiny.bars = hourly
    with WireServer(tiny) as server:
        market = CcxtMarket(profile("sim", server.url), ManualClock(0), Access(loopback_only=True))
        yield tiny, market
        market.close()


def _bring(market: CcxtMarket, root: Path, until: int, *, fast: bool, honest: bool = False) -> None:
    """Errors are those of a venue that sends what cannot be true; nothing of that is stored."""
    source = Source(market, skips_holes=True, fast=market if fast else None)
    task = Task("sim", BTC, HOURLY, Range(FIRST, until), LAST + HOUR // 2)
    [done] = collect(source, root, [task])
    refused = isinstance(done.error, PoisonRows | VenueError) and not honest
    assert done.error is None or refused, done.error


def _stored(root: Path) -> dict[str, bytes]:
    [ledger] = {coverage.load(root, item) for item in layout.datasets(root)}
    files = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob(layout.PART)}
    return files | {"ledger": repr(ledger).encode()}


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.sampled_from(MANNERS), min_size=2, max_size=12),
    st.lists(st.integers(1, 2_700), max_size=3),
    st.integers(0, 2**32),
    st.booleans(),
)
@example(manners=["honest", "truncated"] * 3, stops=[], seed=1, fast=True)
@example(manners=["honest", "overlapping"] * 3, stops=[900], seed=2, fast=True)
@example(manners=["truncated", "shuffled"] * 3, stops=[900], seed=3, fast=False)
@example(manners=["honest", "unfinished", "repeated"] * 2, stops=[], seed=4, fast=False)
def test_pages_in_any_disorder_end_as_the_same_bytes(
    venue: tuple[Disorderly, CcxtMarket],
    manners: list[str],
    stops: list[int],
    seed: int,
    fast: bool,
) -> None:
    tiny, market = venue
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        tiny.manners, tiny.chance = list(manners), Random(seed)
        for stop in stops:
            _bring(market, Path(one), FIRST + stop * HOUR, fast=fast)
        _bring(market, Path(one), LAST, fast=fast)
        tiny.manners = []
        _bring(market, Path(one), LAST, fast=fast, honest=True)
        _bring(market, Path(other), LAST, fast=not fast, honest=True)
        assert _stored(Path(one)) == _stored(Path(other))
