"""The venue's side towards orders: place, change, cancel, ask."""

from decimal import Decimal

from xq.sim.draft import Draft
from xq.sim.exact import exact
from xq.sim.instruments import Face
from xq.sim.orders import Placed
from xq.sim.orders import place as enter
from xq.sim.orders_change import amend, cancel, cancel_all, set_countdown
from xq.sim.records import NewOrder, SimOrder
from xq.sim.refusal import Reason, Refusal
from xq.sim.venue_core import VenueCore


class VenueOrders(VenueCore):
    """Orders of every account; whoever acts is named first."""

    @exact
    def place(self, owner: str, face: Face, request: NewOrder) -> Placed:
        """Enter an order. Raises `Refusal`; then nothing has changed."""
        self.market(face, request.symbol)
        with self._change() as draft:
            return enter(draft, owner, face, self.feeds[face], request)

    @exact
    def rehearse(self, owner: str, face: Face, request: NewOrder) -> None:
        """Everything that `place` would refuse, and nothing else."""
        self.market(face, request.symbol)
        draft = Draft(self.state)
        try:
            enter(draft, owner, face, self.feeds[face], request)
        finally:
            draft.rollback()

    @exact
    def cancel(
        self,
        owner: str,
        face: Face,
        symbol: str,
        *,
        order_id: int | None = None,
        client_id: str | None = None,
    ) -> SimOrder:
        """Cancel one resting order by id or client id. Raises `Refusal` if it does not rest."""
        self.market(face, symbol)
        order = self._resting(owner, face, symbol, order_id, client_id)
        if order is None:
            raise Refusal(Reason.UNKNOWN_CANCEL)
        with self._change() as draft:
            return cancel(draft, self.feeds[face], order)

    @exact
    def cancel_all(self, owner: str, face: Face, symbol: str) -> list[SimOrder]:
        """Cancel every resting order of one symbol."""
        self.market(face, symbol)
        with self._change() as draft:
            return cancel_all(draft, self.feeds[face], owner, face, symbol)

    @exact
    def amend(
        self,
        owner: str,
        symbol: str,
        *,
        order_id: int | None = None,
        client_id: str | None = None,
        price: Decimal,
        quantity: Decimal,
    ) -> Placed:
        """Give a resting futures order another price or quantity. Raises `Refusal`."""
        self.market(Face.FUTURES, symbol)
        order = self._resting(owner, Face.FUTURES, symbol, order_id, client_id)
        if order is None:
            raise Refusal(Reason.UNKNOWN_ORDER)
        with self._change() as draft:
            return amend(draft, self.feeds[Face.FUTURES], order, price, quantity)

    @exact
    def countdown_cancel(self, owner: str, symbol: str, after_ms: int) -> None:
        """Cancel an account's orders of one symbol after a while, unless told again; 0 stops."""
        self.market(Face.FUTURES, symbol)
        with self._change() as draft:
            set_countdown(draft, owner, symbol, after_ms)

    def order(
        self,
        owner: str,
        face: Face,
        symbol: str,
        *,
        order_id: int | None = None,
        client_id: str | None = None,
    ) -> SimOrder:
        """One order, resting or not; by client id a resting one wins. Raises `Refusal`."""
        self.market(face, symbol)
        found = self._resting(owner, face, symbol, order_id, client_id)
        if found is None:
            found = self.ledger.order(owner, face, symbol, order_id=order_id, client_id=client_id)
        if found is None:
            raise Refusal(Reason.UNKNOWN_ORDER)
        return found

    def _resting(
        self, owner: str, face: Face, symbol: str, order_id: int | None, client_id: str | None
    ) -> SimOrder | None:
        number = order_id
        if number is None and client_id is not None:
            number = self.state.index.named(owner, face, client_id)
        order = self.state.open_orders.get(-1 if number is None else number)
        if order is None or (order.owner, order.face, order.symbol) != (owner, face, symbol):
            return None
        return order if client_id in (None, order.client_id) else None
