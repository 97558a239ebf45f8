"""``xq positions``, ``fills`` and ``equity``: what the journal and the venue say."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from xq.api.trade import account_name, journal_place
from xq.api.venues import trading_venue
from xq.api.workspace import Workspace
from xq.errors import NoData

if TYPE_CHECKING:
    from xq.execution.journal import Journal
    from xq.types import Account, Symbol

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FillRow:
    """One execution; ``client_id`` is None for an order that was not ours."""

    ts: datetime
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    client_id: str | None
    fill_id: str


@dataclass(frozen=True, slots=True)
class PositionRow:
    """What is held of one symbol.

    Attributes
    ----------
    books, venue
        Signed quantity by the journal's fills and by the venue; None if not asked or not kept.
    agrees
        Whether both are known and equal to within a lot.
    """

    symbol: str
    books: Decimal | None
    venue: Decimal | None
    agrees: bool | None
    price: Decimal | None
    notional: Decimal | None
    unrealized_pnl: Decimal | None


@dataclass(frozen=True, slots=True)
class EquityRow:
    """Equity and cash after a decision, quote asset."""

    ts: datetime
    equity: Decimal
    cash: Decimal
    strategy: str
    wallet: str


def wallets(ws: Workspace, symbol: str | None = None) -> "tuple[tuple[Symbol, ...], ...]":
    """Symbols that are traded or held, or one, by the wallet that pays for them."""
    named = symbol_of(symbol)
    if named is not None:
        return ((named,),)
    try:
        with reading(ws) as journal:
            known = journal.books.symbols()
    except NoData:
        known = ()
    found: dict[tuple[bool, str], dict[Symbol, None]] = {}
    for each in (*_traded(ws), *known):
        found.setdefault((each.is_contract, each.quote), {})[each] = None
    return tuple(map(tuple, found.values()))


def fills(
    ws: Workspace, *, symbol: str | None = None, limit: int | None = None
) -> tuple[FillRow, ...]:
    """The journal's fills, newest first. Raises `NoData` if nothing has been traded."""
    with reading(ws) as journal:
        found = journal.books.fills(symbol=symbol_of(symbol))
    return tuple(
        FillRow(
            moment(fill.ts),
            str(fill.symbol),
            fill.side.value,
            fill.quantity,
            fill.price,
            fill.fee,
            fill.fee_asset,
            fill.client_id,
            fill.fill_id,
        )
        for fill in reversed(newest(found, limit))
    )


def equity(ws: Workspace, *, limit: int | None = None) -> tuple[EquityRow, ...]:
    """The journal's equity, oldest first. Raises `NoData` if nothing has been traded."""
    with reading(ws) as journal:
        found = journal.books.equity()
    return tuple(
        EquityRow(moment(point.ts), point.equity, point.cash, point.strategy, point.wallet)
        for point in newest(found, limit)
    )


def positions(ws: Workspace, *, ask_venue: bool = True) -> tuple[PositionRow, ...]:
    """What is held by the journal's books and by the venue, side by side.

    Parameters
    ----------
    ask_venue
        Whether to read the venue's accounts, those of ``trade.symbols`` and of every symbol in
        the books; nothing is ever sent.

    Raises
    ------
    VenueError
        If the venue cannot be asked.
    NoData
        If it is not asked and nothing has been traded.
    """
    if not ask_venue:
        with reading(ws) as journal:
            by_books = _by_books(journal)
        return tuple(_position_row(s, by_books[s], None, None, Decimal(0)) for s in by_books)
    try:
        with reading(ws) as journal:
            by_books = _by_books(journal)
    except NoData:
        by_books = {}
    return tuple(
        row
        for symbols in wallets(ws)
        for row in _in_wallet(
            trading_only(ws, symbols), {s: q for s, q in by_books.items() if s in symbols}
        )
    )


def _in_wallet(ws: Workspace, by_books: "Mapping[Symbol, Decimal]") -> tuple[PositionRow, ...]:
    """What the workspace's wallet holds, beside the books of the symbols it pays for."""
    with trading_venue(ws, ws.config.trade.mode) as (market, venue):
        account = venue.account()
        known = market.instruments()
        held = {position.symbol for position in account.positions if position.quantity}
        symbols = sorted(held | set(by_books))
        return tuple(
            _position_row(
                symbol,
                by_books.get(symbol),
                account,
                Decimal(0),
                known[symbol].lot if symbol in known else Decimal(0),
            )
            for symbol in symbols
        )


def _position_row(
    symbol: "Symbol",
    by_books: Decimal | None,
    account: "Account | None",
    nothing: Decimal | None,
    lot: Decimal,
) -> PositionRow:
    found = next((p for p in account.positions if p.symbol == symbol), None) if account else None
    at_venue = found.quantity if found else nothing
    price = found.mark_price if found else None
    agrees = None
    if by_books is not None and at_venue is not None:
        agrees = by_books == at_venue or abs(by_books - at_venue) < lot
    return PositionRow(
        str(symbol),
        by_books,
        at_venue,
        agrees,
        price,
        found.quantity * found.mark_price if found else None,
        found.unrealized_pnl if found and symbol.is_contract else None,
    )


def _by_books(journal: "Journal") -> "dict[Symbol, Decimal]":
    return {symbol: journal.books.position(symbol) for symbol in journal.books.symbols()}


def _traded(ws: Workspace) -> "tuple[Symbol, ...]":
    from xq.types import Symbol

    return tuple(Symbol.parse(text) for text in ws.config.trade.symbols)


def trading_only(ws: Workspace, symbols: "Iterable[Symbol]") -> Workspace:
    """The workspace as if its configuration traded these."""
    trade = ws.config.trade.model_copy(update={"symbols": tuple(map(str, symbols))})
    config = ws.config.model_copy(update={"trade": trade})
    return replace(ws, loaded=replace(ws.loaded, config=config))


@contextmanager
def reading(ws: Workspace) -> "Iterator[Journal]":
    """The account's journal. Raises `NoData` if nothing has been traded in this mode."""
    from xq.execution.journal import read_journal

    with read_journal(journal_place(ws), account_name(ws)) as journal:
        yield journal


def symbol_of(text: str | None) -> "Symbol | None":
    """The symbol that was named, if one was."""
    from xq.types import Symbol

    return None if text is None else Symbol.parse(text)


def newest(found: Sequence[T], limit: int | None) -> Sequence[T]:
    """The last rows, all without a limit."""
    return found if limit is None else found[len(found) - min(limit, len(found)) :]


def moment(ts_ms: int) -> datetime:
    """A time as tables and programs show it."""
    return datetime.fromtimestamp(ts_ms / 1000, UTC)
