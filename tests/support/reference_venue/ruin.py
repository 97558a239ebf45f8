"""Liquidation: the venue closes what margin no longer carries, bracket by bracket."""

from decimal import ROUND_DOWN, Decimal

from support.reference_venue.margin import Margin, Row, account
from support.reference_venue.matching import carry_out, execute, expire_idle, plan
from support.reference_venue.numbers import ZERO, round8
from support.reference_venue.records import Fill, Market, Order, Payment
from support.reference_venue.state import State

CLEARANCE = Decimal("0.0125")


def liquidate(state: State) -> None:
    """Every account by its name, its cross positions first, each pool once."""
    for owner in sorted(state.owners):
        _liquidate(state, owner, None)
        for row in account(state, owner).rows:
            if row.isolated and row.quantity:
                _liquidate(state, owner, (row.symbol, row.side))


def _pool(margin: Margin, key: tuple[str, str] | None) -> list[Row]:
    """Positions that stand and fall together: one isolated, or all cross ones."""
    if key is None:
        return [row for row in margin.rows if row.quantity and not row.isolated]
    return [row for row in margin.rows if row.quantity and (row.symbol, row.side) == key]


def _fails(margin: Margin, rows: list[Row]) -> bool:
    wallet = rows[0].margin if rows[0].isolated else margin.cross
    equity = wallet + sum((row.pnl for row in rows), ZERO)
    return equity <= sum((row.maintenance for row in rows), ZERO)


def _liquidate(state: State, owner: str, key: tuple[str, str] | None) -> None:
    margin = account(state, owner)
    rows = _pool(margin, key)
    if not rows or not _fails(margin, rows):
        return
    _cancel(state, owner, key)
    while rows and _fails(margin, rows):
        _cut(state, owner, max(rows, key=lambda row: row.maintenance))
        margin = account(state, owner)
        rows = _pool(margin, key)
    if not rows and key is None and margin.cross < 0:
        _pay(state, owner, "bankruptcy", -margin.cross)


def _cancel(state: State, owner: str, key: tuple[str, str] | None) -> None:
    """All orders of the account; an isolated position takes only its own side's with it."""
    for order in state.open_orders("futures", owner=owner):
        if key in (None, (order.symbol, order.position_side)):
            order.status = "canceled"
    for algo in state.waiting(owner):
        if key in (None, (algo.symbol, algo.position_side)):
            algo.status = "canceled"


def _cut(state: State, owner: str, row: Row) -> None:
    """Bring a position into the bracket below, or close it in the lowest."""
    market = state.market("futures", row.symbol)
    before = len(state.history)
    order = _forced(state, owner, row, abs(row.quantity) - _kept(market, row))
    order.liquidates = True
    carry_out(state, order, plan(state, order))
    if order.left:
        _deleverage(state, order)
    order.status = "filled" if order.left == 0 else "expired"
    books = state.books(owner)
    position = books.position(row.symbol, row.side)
    reach = position.margin if row.isolated else books.cross
    if row.isolated and not position.quantity:
        done = [item for item in state.history[before:] if isinstance(item, Fill)]
        own = [books.realized[item.id] for item in done if item.order_id == order.id]
        reach = row.margin + sum(own, ZERO)
    fee = min(round8(order.filled_quote * CLEARANCE), max(ZERO, reach))
    if fee:
        _pay(state, owner, "clearance", -fee, row)


def _kept(market: Market, row: Row) -> Decimal:
    floor = max(
        (tier.floor for tier in market.tiers if tier.floor < abs(row.notional)), default=ZERO
    )
    return (floor / row.mark / market.lot).to_integral_value(ROUND_DOWN) * market.lot


def _forced(state: State, owner: str, row: Row, quantity: Decimal) -> Order:
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
        quantity=quantity,
        position_side=row.side,
    )
    state.orders.append(order)
    return order


def _deleverage(state: State, order: Order) -> None:
    """Close against others, most profit times leverage first, the rest to the venue.

    All at the last price shown in the book, or the last one traded.
    """
    market = state.market("futures", order.symbol)
    shown = market.shown(state.now, "sell" if order.side == "buy" else "buy")
    price = shown[-1][0] if shown else market.last(state.now)
    found = []
    for owner in state.owners:
        for row in account(state, owner).rows if owner != order.owner else ():
            if row.symbol == order.symbol and row.quantity * order.sign > 0:
                rank = row.pnl / abs(row.cost) * row.leverage
                found.append((-rank, state.owners.index(owner), row, owner))
    for _, _, row, owner in sorted(found, key=lambda item: item[:2]):
        quantity = min(order.left, abs(row.quantity))
        if quantity:
            other = _forced(state, owner, row, quantity)
            execute(state, order, price, quantity, maker=False)
            execute(state, other, price, quantity, maker=False)
            expire_idle(state, order.symbol)
    if order.left:
        execute(state, order, price, order.left, maker=False)


def _pay(state: State, owner: str, kind: str, amount: Decimal, row: Row | None = None) -> None:
    symbol, side = ("", "both") if row is None else (row.symbol, row.side)
    own = (
        row is not None and row.isolated and state.books(owner).position(symbol, side).quantity != 0
    )
    state.history.append(
        Payment(state.now, owner, "futures", kind, "USDT", amount, symbol, side, own)
    )
