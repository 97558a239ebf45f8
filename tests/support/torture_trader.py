"""Traders that are killed: forked from a process that has imported everything and knows the rules.

Reads lines of JSON (`Order`) and answers each with one (`Told`) when the trader has ended. The
library of `support.faultline` is preloaded; an order's ``at`` is the call at which it kills.
"""

import gc
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path

from support.children import Say, fork, heard
from support.faultline import NAME, SOCKET, SYNC, WRITE, Faultline
from support.shared_clock import SharedClock
from support.torture_acts import NOTHING, work
from support.torture_scenarios import STORIES, Run, Scenario

from xq.errors import XqError
from xq.execution.journal import Journal, open_journal
from xq.execution.server import Server
from xq.live.desk import POOL_SIZE, Desk, Forecast, Terms
from xq.live.lock import only_run
from xq.risk.limits import Limits
from xq.risk.switches import DEFAULT_RULES, Switch
from xq.timeframe import Timeframe
from xq.types import Symbol
from xq.venues.ccxt_market import CcxtMarket
from xq.venues.ccxt_trading import CcxtTrading
from xq.venues.clients import Access
from xq.venues.registry import profile

ACCOUNT, HOUR = "sim", Timeframe.parse("1h")
STEPS = WRITE | SYNC | NAME | SOCKET
RULES = {s: replace(r, enabled=s is Switch.DRAWDOWN) for s, r in DEFAULT_RULES.items()}
Start = Callable[["Order"], dict[str, object]]
_WIDE = Decimal(10**7)
_MOST_STARTS = 12


@dataclass(frozen=True)
class Order:
    """Which run of which story, where, at which call it is killed (0: none), how many at once.

    With ``settles`` it is started again until nothing is left to do.
    """

    scenario: str
    run: int
    folder: str
    journal: str
    at: int = 0
    copies: int = 1
    settles: bool = False


@dataclass(frozen=True)
class Told:
    """What became of a trader.

    Attributes
    ----------
    calls
        What it wrote, synced, renamed, sent and read, in calls of the system.
    struck
        The call before which it was killed.
    starts
        How many it took, of one that settles.
    """

    killed: bool
    calls: int
    struck: str
    act: str = ""
    problems: tuple[str, ...] = ()
    error: str = ""
    starts: int = 1


def runs(scenario: Scenario) -> tuple[Run, ...]:
    """Those before, the one that is killed, the one after it, and what is wanted later."""
    later = scenario.then or replace(scenario.killed, act="tick")
    again = replace(later, after_ms=60_000)
    return (*scenario.before, scenario.killed, again, replace(later, after_ms=HOUR.ms))


def again(scenario: Scenario) -> int:
    """Number of the run by which a restart begins."""
    return len(scenario.before) + 1


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

    with ExitStack() as stack:
        stack.callback(market.close)
        stack.callback(venue.close)
        pool = stack.enter_context(ThreadPoolExecutor(POOL_SIZE)) if scenario.pooled else None
        yield Desk(market, venue, journal, clock, forecast, pool=pool)


def _close(market: CcxtMarket, symbol: Symbol, bar_ms: int) -> Decimal:
    return Decimal(repr(float(market.bars(symbol, HOUR, bar_ms, 1)[0, 4])))


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
            act, problems = work(run.act, desk, terms_of(scenario))
    except XqError as error:
        return {"error": f"{type(error).__name__}: {error.message}"}
    finally:
        faults.disarm()
    return {"act": act, "problems": problems}


def restarts(order: Order, start: Start, clock: SharedClock) -> dict[str, object]:
    """Start it until there is nothing left to do; a process for all of these starts."""
    number = again(STORIES[order.scenario])
    told = start(order)
    for count in range(2, _MOST_STARTS + 1):
        if told.get("act") == NOTHING and not told["problems"]:
            break
        clock.sleep(runs(STORIES[order.scenario])[number].after_ms / 1000)
        told = start(replace(order, run=number)) | {"starts": count}
    return told


def serve(url: str, clock: SharedClock, names: Sequence[str]) -> None:
    """Fork a trader for every line; of these stories only."""
    faults, ports = Faultline(), Ports(url, clock, names)

    def start(order: Order) -> dict[str, object]:
        return trade(order, ports, clock, faults)

    _warm(start, names[0], clock)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        order = Order(**json.loads(line))
        life = partial(restarts, order, start, clock) if order.settles else partial(start, order)
        faults.clear()
        told = _started(order.copies, life)
        seen = faults.seen()
        answers = [
            asdict(Told(os.WIFSIGNALED(status), seen.calls, seen.last, **answer))
            for status, answer in told
        ]
        sys.stdout.write(json.dumps(answers) + "\n")
        sys.stdout.flush()


def _warm(start: Start, name: str, clock: SharedClock) -> None:
    """Trade once here, so that no child has to import what the first trader does."""
    began_ms = clock.now_ms()
    with tempfile.TemporaryDirectory() as folder:
        start(Order(name, 0, folder, str(Path(folder) / "journal.sqlite")))
    clock.set(began_ms)
    gc.collect()
    gc.freeze()  # or every child would copy what it only looks at


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
