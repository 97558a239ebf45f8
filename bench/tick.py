"""From a decision to its orders on the wire: ten symbols, one tick after the other.

    python bench/tick.py [TICKS] [--symbols 10]

`xq sim` is a process of its own; the loop, its journal on this disk, and the adapter are those of
`xq trade`. Every tick decides a bar anew (as another strategy, since hours would pass otherwise)
and changes every position, so that every symbol has one order. Measured is the time from the
answered forecast until the last byte of an order has left; the floor beside it, in turns, is ccxt's
own ``create_order`` of the same orders, from the call to the last byte. The target is a p99 below
50 ms for every order of the ten. Every other pair of ticks the strategy thinks for longer than a
second, as one with a process of its own does: then the account is asked again before anything is
sized, and a processor that has slept is slow to wake.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from statistics import quantiles
from time import perf_counter, sleep
from typing import Any

import urllib3.connection
from common.paired import load
from venue_orders import process

from xq.clock import SystemClock
from xq.execution.journal import open_journal
from xq.garbage import uncollected
from xq.live.desk import POOL_SIZE, Desk, Forecast, Terms
from xq.live.loop import tick
from xq.live.report import Act
from xq.risk.limits import Limits
from xq.timeframe import Timeframe
from xq.types import Symbol
from xq.venues.ccxt_market import CcxtMarket
from xq.venues.ccxt_trading import CcxtTrading
from xq.venues.clients import Access
from xq.venues.registry import client, profile
from xq.venues.wire import WireSession

GOAL_MS = 50.0
THINKS_S = 1.2
HOUR = Timeframe.parse("1h")
SIZES = {"BTC": 0.01, "ETH": 0.1, "SOL": 3, "BNB": 1, "XRP": 500, "ADA": 500, "DOGE": 3000,
         "LTC": 5, "LINK": 30, "DOT": 50}  # of the bare orders  # fmt: skip


@contextmanager
def venue(folder: str) -> Iterator[str]:
    """`xq sim` with an account for the floor; where it listens."""
    options = ("--port", "0", "--admin-port", "0", "--state", folder, "--account", "alice")
    command = (sys.executable, "-m", "xq", "sim", *options, "--output", "jsonl", "--quiet")
    with process(*command) as (_, line):
        yield json.loads(line)["url"]


class OnTheWire:
    """When the last byte of each order had left this process."""

    def __init__(self) -> None:
        self.moments: list[float] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Notes every POST of an order, inside."""
        real = urllib3.connection.HTTPConnection.request

        def request(connection: Any, method: str, url: str, *rest: Any, **named: Any) -> Any:
            result = real(connection, method, url, *rest, **named)
            if method == "POST" and url.partition("?")[0].endswith("/order"):
                self.moments.append(perf_counter())
            return result

        urllib3.connection.HTTPConnection.request = request
        try:
            yield
        finally:
            urllib3.connection.HTTPConnection.request = real


class Strategy:
    """Wants now more, now less of everything; remembers when it had answered."""

    def __init__(self, market: CcxtMarket, symbols: tuple[Symbol, ...]) -> None:
        self._market, self._symbols = market, symbols
        self.closes: dict[Symbol, Decimal] = {}
        self.decided = 0.0
        self.weight = 0.0
        self.thinks = 0.0

    def __call__(self, bar_ms: int) -> Forecast:
        """The same weight of every symbol."""
        if not self.closes:
            for symbol in self._symbols:
                close = self._market.bars(symbol, HOUR, bar_ms, 1)[0, 4]
                self.closes[symbol] = Decimal(repr(float(close)))
        sleep(self.thinks)
        self.decided = perf_counter()
        return Forecast(bar_ms, dict.fromkeys(self._symbols, self.weight), dict(self.closes))


def terms(symbols: tuple[Symbol, ...]) -> Terms:
    wide = Decimal(10**7)
    limits = Limits(wide, wide, Decimal(5), Decimal("0.2"), 10**6, 60_000, frozenset(symbols))
    return Terms("sim", "bench", symbols, HOUR, limits)


def floor(raw: Any, symbols: tuple[Symbol, ...], side: str, wire: OnTheWire) -> list[float]:
    """Bare orders of ccxt: milliseconds from each call to its last byte."""
    took = []
    for symbol in symbols:
        wire.moments.clear()
        start = perf_counter()
        raw.create_order(str(symbol), "market", side, SIZES[symbol.base])
        took.append((wire.moments[0] - start) * 1e3)
    return took


def told(name: str, values: list[float], goal: float | None = None) -> bool:
    cuts = quantiles(values, n=100, method="inclusive")
    kept = goal is None or cuts[98] < goal
    verdict = "" if goal is None else f"   p99 below {goal:g} ms: {'yes' if kept else 'NO'}"
    print(
        f"  {name:44} p50 {cuts[49]:7.1f} ms  p99 {cuts[98]:7.1f} ms  "
        f"best {min(values):6.1f} ms{verdict}"
    )
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ticks", type=int, nargs="?", default=60)
    parser.add_argument("--symbols", type=int, default=len(SIZES))
    chosen = parser.parse_args()
    symbols = tuple(Symbol(base, "USDT", "USDT") for base in list(SIZES)[: chosen.symbols])
    clock, wire = SystemClock(), OnTheWire()
    ours: list[list[float]] = []
    slow: list[list[float]] = []
    steps: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        url = stack.enter_context(venue(folder))
        access = Access(keys=("sim", "sim"), loopback_only=True)
        market = CcxtMarket(profile("sim", url), clock, access, contracts=True)
        trading = CcxtTrading(profile("sim", url), clock, access, contracts=True)
        stack.callback(market.close)
        stack.callback(trading.close)
        raw = client(profile("sim", url), True, WireSession(loopback_only=True), timeout=10,
                     keys=("alice", "alice-secret"))  # fmt: skip
        raw.load_markets()
        journal = stack.enter_context(open_journal(Path(folder) / "journal.sqlite", "sim"))
        stack.enter_context(wire.watching())
        strategy = Strategy(market, symbols)
        pool = stack.enter_context(ThreadPoolExecutor(POOL_SIZE))
        desk = Desk(market, trading, journal, clock, strategy, pool=pool)
        for number in range(chosen.ticks + 1):
            strategy.weight = 0.04 if number % 2 else 0.08
            strategy.thinks = THINKS_S if number % 4 > 1 else 0.0
            bare_now = floor(raw, symbols, "sell" if number % 2 else "buy", wire)
            wire.moments.clear()
            with uncollected():  # as the service does
                report = tick(desk, replace(terms(symbols), strategy=f"bench-{number}"))
            if report.act is not Act.TRADED or len(wire.moments) != len(symbols):
                raise SystemExit(f"tick {number}: {report.act}, {report.problems}")
            if number:  # the first one opens connections
                found = slow if strategy.thinks else ours
                found.append([(moment - strategy.decided) * 1e3 for moment in wire.moments])
                bare += bare_now
    for times in ours:
        steps += [later - earlier for earlier, later in zip([0.0, *times], times, strict=False)]
    print(f"  {chosen.ticks} ticks of {len(symbols)} symbols, {load()}")
    told("floor: ccxt create_order to its last byte", bare)
    told("decision to the first order", [times[0] for times in ours])
    told("from one order to the next", steps)
    kept = told("decision to the last order", [times[-1] for times in ours], GOAL_MS)
    told(f"the same after {THINKS_S:g} s of thought", [times[-1] for times in slow])
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
