"""A venue, or a cache before it, that sends the same old bars whatever is asked for."""

import json
from pathlib import Path

from support.tiny_binance import HOUR, TinyBinance
from support.wire_server import Request, WireServer, answer

from xq.clock import ManualClock
from xq.collect.fetch import Source
from xq.collect.run import collect
from xq.collect.task import Task
from xq.errors import VenueUnclear
from xq.lake.ranges import Range
from xq.timeframe import Timeframe
from xq.types import Symbol
from xq.venues.ccxt_market import CcxtMarket
from xq.venues.clients import Access
from xq.venues.registry import profile

START = 1_704_067_200_000
BARS, MOST = 2_500, 20


class Stubborn(TinyBinance):
    """Sends its first bars to everyone; the end of its patience ends a loop without end."""

    asked = 0

    def __call__(self, request: Request) -> bytes:
        if "/klines" not in request.path:
            return super().__call__(request)
        self.asked += 1
        rows = [self.bars(ts) for ts in self.times[:500]] if self.asked <= MOST else []
        return answer(200, json.dumps(rows))


def test_old_bars_are_refused_and_not_asked_for_again_and_again(tmp_path: Path) -> None:
    end = START + BARS * HOUR
    script = Stubborn(end + HOUR // 2, [START + hour * HOUR for hour in range(BARS + 1)])
    with WireServer(script) as server:
        market = CcxtMarket(profile("sim", server.url), ManualClock(0), Access(loopback_only=True))
        task = Task("sim", Symbol("BTC", "USDT"), Timeframe.parse("1h"), Range(START, end), end)
        [done] = collect(Source(market, skips_holes=True, fast=market), tmp_path, [task])
        market.close()
    assert isinstance(done.error, VenueUnclear)
    assert "found none after 2024-01-21" in done.error.message
    assert script.asked <= MOST
