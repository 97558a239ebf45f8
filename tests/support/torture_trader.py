"""Traders that are killed: forked from a process that has imported everything and knows the rules.

Reads lines of JSON (`Order`) and answers each with one (`Told`) when the trader has ended. The
library of `support.faultline` is preloaded; an order's ``at`` is the call at which it kills.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from pathlib import Path

from support.faultline import NAME, SOCKET, SYNC, WRITE, Faultline
from support.lake_worker import Say, fork, heard
from support.shared_clock import SharedClock
from support.torture_scenarios import STORIES, Run, Scenario

from xq.errors import XqError
from xq.execution import send
from xq.execution.journal import Journal, open_journal
from xq.execution.server import Server
from xq.live.desk import Desk, Forecast, Terms
from xq.live.latches import JournalLatches
from xq.live.lock import only_run
from xq.live.loop import tick, watch
from xq.live.report import Report
from xq.risk.gate import check
from xq.risk.latch import by_hand
from xq.risk.limits import Limits, Situation
from xq.risk.switches import DEFAULT_RULES, Action, Switch
from xq.timeframe import Timeframe
from xq.types import OrderRequest, OrderType, Side, Symbol, TimeInForce
from xq.venues.ccxt_market import CcxtMarket
from xq.venues.ccxt_trading import CcxtTrading
from xq.venues.clients import Access
from xq.venues.registry import profile

ACCOUNT, HOUR = "sim", Timeframe.parse("1h")
STEPS = WRITE | SYNC | NAME | SOCKET
RULES = {s: replace(r, enabled=s is Switch.DRAWDOWN) for s, r in DEFAULT_RULES.items()}
_WIDE = Decimal(10**7)


@dataclass(frozen=True)
class Order:
    """Which run of which story, where, at which call it is killed (0: none), how many at once."""

    scenario: str
    run: int
    folder: str
    journal: str
    at: int = 0
    copies: int = 1


@dataclass(frozen=True)
class Told:
    """What became of a trader.

    Attributes
    ----------
    calls
        What it wrote, synced, renamed, sent and read, in calls of the system.
    struck
        The call before which it was killed.
    """

    killed: bool
    calls: int
    struck: str
    act: str = ""
    problems: tuple[str, ...] = ()
    error: str = ""


def runs(scenario: Scenario) -> tuple[Run, ...]:
    """Those before, the one that is killed, the one after it, and what is wanted later."""
    later = scenario.then or replace(scenario.killed, act="tick")
    again = replace(later, after_ms=60_000)
    return (*scenario.before, scenario.killed, again, replace(later, after_ms=HOUR.ms))


def place_of(journal: str) -> Path | Server:
    """A file, or a database."""
    return Server.parse(journal) if journal.startswith("postgresql:") else Path(journal)


class Ports:
    """Clients of one venue whose symbols are known before any trader is forked."""

    def __init__(self, url: str, clock: SharedClock, names: Sequence[str]) -> None:
        self._clock = clock
        chosen = [STORIES[name] for name in names]
        kinds = {(scenario.face, scenario.symbols[0].is_contract) for scenario in chosen}
        self._made = {kind: self._make(url, *kind) for kind in kinds}

    def _make(self, url: str, face: str, contracts: bool) -> tuple[CcxtMarket, CcxtTrading]:
        chosen = profile(face, url)
        open_data = Access(120, loopback_only=True)
        market = CcxtMarket(chosen, self._clock, open_data, contracts=contracts)
        access = Access(120, ("sim", "sim"), loopback_only=True)
        venue = CcxtTrading(chosen, self._clock, access, contracts=contracts)
        for clients in (*market._faces.values(), *venue._faces.values()):
            clients.load()
        market.close()  # no trader is to inherit a connection
        venue.close()
        return market, venue

    def of(self, scenario: Scenario) -> tuple[CcxtMarket, CcxtTrading]:
        """Those that a story asks."""
        return self._made[scenario.face, scenario.symbols[0].is_contract]


def terms_of(scenario: Scenario) -> Terms:
    """Wide limits for the symbols of a story."""
    symbols = scenario.symbols
    limits = Limits(_WIDE, _WIDE, Decimal(50), Decimal("0.2"), 1000, 60_000, frozenset(symbols))
    strategy = "book" if scenario.killed.parts else "always"
    rules = RULES if scenario.watched else {}
    return Terms(ACCOUNT, strategy, symbols, HOUR, limits, leverage=scenario.leverage, rules=rules)


@contextmanager
def desk_of(
    scenario: Scenario, run: Run, ports: Ports, journal: Journal, clock: SharedClock
) -> Iterator[Desk]:
    """A desk whose strategy says what the run says."""
    market, venue = ports.of(scenario)

    def forecast(bar_ms: int) -> Forecast:
        closes = {s: _close(market, s, bar_ms) for s in run.weights}
        return Forecast(bar_ms, run.weights, closes, exits=run.exits, parts=run.parts)

    try:
        yield Desk(market, venue, journal, clock, forecast)
    finally:
        market.close()
        venue.close()


def _close(market: CcxtMarket, symbol: Symbol, bar_ms: int) -> Decimal:
    return Decimal(repr(float(market.bars(symbol, HOUR, bar_ms, 1)[0, 4])))


def work(run: Run, desk: Desk, terms: Terms) -> Report | None:
    """What a run does."""
    verb, _, told = run.act.partition(" ")
    if verb == "tick":
        return tick(desk, terms)
    if verb == "watch":
        return watch(desk, terms)
    if verb == "trip":
        latches = JournalLatches(desk.journal)
        now_ms = desk.market.now_ms()
        pulled = by_hand(Switch.DRAWDOWN, "news", "ann", now_ms, Action(told))
        latches.store(latches.load(now_ms).after([pulled]), now_ms)
    else:
        _limit_order(desk, terms, crossing=verb == "partial")
    return None


def _limit_order(desk: Desk, terms: Terms, *, crossing: bool) -> None:
    """A limit order, as an algorithm would send one: below the market, or through its best level.

    It is larger than that level, so that a rest of it stays.
    """
    symbol = terms.symbols[0]
    book, account = desk.market.book(symbol, 5), desk.venue.account()
    (ask, size), bid = book.asks[0], book.bids[0][0]
    tick_size = desk.market.instruments()[symbol].tick
    price = ask if crossing else int(bid * Decimal("0.97") / tick_size) * tick_size
    quantity = size + Decimal("0.005") if crossing else Decimal("0.010")
    name = f"xq-limit-{desk.market.now_ms()}"
    request = OrderRequest(
        symbol, Side.BUY, OrderType.LIMIT, quantity, name, price=price,
        time_in_force=TimeInForce.GTC,
    )  # fmt: skip
    now_ms = desk.market.now_ms()
    situation = Situation(
        desk.market.instruments()[symbol], now_ms, ask, book.ts, ask, ask, 0, 0, Decimal(0),
        account.equity, account.equity, Decimal(0), 0,
    )  # fmt: skip
    ticket = send.Ticket(None, "limit", price, Decimal(0), now_ms, terms.strategy)
    approved = check(request, situation, terms.limits)
    send.place(approved, ticket, desk.venue, desk.journal, desk.clock, tuple)


def trade(order: Order, ports: Ports, clock: SharedClock, faults: Faultline) -> dict[str, object]:
    """One trader's life, as far as it gets."""
    scenario = STORIES[order.scenario]
    run = runs(scenario)[order.run]
    folder = Path(order.folder)
    if order.at >= 0:
        faults.arm(folder, "before", order.at, kinds=STEPS)
    try:
        with (
            only_run(folder / "trade.lock"),
            open_journal(place_of(order.journal), ACCOUNT, clock) as journal,
            desk_of(scenario, run, ports, journal, clock) as desk,
        ):
            report = work(run, desk, terms_of(scenario))
    except XqError as error:
        return {"error": f"{type(error).__name__}: {error.message}"}
    finally:
        faults.disarm()
    if report is None:
        return {"act": run.act}
    problems = [f"{type(one).__name__}: {one.message}" for one in report.problems]
    return {"act": report.act.value, "problems": problems}


def serve(url: str, clock: SharedClock, names: Sequence[str]) -> None:
    """Fork a trader for every line; of these stories only."""
    faults, ports = Faultline(), Ports(url, clock, names)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        order = Order(**json.loads(line))
        faults.clear()
        told = _started(order.copies, lambda: trade(order, ports, clock, faults))  # noqa: B023
        seen = faults.seen()
        answers = [
            asdict(Told(os.WIFSIGNALED(status), seen.calls, seen.last, **answer))
            for status, answer in told
        ]
        sys.stdout.write(json.dumps(answers) + "\n")
        sys.stdout.flush()


def _started(
    copies: int, work: Callable[[], dict[str, object]]
) -> list[tuple[int, dict[str, object]]]:
    """Fork so many, let them go at the same moment; wait status and answer of each."""
    gate, held = os.pipe()

    def child(say: Say) -> None:
        os.close(held)
        os.read(gate, 1)  # until the parent lets go
        say(json.dumps(work()))

    forked = [fork(child) for _ in range(copies)]
    os.close(held)
    found = []
    for pid, pipe in forked:
        said = heard(pipe)
        broke = bool(said) and said[0].startswith("!")
        answer = json.loads(said[0]) if said and not broke else {}
        status = os.waitpid(pid, 0)[1]
        found.append((status, {"error": f"broke down: {said[0]}"} if broke else answer))
    os.close(gate)
    return found


if __name__ == "__main__":
    serve(sys.argv[1], SharedClock(Path(sys.argv[2])), sys.argv[3:])
