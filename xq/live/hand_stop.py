"""The stop that an entry by hand was asked for with: placed at once, after a death by the next."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from xq.errors import TradingHalted, XqError
from xq.execution.ledger_records import Event, Severity
from xq.execution.orders import OrderState
from xq.execution.records import JournalOrder
from xq.live.by_hand import NOBODY
from xq.live.desk import Desk, Terms
from xq.live.legs import HAND
from xq.live.plan import to_lot
from xq.live.reconcile import position_of
from xq.live.reducing import is_working, place, way_out
from xq.types import OrderRequest, OrderType, Symbol

_NOTE = "hand_stops"
_NEVER = (OrderState.REJECTED, OrderState.NOT_SENT, OrderState.LOST)


@dataclass(frozen=True, slots=True)
class Kept:
    """What was done for promised stops, and what went wrong."""

    notes: tuple[str, ...] = ()
    problems: tuple[XqError, ...] = ()


def promise(symbol: Symbol, client_id: str, stop_price: Decimal, desk: Desk) -> None:
    """Write down, before an entry is sent, which stop its fills are to have."""
    told = {"entry": client_id, "stop_price": str(stop_price)}
    _remember(_promises(desk) | {str(symbol): told}, desk)


def due(symbols: Iterable[Symbol], desk: Desk) -> tuple[Symbol, ...]:
    """Those of the symbols whose promised stop is not known to rest yet."""
    told = _promises(desk)
    return tuple(symbol for symbol in symbols if str(symbol) in told) if told else ()


def keep(symbol: Symbol, desk: Desk, terms: Terms) -> Kept:
    """Place the promised stop of a symbol; what it should guard is closed if it is refused.

    Raises
    ------
    VenueError
        If the venue cannot be asked; the promise stays.
    """
    told = _promises(desk).get(str(symbol))
    if told is None:
        return Kept()
    entry = desk.journal.order(told["entry"]) if desk.journal.has_order(told["entry"]) else None
    if entry is not None and not entry.state.is_final:
        return Kept()
    position = position_of(symbol, desk.venue.account())
    stop_price = Decimal(told["stop_price"])
    if entry is None or not _guards(entry, position) or _rests(entry, stop_price, desk):
        _fulfilled(symbol, desk)
        return Kept()
    lot = desk.market.instruments()[symbol].lot
    quantity = to_lot(min(entry.filled, abs(position)), lot)
    by_hand = replace(terms, strategy=NOBODY)
    draft = OrderRequest(
        symbol, way_out(position), OrderType.STOP_MARKET, quantity, "-", stop_price=stop_price
    )
    stop = place(draft, HAND, position, stop_price, desk, by_hand)
    if is_working(stop) or stop.state is OrderState.FILLED:
        _fulfilled(symbol, desk)
        return Kept((f"{symbol}: a stop of {quantity:f} at {stop_price:f} rests",))
    if stop.state is not OrderState.REJECTED:
        text = f"the stop of {quantity:f} {symbol} is {stop.state}: {stop.reason}"
        return Kept(problems=(TradingHalted(text, hint="xq status"),))
    return _leave(symbol, quantity, stop, position, desk, by_hand)


def _leave(
    symbol: Symbol,
    quantity: Decimal,
    stop: JournalOrder,
    position: Decimal,
    desk: Desk,
    terms: Terms,
) -> Kept:
    """What no stop will guard is closed at market."""
    draft = OrderRequest(symbol, way_out(position), OrderType.MARKET, quantity, "-")
    order = place(draft, HAND, position, stop.expected_price, desk, terms)
    if order.state is OrderState.FILLED:
        _fulfilled(symbol, desk)
    text = (
        f"{symbol}: the stop was refused ({stop.reason}); of {quantity:f}, "
        f"{order.filled:f} were closed at market"
    )
    now_ms = desk.market.now_ms()
    desk.journal.events.append(Event(now_ms, "unprotected", Severity.ALARM, text))
    return Kept(problems=(TradingHalted(text, hint="xq positions"),))


def _guards(entry: JournalOrder, position: Decimal) -> bool:
    """Whether what an entry opened is still held."""
    return bool(entry.filled) and entry.side.sign * position > 0


def _rests(entry: JournalOrder, stop_price: Decimal, desk: Desk) -> bool:
    """Whether the stop was sent before: a run may have died before it could say so."""
    return any(
        (order.leg, order.type, order.stop_price) == (HAND, OrderType.STOP_MARKET, stop_price)
        and order.created_ms >= entry.created_ms
        and order.state not in _NEVER
        for order in desk.journal.orders(symbol=entry.symbol)
    )


def _promises(desk: Desk) -> dict[str, dict[str, str]]:
    told = desk.journal.books.note(_NOTE)
    found: dict[str, dict[str, str]] = {} if told is None else json.loads(told)
    return found


def _fulfilled(symbol: Symbol, desk: Desk) -> None:
    _remember({name: told for name, told in _promises(desk).items() if name != str(symbol)}, desk)


def _remember(promises: dict[str, dict[str, str]], desk: Desk) -> None:
    desk.journal.books.set_note(_NOTE, json.dumps(promises))
