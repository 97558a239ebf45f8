"""How the ledger's tables look, and how records become rows and back.

The columns of a table stand in the order of the record's fields.
"""

from dataclasses import fields
from decimal import Decimal
from enum import Enum
from typing import Any

from xq.sim.instruments import Face
from xq.sim.records import Account, Kind, Posting, SimFill, SimOrder, SimPosition
from xq.types import OrderStatus, OrderType, Side, TimeInForce

VERSION = 1

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, face TEXT NOT NULL, symbol TEXT NOT NULL, client_id TEXT NOT NULL,
    side TEXT NOT NULL, type TEXT NOT NULL, time_in_force TEXT NOT NULL, price TEXT NOT NULL,
    quantity TEXT NOT NULL, quote_quantity TEXT NOT NULL, reduce_only INTEGER NOT NULL,
    status TEXT NOT NULL, filled TEXT NOT NULL, filled_quote TEXT NOT NULL,
    created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL);
CREATE INDEX orders_by_symbol ON orders (face, symbol, id);
CREATE INDEX orders_by_client_id ON orders (face, symbol, client_id);
CREATE INDEX orders_resting ON orders (status) WHERE status IN ('new', 'partially_filled');
CREATE TABLE fills (
    id INTEGER PRIMARY KEY, face TEXT NOT NULL, order_id INTEGER NOT NULL, symbol TEXT NOT NULL,
    side TEXT NOT NULL, price TEXT NOT NULL, quantity TEXT NOT NULL, fee TEXT NOT NULL,
    fee_asset TEXT NOT NULL, realized TEXT NOT NULL, maker INTEGER NOT NULL, ts INTEGER NOT NULL);
CREATE INDEX fills_by_symbol ON fills (face, symbol, id);
CREATE INDEX fills_by_order ON fills (order_id);
CREATE TABLE postings (
    tx INTEGER NOT NULL, ts INTEGER NOT NULL, face TEXT NOT NULL, kind TEXT NOT NULL,
    account TEXT NOT NULL, asset TEXT NOT NULL, amount TEXT NOT NULL, symbol TEXT NOT NULL,
    reference INTEGER NOT NULL);
CREATE INDEX postings_by_account ON postings (face, account, ts);
CREATE TABLE balances (
    face TEXT NOT NULL, account TEXT NOT NULL, asset TEXT NOT NULL, amount TEXT NOT NULL,
    PRIMARY KEY (face, account, asset)) WITHOUT ROWID;
CREATE TABLE positions (
    symbol TEXT PRIMARY KEY, quantity TEXT NOT NULL, cost TEXT NOT NULL,
    updated_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE leverages (symbol TEXT PRIMARY KEY, leverage INTEGER NOT NULL) WITHOUT ROWID;
"""


Row = tuple[Any, ...]
Record = SimOrder | SimFill | Posting | SimPosition


def insert(table: str, columns: int) -> str:
    """The statement that writes a row, replacing one of the same key.

    Examples
    --------
    >>> insert("leverages", 2)
    'INSERT OR REPLACE INTO leverages VALUES (?, ?)'
    """
    places = ", ".join("?" * columns)
    return f"INSERT OR REPLACE INTO {table} VALUES ({places})"  # noqa: S608 - names of ours


def to_row(record: Record) -> Row:
    """A record's fields in order, as SQLite stores them: decimals and words as text."""
    return tuple(_stored(getattr(record, item.name)) for item in fields(record))


def _stored(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Enum):
        return value.value
    return int(value) if isinstance(value, bool) else value


def order_of(row: Row) -> SimOrder:
    """The order of a row."""
    number, face, symbol, client_id, side, kind, in_force, price, quantity, quote = row[:10]
    reduce_only, status, filled, filled_quote, created_ms, updated_ms = row[10:]
    return SimOrder(
        id=number,
        face=Face(face),
        symbol=symbol,
        client_id=client_id,
        side=Side(side),
        type=OrderType(kind),
        time_in_force=TimeInForce(in_force),
        price=Decimal(price),
        quantity=Decimal(quantity),
        quote_quantity=Decimal(quote),
        reduce_only=bool(reduce_only),
        status=OrderStatus(status),
        filled=Decimal(filled),
        filled_quote=Decimal(filled_quote),
        created_ms=created_ms,
        updated_ms=updated_ms,
    )


def fill_of(row: Row) -> SimFill:
    """The fill of a row."""
    number, face, order_id, symbol, side, price, quantity, fee, asset, realized, maker, ts = row
    return SimFill(
        id=number,
        face=Face(face),
        order_id=order_id,
        symbol=symbol,
        side=Side(side),
        price=Decimal(price),
        quantity=Decimal(quantity),
        fee=Decimal(fee),
        fee_asset=asset,
        realized=Decimal(realized),
        maker=bool(maker),
        ts=ts,
    )


def posting_of(row: Row) -> Posting:
    """The posting of a row."""
    number, ts, face, kind, account, asset, amount, symbol, reference = row
    return Posting(
        transaction=number,
        ts=ts,
        face=Face(face),
        kind=Kind(kind),
        account=Account(account),
        asset=asset,
        amount=Decimal(amount),
        symbol=symbol,
        reference=reference,
    )


def position_of(row: Row) -> SimPosition:
    """The position of a row."""
    symbol, quantity, cost, updated_ms = row
    return SimPosition(symbol, Decimal(quantity), Decimal(cost), updated_ms)
