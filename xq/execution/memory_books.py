"""The journal's books in memory; see `xq.execution.memory`."""

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from xq.execution.books import OPENING, Books
from xq.execution.records import EquityPoint, JournalFill
from xq.execution.store import Revisions
from xq.types import Fill, Symbol

_ZERO = Decimal(0)


@dataclass(slots=True)
class _Shelf:
    """One symbol: its fills in order of time and number, and what they add up to."""

    order: list[tuple[int, str]] = field(default_factory=list)
    fills: dict[str, JournalFill] = field(default_factory=dict)
    total: Decimal = _ZERO


_EMPTY = _Shelf()


class MemoryBooks(Books):
    """`Books` without a file."""

    def __init__(self, revisions: Revisions) -> None:
        self._revisions = revisions
        self._notes: dict[str, str] = {"mirrored": "0"}
        self._shelves: dict[Symbol, _Shelf] = {}
        self._written: dict[tuple[Symbol, str], int] = {}
        self._by_client_id: dict[str, list[JournalFill]] = {}
        self._openings: dict[Symbol, tuple[int, Decimal]] = {}
        self._points: dict[tuple[int, str, str], tuple[int, EquityPoint]] = {}

    def opening(self, symbol: Symbol) -> tuple[int, Decimal] | None:
        """When a symbol's books were opened (venue time) and what was held then."""
        return self._openings.get(symbol)

    def open(self, symbol: Symbol, ts_ms: int, held: Decimal) -> None:
        """Open the books of a symbol with what the venue says is held."""
        super().open(symbol, ts_ms, held)
        self._openings[symbol] = ts_ms, held

    def symbols(self) -> tuple[Symbol, ...]:
        """Every symbol whose books are open."""
        names = sorted(name for name in self._notes if name.startswith(OPENING))
        return tuple(Symbol.parse(name.removeprefix(OPENING)) for name in names)

    def position(self, symbol: Symbol) -> Decimal:
        """Signed quantity by the books: opening, plus fills, less fees paid in base asset."""
        opening, shelf = self.opening(symbol), self._shelves.get(symbol)
        return (opening[1] if opening else _ZERO) + (shelf.total if shelf else _ZERO)

    def add_fills(self, fills: Sequence[tuple[Fill, str | None]]) -> int:
        """Add the fills that are not there yet, each with its order's client id; how many."""
        added = 0
        for fill, client_id in fills:
            shelf = self._shelves.get(fill.symbol)
            if shelf is None:
                shelf = self._shelves[fill.symbol] = _Shelf()
            if fill.fill_id in shelf.fills:
                continue
            self._add(shelf, _kept(fill, client_id))
            added += 1
        return added

    def _add(self, shelf: _Shelf, fill: JournalFill) -> None:
        insort(shelf.order, (fill.ts, fill.fill_id))
        shelf.fills[fill.fill_id] = fill
        shelf.total += fill.side.sign * fill.quantity
        if fill.fee_asset == fill.symbol.base and not fill.symbol.is_contract:
            shelf.total -= fill.fee
        self._written[fill.symbol, fill.fill_id] = self._revisions.next()
        if fill.client_id is not None:
            self._by_client_id.setdefault(fill.client_id, []).append(fill)

    def last_fill_ms(self, symbol: Symbol) -> int | None:
        """Venue time of the newest fill of a symbol."""
        shelf = self._shelves.get(symbol)
        return shelf.order[-1][0] if shelf else None

    def fills(
        self,
        *,
        symbol: Symbol | None = None,
        client_id: str | None = None,
        after: int = 0,
        since_ms: int | None = None,
    ) -> tuple[JournalFill, ...]:
        """Fills written after a revision, at or after a venue time, oldest first."""
        if client_id is not None:
            found = self._by_client_id.get(client_id, [])
            if len(found) < 2 and symbol is None and since_ms is None and not after:
                return tuple(found)
        elif symbol is not None and not after:
            return tuple(_from(self._shelves.get(symbol, _EMPTY), since_ms))
        else:
            shelves = self._shelves.items()
            chosen = [shelf for name, shelf in shelves if symbol in (None, name)]
            found = [fill for shelf in chosen for fill in _from(shelf, since_ms)]
        kept = (
            fill
            for fill in found
            if symbol in (None, fill.symbol)
            and (since_ms is None or fill.ts >= since_ms)
            and (not after or self._written[fill.symbol, fill.fill_id] > after)
        )
        return tuple(sorted(kept, key=lambda fill: (fill.ts, fill.fill_id)))

    def owners(self, symbol: Symbol, fills: Sequence[Fill]) -> dict[str, str | None]:
        """Whose those of some fills are that the books hold: client ids by number of the fill."""
        known = self._shelves.get(symbol, _EMPTY).fills
        numbers = [fill.fill_id for fill in fills]
        return {number: known[number].client_id for number in numbers if number in known}

    def add_equity(self, point: EquityPoint) -> None:
        """Record equity; a second point of the same time replaces the first."""
        key = point.ts, point.strategy, point.wallet
        self._points[key] = self._revisions.next(), point

    def equity(self, *, after: int = 0) -> tuple[EquityPoint, ...]:
        """Equity written after a revision, oldest first."""
        rows = [point for revision, point in self._points.values() if revision > after]
        return tuple(sorted(rows, key=lambda point: point.ts))

    def note(self, name: str) -> str | None:
        """A named value, or None."""
        return str(self._revisions.value) if name == "revision" else self._notes.get(name)

    def set_note(self, name: str, value: str) -> None:
        """Keep a named value."""
        self._revisions.next()
        self._notes[name] = value


def _from(shelf: _Shelf, since_ms: int | None) -> list[JournalFill]:
    first = 0 if since_ms is None else bisect_left(shelf.order, (since_ms, ""))
    return [shelf.fills[number] for _, number in shelf.order[first:]]


def _kept(fill: Fill, client_id: str | None) -> JournalFill:
    return JournalFill(
        symbol=fill.symbol,
        fill_id=fill.fill_id,
        client_id=client_id,
        venue_order_id=fill.order_id,
        side=fill.side,
        price=fill.price,
        quantity=fill.quantity,
        fee=fill.fee,
        fee_asset=fill.fee_asset,
        ts=fill.ts,
        maker=fill.maker,
    )
