"""Mark and index price bars and open interest, from a scripted contract venue on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from support.wire_server import Request, WireServer, answer

from xq.clock import ManualClock
from xq.collect.fetch import Source
from xq.collect.run import Ways, collect
from xq.collect.task import Task
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.sim.instruments import Face
from xq.sim.market import SimMarket
from xq.sim.wire.listing import _futures_symbol
from xq.timeframe import Timeframe
from xq.types import Symbol
from xq.venues.ccxt_market import CcxtMarket
from xq.venues.clients import Access
from xq.venues.registry import profile

NOW = 1_704_067_200_000
BTC = Symbol("BTC", "USDT", "USDT")
INFO = {"symbols": [_futures_symbol(SimMarket(Face.FUTURES, 7).instrument("BTCUSDT"))]}
MOST = 300  # rows of one answer, less than is asked for


def script(request: Request) -> bytes:
    url = urlsplit(request.path)
    name = url.path.rpartition("/")[2]
    if name == "exchangeInfo":
        return answer(200, json.dumps(INFO))
    if name == "time":
        return answer(200, json.dumps({"serverTime": NOW}))
    asked = {key: values[0] for key, values in parse_qs(url.query).items()}
    step = Timeframe.parse(asked.get("interval") or asked["period"]).ms
    first = -(-int(asked["startTime"]) // step) * step
    last = min(int(asked.get("endTime", NOW)), NOW)
    times = range(first, last + 1, step)[: min(int(asked["limit"]), MOST)]
    if name == "openInterestHist":
        rows = [{"symbol": "BTCUSDT", "sumOpenInterest": "80000.5", "timestamp": ts,
                 "sumOpenInterestValue": "3400000000.25"} for ts in times]  # fmt: skip
        return answer(200, json.dumps(rows))
    if (name, "pair" in asked) not in (("markPriceKlines", False), ("indexPriceKlines", True)):
        return answer(404, "")
    price = "101.5" if name == "markPriceKlines" else "100.5"
    bars = [[ts, price, price, price, price, "0", ts + step - 1, "0", 1, "0", "0", "0"]
            for ts in times]  # fmt: skip
    return answer(200, json.dumps(bars))


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
