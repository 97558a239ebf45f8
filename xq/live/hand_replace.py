"""Another price or quantity for a resting order: changed in place, or canceled and sent anew."""

from dataclasses import dataclass, replace
from decimal import Decimal

from xq.errors import UnknownName, UsageError, VenueRefused, VenueUnclear, XqError
from xq.execution import resolve, send
from xq.live import by_hand
from xq.live.desk import Desk, Terms
from xq.live.hand import Placed, approve, send_out, told
from xq.live.hand_cancel import take_away
from xq.live.hand_scene import Scene, check_reduces, look, name_of, situation
from xq.live.legs import HAND
from xq.live.reconcile import held
from xq.live.reducing import SOON
from xq.live.wish import Wish, check_words, order_of
from xq.risk.gate import Approved, check_replace
from xq.risk.limits import Situation
from xq.types import Order, OrderRequest, OrderType, OutcomeKind, Side, Symbol

IN_PLACE = "changed in place"
ANEW = "canceled, then sent anew"
NEW_FIRST = "sent anew, then the old one canceled: it only reduces"


@dataclass(frozen=True, slots=True)
class Change:
    """What a person wants of a resting order; None leaves it as it is."""

    client_id: str
    price: Decimal | None = None
    stop_price: Decimal | None = None
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Replaced:
    """The order that rests now, and how that came about."""

    placed: Placed
    instead_of: str
    way: str


def change(symbol: Symbol, wanted: Change, desk: Desk, terms: Terms) -> Replaced:
    """Give a resting order of ours another price or quantity.

    Raises
    ------
    UnknownName, UsageError, OrderRefused
        If it cannot be, or may not; nothing was sent.
    VenueError
        If the venue cannot be asked, or an amend is refused; the order rests as it was.
    """
    scene = look(symbol, desk, terms, entering=True)
    order = _resting(symbol, wanted.client_id, desk)
    scene = replace(scene, now=replace(scene.now, cash=scene.now.cash + _locked(order)))
    request = _wanted(order, wanted, scene, desk)
    if order.type is OrderType.LIMIT:
        done = _amend(order, request, scene, desk, terms)
        if done is not None:
            return Replaced(done, order.client_id, IN_PLACE)
    return _anew(order, request, scene, desk, terms)


def _resting(symbol: Symbol, client_id: str, desk: Desk) -> Order:
    order = desk.venue.order_by_client_id(symbol, client_id)
    if order is None:
        raise UnknownName(f"{desk.venue.name} knows no order {client_id}", hint="xq orders --open")
    if order.status.is_final:
        raise UsageError(
            f"order {client_id} is {order.status.value}, {order.filled:f} of {order.quantity:f} "
            f"{symbol.base} filled: nothing is left to change",
            hint=f"xq order show {client_id}",
        )
    if order.type is OrderType.TRAILING_STOP_MARKET:
        raise UsageError(
            "a trailing stop is not changed while it trails",
            hint=f"xq order cancel {client_id}, then place another",
        )
    if desk.journal.order(client_id).leg != HAND:
        raise UsageError(
            f"order {client_id} is not one by hand: what placed it would place it again",
            hint=f"xq order show {client_id}",
        )
    return order


def _locked(order: Order) -> Decimal:
    """Quote asset that a purchase on spot locks, and that is free again in its place."""
    if order.symbol.is_contract or order.side is not Side.BUY or order.price is None:
        return Decimal(0)
    return (order.quantity - order.filled) * order.price


def _wanted(order: Order, wanted: Change, scene: Scene, desk: Desk) -> OrderRequest:
    """The order as it is to be, its quantity in all, what is filled included."""
    known = desk.journal.order(order.client_id)
    wish = Wish(
        order.symbol,
        order.side,
        order.type,
        order.quantity if wanted.quantity is None else wanted.quantity,
        price=order.price if wanted.price is None else wanted.price,
        stop_price=known.stop_price if wanted.stop_price is None else wanted.stop_price,
        time_in_force=known.time_in_force,
        reduce_only=known.reduce_only,
    )
    check_words(wish)
    touch = scene.touch(wish.side)
    request, _ = order_of(wish, order.client_id, touch, scene.now.equity, scene.instrument)
    if request.quantity <= order.filled:
        raise UsageError(
            f"{order.filled:f} of order {order.client_id} are filled, found quantity "
            f"{request.quantity:f}",
            hint=f"xq order cancel {order.client_id}",
        )
    return request


def _amend(
    order: Order, request: OrderRequest, scene: Scene, desk: Desk, terms: Terms
) -> Placed | None:
    """One request where the venue has it; None where it has not, and nothing was sent."""
    met = situation(request, scene, desk, terms, instead_of=order.client_id)
    same = replace(order, reduce_only=request.reduce_only)  # as told when it was placed
    approved = check_replace(same, request, met, terms.limits)
    known, outcome = send.replace(approved, desk.venue, desk.journal, desk.clock)
    if outcome.kind is OutcomeKind.NOT_SENT:
        return None
    if outcome.kind is OutcomeKind.REJECTED:
        raise VenueRefused(
            f"the venue did not change order {order.client_id}: {outcome.reason}",
            where=str(order.symbol),
            hint=f"xq order show {order.client_id}",
        )
    known = resolve.resolve(known, desk.venue, desk.journal, desk.clock, held(desk), SOON)
    done = told(request, known, desk, scene.notes)
    if outcome.kind is OutcomeKind.UNKNOWN and known.price != request.price:
        return replace(done, problem=done.problem or _unsure(order, outcome.reason))
    return done


def _unsure(order: Order, reason: str) -> XqError:
    return VenueUnclear(
        f"whether order {order.client_id} was changed is not known: {reason}",
        hint=f"xq order show {order.client_id}",
    )


def _anew(order: Order, request: OrderRequest, scene: Scene, desk: Desk, terms: Terms) -> Replaced:
    """Another order in place of one; never both where both could add."""
    request = replace(request, client_id=name_of(order.symbol, HAND, desk, terms))
    check_reduces(request, scene)
    by_hand.expect(order.symbol, desk.journal)
    if request.reduce_only:
        approved, met = approve(request, scene, desk, terms)
        sent = send_out(approved, met, desk, terms)
        done = told(request, sent, desk, scene.notes)
        if done.problem is None:
            gone = take_away(order, desk)
            done = replace(done, problem=gone.problem)
        return Replaced(done, order.client_id, NEW_FIRST)
    approved, met = approve(request, scene, desk, terms, order.client_id)
    gone = take_away(order, desk)
    if gone.problem is not None:
        raise gone.problem
    if gone.filled:
        request = replace(request, quantity=request.quantity - gone.filled)
        approved, met = _again(request, order, desk, terms)
    sent = send_out(approved, met, desk, terms)
    return Replaced(told(request, sent, desk, scene.notes), order.client_id, ANEW)


def _again(
    request: OrderRequest, order: Order, desk: Desk, terms: Terms
) -> tuple[Approved, Situation]:
    """The gate's leave for what is left, now that the old order has filled in part."""
    try:
        scene = look(order.symbol, desk, terms, entering=True)
        return approve(request, scene, desk, terms)
    except XqError as error:
        raise type(error)(
            f"order {order.client_id} is canceled, and no other was sent: {error.message}",
            where=error.where,
            hint=error.hint,
        ) from error
