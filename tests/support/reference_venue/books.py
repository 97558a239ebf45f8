"""Balances and positions, each time recomputed from everything that was ever written down."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from support.reference_venue.numbers import ZERO, ratio, ratio_down, ratio_up
from support.reference_venue.records import Fill, Payment

QUOTE = "USDT"


@dataclass(eq=False)
class Position:
    """Signed quantity, signed cost, isolated margin."""

    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    margin: Decimal = ZERO


@dataclass(eq=False)
class Books:
    """What one account has: spot by asset, the futures wallet, positions by symbol and side."""

    spot: dict[str, Decimal] = field(default_factory=dict)
    wallet: Decimal = ZERO
    positions: dict[tuple[str, str], Position] = field(default_factory=dict)
    realized: dict[int, Decimal] = field(default_factory=dict)
    made_whole: dict[int, Decimal] = field(default_factory=dict)

    @property
    def cross(self) -> Decimal:
        """The wallet without what isolated positions hold."""
        return self.wallet - sum((item.margin for item in self.positions.values()), ZERO)

    def position(self, symbol: str, side: str) -> Position:
        """A position, flat if there is none."""
        return self.positions.get((symbol, side), Position())


def balance(history: Sequence[Fill | Payment], owner: str) -> Books:
    """The books of one account."""
    books = Books()
    for item in history:
        if item.owner != owner:
            continue
        if isinstance(item, Payment):
            _pay(books, item)
        elif item.face == "spot":
            _exchange(books, item)
        else:
            _trade(books, item)
    books.positions = {key: item for key, item in books.positions.items() if item.quantity}
    return books


def _pay(books: Books, item: Payment) -> None:
    if item.face == "spot":
        books.spot[item.asset] = books.spot.get(item.asset, ZERO) + item.amount
        return
    position = books.positions.setdefault((item.symbol, item.position_side), Position())
    if item.kind != "margin":
        books.wallet += item.amount
    if item.isolated:
        position.margin += item.amount


def _exchange(books: Books, fill: Fill) -> None:
    base, quote = fill.signed, -fill.signed * fill.price
    if fill.side == "buy":
        base -= fill.fee
    else:
        quote -= fill.fee
    books.spot[fill.base] = books.spot.get(fill.base, ZERO) + base
    books.spot[QUOTE] = books.spot.get(QUOTE, ZERO) + quote


def _trade(books: Books, fill: Fill) -> None:
    position = books.positions.setdefault((fill.symbol, fill.position_side), Position())
    realized = ZERO
    left = fill.signed
    if position.quantity * left < 0:
        closed = min(abs(left), abs(position.quantity)) * (1 if left > 0 else -1)
        before = abs(position.quantity)
        realized = _close(position, closed, fill.price)
        if fill.leverage:
            _settle_own(books, position, fill, realized, before)
        left -= closed
    if left:
        position.quantity += left
        position.cost += left * fill.price
        if fill.leverage:
            position.margin += ratio_up(abs(left) * fill.price, Decimal(fill.leverage))
    books.realized[fill.id] = realized
    books.wallet += realized - fill.fee


def _close(position: Position, closed: Decimal, price: Decimal) -> Decimal:
    if closed == -position.quantity:
        released = position.cost
    else:
        released = ratio(position.cost * abs(closed), abs(position.quantity))
    position.quantity += closed
    position.cost -= released
    return -closed * price - released


def _settle_own(
    books: Books, position: Position, fill: Fill, realized: Decimal, before: Decimal
) -> None:
    """Isolated: a loss is its own, what is more than its share goes home; flat, debts are paid.

    A liquidation lets nothing go home as long as the position is not flat.
    """
    own = position.margin + realized
    share = ratio_down(position.margin * abs(position.quantity), before)
    position.margin = own if fill.liquidates else min(share, own)
    if not position.quantity:
        position.margin = ZERO
        if own < 0:
            books.made_whole[fill.id] = -own
            books.wallet -= own
