"""The signed side of one venue through ccxt. Only `xq.execution.send` may call place and cancel."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from xq.errors import UsageError, VenueRefused, VenueUnclear
from xq.ports import Clock
from xq.types import (
    Account,
    Balance,
    Fill,
    Order,
    OrderRequest,
    Outcome,
    Position,
    Symbol,
)
from xq.venue_types import CashFlow, KeyScope, Mark
from xq.venues import convert
from xq.venues.clients import Access, Clients
from xq.venues.dialect import Dialect
from xq.venues.door import OrderDoor
from xq.venues.outcomes import Reply, Wire, error_code
from xq.venues.registry import Profile
from xq.venues.speeches import may_listen, speech_of
from xq.venues.user_stream import Manners, UserStream


class CcxtTrading:
    """`xq.ports.Venue` over ccxt; may be used by several threads at once.

    Orders and cancels have clients and connections of their own, per thread, so that they never
    wait for a read, its retries or its allowance.

    Parameters
    ----------
    contracts
        Which account `account` and `open_orders` without a symbol speak of: the contract face's,
        or the spot face's. Everything else goes by the symbol.
    quote
        Asset that equity is counted in.

    Raises
    ------
    UsageError
        If xq does not know how orders are said there.
    """

    def __init__(
        self,
        profile: Profile,
        clock: Clock,
        access: Access,
        *,
        contracts: bool = False,
        quote: str = "USDT",
    ) -> None:
        if profile.dialect is None:
            raise UsageError(f"{profile.name} is not traded on, only read", hint="--mode paper")
        self.name = profile.name
        self._profile = profile
        self._dialect: Dialect = profile.dialect
        self._clock = clock
        self._access = access
        self._contracts = contracts
        self._quote = quote
        self._faces = {kind: Clients(profile, kind, access, clock) for kind in (False, True)}
        self._door = OrderDoor(profile, self._dialect, clock, access, self._faces)

    def account(self) -> Account:
        """Balances, positions and equity of the account traded on. Raises `VenueError`."""
        clients = self._faces[self._contracts]
        ts = clients.read("time", lambda client: int(client.fetch_time()))
        found = clients.read(
            "account", lambda c: self._dialect.account(c, self._contracts, self._quote, ts)
        )
        return self._spot_account(clients, ts) if found is None else found

    def open_orders(self, symbol: Symbol | None = None) -> Sequence[Order]:
        """Resting orders, plain and conditional. Raises `VenueError`."""
        contract = self._contracts if symbol is None else symbol.is_contract
        found: list[Order] = []
        for book in self._dialect.books(contract):
            ask = partial(
                self._dialect.open_orders, contract=contract, symbol=symbol, conditional=book
            )
            rows = self._faces[contract].read("open orders", ask)
            found += rows
            if book:
                self._door.waiting |= {order.client_id for order in rows}
        return tuple(found)

    def order_by_client_id(self, symbol: Symbol, client_id: str) -> Order | None:
        """The order, or None when the venue says that it does not exist. Raises `VenueError`."""
        for book in self._door.books(symbol, client_id):
            order = self._order(symbol, client_id, book)
            if order is not None:
                return order
        return None

    def _order(self, symbol: Symbol, client_id: str, book: bool) -> Order | None:
        clients = self._faces[symbol.is_contract]
        _, session = clients.pair()
        session.forget()  # an earlier "no such order" must not answer for a question never asked
        what = f"order {client_id}"
        try:
            order = clients.read(what, lambda c: self._dialect.order(c, symbol, client_id, book))
        except VenueRefused:
            if self._code(session.last) in self._dialect.missing:
                return None
            raise
        if order is not None and order.client_id != client_id:
            raise VenueUnclear(f"{self.name} answered with another order", where=what)
        return order

    def fills(self, symbol: Symbol, since_ms: int) -> Sequence[Fill]:
        """Own executions from ``since_ms`` on, oldest first. Raises `VenueError`."""
        clients = self._faces[symbol.is_contract]
        now = clients.read("time", lambda client: int(client.fetch_time()))
        found = clients.read(
            f"{symbol} fills", lambda c: self._dialect.fills(c, symbol, since_ms, now)
        )
        unique = {fill.fill_id: fill for fill in found}
        return tuple(sorted(unique.values(), key=_by_time))

    def marks(self, symbol: Symbol) -> Mark:
        """Mark and index price. Raises `VenueError`."""
        clients = self._faces[symbol.is_contract]
        return clients.read(f"{symbol} mark price", lambda c: self._dialect.mark(c, symbol))

    def cash_flows(self, since_ms: int) -> Sequence[CashFlow]:
        """What moved money of the account from ``since_ms`` on, oldest first.

        Raises `VenueError`. Of spot accounts only what came in and went out is told.
        """
        clients = self._faces[self._contracts]
        now = clients.read("time", lambda client: int(client.fetch_time()))
        found = clients.read(
            "cash flows", lambda c: self._dialect.cash_flows(c, self._contracts, since_ms, now)
        )
        return tuple(sorted(found, key=lambda flow: (flow.ts, flow.id)))

    def permissions(self) -> KeyScope:
        """What the key may do. Raises `VenueError`, `VenueRefused` where no venue tells it."""
        return self._faces[self._contracts].read("rights of the key", self._dialect.permissions)

    def extend_dead_man(self, symbol: Symbol, seconds: int) -> bool:
        """Wind the venue's timer, where it is shown to leave protective stops alone.

        Raises `VenueError`.
        """
        clients = self._door.clients(symbol)
        what = f"timer of {symbol}"
        return clients.read(what, lambda c: self._dialect.extend_dead_man(c, symbol, seconds))

    def set_leverage(self, symbol: Symbol, leverage: int) -> None:
        """Idempotent, so it is repeated like a read. Raises `VenueError`; nothing on spot."""
        if symbol.is_contract:
            self._faces[True].read(
                f"leverage of {symbol}", lambda c: self._dialect.set_leverage(c, symbol, leverage)
            )

    def user_events(self, symbols: Sequence[Symbol], manners: Manners | None = None) -> UserStream:
        """What happens to the account from now on; after a gap, also the fills of ``symbols``.

        Raises
        ------
        UsageError
            Without keys, or where xq knows no stream.
        """
        speech = speech_of(self._profile, self._contracts, self._access)
        source = self._faces[self._contracts]
        own = Clients(self._profile, self._contracts, self._access, self._clock, source=source)

        def missed(since_ms: int) -> list[Fill]:
            return [fill for symbol in symbols for fill in self.fills(symbol, since_ms)]

        def allowed(url: str) -> bool:
            return may_listen(url, self._profile, self._access)

        return UserStream(speech, own, self._clock, missed, allowed, manners)

    def place(self, request: OrderRequest) -> Outcome:
        """Send one order once. Never raises for anything the network or venue does."""
        return self._door.place(request)

    def cancel(self, symbol: Symbol, client_id: str) -> Outcome:
        """Cancel one order. Never raises for anything the network or venue does."""
        return self._door.cancel(symbol, client_id)

    def replace(
        self, order: Order, *, price: Decimal | None = None, quantity: Decimal | None = None
    ) -> Outcome:
        """Change a resting limit order in place. Never raises for what network or venue do."""
        return self._door.replace(order, price=price, quantity=quantity)

    def close(self) -> None:
        """Release connections."""
        self._door.close()
        for clients in self._faces.values():
            clients.close()

    def _code(self, wire: Wire | None) -> str | None:
        return error_code(self._profile.rules, wire)[0] if isinstance(wire, Reply) else None

    def _spot_account(self, clients: Clients, ts: int) -> Account:
        sheet = clients.read(
            "account", lambda c: convert.balance_sheet(c.fetch_balance(), "balances")
        )
        balances = convert.balances(sheet)
        positions = self._holdings(clients, balances)
        cash = sum((b.total for b in balances if b.asset == self._quote), Decimal(0))
        equity = cash + sum((p.quantity * p.mark_price for p in positions), Decimal(0))
        return Account(balances, positions, equity, ts)

    def _holdings(self, clients: Clients, balances: Sequence[Balance]) -> tuple[Position, ...]:
        """Spot assets that trade against the quote asset, valued at the last price."""
        totals = {balance.asset: balance.total for balance in balances}
        known = clients.instruments()
        held = [Symbol(asset, self._quote) for asset in totals if asset != self._quote]
        held = [symbol for symbol in held if symbol in known]
        if not held:
            return ()
        names = [str(symbol) for symbol in held]
        prices = clients.read("prices", lambda client: _last_prices(client, names))
        return tuple(
            Position(symbol, totals[symbol.base], mark_price=prices[str(symbol)]) for symbol in held
        )


def _by_time(fill: Fill) -> tuple[int, int, str]:
    number = fill.fill_id
    return fill.ts, int(number) if number.isdecimal() else 0, number


def _last_prices(client: Any, names: Sequence[str]) -> Mapping[str, Decimal]:
    found = client.fetch_tickers(list(names))
    return {
        name: convert.positive(found.get(name, {}).get("last"), f"price of {name}")
        for name in names
    }
