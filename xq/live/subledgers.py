"""Sub-ledgers: which strategy holds what of a position that several trade as one."""

import json
from decimal import Decimal

from xq.execution.ledger_records import ShareEntry
from xq.live.by_hand import NOBODY, aside
from xq.live.desk import Desk, Forecast, Terms
from xq.portfolio.netting import allocate
from xq.types import Symbol


def want(forecast: Forecast, equity: Decimal, desk: Desk) -> None:
    """Write down what every strategy wants to hold, before anything is sent for it."""
    for symbol, close in forecast.closes.items():
        wants = {
            name: str(Decimal(str(weights.get(symbol, 0.0))) * equity / close)
            for name, weights in forecast.parts.items()
        }
        if symbol in forecast.untold or not wants:
            continue
        text = json.dumps({"of": wants, "price": str(close), "bar_ms": forecast.bar_ms})
        desk.journal.books.set_note(f"wants:{symbol}", text)


def settle(desk: Desk, terms: Terms) -> None:
    """Book what changed hands since: at the last fill's price, inside at the decision's close.

    The entries of one change are one transaction, and together they are what the books moved by:
    the sub-ledgers of a symbol add up to its position at every moment.
    """
    books, shares = desk.journal.books, desk.journal.shares
    for symbol in terms.symbols:
        told = books.note(f"wants:{symbol}")
        if told is None or books.opening(symbol) is None:
            continue
        known = json.loads(told)
        wants = {name: Decimal(quantity) for name, quantity in known["of"].items()}
        held, by_hand = shares.held(symbol), aside(symbol, desk)
        wants |= {name: Decimal(0) for name in held if name not in (NOBODY, *wants)}
        lot = desk.market.instruments()[symbol].lot
        lots = {name: int(quantity / lot) * lot for name, quantity in wants.items()}
        parts = allocate(lots, books.position(symbol) - by_hand, lot)
        if by_hand or NOBODY in held:
            parts[NOBODY] = by_hand
        _book(symbol, parts, Decimal(known["price"]), desk)


def _book(symbol: Symbol, parts: dict[str, Decimal], price: Decimal, desk: Desk) -> None:
    shares = desk.journal.shares
    moved = {name: part - shares.of(symbol, name) for name, part in parts.items()}
    moved = {name: change for name, change in moved.items() if change}
    if not moved:
        return
    fills = desk.journal.books.fills(symbol=symbol)
    if sum(moved.values(), Decimal(0)) and fills:
        price = fills[-1].price
    now_ms = desk.market.now_ms()
    source = f"netting:{desk.journal.books.revision}"
    shares.book(
        ShareEntry(symbol, source, name, change, price, now_ms) for name, change in moved.items()
    )
