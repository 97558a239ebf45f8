"""Pages whose rows come in no order: the same rows are stored, and no page is asked for twice."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from support.tiny_binance import HOUR, TinyBinance
from support.wire_server import Request, WireServer, answer

from xq.clock import ManualClock
from xq.collect.fetch import Source
from xq.collect.run import collect
from xq.collect.task import Task
from xq.lake import layout
from xq.lake.ranges import Range
from xq.timeframe import Timeframe
from xq.types import Symbol
from xq.venues.ccxt_market import CcxtMarket
from xq.venues.clients import Access
from xq.venues.klines import PageRequest
from xq.venues.registry import profile

LAST = 1_704_067_200_000 + 900 * HOUR
BARS = 2_500
BTC, HOURLY = Symbol("BTC", "USDT"), Timeframe.parse("1h")
Order = Callable[[list[object]], list[object]]


def honest(rows: list[object]) -> list[object]:
    return rows


def backwards(rows: list[object]) -> list[object]:
    return rows[::-1]


def shuffled(rows: list[object]) -> list[object]:
    return Random(4).sample(rows, len(rows))


class Unsorted(TinyBinance):
    """Sends the rows of every page in an order of its own."""

    order: Order = staticmethod(honest)

    def __call__(self, request: Request) -> bytes:
        reply = super().__call__(request)
        if "/klines" not in request.path:
            return reply
        body = json.loads(reply.partition(b"\r\n\r\n")[2])
        return answer(200, json.dumps(self.order(body)))


@pytest.fixture
def venue() -> Iterator[tuple[Unsorted, WireServer, CcxtMarket]]:
    times = [LAST - hour * HOUR for hours in (BARS,) for hour in range(hours, -1, -1)]
    script = Unsorted(LAST + HOUR // 2, times)
    with WireServer(script) as server:
        market = CcxtMarket(profile("sim", server.url), ManualClock(0), Access(loopback_only=True))
        yield script, server, market
        market.close()


def brought(
    venue: tuple[Unsorted, WireServer, CcxtMarket], root: Path, order: Order, *, fast: bool
) -> tuple[dict[str, bytes], int]:
    """The bytes of every file, and how many pages were asked for."""
    script, server, market = venue
    script.order = order
    before = len(server.requests)
    task = Task("sim", BTC, HOURLY, Range(LAST - BARS * HOUR, LAST), LAST + HOUR // 2)
    source = Source(market, skips_holes=True, fast=market if fast else None)
    [done] = collect(source, root, [task])
    assert (done.error, done.new) == (None, BARS)
    pages = sum("/klines" in request.path for request in server.requests[before:])
    files = layout.leaves(root, task.dataset)
    return {leaf.period: leaf.path.read_bytes() for leaf in files}, pages


@pytest.mark.parametrize("fast", [True, False], ids=["raw pages", "ccxt"])
@pytest.mark.parametrize("order", [backwards, shuffled])
def test_the_order_of_a_page_changes_nothing(
    venue: tuple[Unsorted, WireServer, CcxtMarket], tmp_path: Path, order: Order, *, fast: bool
) -> None:
    wanted = brought(venue, tmp_path / "honest", honest, fast=fast)
    assert wanted[1] == 3
    assert brought(venue, tmp_path / "other", order, fast=fast) == wanted


@pytest.mark.parametrize("order", [backwards, shuffled])
def test_a_page_is_oldest_first(
    venue: tuple[Unsorted, WireServer, CcxtMarket], order: Order
) -> None:
    script, _, market = venue
    script.order = order
    start = LAST - 300 * HOUR
    request = PageRequest("ohlcv", "1h", start, start + 300 * HOUR, 300)
    for page in (market.page(BTC, request), market.bars(BTC, HOURLY, start, 300)):
        assert page[:, 0].tolist() == [start + hour * HOUR for hour in range(300)]
