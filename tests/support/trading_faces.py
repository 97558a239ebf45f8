"""The adapter of real venues against the simulated one, by each of its three faces."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from xq.clock import SystemClock
from xq.types import OrderRequest, OrderType, Side, Symbol, TimeInForce
from xq.venues.ccxt_market import CcxtMarket
from xq.venues.ccxt_trading import CcxtTrading
from xq.venues.clients import Access
from xq.venues.reads import Retry
from xq.venues.registry import profile

FACES = ("futures", "spot", "bybit")
CONTRACT, SPOT = Symbol.parse("BTC/USDT:USDT"), Symbol.parse("BTC/USDT")
SIZE = Decimal("0.01")
PATIENT = 120.0  # seconds: only a hang takes as long


@dataclass(frozen=True)
class Face:
    """One way to speak with the venue.

    Attributes
    ----------
    conditional
        Types of conditional orders that it takes.
    """

    name: str

    @property
    def symbol(self) -> Symbol:
        return SPOT if self.name == "spot" else CONTRACT

    @property
    def profile(self) -> str:
        return "sim-bybit" if self.name == "bybit" else "sim"

    @property
    def conditional(self) -> tuple[OrderType, ...]:
        stops = (OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET)
        return (*stops, OrderType.TRAILING_STOP_MARKET) if self.name == "futures" else stops


def access(timeout: float = PATIENT, attempts: int = 1) -> Access:
    return Access(timeout, ("sim", "sim"), loopback_only=True, retry=Retry(attempts, 0.0, 0.0))


@contextmanager
def trading(url: str, face: Face, timeout: float = PATIENT) -> Iterator[CcxtTrading]:
    chosen = profile(face.profile, url)
    made = CcxtTrading(chosen, SystemClock(), access(timeout), contracts=face.symbol.is_contract)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def prices(url: str, face: Face) -> Iterator[CcxtMarket]:
    made = CcxtMarket(
        profile(face.profile, url), SystemClock(), Access(PATIENT, loopback_only=True)
    )
    try:
        yield made
    finally:
        made.close()


@dataclass(frozen=True)
class Orders:
    """Orders of every kind that fit a price; each of ``SIZE``."""

    symbol: Symbol
    last: Decimal

    def at(self, factor: str) -> Decimal:
        """A price on the tick of ten, so far from the last one."""
        return (self.last * Decimal(factor)).quantize(Decimal(10))

    def market(self, client_id: str, side: Side = Side.BUY, **more: object) -> OrderRequest:
        return self._order(client_id, side, OrderType.MARKET, **more)

    def limit(
        self,
        client_id: str,
        factor: str = "0.97",
        force: TimeInForce | None = TimeInForce.GTC,
        side: Side = Side.BUY,
        **more: object,
    ) -> OrderRequest:
        price = self.at(factor)
        return self._order(
            client_id, side, OrderType.LIMIT, price=price, time_in_force=force, **more
        )

    def stop(self, client_id: str, factor: str = "0.95", **more: object) -> OrderRequest:
        kind, price = OrderType.STOP_MARKET, self.at(factor)
        return self._order(client_id, Side.SELL, kind, stop_price=price, **more)

    def profit(self, client_id: str, factor: str = "1.05", **more: object) -> OrderRequest:
        kind, price = OrderType.TAKE_PROFIT_MARKET, self.at(factor)
        return self._order(client_id, Side.SELL, kind, stop_price=price, **more)

    def trailing(self, client_id: str, **more: object) -> OrderRequest:
        kind, trail = OrderType.TRAILING_STOP_MARKET, Decimal("0.05")
        return self._order(client_id, Side.SELL, kind, trail=trail, **more)

    def of(self, kind: OrderType, client_id: str, **more: object) -> OrderRequest:
        """A conditional order far from the price."""
        makers = {
            OrderType.STOP_MARKET: self.stop,
            OrderType.TAKE_PROFIT_MARKET: self.profit,
            OrderType.TRAILING_STOP_MARKET: self.trailing,
        }
        return makers[kind](client_id, **more)

    def _order(self, client_id: str, side: Side, kind: OrderType, **more: object) -> OrderRequest:
        return OrderRequest(self.symbol, side, kind, SIZE, client_id, **more)  # type: ignore[arg-type]
