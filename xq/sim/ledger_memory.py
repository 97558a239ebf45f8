"""A ledger that ends with its process: for a venue whose whole life is one replay."""

from pathlib import Path

from xq.sim.algos import AlgoOrder
from xq.sim.changes import Changes, Transaction
from xq.sim.instruments import Face
from xq.sim.ledger import Ledger, World
from xq.sim.records import SimFill, SimOrder
from xq.sim.state import State

_FORCED = "autoclose-"


class MemoryLedger(Ledger):
    """What a venue needs of its `Ledger`, kept in lists; pages of history are not served.

    Attributes
    ----------
    executions
        Every fill, in the order of its making.
    written
        Every transaction, in the order of its making.
    liquidating
        Ids of the orders by which the venue closed positions.
    """

    def __init__(self) -> None:
        self.path = Path("(memory)")
        self.executions: list[SimFill] = []
        self.written: list[Transaction] = []
        self.liquidating: set[int] = set()
        self._orders: dict[int, SimOrder] = {}
        self._algos: dict[int, AlgoOrder] = {}
        self._named: dict[tuple[str, Face, str, str], int] = {}

    def close(self) -> None:
        """Nothing to release."""

    def world(self) -> World | None:
        """None: it is always a fresh one."""
        return None

    def commit(self, changes: Changes, state: State, world: World) -> None:  # noqa: ARG002
        """Keep what a request added."""
        self.executions += changes.fills
        self.written += changes.transactions
        self._algos |= changes.algos
        for number, order in changes.orders.items():
            self._orders[number] = order
            if order.client_id.startswith(_FORCED):
                self.liquidating.add(number)
            self._named[order.owner, order.face, order.symbol, order.client_id] = number

    def name_of(self, order_id: int) -> str:
        """The client id of an order."""
        return self._orders[order_id].client_id

    def order(
        self,
        owner: str,
        face: Face,
        symbol: str,
        *,
        order_id: int | None = None,
        client_id: str | None = None,
    ) -> SimOrder | None:
        """One order by id or, the newest, by client id."""
        number = order_id
        if number is None:
            number = self._named.get((owner, face, symbol, client_id or ""))
        order = self._orders.get(-1 if number is None else number)
        if order is None or (order.owner, order.face, order.symbol) != (owner, face, symbol):
            return None
        return order if client_id in (None, order.client_id) else None

    def algo(
        self, owner: str, *, algo_id: int | None = None, client_id: str | None = None
    ) -> AlgoOrder | None:
        """One conditional order by id or, the newest first, by client id."""
        for number, algo in reversed(self._algos.items()):
            wanted = algo.owner == owner and algo_id in (None, number)
            if wanted and client_id in (None, algo.client_id):
                return algo
        return None
