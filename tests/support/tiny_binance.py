"""Just enough of Binance's spot REST answers to feed ccxt, with faults on request."""

import json
from collections.abc import Callable, Sequence
from urllib.parse import parse_qs, urlsplit

from support.wire_server import Request, answer

HOUR = 3_600_000
FILTERS = [
    {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
    {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"},
    {"filterType": "NOTIONAL", "minNotional": "5", "maxNotional": "9000000"},
]


def listing(symbol: str, base: str, quote: str) -> dict[str, object]:
    return {
        "symbol": symbol,
        "status": "TRADING",
        "baseAsset": base,
        "quoteAsset": quote,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "MARKET"],
        "isSpotTradingAllowed": True,
        "permissions": ["SPOT"],
        "filters": FILTERS,
    }


INFO = json.dumps(
    {
        "timezone": "UTC",
        "symbols": [listing("BTCUSDT", "BTC", "USDT"), listing("ETHUSDT", "ETH", "USDT")],
    }
)


def hourly(ts: int) -> list[object]:
    price = 100 + ts // HOUR % 10
    row = [ts, price, price + 2, price - 2, price + 1, 3, ts + HOUR - 1, 300, 5, 1, 100, "0"]
    return [value if isinstance(value, int) and place in (0, 6, 8) else str(value)
            for place, value in enumerate(row)]  # fmt: skip


class TinyBinance:
    """A script for `WireServer`: bars of every hour in ``times``, the newest one still open."""

    def __init__(self, now_ms: int, times: Sequence[int]) -> None:
        self.now_ms = now_ms
        self.times = times
        self.faults: list[tuple[str, bytes]] = []
        self.bars: Callable[[int], list[object]] = hourly

    def __call__(self, request: Request) -> bytes:
        for place, (fragment, reply) in enumerate(self.faults):
            if fragment in request.path:
                del self.faults[place]
                return reply
        url = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path.endswith("/exchangeInfo"):
            return answer(200, INFO)
        if url.path.endswith("/time"):
            return answer(200, json.dumps({"serverTime": self.now_ms}))
        if url.path.endswith("/klines"):
            start, limit = int(query["startTime"]), int(query["limit"])
            shown = [ts for ts in self.times if start <= ts <= self.now_ms][:limit]
            return answer(200, json.dumps([self.bars(ts) for ts in shown]))
        return answer(404, "")
