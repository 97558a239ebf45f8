"""Which bars a venue has: its own list, less what one side of it lacks."""

from collections.abc import Iterator

import pytest

from xq.clock import ManualClock
from xq.errors import UnknownName
from xq.timeframe import Timeframe
from xq.types import Symbol
from xq.venues.ccxt_market import CcxtMarket
from xq.venues.clients import Access
from xq.venues.registry import profile

SPOT, PERPETUAL = Symbol("BTC", "USDT"), Symbol("BTC", "USDT", "USDT")
HAS = [
    ("binance", SPOT, "1s"), ("binance", SPOT, "1M"), ("binance", PERPETUAL, "1M"),
    ("bybit", SPOT, "1M"), ("bybit", PERPETUAL, "12h"), ("okx", SPOT, "1M"), ("kraken", SPOT, "1w"),
]  # fmt: skip
LACKS = [
    ("binance", PERPETUAL, "1s", "contracts, only 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d", None),
    ("bybit", SPOT, "8h", "spot, only 1m 3m 5m 15m 30m 1h 2h 4h 6h 12h 1d 1w 1M", "4h"),
    ("bybit", PERPETUAL, "1s", "contracts, only 1m 3m", None),
    ("kraken", SPOT, "1M", "spot, only 1m 5m 15m 30m 1h 4h 1d 1w 2w", "1d"),
]


@pytest.fixture
def market(request: pytest.FixtureRequest) -> Iterator[CcxtMarket]:
    made = CcxtMarket(profile(request.param), ManualClock(0), Access())
    yield made
    made.close()


@pytest.mark.parametrize(("market", "symbol", "name"), HAS, indirect=["market"])
def test_what_it_has_passes(market: CcxtMarket, symbol: Symbol, name: str) -> None:
    market.check_timeframe(Timeframe.parse(name), symbol)


@pytest.mark.parametrize(("market", "symbol", "name", "has", "instead"), LACKS, indirect=["market"])
def test_what_it_lacks_is_refused_with_what_it_has(
    market: CcxtMarket, symbol: Symbol, name: str, has: str, instead: str | None
) -> None:
    with pytest.raises(UnknownName) as caught:
        market.check_timeframe(Timeframe.parse(name), symbol)
    assert f"{market.name} has no {name} bars of {has}" in caught.value.message
    wanted = f"--timeframe {instead}   # {name} bars are made of them when they are read"
    assert caught.value.hint == (wanted if instead else None)
