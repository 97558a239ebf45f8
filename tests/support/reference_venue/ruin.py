"""Liquidation: the venue closes what margin no longer carries."""

from decimal import Decimal

from support.reference_venue.margin import Row, account, sides
from support.reference_venue.matching import carry_out, execute, expire_idle, plan
from support.reference_venue.numbers import ZERO, round8
from support.reference_venue.records import Order, Payment
from support.reference_venue.state import State

CLEARANCE = Decimal("0.0125")


def liquidate(state: State) -> None:
    """Close every isolated position, then every cross account, that is below maintenance."""
    for owner in state.owners:
        for row in account(state, owner).rows:
            if row.isolated and row.quantity and row.margin + row.pnl < row.maintenance:
                _cancel(state, owner, row.symbol)
                _close(state, owner, row)
        whole = account(state, owner)
        rows = [row for row in whole.rows if not row.isolated and row.quantity]
        if rows and whole.balance < whole.maintenance:
            _cancel(state, owner, None)
            for row in rows:
                _close(state, owner, row)
            _make_whole(state, owner)


def _cancel(state: State, owner: str, symbol: str | None) -> None:
    for order in state.open_orders("futures", symbol, owner):
        order.status = "canceled"
    for algo in state.waiting(owner, symbol):
        algo.status = "canceled"


def _close(state: State, owner: str, row: Row) -> None:
    """One immediate-or-cancel order through the book, then the opposite positions."""
    order = Order(
        id=len(state.orders) + 1,
        owner=owner,
        face="futures",
        symbol=row.symbol,
        client_id="",
        side="sell" if row.quantity > 0 else "buy",
        type="market",
        tif="ioc",
        price=ZERO,
        quantity=abs(row.quantity),
        position_side=row.side,
    )
    state.orders.append(order)
    bankrupt = _bankruptcy(state, owner, row)
    before = state.books(owner).position(row.symbol, row.side).margin
    made = plan(state, order)
    carry_out(state, order, made)
    if order.left:
        _deleverage(state, order, bankrupt)
    order.status = "filled" if order.left == 0 else "expired"
    left = state.books(owner).cross
    if row.isolated:
        fills = [item for item in state.fills() if item.order_id == order.id]
        realized = sum((state.books(owner).realized[item.id] for item in fills), ZERO)
        left = before + realized - sum((item.fee for item in fills), ZERO)
    fee = min(round8(order.filled_quote * CLEARANCE), max(ZERO, left))
    if fee:
        _pay(state, owner, "clearance", -fee, row)
    if row.isolated and left < 0:
        _pay(state, owner, "bankruptcy", -left, row)


def _bankruptcy(state: State, owner: str, row: Row) -> Decimal:
    """The price at which a position takes all that carries it, on the tick."""
    margin = account(state, owner)
    carried = row.margin if row.isolated else margin.balance - row.pnl
    market = state.market("futures", row.symbol)
    exact = (row.cost - carried) / row.quantity
    return max(market.tick, (exact / market.tick).to_integral_value() * market.tick)


def _deleverage(state: State, order: Order, price: Decimal) -> None:
    """Close opposite positions of others, most profit times leverage first."""
    found = []
    for owner in state.owners:
        for row in account(state, owner).rows if owner != order.owner else ():
            if row.symbol == order.symbol and row.quantity * order.sign > 0:
                rank = row.pnl / abs(row.cost) * row.leverage
                found.append((-rank, state.owners.index(owner), row, owner))
    for _, _, row, owner in sorted(found, key=lambda item: item[:2]):
        quantity = min(order.left, abs(row.quantity))
        if quantity:
            other = Order(
                id=len(state.orders) + 1,
                owner=owner,
                face="futures",
                symbol=row.symbol,
                client_id="",
                side="sell" if row.quantity > 0 else "buy",
                type="market",
                tif="ioc",
                price=ZERO,
                quantity=quantity,
                position_side=row.side,
            )
            state.orders.append(other)
            execute(state, order, price, quantity, maker=False)
            execute(state, other, price, quantity, maker=False)
            expire_idle(state, order.symbol)


def _make_whole(state: State, owner: str) -> None:
    cross = state.books(owner).cross
    if cross < 0 and not any(
        state.books(owner).position(market.symbol, side).quantity
        for market in state.markets
        if market.face == "futures"
        for side in sides(state, owner)
        if not state.is_isolated(owner, market.symbol)
    ):
        state.history.append(Payment(state.now, owner, "futures", "bankruptcy", "USDT", -cross))


def _pay(state: State, owner: str, kind: str, amount: Decimal, row: Row) -> None:
    state.history.append(
        Payment(state.now, owner, "futures", kind, "USDT", amount, row.symbol, row.side)
    )
