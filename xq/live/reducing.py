"""Orders that can only reduce a position: the loop's way out, whatever else is refused."""

from dataclasses import replace
from decimal import Decimal

from xq.execution import resolve, send
from xq.execution.orders import OrderState, client_order_id
from xq.execution.records import JournalOrder
from xq.execution.resolve import Patience
from xq.live.desk import Desk, Terms
from xq.live.plan import to_lot
from xq.live.reconcile import held
from xq.risk.gate import Approved, check
from xq.risk.limits import Situation
from xq.types import OrderRequest, OrderType, Side, Symbol

_ZERO = Decimal(0)
SOON = Patience(waits=(0.05, 0.1, 0.2, 0.5), total=2.0, settling=0.0)
"""For orders that must be found out about at once: ask for two seconds."""
NOTHING_ELSE = "only what reduces it is asked for here"


def way_out(position: Decimal) -> Side:
    """The side that reduces a position.

    Examples
    --------
    >>> way_out(Decimal(-1))
    <Side.BUY: 'buy'>
    """
    return Side.SELL if position > 0 else Side.BUY


def place(
    draft: OrderRequest, leg: str, position: Decimal, price: Decimal, desk: Desk, terms: Terms
) -> JournalOrder:
    """Send a reducing order once, under the leg's next name, and find out what became of it.

    Parameters
    ----------
    draft
        Its ``client_id`` is given here.
    price
        What it is expected to meet.

    Raises
    ------
    OrderRefused
        If the order does not reduce the position; nothing was sent.
    """
    number = sum(order.leg == leg for order in desk.journal.orders(symbol=draft.symbol))
    name = client_order_id(terms.account, terms.strategy, draft.symbol, "guard", leg, number)
    request = replace(draft, client_id=name, reduce_only=draft.symbol.is_contract)
    approved, situation = _approve(request, position, price, desk, terms)
    ticket = send.Ticket(None, leg, price, position, situation.now_ms, terms.strategy)
    order = send.place(approved, ticket, desk.venue, desk.journal, desk.clock, _nothing)
    unfinished = request.type is OrderType.MARKET and not order.state.is_final
    if order.state.is_unclear or unfinished:
        patience = replace(SOON, settling=terms.patience.settling) if unfinished else SOON
        order = resolve.resolve(order, desk.venue, desk.journal, desk.clock, held(desk), patience)
    return order


def _approve(
    request: OrderRequest, position: Decimal, price: Decimal, desk: Desk, terms: Terms
) -> tuple[Approved, Situation]:
    """The gate lets it pass as a reducing order, or, with nothing known for it, not at all."""
    now_ms = desk.market.now_ms()
    situation = Situation(
        instrument=desk.market.instruments()[request.symbol],
        now_ms=now_ms,
        price=price,
        price_ms=now_ms,
        worst_price=None,
        reference=price,
        bar_ms=0,
        last_closed_ms=0,
        position=position,
        equity=_ZERO,
        cash=_ZERO,
        other_notional=_ZERO,
        recent_orders=0,
        journalled=desk.journal.has_order(request.client_id),
        frozen=NOTHING_ELSE,
    )
    return check(request, situation, terms.limits), situation


def _nothing() -> tuple[str, ...]:
    """What keeps a way out from being taken."""
    return ()


def close_out(
    symbol: Symbol, position: Decimal, price: Decimal, leg: str, desk: Desk, terms: Terms
) -> JournalOrder | None:
    """Close a position at market; None if it is less than a lot."""
    instrument = desk.market.instruments()[symbol]
    quantity = to_lot(abs(position), instrument.lot)
    if quantity < max(instrument.min_quantity, instrument.lot):
        return None
    draft = OrderRequest(symbol, way_out(position), OrderType.MARKET, quantity, "-")
    order = place(draft, leg, position, price, desk, terms)
    if order.filled:
        resolve.collect_fills(symbol, desk.venue, desk.journal, desk.clock)
    return order


def is_working(order: JournalOrder) -> bool:
    """Whether an order is known to rest at the venue."""
    return order.state in (OrderState.NEW, OrderState.PARTIALLY_FILLED)
