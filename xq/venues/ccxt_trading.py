"""The signed side of one venue through ccxt. Only `xq.execution.send` may call place and cancel."""

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from xq.errors import UsageError, VenueError, VenueRefused, VenueUnclear
from xq.ports import Clock
from xq.timeframe import DAY_MS
from xq.types import (
    Account,
    Balance,
    Fill,
    Order,
    OrderRequest,
    OrderType,
    Outcome,
    OutcomeKind,
    Position,
    Symbol,
    TimeInForce,
)
from xq.venues import convert
from xq.venues.clients import Access, Clients
from xq.venues.outcomes import Reply, Verdict, Wire, cancel_verdict, error_code, order_verdict
from xq.venues.registry import Profile

FILLS_PAGE = 1000
_CONTRACT_FILLS_SPAN_MS = 7 * DAY_MS
_CONTRACT_FILLS_KEPT_MS = 180 * DAY_MS
_NO_SUCH_ORDER = "-2013"
_TRIGGERS = {
    OrderType.STOP_MARKET: "stopLossPrice",
    OrderType.TAKE_PROFIT_MARKET: "takeProfitPrice",
}
_RAW_SHOWN = 2000  # characters of an answer kept with an outcome


class CcxtTrading:
    """`xq.ports.Venue` over ccxt.

    Parameters
    ----------
    contracts
        Which account `account` and `open_orders` without a symbol speak of: the contract face's,
        or the spot face's. Everything else goes by the symbol.
    quote
        Asset that equity is counted in.
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
        self.name = profile.name
        self._profile = profile
        self._clock = clock
        self._contracts = contracts
        self._quote = quote
        self._faces = {kind: Clients(profile, kind, access, clock) for kind in (False, True)}

    def account(self) -> Account:
        """Balances, positions and equity of the account traded on. Raises `VenueError`."""
        clients = self._faces[self._contracts]
        balances, margin = clients.read("account", lambda c: _balances(c.fetch_balance()))
        ts = clients.read("time", lambda client: int(client.fetch_time()))
        if self._contracts:
            positions, equity = self._contract_positions(clients), convert.decimal(margin)
        else:
            positions = self._holdings(clients, {b.asset: b.total for b in balances})
            cash = sum((b.total for b in balances if b.asset == self._quote), Decimal(0))
            equity = cash + sum((p.quantity * p.mark_price for p in positions), Decimal(0))
        return Account(balances, positions, equity, ts)

    def open_orders(self, symbol: Symbol | None = None) -> Sequence[Order]:
        """Resting orders. Raises `VenueError`."""
        contract = self._contracts if symbol is None else symbol.is_contract
        name = None if symbol is None else str(symbol)
        return self._faces[contract].read(
            "open orders",
            lambda client: tuple(
                convert.order(Symbol.parse(raw["symbol"]), raw)
                for raw in client.fetch_open_orders(name)
            ),
        )

    def order_by_client_id(self, symbol: Symbol, client_id: str) -> Order | None:
        """The order, or None when the venue says that it does not exist. Raises `VenueError`."""
        clients = self._faces[symbol.is_contract]
        _, session = clients.pair()
        session.forget()  # an earlier "no such order" must not answer for a question never asked
        what = f"order {client_id}"
        query = {"clientOrderId": client_id}
        try:
            order = clients.read(
                what, lambda c: convert.order(symbol, c.fetch_order(None, str(symbol), query))
            )
        except VenueRefused:
            if self._code(session.last) == _NO_SUCH_ORDER:
                return None
            raise
        if order.client_id != client_id:
            raise VenueUnclear(f"{self.name} answered with another order", where=what)
        return order

    def fills(self, symbol: Symbol, since_ms: int) -> Sequence[Fill]:
        """Own executions from ``since_ms`` on, oldest first. Raises `VenueError`.

        Contracts are read in steps of a week, the longest span that the venue answers for, and not
        further back than it keeps them.
        """
        clients = self._faces[symbol.is_contract]
        found: dict[str, Fill] = {}
        if symbol.is_contract:
            now = clients.read("time", lambda client: int(client.fetch_time()))
            first = max(since_ms, now - _CONTRACT_FILLS_KEPT_MS)
            for start in range(first, max(first, now) + 1, _CONTRACT_FILLS_SPAN_MS):
                until = {"until": start + _CONTRACT_FILLS_SPAN_MS}
                found |= self._fills_from(clients, symbol, start, until)
        else:
            found = self._fills_from(clients, symbol, since_ms, {})
        return tuple(sorted(found.values(), key=lambda fill: (fill.ts, int(fill.fill_id))))

    def _fills_from(
        self, clients: Clients, symbol: Symbol, start_ms: int, until: Mapping[str, int]
    ) -> dict[str, Fill]:
        """Page by page, by id."""
        found: dict[str, Fill] = {}
        while True:
            start = start_ms
            page = clients.read(
                f"{symbol} fills",
                lambda client: [
                    convert.fill(symbol, raw)
                    for raw in client.fetch_my_trades(str(symbol), start, FILLS_PAGE, {**until})  # noqa: B023
                ],
            )
            before = len(found)
            found |= {fill.fill_id: fill for fill in page}
            if len(page) < FILLS_PAGE or len(found) == before:
                return found
            start_ms = max(fill.ts for fill in found.values())

    def set_leverage(self, symbol: Symbol, leverage: int) -> None:
        """Idempotent, so it is repeated like a read. Raises `VenueError`; nothing on spot."""
        if symbol.is_contract:
            self._faces[True].read(
                f"leverage of {symbol}", lambda client: client.set_leverage(leverage, str(symbol))
            )

    def place(self, request: OrderRequest) -> Outcome:
        """Send one order once. Never raises for anything the network or venue does."""
        try:
            arguments = _arguments(request)
            self._check_step(request)
        except (UsageError, VenueError) as error:
            return Outcome(OutcomeKind.NOT_SENT, reason=error.message)
        return self._send(
            request.symbol,
            lambda client: client.create_order(*arguments),
            lambda wire: order_verdict(self._profile.rules, wire, request),
        )

    def cancel(self, symbol: Symbol, client_id: str) -> Outcome:
        """Cancel one order. Never raises for anything the network or venue does."""
        return self._send(
            symbol,
            lambda client: client.cancel_order(None, str(symbol), {"clientOrderId": client_id}),
            lambda wire: cancel_verdict(self._profile.rules, wire, client_id),
        )

    def close(self) -> None:
        """Release connections."""
        for clients in self._faces.values():
            clients.close()

    def _check_step(self, request: OrderRequest) -> None:
        """Refuse what ccxt would cut down to the step without a word."""
        lot = self._faces[request.symbol.is_contract].find(request.symbol).lot
        if lot and request.quantity % lot:
            raise UsageError(f"quantity {request.quantity} is not a multiple of the lot {lot}")

    def _send(
        self,
        symbol: Symbol,
        act: Callable[[Any], Any],
        judge: Callable[[Wire | None], Verdict],
    ) -> Outcome:
        """Make one request, exactly once, and judge it by the wire alone."""
        clients = self._faces[symbol.is_contract]
        try:
            client, session = clients.pair()
        except VenueError as error:
            return Outcome(OutcomeKind.NOT_SENT, reason=error.message)
        session.forget()
        raised = ""
        try:
            act(client)
        except Exception as error:  # noqa: BLE001 - whatever was raised, the wire decides
            raised = f"{type(error).__name__}: {error}"
        verdict = judge(session.last)
        body = session.last.body[:_RAW_SHOWN] if isinstance(session.last, Reply) else ""
        if verdict.kind is not OutcomeKind.ACCEPTED:
            reason = raised if session.last is None else verdict.reason
            return Outcome(verdict.kind, None, verdict.code, reason, body)
        return self._accepted(symbol, client, body, session.last)

    def _accepted(self, symbol: Symbol, client: Any, body: str, wire: Wire | None) -> Outcome:
        payload = json.loads(wire.body if isinstance(wire, Reply) else "{}")
        if "origClientOrderId" in payload:  # spot cancels echo the order's own id under this name
            payload["clientOrderId"] = payload["origClientOrderId"]
        try:
            order = convert.order(symbol, client.parse_order(payload, client.market(str(symbol))))
        except Exception as error:  # noqa: BLE001 - an order exists, but its state is unclear
            return Outcome(OutcomeKind.UNKNOWN, None, None, f"unreadable order: {error}", body)
        return Outcome(OutcomeKind.ACCEPTED, order, raw=body)

    def _code(self, wire: Wire | None) -> str | None:
        return error_code(self._profile.rules, wire)[0] if isinstance(wire, Reply) else None

    def _contract_positions(self, clients: Clients) -> tuple[Position, ...]:
        held = clients.read(
            "positions", lambda client: [convert.position(raw) for raw in client.fetch_positions()]
        )
        return tuple(position for position in held if position is not None)

    def _holdings(self, clients: Clients, totals: Mapping[str, Decimal]) -> tuple[Position, ...]:
        """Spot assets that trade against the quote asset, valued at the last price."""
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


def _balances(raw: Mapping[str, Any]) -> tuple[tuple[Balance, ...], Any]:
    """Balances, and the margin balance where the account has one."""
    if not isinstance(raw.get("info"), Mapping) or not isinstance(raw.get("total"), Mapping):
        raise VenueUnclear("expected an account, found something else")
    return convert.balances(raw), raw["info"].get("totalMarginBalance")


def _last_prices(client: Any, names: Sequence[str]) -> dict[str, Decimal]:
    found = client.fetch_tickers(list(names))
    prices = {name: convert.decimal(found.get(name, {}).get("last")) for name in names}
    missing = [name for name, price in prices.items() if price <= 0]
    if missing:
        raise VenueUnclear(f"expected a price of {missing[0]}, found none")
    return prices


def _arguments(request: OrderRequest) -> tuple[Any, ...]:
    """What ccxt's ``create_order`` takes: symbol, type, side, amount, price, parameters."""
    kind = "limit" if request.type is OrderType.LIMIT else "market"
    extra: dict[str, Any] = {"clientOrderId": request.client_id}
    if request.reduce_only and request.symbol.is_contract:
        extra["reduceOnly"] = True
    if request.type in _TRIGGERS:
        if request.stop_price is None:
            raise UsageError(f"a {request.type.value} order needs a stop price")
        extra[_TRIGGERS[request.type]] = float(request.stop_price)
    elif request.type is OrderType.TRAILING_STOP_MARKET:
        raise UsageError("trailing stops are not sent to venues")
    if request.time_in_force is TimeInForce.GTX:
        extra["postOnly"] = True
    elif request.time_in_force is not None and kind == "limit":
        extra["timeInForce"] = request.time_in_force.value.upper()
    price = None if request.price is None else float(request.price)
    if kind == "market":
        price = None  # with a price ccxt would send a quote amount
    return str(request.symbol), kind, request.side.value, float(request.quantity), price, extra
