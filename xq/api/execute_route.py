"""One parent over several venues: split as its books and fees say, a leg in each account."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from xq.api.execute import begin, planning_desk
from xq.api.execute_plan import Asked, Make, chosen, instrument_of, quantity_of
from xq.api.execute_run import work_all
from xq.api.execute_shown import show
from xq.api.trade import account_name
from xq.api.venues import REAL_MONEY
from xq.api.workspace import Workspace
from xq.errors import CredentialsMissing, UsageError, XqError

if TYPE_CHECKING:
    from xq.execution.router import Quote, Route
    from xq.live.parents import Looked

_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Leg:
    """What one venue gets of a parent.

    Attributes
    ----------
    worst
        Price of the last level that its share takes: the limit of a leg that goes at once.
    """

    venue: str
    ws: Workspace
    asked: Asked
    quantity: Decimal
    worst: Decimal
    notional: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True)
class Begun:
    """A leg in its account's journal, or why it is not there."""

    leg: Leg
    parent_id: str = ""
    worked: bool = False
    error: XqError | None = None


def routed(ws: Workspace, asked: Asked, venues: Sequence[str]) -> tuple[tuple[Leg, ...], Decimal]:
    """Split a parent over venues by the books as they are now; the legs and what fits nowhere.

    Raises
    ------
    UsageError, CredentialsMissing
        For fewer than two venues, one account named twice, or venues without keys of their own.
    ConfigError
        For live mode, unless everything agrees for each of them; see `xq.api.venues`.
    VenueError
        If one of them does not tell its book.
    """
    from xq.execution.router import route
    from xq.types import Side

    desks = _workspaces(ws, venues)
    side = chosen(Side, asked.side, "side")
    quotes = [_quote(venue, own, asked) for venue, own in desks.items()]
    price = min((q.book.asks[0][0] + q.book.bids[0][0]) / 2 for q in quotes)
    quantity = quantity_of(asked, quotes[0].instrument, price)
    found: Route = route(side, quantity, quotes)
    if not found.shares:
        raise UsageError(f"no book of {', '.join(venues)} takes {quantity:f}")
    legs = (
        Leg(
            share.venue,
            desks[share.venue],
            replace(asked, quantity=f"{share.quantity:f}", notional=None, worst=share.worst),
            share.quantity,
            share.worst,
            share.notional,
            share.fee,
        )
        for share in found.shares
    )
    return tuple(legs), found.unrouted


def begin_legs(legs: Sequence[Leg], make: Make) -> tuple[Begun, ...]:
    """Write every leg into its account's journal; one that cannot be does not stop the others."""
    return tuple(_begun(leg, make) for leg in legs)


def work_legs(
    begun: Sequence[Begun], tell: "Callable[[Looked | XqError], None]"
) -> list[dict[str, Any]]:
    """Work the legs that no service works, side by side, and say what became of all.

    Raises
    ------
    LockHeld, KeyboardInterrupt
        As `xq.api.execute_run.work_all` says; every leg can be resumed in its own account.
    """
    ours = [(each.leg.ws, each.parent_id) for each in begun if each.parent_id and not each.worked]
    if ours:
        work_all(ours, tell)
    return [_outcome(each) for each in begun]


def _outcome(begun: Begun) -> dict[str, Any]:
    wanted = {"venue": begun.leg.venue, "id": begun.parent_id, "quantity": begun.leg.quantity}
    if begun.error is not None:
        return {**wanted, "status": "refused", "reason": begun.error.message}
    told = show(begun.leg.ws, begun.parent_id)
    names = ("filled", "average", "slippage", "fees", "status", "reason")
    return {**wanted, **{name: told[name] for name in names}}


def _begun(leg: Leg, make: Make) -> Begun:
    try:
        parent_id, worked = begin(leg.ws, leg.asked, make)
    except XqError as error:
        return Begun(leg, error=error)
    return Begun(leg, parent_id, worked)


def _workspaces(ws: Workspace, venues: Sequence[str]) -> dict[str, Workspace]:
    if len(set(venues)) < max(_FEWEST, len(venues)):
        raise UsageError(
            "a route needs two venues or more, each once", hint="--route binance,bybit"
        )
    found = {venue: _at(ws, venue) for venue in venues}
    accounts = [account_name(own) for own in found.values()]
    if len(set(accounts)) < len(accounts):
        raise UsageError(
            f"{' and '.join(venues)} are one account, {accounts[0]}: there is nothing to route",
            hint="--mode paper",
        )
    if ws.config.trade.mode in REAL_MONEY:
        _check_keys(ws, found)
    return found


def _check_keys(ws: Workspace, desks: Mapping[str, Workspace]) -> None:
    """A key is shown to the exchange that gave it, and to no other."""
    held = {venue: own.credentials() for venue, own in desks.items()}
    keys = {pair.api_key.get_secret_value() for pair in held.values() if pair is not None}
    if len(keys) < len(desks):
        names = " and ".join(f"XQ_API_KEY_{venue.upper()}" for venue in desks)
        raise CredentialsMissing(
            f"{ws.config.trade.mode} mode over several venues needs a key pair of each exchange's "
            f"own: {names}, and their secrets",
            hint="--mode paper",
        )


def _at(ws: Workspace, venue: str) -> Workspace:
    exchange = ws.config.exchange.model_copy(update={"name": venue})
    config = ws.config.model_copy(update={"exchange": exchange})
    return replace(ws, loaded=replace(ws.loaded, config=config))


def _quote(venue: str, ws: Workspace, asked: Asked) -> "Quote":
    from xq.execution.journal import scratch_journal
    from xq.execution.router import Quote
    from xq.live.parent_market import DEPTH
    from xq.types import Symbol

    symbol = Symbol.parse(asked.symbol)
    with planning_desk(ws, asked, scratch_journal) as desk:
        rules = instrument_of(symbol, desk)
        book = desk.market.book(symbol, DEPTH)
    if not (book.bids and book.asks):
        raise UsageError(f"nobody trades {symbol} on {venue}: a side of its book is empty")
    return Quote(venue, book, rules)
