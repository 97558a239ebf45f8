"""A scripted contract venue: mark and index price bars and open interest."""

import json
from urllib.parse import parse_qs, urlsplit

from support.wire_server import Request, answer

from xq.sim.instruments import Face
from xq.sim.market import SimMarket
from xq.sim.wire.listing import _futures_symbol
from xq.timeframe import Timeframe

NOW = 1_704_067_200_000
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
