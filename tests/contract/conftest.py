"""A simulated venue on loopback for the tests that speak to its doors."""

from collections.abc import Iterator
from pathlib import Path

import ccxt
import pytest
from support.sim_bybit import BTC, client

from xq.clock import ManualClock, SystemClock
from xq.sim.wire.embed import ensure


@pytest.fixture
def clock() -> ManualClock:
    """Today, as clients sign with it; it stands until a test moves it."""
    return ManualClock(SystemClock().now_ms())


@pytest.fixture
def url(tmp_path: Path, clock: ManualClock) -> Iterator[str]:
    with ensure(tmp_path, clock=clock, seed=7) as handle:
        yield handle.url


@pytest.fixture
def bybit(url: str) -> Iterator[ccxt.bybit]:
    with client(url) as made:
        made.load_markets()
        yield made


@pytest.fixture
def last(bybit: ccxt.bybit) -> float:
    """The last price of the perpetual."""
    return float(bybit.fetch_ticker(BTC)["last"])
