"""Margin by Binance's published formulas."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from support.reference_venue.books import Books, Position
from support.reference_venue.numbers import ZERO, ratio, ratio_up
from support.reference_venue.records import Market, Order
from support.reference_venue.state import State


@dataclass(frozen=True)
class Row:
    """One position with the orders around it, at the mark price."""

    symbol: str
    side: str
    isolated: bool
    quantity: Decimal
    cost: Decimal
    margin: Decimal
    mark: Decimal
    leverage: int
    initial: Decimal
    order_initial: Decimal
    maintenance: Decimal
    exposure: Decimal

    @property
    def notional(self) -> Decimal:
        """Signed, at the mark price."""
        return self.quantity * self.mark

    @property
    def pnl(self) -> Decimal:
        """Unrealized."""
        return self.notional - self.cost


@dataclass(frozen=True)
class Margin:
    """An account's futures margin."""

    wallet: Decimal
    cross: Decimal
    rows: tuple[Row, ...]

    @property
    def pnl(self) -> Decimal:
        """Unrealized, all positions."""
        return sum((row.pnl for row in self.rows), ZERO)

    @property
    def balance(self) -> Decimal:
        """Margin balance of the cross account."""
        return self.cross + sum((row.pnl for row in self.rows if not row.isolated), ZERO)

    @property
    def maintenance(self) -> Decimal:
        """Of cross positions."""
        return sum((row.maintenance for row in self.rows if not row.isolated), ZERO)

    @property
    def used(self) -> Decimal:
        """Initial margin that the cross wallet carries."""
        own = sum((row.initial for row in self.rows if not row.isolated), ZERO)
        return own + sum((row.order_initial for row in self.rows), ZERO)

    @property
    def available(self) -> Decimal:
        """What new orders may use; negative when there is less than nothing."""
        return self.balance - self.used


def bracket(market: Market, notional: Decimal) -> tuple[Decimal, Decimal]:
    """Maintenance rate and amount of a notional; the last bracket has no end."""
    amount = rate = ZERO
    for tier in market.tiers:
        if tier is market.tiers[0] or notional > tier.floor:
            amount += tier.floor * (tier.rate - rate)
            rate = tier.rate
    return rate, amount


def maintenance(market: Market, notional: Decimal) -> Decimal:
    """Notional times rate less amount."""
    rate, amount = bracket(market, notional)
    return notional * rate - amount


def cap(market: Market, leverage: int) -> Decimal:
    """The largest notional at a leverage."""
    return max(tier.cap for tier in market.tiers if tier.leverage >= leverage)


def sides(state: State, owner: str) -> tuple[str, ...]:
    """The position sides of an account."""
    return ("long", "short") if state.is_hedge(owner) else ("both",)


def opens(order: Order) -> bool:
    """Whether an order counts for margin."""
    closes = (order.position_side, order.side) in (("long", "sell"), ("short", "buy"))
    return not order.reduce_only and not closes


def value(
    state: State,
    owner: str,
    market: Market,
    side: str,
    position: Position,
    orders: Sequence[Order],
) -> Row:
    """One row; ``orders`` are the account's resting orders on that side of that symbol."""
    mark = market.mark(state.now)
    leverage = state.leverage(owner, market.symbol)
    notional = position.quantity * mark
    counted = [item for item in orders if opens(item)]
    bids = sum((item.left * item.price for item in counted if item.side == "buy"), ZERO)
    asks = sum((item.left * item.price for item in counted if item.side == "sell"), ZERO)
    exposure = max(abs(notional + bids), abs(notional - asks))
    initial = ratio_up(abs(notional), Decimal(leverage))
    return Row(
        symbol=market.symbol,
        side=side,
        isolated=state.is_isolated(owner, market.symbol),
        quantity=position.quantity,
        cost=position.cost,
        margin=position.margin,
        mark=mark,
        leverage=leverage,
        initial=initial,
        order_initial=ratio_up(exposure, Decimal(leverage)) - initial,
        maintenance=maintenance(market, abs(notional)) if notional else ZERO,
        exposure=exposure,
    )


def account(state: State, owner: str, books: Books | None = None) -> Margin:
    """The whole futures account at present mark prices."""
    known = state.books(owner) if books is None else books
    resting = state.open_orders("futures", owner=owner)
    rows = []
    for market in state.markets:
        for side in sides(state, owner) if market.face == "futures" else ():
            around = [
                item
                for item in resting
                if (item.symbol, item.position_side) == (market.symbol, side)
            ]
            position = known.position(market.symbol, side)
            if position.quantity or around:
                rows.append(value(state, owner, market, side, position, around))
    return Margin(known.wallet, known.cross, tuple(rows))


def liquidation_price(state: State, margin: Margin, row: Row) -> Decimal:
    """Binance's formula; both sides of a hedge in cross share one price.

    LP = (WB - TMM + UPNL + cum - side x position x entry) / (position x MMR - side x position),
    summed over the sides of the contract; ``cost`` is side x position x entry.
    """
    market = state.market("futures", row.symbol)
    others = [item for item in margin.rows if item.symbol != row.symbol and not item.isolated]
    if row.isolated:
        wallet, own = row.margin, [row]
    else:
        wallet = margin.cross + sum((item.pnl - item.maintenance for item in others), ZERO)
        own = [item for item in margin.rows if item.symbol == row.symbol]
    above, below = wallet, ZERO
    for item in own:
        rate, amount = bracket(market, abs(item.notional))
        if item.quantity:
            above += amount - item.cost
            below += abs(item.quantity) * rate - item.quantity
    if not below:
        return ZERO
    return max(ZERO, ratio(above, below))
