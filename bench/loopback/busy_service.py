"""A service that enters and leaves as fast as it may, through the loop's own way out.

    python bench/loopback/busy_service.py URL STATE

It answers lines on stdin. ``go`` lets it trade until an entry is refused for a tripped switch; then
it says when its last entry left, on the clock that all processes share, and how many did.
``naked N`` enters N times under a stop and says how long each position stood without one.
"""

import sys
from decimal import Decimal
from pathlib import Path
from time import monotonic_ns
from typing import Any

from xq.clock import SystemClock
from xq.execution.journal import open_journal
from xq.execution.records import Signal
from xq.garbage import uncollected
from xq.live import decide, protect
from xq.live.desk import Desk, Forecast, Terms
from xq.live.execute import carry_out
from xq.live.look import Look
from xq.live.session import Session
from xq.live.stop_file import StopFile
from xq.risk.limits import Limits
from xq.risk.switches import DEFAULT_RULES
from xq.strategy.base import Exits
from xq.timeframe import Timeframe
from xq.types import Symbol
from xq.venues.ccxt_market import CcxtMarket
from xq.venues.ccxt_trading import CcxtTrading
from xq.venues.clients import Access
from xq.venues.registry import profile

BTC = Symbol.parse("BTC/USDT:USDT")
HOUR = Timeframe.parse("1h")
SIZE = Decimal("0.01")
WIDE = Decimal(10) ** 9
LIMITS = Limits(
    WIDE, WIDE, Decimal(100), Decimal("0.5"), 10**9, 60_000, frozenset({BTC}),
    max_messages_per_second=10**9, duplicate_ms=0, max_open_orders=10**9,
)  # fmt: skip


class Watched:
    """A venue that remembers when the last entry left."""

    def __init__(self, venue: CcxtTrading) -> None:
        self._venue = venue
        self.last_ns, self.entries = 0, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._venue, name)

    def place(self, request: Any) -> Any:
        """Send it, after a look at the clock."""
        if not request.reduce_only:
            self.last_ns, self.entries = monotonic_ns(), self.entries + 1
        return self._venue.place(request)


class Service:
    """One desk, and decisions without a bar to wait for."""

    def __init__(self, desk: Desk, venue: Watched) -> None:
        self._desk, self._venue = desk, venue
        self._number = 0

    def turn(self, target: Decimal) -> str:
        """Go to a position, in a look like the service's; why an entry was refused, or nothing."""
        with uncollected():
            return self._turn(target)

    def _turn(self, target: Decimal) -> str:
        self._number += 1
        terms = self.terms()
        market = self._desk.market
        bar_ms = HOUR.last_closed(market.now_ms())
        close = Decimal(str(market.bars(BTC, HOUR, bar_ms, 1)[0, 4]))
        signal = Signal(BTC, 0.1, close, Decimal(0), target, False)
        decision = decide.begin(bar_ms, (signal,), self._desk, terms)
        session = Session(self._desk, terms, decision, {BTC: close}, Look(self._desk))
        done = carry_out(session, [signal])[BTC]
        return "" if done.problem is None else done.problem.message

    def terms(self) -> Terms:
        """A strategy of another name each time, so that no bar is decided already."""
        return Terms(
            "bench", f"n{self._number}", (BTC,), HOUR, LIMITS, leverage=10, rules=DEFAULT_RULES
        )

    def until_refused(self) -> str:
        """Turn from long to short and back until an entry is refused."""
        before, target = self._venue.entries, SIZE
        while not (problem := self.turn(target)):
            target = -target
        if not any(words in problem for words in ("switch is tripped", "tripped since the gate")):
            raise SystemExit(problem)
        return f"{self._venue.last_ns} {self._venue.entries - before}"

    def naked(self, count: int) -> str:
        """Enter and leave under a stop; ms between each entry's fill and its stop's acceptance."""
        found, desk = [], self._desk
        for _ in range(count):
            protect.promise(Exits(stop_loss=0.05), desk)
            self.turn(SIZE)
            filled = self._venue.last_ns
            protect.protect(desk, self.terms(), desk.venue.account(), restoring=False)
            found.append(f"{(monotonic_ns() - filled) / 1e6:.3f}")
            protect.promise(None, desk)
            protect.protect(desk, self.terms(), desk.venue.account(), restoring=False)
            self.turn(Decimal(0))
        return " ".join(found)


def main(url: str, folder: str) -> None:
    clock, state = SystemClock(), Path(folder)
    market = CcxtMarket(profile("sim", url), clock, Access(loopback_only=True))
    access = Access(keys=("sim", "sim"), loopback_only=True)
    venue = Watched(CcxtTrading(profile("sim", url), clock, access, contracts=True))
    venue.set_leverage(BTC, 10)
    with open_journal(state / "journal-sim.sqlite", "sim") as journal:
        desk = Desk(market, venue, journal, clock, _none, stop=StopFile(state, "sim"))
        service = Service(desk, venue)
        print("ready", flush=True)
        for line in sys.stdin:
            word, _, count = line.partition(" ")
            said = service.naked(int(count)) if word == "naked" else service.until_refused()
            print(said, flush=True)


def _none(_: int) -> Forecast:
    raise SystemExit("nobody forecasts here")


if __name__ == "__main__":
    main(*sys.argv[1:])
