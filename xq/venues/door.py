"""Orders and cancels on their way out: one request each, on connections of their own."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial

from xq.errors import UsageError, VenueError
from xq.ports import Clock
from xq.redact import clean
from xq.types import Order, OrderRequest, Outcome, OutcomeKind, Symbol
from xq.venues.clients import Access, Clients
from xq.venues.dialect import Client, Dialect, Payload, check_shape, check_steps
from xq.venues.outcomes import Reply, Verdict, Wire, answered, cancel_verdict, order_verdict
from xq.venues.pace import LONGEST_WAIT, Pace, retry_after
from xq.venues.registry import Profile

_RAW_SHOWN = 2000  # characters of an answer kept with an outcome
_BANNED, _TOO_OFTEN = 418, 429
_UNKNOWN_TO_BOOK = ("-2011", "-2013")


class OrderDoor:
    """The way of orders to one venue; only `xq.venues.ccxt_trading` holds one.

    Parameters
    ----------
    faces
        The clients for reads of either side, whose lists of symbols are used.

    Attributes
    ----------
    waiting
        Client ids last seen in, or sent to, a book of conditional orders.
    """

    def __init__(
        self,
        profile: Profile,
        dialect: Dialect,
        clock: Clock,
        access: Access,
        faces: Mapping[bool, Clients],
    ) -> None:
        self.waiting: set[str] = set()
        self._profile = profile
        self._dialect = dialect
        self._clock = clock
        self._faces = faces
        self._clients = {
            kind: Clients(profile, kind, access, clock, source=face) for kind, face in faces.items()
        }

    def place(self, request: OrderRequest) -> Outcome:
        """Send one order once. Never raises for anything the network or venue does."""
        try:
            check_shape(request)
            check_steps(request, self._faces[request.symbol.is_contract].find(request.symbol))
        except (UsageError, VenueError) as error:
            return Outcome(OutcomeKind.NOT_SENT, reason=error.message)
        if request.type.is_conditional:
            self.waiting.add(request.client_id)
        return self._send(
            request.symbol,
            lambda client: self._dialect.place(client, request),
            lambda wire: order_verdict(self._profile.rules, wire, request),
            lambda client, payload: self._dialect.placed(
                client, request, payload, self._clock.now_ms()
            ),
        )

    def cancel(self, symbol: Symbol, client_id: str) -> Outcome:
        """Cancel one order. Never raises for anything the network or venue does.

        A second book is asked only where the first one answered that it does not know the order.
        """
        outcome = Outcome(OutcomeKind.NOT_SENT, reason="no book")
        for book in self.books(symbol, client_id):
            outcome = self._send(
                symbol,
                partial(self._dialect.cancel, symbol=symbol, client_id=client_id, conditional=book),
                lambda wire: cancel_verdict(self._profile.rules, wire, client_id),
                lambda client, payload: self._dialect.cancelled(client, symbol, payload),
            )
            if outcome.code not in _UNKNOWN_TO_BOOK:
                break
        return outcome

    def replace(
        self, order: Order, *, price: Decimal | None = None, quantity: Decimal | None = None
    ) -> Outcome:
        """Change a resting limit order in place. Never raises for what network or venue do."""
        wanted = OrderRequest(
            symbol=order.symbol,
            side=order.side,
            type=order.type,
            quantity=order.quantity if quantity is None else quantity,
            client_id=order.client_id,
            price=order.price if price is None else price,
        )
        try:
            check_shape(wanted)
            check_steps(wanted, self._faces[order.symbol.is_contract].find(order.symbol))
        except (UsageError, VenueError) as error:
            return Outcome(OutcomeKind.NOT_SENT, reason=error.message)
        new_price, size = wanted.price or Decimal(0), wanted.quantity
        return self._send(
            order.symbol,
            lambda client: self._dialect.amend(client, order, new_price, size),
            lambda wire: order_verdict(self._profile.rules, wire, wanted),
            lambda client, payload: self._dialect.placed(
                client, wanted, payload, self._clock.now_ms()
            ),
        )

    def clients(self, symbol: Symbol) -> Clients:
        """The connections of a side."""
        return self._clients[symbol.is_contract]

    def close(self) -> None:
        """Release connections."""
        for clients in self._clients.values():
            clients.close()

    def books(self, symbol: Symbol, client_id: str) -> tuple[bool, ...]:
        """In which books to look for an order, the likelier one first."""
        books = self._dialect.books(symbol.is_contract)
        return books[::-1] if client_id in self.waiting else books

    def _send(
        self,
        symbol: Symbol,
        act: Callable[[Client], None],
        judge: Callable[[Wire | None], Verdict],
        read: Callable[[Client, Payload], Order | None],
    ) -> Outcome:
        """Make one request, exactly once, and judge it by the wire alone."""
        pace = self._faces[symbol.is_contract].pace
        try:
            client, session = self._clients[symbol.is_contract].pair()
            if pace is not None:
                pace.refuse_banned()
        except VenueError as error:
            return Outcome(OutcomeKind.NOT_SENT, reason=error.message)
        session.forget()
        raised = ""
        try:
            act(client)
        except Exception as error:  # noqa: BLE001 - whatever was raised, the wire decides
            raised = error.message if isinstance(error, UsageError) else _told(error)
        if pace is not None and isinstance(session.last, Reply):
            self._heed(session.last, pace)
        verdict = judge(session.last)
        body = session.last.body[:_RAW_SHOWN] if isinstance(session.last, Reply) else ""
        if verdict.kind is not OutcomeKind.ACCEPTED:
            reason = raised if session.last is None else verdict.reason
            return Outcome(verdict.kind, None, verdict.code, reason, body)
        payload = answered(self._profile.rules, session.last) or {}
        try:
            order = read(client, payload)
        except Exception as error:  # noqa: BLE001 - an order exists, but its state is unclear
            return Outcome(OutcomeKind.UNKNOWN, None, None, f"unreadable order: {error}", body)
        return Outcome(OutcomeKind.ACCEPTED, order, raw=body)

    def _heed(self, reply: Reply, pace: Pace) -> None:
        """Orders wait for no allowance; but whoever asks next waits as long as the venue says."""
        wait = retry_after(reply.headers, self._clock.now_ms())
        if reply.status == _BANNED:
            pace.ban(wait)
        elif reply.status == _TOO_OFTEN and wait is not None:
            pace.pause(min(wait, LONGEST_WAIT))


def _told(error: Exception) -> str:
    return clean(f"{type(error).__name__}: {error}")
