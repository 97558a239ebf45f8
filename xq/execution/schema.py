"""The journal's tables of decisions, orders, fills and equity, and the chain over all of them."""

from functools import partial
from typing import Any

import sqlalchemy as sa

from xq.execution.columns import WORDS, Exact, Market, Word
from xq.execution.orders import OrderState
from xq.types import OrderType, Side, TimeInForce

VERSION = 2

metadata = sa.MetaData()


def column(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    """A column that must be filled."""
    return sa.Column(name, kind, *more, nullable=False, **options)


key = partial(sa.Column, primary_key=True)

meta = sa.Table("meta", metadata, key("name", WORDS), column("value", sa.Text))

chain = sa.Table(
    "chain",
    metadata,
    key("sequence", sa.BigInteger, autoincrement=False),
    column("revision", sa.Integer),
    column("at_ms", sa.BigInteger),
    column("kind", sa.Text),
    column("subject", sa.Text, index=True),
    column("content", sa.Text),
    column("previous", sa.Text),
    column("hash", sa.Text),
)

decisions = sa.Table(
    "decisions",
    metadata,
    key("id", sa.Integer),
    column("account", sa.Text),
    column("strategy", sa.Text),
    column("timeframe", sa.Text),
    column("symbols", sa.Text),
    column("bar_ms", sa.BigInteger),
    column("status", sa.Text),
    column("attempt", sa.Integer),
    column("created_ms", sa.BigInteger),
    column("revision", sa.Integer),
    sa.UniqueConstraint("account", "strategy", "timeframe", "symbols", "bar_ms"),
)

signals = sa.Table(
    "signals",
    metadata,
    key("decision_id", sa.ForeignKey("decisions.id")),
    key("symbol", Market),
    column("weight", sa.Float),
    column("close", Exact),
    column("position", Exact),
    column("target", Exact),
    column("reached", sa.Boolean),
    column("note", sa.Text),
    column("revision", sa.Integer),
)

orders = sa.Table(
    "orders",
    metadata,
    key("client_id", WORDS),
    column("number", sa.Integer),  # the revision that wrote the intent: the order of intents
    sa.Column("decision_id", sa.ForeignKey("decisions.id")),
    column("symbol", Market),
    column("leg", sa.Text),
    column("side", Word(Side)),
    column("type", Word(OrderType)),
    column("quantity", Exact),
    column("reduce_only", sa.Boolean),
    sa.Column("price", Exact),
    sa.Column("stop_price", Exact),
    sa.Column("time_in_force", Word(TimeInForce)),
    column("expected_price", Exact),
    column("position_before", Exact),
    column("state", Word(OrderState), index=True),
    sa.Column("venue_id", sa.Text, index=True),
    column("filled", Exact),
    sa.Column("average_price", Exact),
    sa.Column("code", sa.Text),
    column("reason", sa.Text),
    column("venue_ms", sa.BigInteger),
    column("created_ms", sa.BigInteger),
    sa.Column("parent_id", sa.Text, index=True),
    column("strategy", sa.Text),
    column("revision", sa.Integer),
)

moves = sa.Table(
    "moves",
    metadata,
    key("id", sa.Integer),
    column("client_id", sa.ForeignKey("orders.client_id")),
    column("before", Word(OrderState)),
    column("after", Word(OrderState)),
    column("at_ms", sa.BigInteger),
    column("reason", sa.Text),
)

fills = sa.Table(
    "fills",
    metadata,
    key("symbol", Market),
    key("fill_id", WORDS),
    sa.Column("client_id", sa.ForeignKey("orders.client_id")),
    column("venue_order_id", sa.Text),
    column("side", Word(Side)),
    column("price", Exact),
    column("quantity", Exact),
    column("fee", Exact),
    column("fee_asset", sa.Text),
    column("ts_ms", sa.BigInteger),
    column("maker", sa.Boolean),
    column("revision", sa.Integer),
)

equity = sa.Table(
    "equity",
    metadata,
    key("ts_ms", sa.BigInteger, autoincrement=False),
    key("strategy", WORDS),
    key("wallet", WORDS),
    column("equity", Exact),
    column("cash", Exact),
    column("revision", sa.Integer),
)
