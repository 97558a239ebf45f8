"""The venue's side towards orders: place, change, cancel, ask."""

from decimal import Decimal

from xq.sim.algos import AlgoOrder, NewAlgo
from xq.sim.algos_enter import cancel_algo, place_algo
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
        self._arrive()
        self.market(face, request.symbol)
        with self._change() as draft:
            return enter(draft, owner, face, self.feeds[face], request)

    @exact
    def rehearse(self, owner: str, face: Face, request: NewOrder) -> None:
        """Everything that `place` would refuse, and nothing else."""
        self.market(face, request.symbol)
        draft = Draft(self.state, heard=False)
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
        self._arrive()
        self.market(face, symbol)
        order = self._resting(owner, face, symbol, order_id, client_id)
        if order is None:
            raise Refusal(Reason.UNKNOWN_CANCEL)
        with self._change() as draft:
            return cancel(draft, self.feeds[face], order)

    @exact
    def cancel_all(self, owner: str, face: Face, symbol: str) -> list[SimOrder]:
        """Cancel every resting order of one symbol."""
        self._arrive()
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
        self._arrive()
        self.market(Face.FUTURES, symbol)
        order = self._resting(owner, Face.FUTURES, symbol, order_id, client_id)
        if order is None:
            raise Refusal(Reason.UNKNOWN_ORDER)
        with self._change() as draft:
            return amend(draft, self.feeds[Face.FUTURES], order, price, quantity)

    @exact
    def countdown_cancel(self, owner: str, symbol: str, after_ms: int) -> None:
        """Cancel an account's orders of one symbol after a while, unless told again; 0 stops."""
        self._arrive()
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

    @exact
    def place_algo(self, owner: str, request: NewAlgo) -> AlgoOrder:
        """Let a conditional futures order wait for its price. Raises `Refusal`."""
        self._arrive()
        self.market(Face.FUTURES, request.symbol)
        with self._change() as draft:
            return place_algo(draft, owner, self.feeds[Face.FUTURES], request)

    @exact
    def cancel_algo(
        self, owner: str, *, algo_id: int | None = None, client_id: str | None = None
    ) -> AlgoOrder:
        """Cancel one conditional order that still waits. Raises `Refusal`."""
        self._arrive()
        algo = self._waiting(owner, algo_id, client_id)
        if algo is None:
            raise Refusal(Reason.UNKNOWN_CANCEL)
        with self._change() as draft:
            cancel_algo(draft, algo)
        return algo

    @exact
    def cancel_all_algos(self, owner: str, symbol: str) -> None:
        """Cancel every waiting conditional order of one symbol."""
        self._arrive()
        self.market(Face.FUTURES, symbol)
        with self._change() as draft:
            for algo in self.open_algos(owner, symbol):
                cancel_algo(draft, algo)

    def open_algos(self, owner: str, symbol: str | None = None) -> list[AlgoOrder]:
        """Conditional orders that still wait, oldest first."""
        return [algo for algo in self.state.algos_of(owner, symbol) if algo.is_open]

    def algo(
        self, owner: str, *, algo_id: int | None = None, client_id: str | None = None
    ) -> AlgoOrder:
        """One conditional order, waiting or not. Raises `Refusal`."""
        found = self._waiting(owner, algo_id, client_id)
        if found is None:
            found = self.ledger.algo(owner, algo_id=algo_id, client_id=client_id)
        if found is None:
            raise Refusal(Reason.UNKNOWN_ORDER)
        return found

    def _waiting(self, owner: str, algo_id: int | None, client_id: str | None) -> AlgoOrder | None:
        number = algo_id
        if number is None and client_id is not None:
            number = self.state.index.algo_named(owner, client_id)
        algo = self.state.algos.get(-1 if number is None else number)
        if algo is None or algo.owner != owner or not algo.is_open:
            return None
        return algo if client_id in (None, algo.client_id) else None
