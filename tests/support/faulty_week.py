"""A simulated week of the service with a fault in every minute: no decision is lost in silence.

    python tests/support/faulty_week.py [MINUTES] [SEED]

In every minute one fault is in force, for one request or for all of that minute, and the service
looks once; when an hour has closed it decides. The venue is served, its clock and the trader's are
simulated. A due decision is *made*, or the run ends with an error that says why (*halted*);
afterwards, without faults, the venue's ledger must be what the journal says. Prints a table by
fault; exit 1 if anything is wrong.
"""

import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.faulty_venue import FaultyVenue, faulty_venue
from support.few_markets import few_markets
from support.torture_judge import judged
from support.torture_scenarios import BTC, STOP, UP, Run, Scenario

from xq.errors import XqError
from xq.execution.journal import open_journal
from xq.live.desk import Desk, Forecast, Terms
from xq.live.loop import tick, watch
from xq.live.report import Act, Report
from xq.risk.limits import Limits
from xq.timeframe import HOUR_MS, Timeframe
from xq.venues.ccxt_market import CcxtMarket
from xq.venues.ccxt_trading import CcxtTrading
from xq.venues.clients import Access
from xq.venues.registry import profile

MINUTE_MS, WEEK = 60_000, 7 * 24 * 60
HOUR = Timeframe.parse("1h")
WEIGHTS = (0.5, 0.2, -0.3, 0.0, 0.4, 0.4, -0.5, -0.1)
STORY = Scenario("week", (), Run(UP, STOP), {})
_WIDE = Decimal(10**7)

Fault = Mapping[str, object]
ORDERS: Fault = {"method": "POST", "path": "*rder"}
READS: Fault = {"method": "GET"}
FAULTS: dict[str, Fault] = {
    "connection reset": {"do": "reset"},
    "answer to an order lost": {"do": "lose_answer", **ORDERS},
    "answer cut off": {"do": "truncate"},
    "order, empty answer": {"do": "empty", **ORDERS},
    "page instead of an answer": {"do": "html"},
    "502": {"do": "bad_gateway"},
    "503, a page": {"do": "unavailable_page"},
    "504": {"do": "gateway_timeout"},
    "403": {"do": "firewall"},
    "503, state unknown": {"do": "unknown_state", **ORDERS},
    "503, unavailable": {"do": "unavailable"},
    "503, throttled": {"do": "throttled", **ORDERS},
    "-1000": {"do": "internal_error"},
    "-1001": {"do": "disconnected"},
    "-1006": {"do": "unexpected_response", **ORDERS},
    "-1007": {"do": "timeout", **ORDERS},
    "429": {"do": "too_many_requests", "seconds": 10, **READS},
    "418": {"do": "ban", "seconds": 30, **READS},
    "maintenance": {"do": "maintenance"},
    "clock an hour ahead": {"do": "clock_skew", "ms": HOUR_MS},
    "clock behind": {"do": "clock_skew", "ms": -120_000},
    "market closed": {"do": "delist", "market": "BTCUSDT"},
    "larger lots": {"do": "filters", "market": "BTCUSDT", "lot": "0.010"},
    "restart": {},
}


@dataclass
class Told:
    """What became of decisions and looks, by fault."""

    decisions: dict[str, Counter[str]] = field(default_factory=dict)
    looks: dict[str, Counter[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def add(self, table: dict[str, Counter[str]], fault: str, word: str) -> None:
        """One more."""
        table.setdefault(fault, Counter())[word] += 1

    def sums(self) -> Counter[str]:
        """All decisions, whatever the fault."""
        return sum(self.decisions.values(), Counter())


class Service:
    """The trader: opened anew after an error, as `xq trade` does."""

    def __init__(self, venue: FaultyVenue, folder: Path) -> None:
        self._venue, self._path = venue, folder / "journal.sqlite"
        self._open = ExitStack()
        self._ports: tuple[CcxtMarket, CcxtTrading] | None = None
        limits = Limits(_WIDE, _WIDE, Decimal(5), Decimal("0.2"), 1000, HOUR_MS, frozenset({BTC}))
        self.terms = Terms("sim", "always", (BTC,), HOUR, limits)
        self.decided_ms = 0

    def release(self) -> None:
        """Close the venue's clients."""
        self._open.close()
        self._ports = None

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """The ports, and a journal opened for this look."""
        clock = self._venue.clock
        if self._ports is None:
            chosen = profile("sim", self._venue.url)
            access = Access(30, loopback_only=True)
            market = CcxtMarket(chosen, clock, access, contracts=True)
            keyed = Access(30, ("sim", "sim"), loopback_only=True)
            trading = CcxtTrading(chosen, clock, keyed, contracts=True)
            self._open.callback(market.close)
            self._open.callback(trading.close)
            self._ports = market, trading
        market, trading = self._ports

        def forecast(bar_ms: int) -> Forecast:
            self.decided_ms = max(self.decided_ms, bar_ms)
            close = Decimal(repr(float(market.bars(BTC, HOUR, bar_ms, 1)[0, 4])))
            weight = WEIGHTS[bar_ms // HOUR_MS % len(WEIGHTS)]
            return Forecast(bar_ms, {BTC: weight}, {BTC: close}, exits=STOP)

        with open_journal(self._path, "sim", clock) as journal:
            yield Desk(market, trading, journal, clock, forecast)

    def act(self, what: Callable[[Desk, Terms], Report]) -> "Report | XqError":
        """What it reports, or the error that ended it."""
        try:
            with self.desk() as desk:
                return what(desk, self.terms)
        except XqError as error:
            self.release()
            return error


def outcome(told: "Report | XqError") -> str:
    """One word for what a run came to."""
    if isinstance(told, XqError):
        return f"halted: {type(told).__name__}"
    if told.act is Act.STOPPED or told.problems:
        return f"halted: {type(told.problems[0]).__name__}" if told.problems else "silent"
    return "made" if told.act is not Act.NOTHING else "nothing to do"


def play(minutes: int, seed: int, folder: Path) -> Told:
    """So many minutes, each with its fault."""
    rng, found = random.Random(seed), Told()
    with faulty_venue(folder, source=few_markets(7)) as venue:
        service = Service(venue, folder)
        start_ms = HOUR.floor(venue.clock.now_ms()) + HOUR_MS
        venue.clock.advance_to(start_ms)
        service.act(tick)
        last_ms = start_ms
        for minute in range(1, minutes + 1):
            due_ms = start_ms + minute * MINUTE_MS
            venue.clock.advance_to(max(venue.clock.now_ms(), due_ms))
            name = rng.choice(list(FAULTS))
            if FAULTS[name]:
                venue.strike(**FAULTS[name], times=rng.choice((0, 1)))
            else:
                service.release()
            closes = HOUR.floor(venue.clock.now_ms())
            if closes > last_ms:
                last_ms = closes
                word = outcome(service.act(tick))
                found.add(found.decisions, name, word)
                if word in ("silent", "nothing to do"):
                    found.wrong.append(f"minute {minute}, {name}: {word}")
            else:
                found.add(found.looks, name, outcome(service.act(watch)))
            venue.bench.roster.clear()
        found.wrong += _settled(service, venue, folder)
        service.release()
    return found


def _settled(service: Service, venue: FaultyVenue, folder: Path) -> list[str]:
    """Without faults it finds its way, and the books agree."""
    for _ in range(3):
        venue.clock.sleep(MINUTE_MS / 1000)
        told = service.act(watch)
    if isinstance(told, XqError) or told.problems:
        return [f"without faults: {told}"]
    return judged(STORY, folder, str(folder / "journal.sqlite"), final=False)


def main(arguments: list[str]) -> int:
    """Play, print, judge."""
    minutes, seed = (*map(int, arguments), *(WEEK, 1)[len(arguments) :])
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = play(minutes, seed, Path(folder))
    for name in FAULTS:
        decisions, looks = found.decisions.get(name, {}), found.looks.get(name, {})
        print(f"{name:26} decisions {dict(decisions)}  looks {dict(looks)}")
    sums = found.sums()
    told = {
        "minutes": minutes, "decisions due": sums.total(), "made": sums["made"],
        "halted": sums.total() - sums["made"], "wrong": found.wrong,
        "seconds": round(time.monotonic() - started),
    }  # fmt: skip
    print(json.dumps(told))
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
