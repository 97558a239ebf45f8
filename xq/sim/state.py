"""What the venue knows: money, orders, positions and settings of every account."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from xq.sim.exact import ZERO
from xq.sim.instruments import Face
from xq.sim.records import Account, PositionSide, SimOrder, SimPosition

BalanceKey = tuple[str, Face, Account, str]
PositionKey = tuple[str, str, PositionSide]
MarketKey = tuple[Face, str]


@dataclass(frozen=True, slots=True)
class Setting:
    """What an account chose for one futures symbol; leverage 0 is the default."""

    owner: str
    symbol: str
    leverage: int = 0
    isolated: bool = False


@dataclass(slots=True)
class Counters:
    """The next free number of each sequence."""

    order: int = 1
    fill: int = 1
    transaction: int = 1


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
    settled_ms
        Venue time up to which everything that happened is in the books.
    """

    owners: dict[str, int] = field(default_factory=dict)
    balances: dict[BalanceKey, Decimal] = field(default_factory=dict)
    open_orders: dict[int, SimOrder] = field(default_factory=dict)
    positions: dict[PositionKey, SimPosition] = field(default_factory=dict)
    settings: dict[tuple[str, str], Setting] = field(default_factory=dict)
    counters: Counters = field(default_factory=Counters)
    settled_ms: int = 0
    index: "Index" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.index = Index()
        for order in self.open_orders.values():
            self.index.add(order)

    def balance(self, owner: str, face: Face, account: Account, asset: str) -> Decimal:
        """One balance; zero when nothing was ever posted."""
        return self.balances.get((owner, face, account, asset), ZERO)

    def orders_of(self, owner: str, face: Face, symbol: str | None = None) -> list[SimOrder]:
        """Open orders of one account and face, oldest first."""
        return [self.open_orders[number] for number in self.index.of(owner, face, symbol)]

    def resting(self, face: Face, symbol: str) -> list[SimOrder]:
        """Everybody's open orders of one market, oldest first."""
        here = (order for order in self.open_orders.values() if order.face is face)
        return sorted((order for order in here if order.symbol == symbol), key=lambda item: item.id)

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

    def setting(self, owner: str, symbol: str) -> Setting:
        """What an account chose for a symbol."""
        return self.settings.get((owner, symbol)) or Setting(owner, symbol)


class Index:
    """Ways to find open orders without looking at all of them."""

    def __init__(self) -> None:
        self._orders: dict[tuple[str, Face, str], set[int]] = {}
        self._names: dict[tuple[str, Face, str], int] = {}

    def add(self, order: SimOrder) -> None:
        """An order became open."""
        self._orders.setdefault((order.owner, order.face, order.symbol), set()).add(order.id)
        self._names[order.owner, order.face, order.client_id] = order.id

    def remove(self, order: SimOrder) -> None:
        """An order is open no more."""
        key = (order.owner, order.face, order.symbol)
        self._orders[key].discard(order.id)
        if not self._orders[key]:
            del self._orders[key]
        del self._names[order.owner, order.face, order.client_id]

    def of(self, owner: str, face: Face, symbol: str | None) -> list[int]:
        """Numbers of one account's orders, ascending."""
        if symbol is not None:
            return sorted(self._orders.get((owner, face, symbol), ()))
        keys = [key for key in self._orders if key[0] == owner and key[1] is face]
        return sorted(number for key in keys for number in self._orders[key])

    def count(self, owner: str, face: Face, symbol: str) -> int:
        """How many orders an account has in one market."""
        return len(self._orders.get((owner, face, symbol), ()))

    def named(self, owner: str, face: Face, client_id: str) -> int | None:
        """The open order of a client id."""
        return self._names.get((owner, face, client_id))

    def symbols(self, owner: str, face: Face) -> Iterator[str]:
        """Symbols in which an account has orders."""
        return (key[2] for key in self._orders if key[0] == owner and key[1] is face)

    def markets(self) -> list[MarketKey]:
        """Markets in which anybody has orders."""
        return sorted({(face, symbol) for _, face, symbol in self._orders})
