"""The journal's tables of money, parents, sub-ledgers, switches and events.

Each holds one record a row, its columns named as the record's fields; see `xq.execution.rows`.
"""

import sqlalchemy as sa

from xq.execution.columns import WORDS, Exact, Market, Word
from xq.execution.ledger_records import ParentStatus, Severity
from xq.execution.schema import chain, column, key, metadata
from xq.types import Side

cash_flows = sa.Table(
    "cash_flows",
    metadata,
    key("kind", WORDS),
    key("venue_id", WORDS),
    key("asset", WORDS),
    column("amount", Exact),
    column("ts_ms", sa.BigInteger, index=True),
    column("external", sa.Boolean),
    sa.Column("symbol", Market),
    column("revision", sa.Integer),
)

positions = sa.Table(
    "positions",
    metadata,
    key("ts_ms", sa.BigInteger, autoincrement=False),
    key("symbol", Market),
    column("quantity", Exact),
    column("entry_price", Exact),
    column("mark_price", Exact),
    column("unrealized_pnl", Exact),
    column("leverage", Exact),
    sa.Column("liquidation_price", Exact),
    column("revision", sa.Integer),
)

parents = sa.Table(
    "parents",
    metadata,
    key("parent_id", WORDS),
    column("symbol", Market),
    column("strategy", sa.Text),
    column("algo", sa.Text),
    column("side", Word(Side)),
    column("quantity", Exact),
    column("plan", sa.Text),
    column("progress", sa.Text),
    column("status", Word(ParentStatus), index=True),
    column("reason", sa.Text),
    column("created_ms", sa.BigInteger),
    column("updated_ms", sa.BigInteger),
    column("revision", sa.Integer),
)

shares = sa.Table(
    "shares",
    metadata,
    key("symbol", Market),
    key("strategy", WORDS),
    column("quantity", Exact),
    column("revision", sa.Integer),
)

share_entries = sa.Table(
    "share_entries",
    metadata,
    key("symbol", Market),
    key("source", WORDS),
    key("strategy", WORDS),
    column("quantity", Exact),
    column("price", Exact),
    column("ts_ms", sa.BigInteger),
    column("revision", sa.Integer),
)

switches = sa.Table(
    "switches",
    metadata,
    key("name", WORDS),
    sa.Column("tripped_ms", sa.BigInteger),
    sa.Column("cause", sa.Text),
    sa.Column("action", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("reading", Exact),
    sa.Column("threshold", Exact),
    sa.Column("tripped_by", sa.Text),
    sa.Column("rearmed_ms", sa.BigInteger),
    sa.Column("rearmed_by", sa.Text),
    sa.Column("rearmed_why", sa.Text),
    column("revision", sa.Integer),
)

risk_events = sa.Table(
    "risk_events",
    metadata,
    key("number", sa.Integer, autoincrement=False),
    column("ts_ms", sa.BigInteger),
    column("kind", sa.Text),
    column("text", sa.Text),
    sa.Column("switch", sa.Text),
    sa.Column("action", sa.Text),
    sa.Column("reading", Exact),
    sa.Column("threshold", Exact),
    sa.Column("symbol", Market),
    sa.Column("client_id", sa.Text),
    sa.Column("who", sa.Text),
    column("revision", sa.Integer),
)

events = sa.Table(
    "events",
    metadata,
    key("number", sa.Integer, autoincrement=False),
    column("ts_ms", sa.BigInteger),
    column("kind", sa.Text),
    column("severity", Word(Severity)),
    column("text", sa.Text),
    column("facts", sa.Text),
    column("revision", sa.Integer),
)

TABLES = tuple(table for table in metadata.sorted_tables if table is not chain)
"""Every table that the chain tells of."""
