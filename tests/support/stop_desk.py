"""A workspace that trades contracts on a venue with faults, and orders that rest there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from support.trade_bench import ALWAYS
from support.trading_faces import Face, trading

from xq.api.workspace import Workspace, open_workspace
from xq.clock import ManualClock, SystemClock
from xq.sim.wire.embed import start
from xq.sim.wire.faults.bench import Bench
from xq.sim.wire.faults.script import fault_of
from xq.sim.wire.opening import open_venue
from xq.sim.wire.owner import try_lock
from xq.types import Order, OrderRequest, OrderType, Side, Symbol, TimeInForce
from xq.venues.ccxt_trading import CcxtTrading

CONFIG = """[exchange]
name = "{exchange}"
[trade]
strategy = "always"
symbols = ["{symbol}"]
"""
FUTURES, BYBIT, SPOT = Face("futures"), Face("bybit"), Face("spot")


def desk_folder(folder: Path, face: Face = FUTURES) -> Path:
    """A folder with a strategy and a configuration."""
    (folder / "strategies").mkdir(parents=True, exist_ok=True)
    (folder / "strategies" / "always.py").write_text(ALWAYS)
    (folder / "xq.toml").write_text(CONFIG.format(exchange=face.profile, symbol=face.symbol))
    return folder


@dataclass
class StopDesk:
    """The venue as somebody else sees it, over a wire without faults."""

    ws: Workspace
    bench: Bench
    venue: CcxtTrading
    url: str
    face: Face = FUTURES

    @property
    def symbol(self) -> Symbol:
        """What is traded."""
        return self.face.symbol

    def strike(self, **fault: object) -> None:
        """From now on this fault too."""
        self.bench.roster.add(fault_of(fault))

    def calm(self) -> None:
        """No fault any more."""
        self.bench.roster.clear()

    def hold(self, quantity: str = "0.1") -> None:
        """Buy at market, and let a protective stop rest."""
        size = Decimal(quantity)
        self._place(OrderRequest(self.symbol, Side.BUY, OrderType.MARKET, size, "by-hand"))
        is_contract = self.symbol.is_contract
        stop = OrderRequest(
            self.symbol, Side.SELL, OrderType.STOP_MARKET,
            size if is_contract else size * Decimal("0.9"), "exit",
            stop_price=Decimal(30_000), reduce_only=is_contract,
        )  # fmt: skip
        self._place(stop)

    def rest(self, *names: str) -> None:
        """Let entries rest in both books: every other one is conditional."""
        for number, name in enumerate(names):
            request = OrderRequest(
                self.symbol, Side.BUY, OrderType.LIMIT, Decimal("0.01"), name,
                price=Decimal(35_000), time_in_force=TimeInForce.GTC,
            )  # fmt: skip
            if number % 2:
                request = replace(
                    request, type=OrderType.STOP_MARKET, price=None,
                    stop_price=Decimal(60_000), time_in_force=None,
                )  # fmt: skip
            self._place(request)

    def resting(self) -> list[str]:
        """Names of what rests, in both books."""
        return sorted(order.client_id for order in self.venue.open_orders())

    def held(self) -> Decimal:
        """The position."""
        held = (p for p in self.venue.account().positions if p.symbol == self.symbol)
        return sum((p.quantity for p in held), Decimal(0))

    def _place(self, request: OrderRequest) -> Order:
        outcome = self.venue.place(request)
        assert outcome.order is not None, outcome
        return outcome.order


@contextmanager
def stop_desk(
    folder: Path, clock: ManualClock | None = None, face: Face = FUTURES
) -> Iterator[StopDesk]:
    """Until the block ends; the venue's time is in the test's hand."""
    opened = open_workspace(cwd=desk_folder(folder, face), environ={})
    ws = replace(opened, clock=clock or ManualClock(SystemClock().now_ms()))
    ws.state.mkdir(exist_ok=True)
    lock = try_lock(ws.state)
    assert lock is not None
    bench = Bench()
    with (
        start(
            lock, ws.state, 0, lambda: open_venue(ws.state, ws.clock, ws.seed), bench=bench
        ) as handle,
        trading(handle.url, face) as venue,
    ):
        yield StopDesk(ws, bench, venue, handle.url, face)
