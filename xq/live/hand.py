"""An order by hand: looked into, judged, sent once, found out about."""

from dataclasses import dataclass, replace
from decimal import Decimal

from xq.errors import XqError
from xq.execution import resolve, send
from xq.execution.records import EquityPoint, JournalOrder
from xq.execution.resolve import ONE_LOOK
from xq.live import by_hand, hand_stop
from xq.live.decide import ensure_leverage
from xq.live.desk import Desk, Terms
from xq.live.guarded import check_guarded
from xq.live.hand_scene import Scene, check_reduces, look, name_of, situation
from xq.live.holdings import holdings
from xq.live.legs import HAND
from xq.live.order_lines import line_of, problem_of, read_fills
from xq.live.reconcile import held
from xq.live.report import OrderLine
from xq.live.tripped import barring
from xq.live.wish import Wish, order_of
from xq.risk.gate import Approved, check
from xq.risk.limits import Situation
from xq.types import OrderRequest, OrderType, Symbol


@dataclass(frozen=True, slots=True)
class Placed:
    """What was asked for and what came of it.

    Attributes
    ----------
    position
        Signed quantity held afterwards by the venue; None if nothing was sent.
    notes
        What a person should know, in order.
    """

    request: OrderRequest
    line: OrderLine
    position: Decimal | None
    notes: tuple[str, ...] = ()
    problem: XqError | None = None


def place(wish: Wish, desk: Desk, terms: Terms, *, dry_run: bool = False) -> Placed:
    """Send one order, unless the gate refuses it.

    With ``dry_run`` the desk's journal must be a scratch copy; nothing is sent.

    Raises
    ------
    UsageError, OrderRefused
        If it cannot be, or may not; nothing was sent.
    VenueError
        If the venue cannot be asked before it is sent.
    StorageFailed
        If the journal cannot be written.
    """
    scene = look(wish.symbol, desk, terms, entering=not wish.reduce_only)
    name = name_of(wish.symbol, HAND, desk, terms)
    request, note = order_of(
        wish, name, scene.touch(wish.side), scene.now.account_equity, scene.instrument
    )
    notes = (*scene.notes, note) if note else scene.notes
    check_reduces(request, scene)
    guarded = wish.stop_loss is not None
    approved, met = approve(
        request, scene, desk, replace(terms, needs_stop=False) if guarded else terms
    )
    if dry_run:
        return Placed(request, OrderLine.planned(approved, met.price), None, notes)
    by_hand.expect(request.symbol, desk.journal)
    if not approved.reducing:
        ensure_leverage(request.symbol, desk, terms)
    if wish.stop_loss is not None:
        hand_stop.promise(request.symbol, request.client_id, wish.stop_loss, desk)
    if request.trail is not None:
        desk.journal.books.set_note(f"trail:{request.client_id}", f"{request.trail:f}")
    order = send_out(approved, met, desk, terms)
    kept = hand_stop.keep(request.symbol, desk, terms)
    done = told(request, order, desk, (*notes, *kept.notes))
    return replace(done, problem=next(iter(kept.problems), done.problem))


def approve(
    request: OrderRequest,
    scene: Scene,
    desk: Desk,
    terms: Terms,
    instead_of: str | None = None,
) -> tuple[Approved, Situation]:
    """The gate's leave, with what it was given on. Raises `OrderRefused`."""
    met = situation(request, scene, desk, terms, instead_of)
    approved = check(request, met, terms.limits)
    check_guarded(approved, desk, terms, hint="--stop-loss PRICE, on contracts")
    return approved, met


def send_out(approved: Approved, met: Situation, desk: Desk, terms: Terms) -> JournalOrder:
    """Send once and find out what became of it; what may rest is only looked at."""
    request = approved.request
    ticket = send.Ticket(None, HAND, met.price, met.position, met.now_ms, by_hand.NOBODY)
    order = send.place(approved, ticket, desk.venue, desk.journal, desk.clock, barring(desk, terms))
    rests = request.type is not OrderType.MARKET and not order.state.is_unclear
    patience = ONE_LOOK if rests else terms.patience
    if not order.state.is_final:
        order = resolve.resolve(order, desk.venue, desk.journal, desk.clock, held(desk), patience)
    if order.filled:
        read_fills(order, desk)
    return order


def told(request: OrderRequest, order: JournalOrder, desk: Desk, notes: tuple[str, ...]) -> Placed:
    """How an order stands now, and what is held."""
    line = line_of(order, desk)
    try:
        position = read_back(request.symbol, desk)
    except XqError as error:
        return Placed(request, line, None, (*notes, f"not read back: {error.message}"), error)
    return Placed(request, line, position, notes, problem_of(line))


def read_back(symbol: Symbol, desk: Desk) -> Decimal:
    """Signed quantity of a symbol at the venue; equity is written down. Raises `VenueError`."""
    account = desk.venue.account()
    now = holdings(account, (symbol,), {})
    wallet = "contracts" if symbol.is_contract else "spot"
    desk.journal.books.add_equity(
        EquityPoint(now.ts, now.account_equity, now.cash, by_hand.NOBODY, wallet)
    )
    return now.positions[symbol]
