"""One story's venue and journal: begun once, begun again for every kill, and what befalls it."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path

import psycopg
from support import postgres
from support.few_markets import few_markets
from support.shared_clock import SharedClock
from support.torture_scenarios import STORIES, Event, Scenario
from support.torture_trader import Order, Told, runs

from xq.sim.account import open_account
from xq.sim.accounts import MAIN
from xq.sim.instruments import Face
from xq.sim.records import NewOrder
from xq.sim.venue import SimVenue
from xq.sim.wire.faults.bench import Bench
from xq.sim.wire.faults.script import fault_of
from xq.sim.wire.opening import open_venue
from xq.sim.wire.server import VenueServer
from xq.timeframe import HOUR_MS
from xq.types import OrderType, Side

SEED, WALL_MS = 7, 1_767_229_205_000  # five seconds past an hour
_MOST_HOURS = 2_000
TRADER = Path(__file__).with_name("torture_trader.py")


class Trader:
    """The process that forks traders."""

    def __init__(self, url: str, clock: Path, names: Sequence[str]) -> None:
        tests = TRADER.parents[1]
        environment = os.environ | {"PYTHONPATH": f"{tests}:{tests.parent}"}
        environment["OPENBLAS_NUM_THREADS"] = "1"
        self._process = subprocess.Popen(
            [sys.executable, str(TRADER), url, str(clock), *names],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        self._line()

    def run(self, order: Order) -> Told:
        """Let one trade, and wait for its end."""
        return self.race(order)[0]

    def race(self, order: Order) -> list[Told]:
        """Let all of its copies trade at once, and wait for their end."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        told = json.loads(self._line())
        return [Told(**{**one, "problems": tuple(one["problems"])}) for one in told]

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(120)

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the traders' process is gone")
        return line


class Stage:
    """A venue at one address and a clock, for one story after the other."""

    def __init__(self, folder: Path, names: Sequence[str], database: str | None = None) -> None:
        self.folder, self.database = folder, database
        folder.mkdir(parents=True, exist_ok=True)
        self.clock = SharedClock(folder / "clock", WALL_MS)
        self.bench, self.source = Bench(), few_markets(SEED)
        self.port = _free_port()
        self._bases = 0
        self._copies = 0
        with self.venue(folder / "first") as server:
            self.trader = Trader(server.url, folder / "clock", names)

    def close(self) -> None:
        """End the traders."""
        self.trader.close()

    @contextmanager
    def venue(self, desk: Path) -> Iterator[VenueServer]:
        """The venue of a desk, served."""
        desk.mkdir(parents=True, exist_ok=True)
        venue = open_venue(desk, self.clock, SEED, source=self.source)
        server = VenueServer(venue, self.port, bench=self.bench)
        server.start()
        try:
            yield server
        finally:
            server.close()
            venue.settle()  # up to this moment, whether or not its server had come to it
            venue.save()
            venue.ledger.close()

    def happen(self, desk: Path, events: tuple[Event, ...]) -> None:
        """Things at the venue that the trader has no part in."""
        if not events:
            return
        venue = open_venue(desk, self.clock, SEED, source=self.source)
        venue.settle()
        for event in events:
            _EVENTS[event.kind](_Scene(venue, self.clock), event.value)
        venue.save()
        venue.ledger.close()

    def prepared(self, scenario: Scenario) -> "Base":
        """The story up to the run that is killed."""
        self._bases += 1
        desk = self.folder / f"base-{self._bases}"
        journal = self._journal(scenario, desk, f"base{self._bases}")
        self.clock.set(WALL_MS)
        base = Base(self, scenario, desk, journal)
        with self.venue(desk):
            for number in range(len(scenario.before)):
                told = base.run(number, desk, journal)
                if told.error or told.problems:
                    raise SystemExit(f"{scenario.name}, before: {told}")
        self.happen(desk, scenario.ahead)
        base.begin_ms = self.clock.now_ms()
        return base

    def copy(self, base: "Base") -> tuple[Path, str]:
        """The desk and journal of a base, once more; its clock too."""
        self._copies += 1
        desk = self.folder / f"desk-{self._copies}"
        shutil.copytree(base.desk, desk)
        self.clock.set(base.begin_ms)
        journal = self._journal(base.scenario, desk, f"desk{self._copies}", base.journal)
        return desk, journal

    def remove(self, desk: Path, journal: str) -> None:
        """A desk that nobody needs any more."""
        shutil.rmtree(desk)
        if self.database is not None and journal.startswith("postgresql:"):
            name = journal.partition("?")[0].rpartition("/")[2]
            with psycopg.connect(self.database, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _journal(self, scenario: Scenario, desk: Path, name: str, like: str = "") -> str:
        if scenario.journal == "sqlite":
            return str(desk / "journal.sqlite")
        if self.database is None:
            raise SystemExit("no PostgreSQL server")
        template = f" TEMPLATE {like.partition('?')[0].rpartition('/')[2]}" if like else ""
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}{template}")
        return self.database.replace("/postgres?", f"/{name}?")


class Base:
    """A story just before the run that is killed.

    Attributes
    ----------
    begin_ms
        The clock then.
    """

    def __init__(self, stage: Stage, scenario: Scenario, desk: Path, journal: str) -> None:
        self.stage, self.scenario, self.desk, self.journal = stage, scenario, desk, journal
        self.begin_ms = WALL_MS

    def run(
        self, number: int, desk: Path, journal: str, at: int = 0, *, settles: bool = False
    ) -> Told:
        """A run of the story, as late as it says."""
        clock = self.stage.clock
        clock.set(clock.now_ms() + runs(self.scenario)[number].after_ms)
        order = Order(self.scenario.name, number, str(desk), journal, at, settles=settles)
        return self.stage.trader.run(order)

    def strike(self, faults: tuple[Mapping[str, object], ...]) -> None:
        """These faults are in force from now on, and no others."""
        self.stage.bench.roster.clear()
        for fault in faults:
            self.stage.bench.roster.add(fault_of(dict(fault)))


class _Scene:
    """The venue, opened by nobody else, and its clock."""

    def __init__(self, venue: SimVenue, clock: SharedClock) -> None:
        self.venue, self.clock = venue, clock

    def price(self) -> Decimal:
        return self.venue.feeds[Face.FUTURES].mark_price("BTCUSDT", self.venue.now_ms)

    def held(self) -> Decimal:
        return self.venue.state.position(MAIN, "BTCUSDT").quantity

    def order(self, side: Side, quantity: Decimal, price: Decimal | None = None) -> None:
        kind = OrderType.MARKET if price is None else OrderType.LIMIT
        asked = NewOrder("BTCUSDT", side, kind, "hand-1", quantity=quantity, price=price)
        self.venue.place(MAIN, Face.FUTURES, asked)

    def wait(self, enough: Callable[[], bool]) -> None:
        """Let hours pass until it is so."""
        for _ in range(_MOST_HOURS):
            if enough():
                return
            self.clock.sleep(HOUR_MS / 1000)
            self.venue.settle()
        raise SystemExit("this market never does that")


def _leave(scene: _Scene, value: str) -> None:
    """Until the price has gone so far either way that a bracket must have fired."""
    start, away = scene.price(), Decimal(value.split()[0]) / 100
    scene.wait(lambda: abs(scene.price() / start - 1) > away)


def _rise(scene: _Scene, _value: str) -> None:
    start = scene.price()
    scene.wait(lambda: scene.price() > start * Decimal("1.01"))


def _liquidated(scene: _Scene, _value: str) -> None:
    """Somebody made of it a position that the market takes away."""
    if scene.held() <= 0:
        return
    scene.venue.set_leverage(MAIN, "BTCUSDT", 25)
    more = scene.venue.margin(MAIN).available * 15 / scene.price()
    scene.order(Side.BUY, Decimal(int(more * 1000)) / 1000)
    scene.wait(lambda: scene.held() == 0)


def _deposit(scene: _Scene, value: str) -> None:
    with scene.venue._change() as draft:
        open_account(draft, MAIN, Decimal(value))


def _trade(scene: _Scene, value: str) -> None:
    scene.order(Side.BUY, Decimal(value))


def _close(scene: _Scene, _value: str) -> None:
    held = scene.held()
    if held:
        scene.order(Side.SELL if held > 0 else Side.BUY, abs(held))


def _rest(scene: _Scene, _value: str) -> None:
    scene.order(Side.BUY, Decimal("0.010"), Decimal(int(scene.price() * Decimal("0.95"))))


def _cancel_all(scene: _Scene, _value: str) -> None:
    scene.venue.cancel_all_algos(MAIN, "BTCUSDT")


def _leverage(scene: _Scene, value: str) -> None:
    scene.venue.set_leverage(MAIN, "BTCUSDT", int(value))


_EVENTS: dict[str, Callable[[_Scene, str], None]] = {
    "leave": _leave, "rise": _rise, "liquidated": _liquidated, "deposit": _deposit,
    "trade": _trade, "close": _close, "rest": _rest, "cancel all": _cancel_all,
    "leverage": _leverage,
}  # fmt: skip


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


@contextmanager
def stage(folder: Path, names: Sequence[str]) -> Iterator[Stage]:
    """A stage for these stories, with a PostgreSQL server if one of them needs it."""
    with ExitStack() as stack:
        database = None
        if any(STORIES[name].journal == "postgres" for name in names):
            database = postgres.url(stack.enter_context(postgres.running()))
        made = Stage(folder, names, database)
        stack.callback(made.close)
        yield made
