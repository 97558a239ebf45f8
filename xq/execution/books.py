"""The journal's books: fills, equity, and what they say is held."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from xq.execution import schema
from xq.execution.records import EquityPoint, JournalFill
from xq.execution.store import Store, Write
from xq.types import Fill, Symbol

OPENING = "opening:"


class Books:
    """Fills and equity, and a note of what was held before the first of them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def opening(self, symbol: Symbol) -> tuple[int, Decimal] | None:
        """When a symbol's books were opened (venue time) and what was held then."""
        text = self.note(f"{OPENING}{symbol}")
        if text is None:
            return None
        ts, _, quantity = text.partition(" ")
        return int(ts), Decimal(quantity)

    def symbols(self) -> tuple[Symbol, ...]:
        """Every symbol whose books are open."""
        names = schema.meta.c.name
        query = sa.select(names).where(names.startswith(OPENING)).order_by(names)
        with self._store.read() as connection:
            found = connection.execute(query).scalars()
            return tuple(Symbol.parse(name.removeprefix(OPENING)) for name in found)

    def open(self, symbol: Symbol, ts_ms: int, held: Decimal) -> None:
        """Open the books of a symbol with what the venue says is held."""
        self.set_note(f"{OPENING}{symbol}", f"{ts_ms} {held}")

    def adopt(self, symbol: Symbol, held: Decimal) -> None:
        """Correct the opening so that the books say what the venue says is held."""
        opening = self.opening(symbol) or (0, Decimal(0))
        self.open(symbol, opening[0], opening[1] + held - self.position(symbol))

    def position(self, symbol: Symbol) -> Decimal:
        """Signed quantity by the books: opening, plus fills, less fees paid in base asset."""
        opening = self.opening(symbol)
        held = opening[1] if opening else Decimal(0)
        for fill in self.fills(symbol=symbol):
            held += fill.side.sign * fill.quantity
            if fill.fee_asset == symbol.base and not symbol.is_contract:
                held -= fill.fee
        return held

    def add_fills(self, fills: Sequence[tuple[Fill, str | None]]) -> int:
        """Add the fills that are not there yet, each with its order's client id; how many."""
        added = 0
        with self._store.write() as write:
            for fill, client_id in fills:
                if not _is_known(fill, write):
                    write.insert(schema.fills, _row(fill, client_id))
                    added += 1
        return added

    def last_fill_ms(self, symbol: Symbol) -> int | None:
        """Venue time of the newest fill of a symbol."""
        table = schema.fills
        newest = sa.select(sa.func.max(table.c.ts_ms)).where(table.c.symbol == symbol)
        with self._store.read() as connection:
            found = connection.execute(newest).scalar()
        return None if found is None else int(found)

    def fills(
        self,
        *,
        symbol: Symbol | None = None,
        client_id: str | None = None,
        after: int = 0,
        since_ms: int | None = None,
    ) -> tuple[JournalFill, ...]:
        """Fills written after a revision, at or after a venue time, oldest first."""
        query = sa.select(schema.fills).where(schema.fills.c.revision > after)
        query = query.order_by(schema.fills.c.ts_ms, schema.fills.c.fill_id)
        if symbol is not None:
            query = query.where(schema.fills.c.symbol == symbol)
        if client_id is not None:
            query = query.where(schema.fills.c.client_id == client_id)
        if since_ms is not None:
            query = query.where(schema.fills.c.ts_ms >= since_ms)
        with self._store.read() as connection:
            return tuple(_fill(row) for row in connection.execute(query))

    def owners(self, symbol: Symbol, fills: Sequence[Fill]) -> dict[str, str | None]:
        """Whose those of some fills are that the books hold: client ids by number of the fill."""
        kept = self.fills(symbol=symbol, since_ms=min(fill.ts for fill in fills))
        return {fill.fill_id: fill.client_id for fill in kept}

    def add_equity(self, point: EquityPoint) -> None:
        """Record equity; a second point of the same time replaces the first."""
        values = {
            "ts_ms": point.ts,
            "strategy": point.strategy,
            "wallet": point.wallet,
            "equity": point.equity,
            "cash": point.cash,
        }
        with self._store.write() as write:
            write.put(schema.equity, values)

    def equity(self, *, after: int = 0) -> tuple[EquityPoint, ...]:
        """Equity written after a revision, oldest first."""
        query = sa.select(schema.equity).where(schema.equity.c.revision > after)
        query = query.order_by(schema.equity.c.ts_ms)
        with self._store.read() as connection:
            return tuple(
                EquityPoint(row.ts_ms, row.equity, row.cash, row.strategy, row.wallet)
                for row in connection.execute(query)
            )

    @property
    def revision(self) -> int:
        """Revision of the newest write."""
        return int(self.note("revision") or 0)

    @property
    def mirrored(self) -> int:
        """Revision up to which the lake has a copy."""
        return int(self.note("mirrored") or 0)

    def set_mirrored(self, revision: int) -> None:
        """Remember that the lake has everything up to a revision."""
        self.set_note("mirrored", str(revision))

    def note(self, name: str) -> str | None:
        """A named value, or None."""
        query = sa.select(schema.meta.c.value).where(schema.meta.c.name == name)
        with self._store.read() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else str(found)

    def set_note(self, name: str, value: str) -> None:
        """Keep a named value."""
        with self._store.write() as write:
            write.put(schema.meta, {"name": name, "value": value})


def _fill(row: Any) -> JournalFill:
    return JournalFill(
        symbol=row.symbol,
        fill_id=row.fill_id,
        client_id=row.client_id,
        venue_order_id=row.venue_order_id,
        side=row.side,
        price=row.price,
        quantity=row.quantity,
        fee=row.fee,
        fee_asset=row.fee_asset,
        ts=row.ts_ms,
        maker=row.maker,
    )


def _is_known(fill: Fill, write: Write) -> bool:
    table = schema.fills.c
    same = (table.symbol == fill.symbol) & (table.fill_id == fill.fill_id)
    return write.connection.execute(sa.select(table.fill_id).where(same)).first() is not None


def _row(fill: Fill, client_id: str | None) -> dict[str, Any]:
    return {
        "symbol": fill.symbol,
        "fill_id": fill.fill_id,
        "client_id": client_id,
        "venue_order_id": fill.order_id,
        "side": fill.side,
        "price": fill.price,
        "quantity": fill.quantity,
        "fee": fill.fee,
        "fee_asset": fill.fee_asset,
        "ts_ms": fill.ts,
        "maker": fill.maker,
    }
