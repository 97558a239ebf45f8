"""What the venue knows, and a draft of what it will know if a request succeeds."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from xq.sim.exact import ZERO
from xq.sim.instruments import Face
from xq.sim.records import Account, Kind, Posting, SimFill, SimOrder, SimPosition

BalanceKey = tuple[Face, Account, str]
Leg = tuple[Account, str, Decimal]


def transfer(source: Account, target: Account, asset: str, amount: Decimal) -> tuple[Leg, Leg]:
    """Two legs that move an amount; a negative amount moves back.

    Examples
    --------
    >>> [str(leg[2]) for leg in transfer(Account.FREE, Account.HELD, "USDT", Decimal(5))]
    ['-5', '5']
    """
    return (source, asset, -amount), (target, asset, amount)


@dataclass(frozen=True, slots=True)
class About:
    """What a transaction concerns: a symbol, and a fill (trades, fees) or an order (holds)."""

    symbol: str = ""
    reference: int = 0


@dataclass(frozen=True, slots=True)
class Counters:
    """The next free number of each sequence."""

    order: int = 1
    fill: int = 1
    transaction: int = 1


@dataclass(frozen=True, slots=True)
class State:
    """Everything a restart must remember, except history; treated as immutable.

    Attributes
    ----------
    balances
        Sum of postings by face, account and asset.
    open_orders
        Resting orders by id.
    positions
        Futures positions that are not flat.
    leverages
        Chosen leverage by futures symbol.
    settled_ms
        Venue time up to which everything that happened is in the books.
    """

    balances: dict[BalanceKey, Decimal] = field(default_factory=dict)
    open_orders: dict[int, SimOrder] = field(default_factory=dict)
    positions: dict[str, SimPosition] = field(default_factory=dict)
    leverages: dict[str, int] = field(default_factory=dict)
    counters: Counters = Counters()
    settled_ms: int = 0

    def balance(self, face: Face, account: Account, asset: str) -> Decimal:
        """One balance; zero when nothing was ever posted."""
        return self.balances.get((face, account, asset), ZERO)

    def orders_of(self, face: Face, symbol: str | None = None) -> list[SimOrder]:
        """Resting orders of one face, oldest first."""
        return [
            order
            for order in self.open_orders.values()
            if order.face is face and symbol in (None, order.symbol)
        ]

    def position(self, symbol: str) -> SimPosition:
        """The position in one symbol, flat if there is none."""
        return self.positions.get(symbol) or SimPosition(symbol)


@dataclass(slots=True)
class Changes:
    """What a draft added, for the ledger to make durable."""

    orders: dict[int, SimOrder] = field(default_factory=dict)
    fills: list[SimFill] = field(default_factory=list)
    postings: list[Posting] = field(default_factory=list)
    positions: dict[str, SimPosition] = field(default_factory=dict)
    leverages: dict[str, int] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.orders or self.fills or self.postings or self.positions or self.leverages)


NOTHING = About()


class Draft:
    """A copy of the state that one request may change; dropped whole if the request fails."""

    def __init__(self, state: State) -> None:
        self.state = replace(
            state,
            balances=dict(state.balances),
            open_orders=dict(state.open_orders),
            positions=dict(state.positions),
            leverages=dict(state.leverages),
        )
        self.changes = Changes()

    @property
    def now_ms(self) -> int:
        """Venue time of whatever is being written down."""
        return self.state.settled_ms

    def advance(self, ts: int) -> None:
        """Everything up to ``ts`` is in the books."""
        self.state = replace(self.state, settled_ms=ts)

    def post(self, face: Face, kind: Kind, legs: Iterable[Leg], about: About = NOTHING) -> None:
        """Write one transaction; its legs must sum to zero in every asset.

        Raises
        ------
        ValueError
            If they do not: a bug of the venue.
        """
        wanted = [leg for leg in legs if leg[2] != 0]
        sums: dict[str, Decimal] = {}
        for _, asset, amount in wanted:
            sums[asset] = sums.get(asset, ZERO) + amount
        if any(sums.values()):
            raise ValueError(f"legs of {kind} do not cancel: {sums}")
        if not wanted:
            return
        number = self._take("transaction")
        for account, asset, amount in wanted:
            key = (face, account, asset)
            self.state.balances[key] = self.state.balances.get(key, ZERO) + amount
            self.changes.postings.append(
                Posting(
                    transaction=number,
                    ts=self.now_ms,
                    face=face,
                    kind=kind,
                    account=account,
                    asset=asset,
                    amount=amount,
                    symbol=about.symbol,
                    reference=about.reference,
                )
            )

    def put_order(self, order: SimOrder) -> SimOrder:
        """Write down an order's new state, stamped with the current time."""
        stamped = replace(order, updated_ms=self.now_ms)
        if stamped.is_open:
            self.state.open_orders[order.id] = stamped
        else:
            self.state.open_orders.pop(order.id, None)
        self.changes.orders[order.id] = stamped
        return stamped

    def add_fill(self, fill: SimFill) -> None:
        """Write down an execution."""
        self.changes.fills.append(fill)

    def put_position(self, position: SimPosition) -> None:
        """Write down a position, stamped with the current time."""
        stamped = replace(position, updated_ms=self.now_ms)
        if stamped.quantity:
            self.state.positions[position.symbol] = stamped
        else:
            self.state.positions.pop(position.symbol, None)
        self.changes.positions[position.symbol] = stamped

    def put_leverage(self, symbol: str, leverage: int) -> None:
        """Write down a chosen leverage."""
        self.state.leverages[symbol] = leverage
        self.changes.leverages[symbol] = leverage

    def next_order_id(self) -> int:
        """A fresh order number."""
        return self._take("order")

    def next_fill_id(self) -> int:
        """A fresh fill number."""
        return self._take("fill")

    def _take(self, name: str) -> int:
        counters = self.state.counters
        number: int = getattr(counters, name)
        self.state = replace(self.state, counters=replace(counters, **{name: number + 1}))
        return number
