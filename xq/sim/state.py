"""What the venue knows: money, orders, positions and settings of every account."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from xq.frozen import quick
from xq.sim.algos import AlgoOrder
from xq.sim.book import Book, units
from xq.sim.exact import ZERO, exact
from xq.sim.instruments import Face
from xq.sim.openings import Openings
from xq.sim.records import Account, PositionSide, SimOrder, SimPosition
from xq.types import Side

BalanceKey = tuple[str, Face, Account, str]
PositionKey = tuple[str, str, PositionSide]
MarketKey = tuple[Face, str]
PoolKey = tuple[str, str, str]  # owner, and of an isolated position symbol and side
EatenKey = tuple[Face, str, Side, Decimal]


@dataclass(frozen=True, slots=True)
class Setting:
    """What an account chose for one futures symbol; leverage 0 is the default."""

    owner: str
    symbol: str
    leverage: int = 0
    isolated: bool = False


@dataclass(frozen=True, slots=True)
class Mode:
    """Whether an account has one position per symbol, or a long and a short one."""

    owner: str
    hedge: bool = False


@dataclass(frozen=True, slots=True)
class Queue:
    """Where a resting order stands.

    Attributes
    ----------
    sequence
        Of two orders at one price the lower comes first.
    ahead
        Outside quantity at its price that came before it, base asset; None while that cannot be
        seen, and then all that is displayed when it can be seen counts.
    """

    order_id: int
    sequence: int
    ahead: Decimal | None


@quick
@dataclass(frozen=True, slots=True)
class Eaten:
    """What clients took of an outside level that has not changed since.

    Attributes
    ----------
    size
        What the feed displayed; another size is another state of the level, and untouched.
    """

    face: Face
    symbol: str
    side: Side
    price: Decimal
    size: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Countdown:
    """When all orders of an account in one symbol end unless it asks for more time."""

    owner: str
    symbol: str
    ends_ms: int


@dataclass(slots=True)
class Counters:
    """The next free number of each sequence."""

    order: int = 1
    fill: int = 1
    transaction: int = 1
    place: int = 1
    algo: int = 1


@dataclass(slots=True)
class State:
    """Everything a restart must remember, except history; only a `Draft` changes it.

    Attributes
    ----------
    owners
        Accounts that were opened, in that order.
    balances
        Sum of postings by owner, face, account and asset.
    open_orders
        Orders that are not final, by id.
    positions
        Futures positions that are not flat.
    settings
        Choices per account and futures symbol.
    algos
        Conditional orders that wait, or whose order is still open, by id.
    modes
        Position modes by account; one-way where there is none.
    queues
        Places of the orders that rest in a book.
    eaten
        Outside liquidity that clients took.
    countdowns
        Dead man's switches per account and futures symbol.
    warned
        Pools whose owner was told that margin runs out; events only, so not kept on disk.
    settled_ms
        Venue time up to which everything that happened is in the books.
    """

    owners: dict[str, int] = field(default_factory=dict)
    balances: dict[BalanceKey, Decimal] = field(default_factory=dict)
    open_orders: dict[int, SimOrder] = field(default_factory=dict)
    positions: dict[PositionKey, SimPosition] = field(default_factory=dict)
    settings: dict[tuple[str, str], Setting] = field(default_factory=dict)
    algos: dict[int, AlgoOrder] = field(default_factory=dict)
    modes: dict[str, Mode] = field(default_factory=dict)
    queues: dict[int, Queue] = field(default_factory=dict)
    eaten: dict[EatenKey, Eaten] = field(default_factory=dict)
    countdowns: dict[tuple[str, str], Countdown] = field(default_factory=dict)
    counters: Counters = field(default_factory=Counters)
    settled_ms: int = 0
    warned: dict[PoolKey, int] = field(default_factory=dict, compare=False)
    index: "Index" = field(init=False, repr=False, compare=False)
    books: dict[MarketKey, Book] = field(init=False, repr=False, compare=False)

    @exact
    def __post_init__(self) -> None:
        self.index = Index()
        self.books = {}
        for order in self.open_orders.values():
            self.index.add(order)
        for algo in self.algos.values():
            if algo.is_open:
                self.index.add_algo(algo)
        for queue in self.queues.values():
            order = self.open_orders[queue.order_id]
            self.book(order.face, order.symbol).add(*place_in(order, queue.sequence))

    @property
    def is_idle(self) -> bool:
        """Whether time can pass without anything happening: there is nothing it could happen to."""
        return not (self.open_orders or self.algos or self.positions or self.countdowns)

    def book(self, face: Face, symbol: str) -> Book:
        """The clients' resting orders of one market."""
        found = self.books.get((face, symbol))
        if found is None:
            found = self.books[face, symbol] = Book()
        return found

    def balance(self, owner: str, face: Face, account: Account, asset: str) -> Decimal:
        """One balance; zero when nothing was ever posted."""
        return self.balances.get((owner, face, account, asset), ZERO)

    def orders_of(self, owner: str, face: Face, symbol: str | None = None) -> list[SimOrder]:
        """Open orders of one account and face, oldest first."""
        return [self.open_orders[number] for number in self.index.of(owner, face, symbol)]

    def position(
        self, owner: str, symbol: str, side: PositionSide = PositionSide.BOTH
    ) -> SimPosition:
        """The position in one symbol, flat if there is none."""
        found = self.positions.get((owner, symbol, side))
        if found is None:
            isolated = self.setting(owner, symbol).isolated
            return SimPosition(owner, symbol, side, isolated=isolated)
        return found

    def positions_of(self, owner: str) -> list[SimPosition]:
        """Positions of one account that are not flat, by symbol and side."""
        held = [item for key, item in self.positions.items() if key[0] == owner]
        return sorted(held, key=lambda item: (item.symbol, item.side))

    def sides_of(self, owner: str) -> tuple[PositionSide, ...]:
        """The positions that an account may have in a symbol: two in hedge mode."""
        if self.is_hedged(owner):
            return PositionSide.LONG, PositionSide.SHORT
        return (PositionSide.BOTH,)

    def is_hedged(self, owner: str) -> bool:
        """Whether an account is in hedge mode."""
        return owner in self.modes and self.modes[owner].hedge

    def algos_of(self, owner: str, symbol: str | None = None) -> list[AlgoOrder]:
        """Conditional orders of one account, oldest first, those that sent an order included."""
        here = (a for a in self.algos.values() if a.owner == owner and symbol in (None, a.symbol))
        return sorted(here, key=lambda algo: algo.id)

    def setting(self, owner: str, symbol: str) -> Setting:
        """What an account chose for a symbol."""
        return self.settings.get((owner, symbol)) or Setting(owner, symbol)


def place_in(order: SimOrder, sequence: int) -> tuple[int, bool, int, int, int]:
    """What `Book.add` wants to know of an order."""
    buy = order.side is Side.BUY
    return order.id, buy, units(order.price), units(order.remaining), sequence


class Index:
    """Ways to find open orders without looking at all of them."""

    def __init__(self) -> None:
        self._orders: dict[tuple[str, Face, str], set[int]] = {}
        self._names: dict[tuple[str, Face, str], int] = {}
        self._algos: dict[tuple[str, str], int] = {}
        self.openings = Openings()
        self.dated: dict[int, int] = {}  # orders that end by themselves, and when
        self.waiting: dict[int, SimOrder] = {}  # spot orders whose trigger was not met yet

    def add(self, order: SimOrder) -> None:
        """An order became open."""
        self._orders.setdefault((order.owner, order.face, order.symbol), set()).add(order.id)
        self._names[order.owner, order.face, order.client_id] = order.id
        self.openings.add(order)
        if order.good_till_ms:
            self.dated[order.id] = order.good_till_ms
        if order.waiting:
            self.waiting[order.id] = order

    def remove(self, order: SimOrder) -> None:
        """An order is open no more."""
        key = (order.owner, order.face, order.symbol)
        self._orders[key].discard(order.id)
        if not self._orders[key]:
            del self._orders[key]
        del self._names[order.owner, order.face, order.client_id]
        self.openings.remove(order)
        self.dated.pop(order.id, None)
        self.waiting.pop(order.id, None)

    def change(self, before: SimOrder, after: SimOrder) -> None:
        """An order stays open, but not as it was."""
        self.openings.remove(before)
        self.openings.add(after)

    def of(self, owner: str, face: Face, symbol: str | None) -> list[int]:
        """Numbers of one account's orders, ascending."""
        if symbol is not None:
            return sorted(self._orders.get((owner, face, symbol), ()))
        keys = [key for key in self._orders if key[0] == owner and key[1] is face]
        return sorted(number for key in keys for number in self._orders[key])

    def count(self, owner: str, face: Face, symbol: str) -> int:
        """How many orders an account has in one market."""
        return len(self._orders.get((owner, face, symbol), ()))

    def add_algo(self, algo: AlgoOrder) -> None:
        """A conditional order waits."""
        self._algos[algo.owner, algo.client_id] = algo.id

    def remove_algo(self, algo: AlgoOrder) -> None:
        """A conditional order waits no more."""
        self._algos.pop((algo.owner, algo.client_id), None)

    def algo_named(self, owner: str, client_id: str) -> int | None:
        """The waiting conditional order of a client id."""
        return self._algos.get((owner, client_id))

    def count_waiting(self, owner: str, symbol: str) -> int:
        """How many spot orders of an account in one market wait for their trigger."""
        if not self.waiting:
            return 0
        return sum((o.owner, o.symbol) == (owner, symbol) for o in self.waiting.values())

    def named(self, owner: str, face: Face, client_id: str) -> int | None:
        """The open order of a client id."""
        return self._names.get((owner, face, client_id))

    def symbols(self, owner: str, face: Face) -> Iterator[str]:
        """Symbols in which an account has orders."""
        return (key[2] for key in self._orders if key[0] == owner and key[1] is face)
