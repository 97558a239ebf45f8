"""Changing the state: every change is noted, for the ledger to keep or to be taken back."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from xq.sim.algos import AlgoOrder, AlgoStatus
from xq.sim.book import units
from xq.sim.changes import About, Changes, Leg, Transaction
from xq.sim.events import AlgoEvent, BalanceChange, BalanceEvent, Cause, Event, OrderEvent
from xq.sim.exact import ZERO
from xq.sim.feed import Feed
from xq.sim.instruments import Face
from xq.sim.records import Account, Kind, SimFill, SimOrder, SimPosition
from xq.sim.state import PoolKey, Queue, Setting, State, place_in

Undo = tuple[Callable[..., Any], tuple[Any, ...]]

_LIVE = (AlgoStatus.NEW, AlgoStatus.TRIGGERING, AlgoStatus.TRIGGERED)
_WALLETS = (Account.FREE, Account.HELD, Account.ISOLATED)


class Draft:
    """What one request or settle step does to the state; taken back whole if it fails.

    Parameters
    ----------
    heard
        Whether anybody listens: otherwise orders and balances make no events.
    """

    def __init__(self, state: State, *, heard: bool = True) -> None:
        self.state, self.heard = state, heard
        self.changes = Changes()
        self.events: list[Event] = []
        self._late: list[Event] = []  # told after what the step did to balances
        self._undo: list[Undo] = []
        self._marks: dict[str, tuple[int, Decimal]] = {}
        self._began_ms = state.settled_ms
        self._moved: dict[tuple[str, Face], dict[str, Decimal]] = {}
        self._positions: dict[str, dict[tuple[str, str], SimPosition]] = {}

    @property
    def now_ms(self) -> int:
        """Venue time of whatever is being written down."""
        return self.state.settled_ms

    def advance(self, ts: int) -> None:
        """Everything up to ``ts`` is in the books."""
        self.state.settled_ms = ts

    def mark(self, feed: Feed, symbol: str) -> Decimal:
        """Mark price now, asked for once."""
        known = self._marks.get(symbol)
        if known is None or known[0] != self.now_ms:
            known = self._marks[symbol] = self.now_ms, feed.mark_price(symbol, self.now_ms)
        return known[1]

    def rollback(self) -> None:
        """Take everything back."""
        for function, values in reversed(self._undo):
            function(*values)
        self._undo.clear()
        self.state.settled_ms = self._began_ms

    def post(self, kind: Kind, legs: Iterable[Leg], about: About) -> None:
        """Write one transaction; its legs must sum to zero in every asset.

        Raises
        ------
        ValueError
            If they do not: a bug of the venue.
        """
        wanted = [leg for leg in legs if leg[2]]
        if not wanted:
            return
        sums: dict[str, Decimal] = {}
        for _, asset, amount in wanted:
            sums[asset] = sums.get(asset, ZERO) + amount
        if any(sums.values()):
            raise ValueError(f"legs of {kind} do not cancel: {sums}")
        transaction = Transaction(self._take("transaction"), self.now_ms, kind, about, wanted)
        self.changes.transactions.append(transaction)
        balances, owner, face = self.state.balances, about.owner, about.face
        for account, asset, amount in wanted:
            key = (owner, face, account, asset)
            old = balances.get(key)
            self._note(balances, key, old)
            new = amount if old is None else old + amount
            balances[key] = self.changes.balances[key] = new
            if self.heard and account in _WALLETS:
                moved = self._moved.setdefault((owner, face), {})
                moved[asset] = moved.get(asset, ZERO) + amount

    def put_order(self, order: SimOrder, cause: Cause, fill: SimFill | None = None) -> SimOrder:
        """Write down an order's new state, stamped with the current time, and say why.

        One that rests in a book changes there too, and leaves it when it is open no more.
        """
        now = self.now_ms
        stamped = order if order.updated_ms == now else replace(order, updated_ms=now)
        state = self.state
        known = state.open_orders.get(order.id)
        if order.id in state.queues:
            self._follow(stamped)
        if stamped.is_open:
            self._note(state.open_orders, order.id, known)
            state.open_orders[order.id] = stamped
            if known is None:
                state.index.add(stamped)
                self._undo.append((state.index.remove, (stamped,)))
            else:
                state.index.change(known, stamped)
                self._undo.append((state.index.change, (stamped, known)))
        elif known is not None:
            self._note(state.open_orders, order.id, known)
            del state.open_orders[order.id]
            state.index.remove(known)
            self._undo.append((state.index.add, (known,)))
        if known is not None and known.waiting and not order.waiting:
            self._undo.append((state.index.waiting.__setitem__, (order.id, known)))
            state.index.waiting.pop(order.id, None)
        sender = state.algos.get(order.algo_id)
        self.changes.orders[order.id] = stamped
        if self.heard:
            self.events.append(OrderEvent(now, order.owner, order.face, stamped, cause, fill))
        if sender is not None and sender.status is AlgoStatus.TRIGGERED and not stamped.is_open:
            self.put_algo(replace(sender, status=AlgoStatus.FINISHED))
        return stamped

    def put_algo(self, algo: AlgoOrder, *, silent: bool = False) -> AlgoOrder:
        """Write down a conditional order's new state; ``silent`` if only it watched on.

        What it trails is forgotten when it ends without triggering.
        """
        if silent:
            self._keep_algo(algo)
            return algo
        ended = algo.status in (AlgoStatus.CANCELED, AlgoStatus.EXPIRED)
        extreme = ZERO if ended and not algo.triggered_ms else algo.extreme
        stamped = replace(algo, updated_ms=self.now_ms, extreme=extreme)
        self._keep_algo(stamped)
        if not self.heard:
            return stamped
        event = AlgoEvent(self.now_ms, algo.owner, stamped)
        early = algo.status is AlgoStatus.TRIGGERING
        (self.events if early else self._late).append(event)
        return stamped

    def end_algo(self, algo: AlgoOrder, status: AlgoStatus, note: str = "") -> None:
        """A conditional order that waits ends without its order."""
        self.put_algo(replace(algo, status=status, note=note))

    def _keep_algo(self, algo: AlgoOrder) -> None:
        state, known = self.state, self.state.algos.get(algo.id)
        self._note(state.algos, algo.id, known)
        if algo.status in _LIVE:
            state.algos[algo.id] = algo
        else:
            state.algos.pop(algo.id, None)
        if algo.is_open and known is None:
            state.index.add_algo(algo)
            self._undo.append((state.index.remove_algo, (algo,)))
        elif not algo.is_open and known is not None and known.is_open:
            state.index.remove_algo(known)
            self._undo.append((state.index.add_algo, (known,)))
        self.changes.algos[algo.id] = algo

    def rest(self, order: SimOrder, ahead: Decimal | None) -> None:
        """Put an open order into its book, behind those at its price."""
        queue = Queue(order.id, self._take("place"), ahead)
        book = self.state.book(order.face, order.symbol)
        book.add(*place_in(order, queue.sequence))
        self._undo.append((book.remove, (order.id,)))
        self.put("queues", order.id, queue)

    def leave(self, order: SimOrder) -> None:
        """Take an order out of its book; it may stay open."""
        book = self.state.book(order.face, order.symbol)
        self._undo.append((book.add, (order.id, *book.place_of(order.id))))
        book.remove(order.id)
        self.put("queues", order.id, None)

    def _follow(self, order: SimOrder) -> None:
        if not order.is_open:
            self.leave(order)
            return
        book = self.state.book(order.face, order.symbol)
        before = book.place_of(order.id)[2]
        left = units(order.remaining)
        if left != before:
            self._undo.append((book.resize, (order.id, before)))
            book.resize(order.id, left)

    def add_fill(self, fill: SimFill) -> None:
        """Write down an execution."""
        self.changes.fills.append(fill)

    def put_position(self, position: SimPosition) -> SimPosition:
        """Write down a position, stamped with the current time; a flat one is forgotten."""
        stamped = replace(position, updated_ms=self.now_ms)
        self.put("positions", position.key, stamped if stamped.quantity else None)
        if self.heard:
            here = self._positions.setdefault(position.owner, {})
            here[position.symbol, position.side] = stamped
        for key in [key for key in self.state.warned if key[0] == position.owner]:
            self._note(self.state.warned, key, self.state.warned.pop(key))
        return stamped

    def put_margin(self, position: SimPosition, margin: Decimal) -> None:
        """Write down an isolated position's wallet."""
        self.put_position(replace(position, margin=margin))

    def warn(self, key: PoolKey) -> None:
        """An account was told about a pool; it is not told again until the pool changes."""
        self._note(self.state.warned, key, self.state.warned.get(key))
        self.state.warned[key] = self.now_ms

    def put_setting(self, setting: Setting) -> None:
        """Write down a choice."""
        self.put("settings", (setting.owner, setting.symbol), setting)

    def put(self, name: str, key: Any, record: Any) -> None:
        """Set or, with None, drop one record of a keyed part of the state."""
        mapping = getattr(self.state, name)
        self._note(mapping, key, mapping.get(key))
        if record is None:
            mapping.pop(key, None)
        else:
            mapping[key] = record
        self.changes.rows.setdefault(name, {})[key] = record

    def flush(self, reason: Kind) -> None:
        """Say what this step did to balances and positions, account by account."""
        if not self.heard:
            return
        touched = {*self._moved, *((owner, Face.FUTURES) for owner in self._positions)}
        for owner, face in sorted(touched):
            moved = self._moved.get((owner, face), {})
            held = self._positions.get(owner, {}) if face is Face.FUTURES else {}
            changes = tuple(
                self._balance(owner, face, asset, moved[asset]) for asset in sorted(moved)
            )
            positions = tuple(held[key] for key in sorted(held))
            self.events.append(BalanceEvent(self.now_ms, owner, face, reason, changes, positions))
        self._moved, self._positions = {}, {}
        self.events += self._late
        self._late = []

    def next_order_id(self) -> int:
        """A fresh order number."""
        return self._take("order")

    def next_fill_id(self) -> int:
        """A fresh fill number."""
        return self._take("fill")

    def next_algo_id(self) -> int:
        """A fresh number of a conditional order."""
        return self._take("algo")

    def _balance(self, owner: str, face: Face, asset: str, change: Decimal) -> BalanceChange:
        second = Account.HELD if face is Face.SPOT else Account.ISOLATED
        free = self.state.balance(owner, face, Account.FREE, asset)
        held = self.state.balance(owner, face, second, asset)
        return BalanceChange(asset, free, held, change)

    def _take(self, name: str) -> int:
        counters = self.state.counters
        number: int = getattr(counters, name)
        self._undo.append((setattr, (counters, name, number)))
        setattr(counters, name, number + 1)
        return number

    def _note(self, mapping: dict[Any, Any], key: Any, old: Any) -> None:
        if old is None:
            self._undo.append((mapping.pop, (key, None)))
        else:
            self._undo.append((mapping.__setitem__, (key, old)))
