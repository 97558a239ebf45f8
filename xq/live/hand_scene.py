"""What an order by hand would be sent into: asked of the venue, judged by the gate."""

from dataclasses import dataclass
from decimal import Decimal

from xq.errors import OrderRefused
from xq.execution.orders import client_order_id
from xq.execution.resolve import ONE_LOOK, Patience, resolve
from xq.live import by_hand, facts, guard, hand_stop
from xq.live.desk import Desk, Terms, instrument_of
from xq.live.holdings import Holdings, holdings
from xq.live.plan import Leg
from xq.live.reconcile import check_books, held
from xq.live.resting import intents, may_still_fill
from xq.live.touch import far_touch, worst_price
from xq.live.tripped import tripped
from xq.risk.limits import MINUTE_MS, SECOND_MS, Situation
from xq.types import Book, Instrument, OrderRequest, OrderType, Side, Symbol
from xq.venue_types import Mark

_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Scene:
    """One symbol as it stands.

    Attributes
    ----------
    mark
        Of a contract; None on spot.
    frozen
        Why nothing may be entered, or None.
    """

    instrument: Instrument
    book: Book
    now: Holdings
    mark: Mark | None
    frozen: str | None
    notes: tuple[str, ...]

    @property
    def symbol(self) -> Symbol:
        """What it is about."""
        return self.instrument.symbol

    @property
    def position(self) -> Decimal:
        """Signed quantity held, base asset."""
        return self.now.positions[self.symbol]

    def touch(self, side: Side) -> Decimal:
        """Best price that an order taking at once meets. Raises `OrderRefused` without one."""
        return far_touch(self.book, side is Side.BUY)


def settle(symbol: Symbol, desk: Desk, unclear_for: Patience = ONE_LOOK) -> str | None:
    """Ask what became of our orders of a symbol; why nothing may be entered, if one is unclear."""
    unclear = None
    for order in desk.journal.unsettled_orders():
        if order.symbol == symbol:
            patience = unclear_for if order.state.is_unclear else ONE_LOOK
            known = resolve(order, desk.venue, desk.journal, desk.clock, held(desk), patience)
            if known.state.is_unclear:
                unclear = f"what became of order {known.client_id} is not known"
    return unclear


def look(symbol: Symbol, desk: Desk, terms: Terms, *, entering: bool) -> Scene:
    """Ask everything that the gate wants to know; with ``entering`` the kill switches look too.

    Raises
    ------
    UnknownName
        If the venue has no such symbol.
    VenueError
        If it cannot be asked; nothing was sent.
    """
    instrument = instrument_of(symbol, desk)
    frozen = settle(symbol, desk, terms.patience if entering else ONE_LOOK)
    account = desk.venue.account()
    notes = tuple(check_books(symbol, desk, account))
    notes += hand_stop.keep(symbol, desk, terms).notes
    if entering and terms.rules:
        notes += guard.look(desk, terms, account).notes
    halted = desk.journal.books.note(f"halted:{symbol}")
    return Scene(
        instrument,
        desk.market.book(symbol, _DEPTH),
        holdings(account, (symbol,), {}),
        desk.venue.marks(symbol) if symbol.is_contract else None,
        frozen or halted or None,
        notes,
    )


def situation(
    request: OrderRequest,
    scene: Scene,
    desk: Desk,
    terms: Terms,
    instead_of: str | None = None,
) -> Situation:
    """What the gate judges by: like a decision's, with the newest bar's close as reference.

    Parameters
    ----------
    instead_of
        Client id of the order that this one takes the place of: it counts no more.
    """
    now_ms, wall_ms = desk.market.now_ms(), desk.clock.now_ms()
    sent = desk.journal.orders_since(wall_ms - MINUTE_MS)
    recent = [o for o in sent if o.client_id != instead_of]
    resting = [o for o in desk.journal.unsettled_orders() if o.client_id != instead_of]
    last_ms = terms.timeframe.last_closed(now_ms)
    trigger = request.stop_price
    leg = Leg("", request.side, request.quantity, request.reduce_only)
    return Situation(
        instrument=scene.instrument,
        now_ms=now_ms,
        price=trigger or _met(request, scene),
        price_ms=scene.book.ts,
        worst_price=trigger or worst_price(scene.book, leg),
        reference=_reference(request.symbol, desk, terms),
        bar_ms=last_ms,
        last_closed_ms=last_ms,
        position=scene.position,
        equity=scene.now.equity,
        cash=scene.now.cash,
        other_notional=scene.now.notional_of_others(request.symbol),
        recent_orders=len(recent),
        journalled=request.client_id != instead_of and desk.journal.has_order(request.client_id),
        frozen=scene.frozen,
        tripped=tripped(desk, terms),
        mark=scene.mark.mark if scene.mark else None,
        index=scene.mark.index if scene.mark else None,
        other_net=scene.now.net_of_others(request.symbol),
        working=may_still_fill(resting, request.symbol, request.side),
        open_orders=len(resting),
        recent_messages=sum(order.created_ms > wall_ms - SECOND_MS for order in recent),
        recent_intents=intents(recent),
        leverage=Decimal(terms.leverage),
    )


def _met(request: OrderRequest, scene: Scene) -> Decimal:
    """What an order meets: the touch, or its own limit where that is not reached."""
    touch = scene.touch(request.side)
    if request.price is None:
        return touch
    return min(touch, request.price) if request.side is Side.BUY else max(touch, request.price)


def _reference(symbol: Symbol, desk: Desk, terms: Terms) -> Decimal:
    found = facts.closes(symbol, terms.timeframe, 1, desk)
    if not found:
        raise OrderRefused(f"no closed bar of {symbol}: nothing to hold a price against")
    return Decimal(repr(found[-1].close))


def name_of(symbol: Symbol, leg: str, desk: Desk, terms: Terms) -> str:
    """The next client id for an order by hand."""
    number = sum(order.leg == leg for order in desk.journal.orders(symbol=symbol))
    moment = f"{leg}:{desk.market.now_ms()}"
    return client_order_id(terms.account, by_hand.NOBODY, symbol, moment, leg, number)


def check_reduces(request: OrderRequest, scene: Scene) -> None:
    """Refuse a reduce-only order that reduces nothing, and one that rests without saying so.

    Raises
    ------
    OrderRefused
        With what is held, and what would do.
    """
    held_now, base = scene.position, request.symbol.base
    reduces = request.side.sign * held_now < 0
    if request.reduce_only:
        if not reduces:
            told = f"{held_now:f} {base} is held" if held_now else "nothing is held"
            raise OrderRefused(
                f"a reduce-only {request.side} of {request.symbol} reduces nothing: {told}",
                hint="xq positions",
            )
        if request.quantity > abs(held_now):
            raise OrderRefused(
                f"a reduce-only {request.side} of {request.quantity:f} is more than what is held, "
                f"{held_now:f} {base}",
                hint=f"--quantity {abs(held_now):f}",
            )
    rests = request.type is not OrderType.MARKET
    within = reduces and request.quantity <= abs(held_now)
    if rests and within and request.symbol.is_contract and not request.reduce_only:
        raise OrderRefused(
            f"this {request.type} order only reduces what is held now, and would open a position "
            "if that is gone when it fills",
            hint="add --reduce-only",
        )
