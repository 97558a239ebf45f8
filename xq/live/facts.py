"""What the kill switches look at, gathered from journal, venue and bars."""

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal

from xq.errors import VenueError, VenueRefused
from xq.execution.ledger_records import JournalFlow
from xq.execution.records import JournalFill
from xq.live.desk import Desk, Terms
from xq.live.reconcile import OPENING_PRICE
from xq.risk.measure_equity import EquityAt, Flow
from xq.risk.measure_market import CloseAt
from xq.risk.round_trips import TripTerms
from xq.risk.switches import Switch
from xq.risk.watch import Facts
from xq.timeframe import Timeframe
from xq.types import Account, OrderRequest, Symbol
from xq.venue_types import Mark

_LATE = 2  # bars that a venue may still owe
_OVERLAP_MS = 3_600_000  # a venue may tell of a deposit late


def gather(desk: Desk, terms: Terms, account: Account) -> Facts:
    """Everything known now; what the venue refuses to tell stays unknown, and trips.

    Raises
    ------
    VenueError
        If it cannot be asked: then nothing is sent, and the next look asks again.
    """
    told = sync_flows(desk, terms, account)
    fills = desk.journal.books.fills()
    own = [fill for fill in fills if fill.symbol.is_contract == terms.contracts]
    wall_ms = desk.clock.now_ms()
    ahead = desk.market.now_ms() - wall_ms
    return Facts(
        terms.timeframe,
        account=account,
        equity=_equity(desk, terms, account),
        flows=_flows(desk, terms, account) if told else None,
        fills=own,
        terms=_trip_terms(own, desk, terms),
        fills_read_ms=account.ts,
        closes=_closes(desk, terms),
        calls=None if desk.calls is None else desk.calls.calls(ahead),
    )


def sync_flows(desk: Desk, terms: Terms, account: Account) -> bool:
    """Bring deposits, withdrawals, funding and fees into the journal; False if it is not told."""
    since = desk.journal.cash.last_ms()
    began = desk.journal.books.note(_began(terms))
    if began is None:
        desk.journal.books.set_note(_began(terms), str(account.ts))
        began = str(account.ts)
    since_ms = int(began) if since is None else max(int(began), since - _OVERLAP_MS)
    try:
        found = desk.venue.cash_flows(since_ms)
    except VenueRefused:
        return False
    known = {(flow.kind, flow.venue_id, flow.asset) for flow in desk.journal.cash.all()}
    new = [
        JournalFlow(
            flow.kind.value,
            flow.id,
            flow.asset,
            flow.amount,
            flow.ts,
            flow.kind.is_external,
        )
        for flow in found
        if (flow.kind.value, flow.id, flow.asset) not in known and flow.ts >= int(began)
    ]
    if new:
        desk.journal.cash.add(new)
    return True


def _began(terms: Terms) -> str:
    return f"flows:{terms.wallet}"


def _equity(desk: Desk, terms: Terms, account: Account) -> list[EquityAt]:
    known = (p for p in desk.journal.books.equity() if p.wallet == terms.wallet)
    return [*(EquityAt(p.ts, p.equity) for p in known), EquityAt(account.ts, account.equity)]


def _flows(desk: Desk, terms: Terms, account: Account) -> list[Flow]:
    """Money from and to outside, at today's prices where it is no money."""
    found = []
    for flow in desk.journal.cash.all():
        if flow.external:
            price = _price(flow.asset, desk, terms, account)
            name = f"{flow.kind}:{flow.venue_id}:{flow.asset}"
            found.append(Flow(name, flow.ts_ms, flow.amount * price))
    return found


def _price(asset: str, desk: Desk, terms: Terms, account: Account) -> Decimal:
    """Quote asset for one; 0 for what the venue has no market of, which equity leaves out."""
    quote = terms.symbols[0].quote
    if asset == quote:
        return Decimal(1)
    if terms.contracts:
        return Decimal(0)
    held = next((p for p in account.positions if p.symbol.base == asset), None)
    if held is not None:
        return held.mark_price
    symbol = Symbol(asset, quote)
    if symbol not in desk.market.instruments():
        return Decimal(0)
    return desk.venue.marks(symbol).mark


def mark_of(request: OrderRequest, terms: Terms, ask: Callable[[Symbol], Mark]) -> Mark | None:
    """What an entry on contracts is held against; None where nothing asks for it."""
    entry = request.symbol.is_contract and not request.reduce_only
    return ask(request.symbol) if entry and terms.limits.marked else None


def _trip_terms(fills: Collection[JournalFill], desk: Desk, terms: Terms) -> TripTerms:
    instruments = desk.market.instruments()
    symbols = {fill.symbol for fill in fills}
    lots = {symbol: instruments[symbol].lot for symbol in symbols if symbol in instruments}
    openings = {}
    for symbol in symbols:
        opening = desk.journal.books.opening(symbol)
        told = desk.journal.books.note(f"{OPENING_PRICE}{symbol}")
        if opening is not None and opening[1] and told is not None:
            openings[symbol] = opening[1], Decimal(told)
    strange = {f.fee_asset for f in fills} - {s.base for s in symbols} - {s.quote for s in symbols}
    prices: Mapping[str, Decimal] = {
        asset: price for asset in strange if (price := _fee_price(asset, desk, terms))
    }
    return TripTerms(lots, prices, openings)


def _fee_price(asset: str, desk: Desk, terms: Terms) -> Decimal:
    symbol = Symbol(asset, terms.symbols[0].quote)
    if symbol not in desk.market.instruments():
        return Decimal(0)
    try:
        return desk.venue.marks(symbol).mark
    except VenueError:
        return Decimal(0)  # then the streak is not known, which trips


def _closes(desk: Desk, terms: Terms) -> dict[Symbol, list[CloseAt]] | None:
    rule = terms.rules.get(Switch.VOLATILITY)
    if rule is None or not rule.enabled:
        return None
    count = max((rule.window_ms or 0) // terms.timeframe.ms, 1) + 1 + _LATE
    return {symbol: closes(symbol, terms.timeframe, count, desk) for symbol in terms.symbols}


def closes(symbol: Symbol, timeframe: Timeframe, count: int, desk: Desk) -> list[CloseAt]:
    """The newest closed bars of a symbol."""
    last_ms = timeframe.last_closed(desk.market.now_ms())
    rows = desk.market.bars(symbol, timeframe, timeframe.shift(last_ms, 1 - count), count)
    return [CloseAt(int(row[0]), float(row[4])) for row in rows if int(row[0]) <= last_ms]
