"""Cancelling, amending, and the settings of an account."""

from dataclasses import replace
from decimal import Decimal

from support.reference_venue.entry import (
    check_price,
    check_quantity,
    follow,
    meets,
    require_funds,
    require_margin,
)
from support.reference_venue.margin import account, cap, sides
from support.reference_venue.matching import Plan, plan
from support.reference_venue.numbers import ZERO
from support.reference_venue.records import Algo, Order, Payment, Refused
from support.reference_venue.state import State


def find(
    state: State, owner: str, face: str, symbol: str, order_id: int, reason: str = "unknown_cancel"
) -> Order:
    """A resting order by its number."""
    state.market(face, symbol)
    for order in state.open_orders(face, symbol, owner):
        if order.id == order_id:
            return order
    raise Refused(reason)


def cancel(state: State, owner: str, face: str, symbol: str, order_id: int) -> None:
    """Take a resting order out of the book."""
    find(state, owner, face, symbol, order_id).status = "canceled"


def cancel_all(state: State, owner: str, face: str, symbol: str) -> None:
    """Take every resting order of one symbol out of the book."""
    for order in state.open_orders(face, symbol, owner):
        order.status = "canceled"


def amend(
    state: State, owner: str, symbol: str, order_id: int, quantity: Decimal, price: Decimal
) -> None:
    """Give a resting futures order a new price and quantity and a new place in the queue."""
    order = find(state, owner, "futures", symbol, order_id, "unknown_order")
    market = state.market("futures", symbol)
    check_price(market, order.side, price, market.last(state.now))
    check_quantity(market, "limit", quantity)
    if (price, quantity) == (order.price, order.quantity):
        raise Refused("nothing_to_amend")
    if quantity <= order.filled:
        order.status = "canceled"
        return
    new = Order(**{**vars(order), "quantity": quantity, "price": price})
    if new.reduce_only:
        new.quantity = new.filled + min(new.left, state.reducible(new))
    # While the question is asked the old order still counts as the account's own.
    place = state.orders.index(order)
    if new.tif == "gtx" and meets(state, new):
        order.status = "canceled"
        return
    made = _asked(state, order, new)
    state.orders[place] = new
    follow(state, new, made)


def _asked(state: State, order: Order, new: Order) -> Plan:
    status, order.status = order.status, "amending"
    try:
        made = plan(state, new)
        if new.face == "spot":
            require_funds(state, new, made)
        else:
            order.status = status
            require_margin(state, new, made, instead_of=order)
    finally:
        order.status = status
    return made


def set_leverage(state: State, owner: str, symbol: str, leverage: int) -> None:
    """Choose a symbol's leverage."""
    market = state.market("futures", symbol)
    if not 1 <= leverage <= market.tiers[0].leverage:
        raise Refused("bad_leverage")
    before = account(state, owner)
    rows = [row for row in before.rows if row.symbol == symbol]
    old = state.leverage(owner, symbol)
    if leverage == old:
        return
    if leverage < old and any(row.isolated and row.quantity for row in rows):
        raise Refused("leverage_isolated")
    if any(abs(row.notional) > cap(market, leverage) for row in rows):
        raise Refused("position_limit")
    known = state.leverages.get((owner, symbol))
    state.leverages[owner, symbol] = leverage
    after = account(state, owner)
    if after.used > before.used and after.available < 0:
        if known is None:
            del state.leverages[owner, symbol]
        else:
            state.leverages[owner, symbol] = known
        raise Refused("no_margin")


def set_isolated(state: State, owner: str, symbol: str, *, isolated: bool) -> None:
    """Choose a symbol's margin mode."""
    state.market("futures", symbol)
    if state.is_isolated(owner, symbol) is isolated:
        raise Refused("margin_type_same")
    if state.open_orders("futures", symbol, owner) or state.waiting(owner, symbol):
        raise Refused("margin_type_orders")
    if any(key[0] == symbol for key in state.books(owner).positions):
        raise Refused("margin_type_position")
    state.isolated[owner, symbol] = isolated


def set_hedge(state: State, owner: str, *, hedge: bool) -> None:
    """Choose the position mode."""
    if state.is_hedge(owner) is hedge:
        raise Refused("position_mode_same")
    if state.open_orders("futures", owner=owner) or state.waiting(owner):
        raise Refused("position_mode_orders")
    if state.books(owner).positions:
        raise Refused("position_mode_position")
    state.hedge[owner] = hedge


def change_margin(state: State, owner: str, symbol: str, side: str, amount: Decimal) -> None:
    """Add to or take from an isolated position's margin."""
    state.market("futures", symbol)
    if side not in sides(state, owner):
        raise Refused("position_side")
    whole = account(state, owner)
    row = next((item for item in whole.rows if (item.symbol, item.side) == (symbol, side)), None)
    if row is None or not row.quantity:
        raise Refused("no_position")
    if not row.isolated:
        raise Refused("not_isolated")
    if amount > 0 and amount > whole.available:
        raise Refused("margin_too_much")
    if amount < 0 and row.margin + amount + min(ZERO, row.pnl) < row.initial:
        raise Refused("margin_too_little")
    payment = Payment(state.now, owner, "futures", "margin", "USDT", amount, symbol, side)
    state.history.append(replace(payment, isolated=True))


def countdown(state: State, owner: str, symbol: str, after: int) -> None:
    """Cancel a symbol's orders after so many milliseconds; 0 stops the clock."""
    state.market("futures", symbol)
    state.countdowns.pop((owner, symbol), None)
    if after:
        state.countdowns[owner, symbol] = state.now + after


def cancel_algo(state: State, owner: str, algo_id: int) -> Algo:
    """Take a conditional order back."""
    for algo in state.waiting(owner):
        if algo.id == algo_id:
            algo.status = "canceled"
            return algo
    raise Refused("unknown_cancel")
