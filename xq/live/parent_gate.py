"""A child of a parent order before the gate: the situation it would be sent into."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from xq.execution.algos.view import MarketView
from xq.execution.records import JournalOrder
from xq.execution.send import Ticket
from xq.execution.slippage_prediction import walk
from xq.live import facts
from xq.live.desk import Desk, Terms
from xq.live.guarded import check_guarded
from xq.live.holdings import holdings
from xq.live.resting import may_still_fill
from xq.live.tripped import tripped
from xq.risk.gate import Approved, check
from xq.risk.limits import MINUTE_MS, SECOND_MS, Intent, Situation
from xq.types import Account, Book, OrderRequest, OrderType, Side, TimeInForce

_NEVER_LEFT = ("not_sent", "rejected")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What was read for one step: the same for the algorithm and for the gate."""

    view: MarketView
    book: Book
    account: Account


def approve(
    request: OrderRequest, seen: Surroundings, desk: Desk, terms: Terms
) -> tuple[Approved, Situation]:
    """Let the gate judge a child; every child asks for itself, so equal slices are no duplicates.

    Prices are held against the last trade, where a decision's order is held against its bar.

    Raises
    ------
    OrderRefused
        As the gate says; nothing was sent.
    """
    symbol, now_ms = request.symbol, desk.clock.now_ms()
    now = holdings(seen.account, terms.symbols, {symbol: seen.view.last})
    recent = desk.journal.orders_since(now_ms - MINUTE_MS)
    resting = desk.journal.unsettled_orders()
    mark = facts.mark_of(request, terms, desk.venue.marks)
    walked = walk(request.side, request.quantity, seen.book)
    situation = Situation(
        instrument=desk.market.instruments()[symbol],
        now_ms=seen.view.ts,
        price=seen.view.ask if request.side is Side.BUY else seen.view.bid,
        price_ms=seen.book.ts,
        worst_price=walked.worst if walked.filled == request.quantity else None,
        reference=seen.view.last,
        bar_ms=0,
        last_closed_ms=0,
        position=seen.view.position,
        equity=now.equity,
        cash=now.cash,
        other_notional=now.notional_of_others(symbol),
        recent_orders=len(recent),
        journalled=desk.journal.has_order(request.client_id),
        frozen=_frozen(request, resting, desk),
        tripped=tripped(desk, terms),
        mark=mark.mark if mark else None,
        index=mark.index if mark else None,
        other_net=now.net_of_others(symbol),
        working=may_still_fill(resting, symbol, request.side),
        open_orders=len(resting),
        recent_messages=sum(order.created_ms > now_ms - SECOND_MS for order in recent),
        recent_intents=tuple(map(_intent, filter(_may_add, recent))),
        decision=request.client_id,
        leverage=Decimal(terms.leverage),
    )
    approved = check(request, situation, terms.limits)
    check_guarded(approved, desk, terms, hint="xq order place --stop-loss PRICE")
    return approved, situation


def expected_price(request: OrderRequest, seen: Surroundings) -> Decimal:
    """What a child is predicted to be filled at, for what it really cost to be held against."""
    crosses = request.type is OrderType.MARKET or request.time_in_force is TimeInForce.IOC
    if not crosses:
        return request.stop_price or request.price or seen.view.middle
    walked = walk(request.side, request.quantity, seen.book)
    return walked.average or seen.view.middle


def ticket_of(
    request: OrderRequest, leg: str, parent_id: str, seen: Surroundings, terms: Terms
) -> Ticket:
    """What the journal keeps of a child beside the request."""
    price = expected_price(request, seen)
    view = seen.view
    return Ticket(None, leg, price, view.position, view.ts, terms.strategy, parent_id)


def _frozen(request: OrderRequest, resting: Sequence[JournalOrder], desk: Desk) -> str | None:
    """Why the symbol takes no new exposure: an order of unknown fate, or somebody else's doing."""
    symbol = request.symbol
    unclear = [o for o in resting if o.symbol == symbol and o.state.is_unclear]
    if unclear:
        return f"order {unclear[0].client_id} is {unclear[0].state}"
    return desk.journal.books.note(f"halted:{symbol}") or None


def _may_add(order: JournalOrder) -> bool:
    return order.state.value not in _NEVER_LEFT and not order.reduce_only


def _intent(order: JournalOrder) -> Intent:
    return Intent(order.symbol, order.side, order.quantity, order.venue_ms, order.client_id)
