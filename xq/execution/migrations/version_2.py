"""Format 2: orders on demand, what belongs to an account beside its orders, and the chain."""

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = None


def upgrade() -> None:
    """Widen orders, add tables; the chain over what is there is begun by the caller."""
    number = sa.Column("number", sa.Integer, nullable=False, server_default="0")
    strategy = sa.Column("strategy", sa.Text, nullable=False, server_default="")
    with op.batch_alter_table("orders") as orders:
        orders.alter_column("decision_id", existing_type=sa.Integer, nullable=True)
        orders.add_column(number)
        orders.add_column(strategy)
        for name in ("price", "stop_price", "time_in_force", "parent_id"):
            orders.add_column(sa.Column(name, sa.Text))
        orders.create_index("ix_orders_parent_id", ["parent_id"])
    op.execute("UPDATE orders SET number = rowid")
    made_by = "SELECT strategy FROM decisions WHERE decisions.id = orders.decision_id"
    op.execute(f"UPDATE orders SET strategy = ({made_by})")  # noqa: S608
    for make in (_chain, _money, _parents, _shares, _watch):
        make()


def _column(name: str, kind: type = sa.Text) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, kind, nullable=False)


def _key(name: str, kind: type = sa.Text) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _chain() -> None:
    op.create_table(
        "chain",
        _key("sequence", sa.BigInteger),
        _column("revision", sa.Integer),
        _column("at_ms", sa.BigInteger),
        *map(_column, ("kind", "subject", "content", "previous", "hash")),
    )
    op.create_index("ix_chain_subject", "chain", ["subject"])


def _money() -> None:
    op.create_table(
        "cash_flows",
        *map(_key, ("kind", "venue_id", "asset")),
        _column("amount"),
        _column("ts_ms", sa.BigInteger),
        _column("external", sa.Boolean),
        sa.Column("symbol", sa.Text),
        _column("revision", sa.Integer),
    )
    op.create_index("ix_cash_flows_ts_ms", "cash_flows", ["ts_ms"])
    op.create_table(
        "positions",
        _key("ts_ms", sa.BigInteger),
        _key("symbol"),
        *map(_column, ("quantity", "entry_price", "mark_price", "unrealized_pnl", "leverage")),
        sa.Column("liquidation_price", sa.Text),
        _column("revision", sa.Integer),
    )


def _parents() -> None:
    words = ("symbol", "strategy", "algo", "side", "quantity", "plan", "progress", "status")
    op.create_table(
        "parents",
        _key("parent_id"),
        *map(_column, (*words, "reason")),
        _column("created_ms", sa.BigInteger),
        _column("updated_ms", sa.BigInteger),
        _column("revision", sa.Integer),
    )
    op.create_index("ix_parents_status", "parents", ["status"])


def _shares() -> None:
    op.create_table(
        "shares",
        *map(_key, ("symbol", "strategy")),
        _column("quantity"),
        _column("revision", sa.Integer),
    )
    op.create_table(
        "share_entries",
        *map(_key, ("symbol", "source", "strategy")),
        *map(_column, ("quantity", "price")),
        _column("ts_ms", sa.BigInteger),
        _column("revision", sa.Integer),
    )


def _watch() -> None:
    trip = ("cause", "action", "reason", "reading", "threshold", "tripped_by")
    op.create_table(
        "switches",
        _key("name"),
        sa.Column("tripped_ms", sa.BigInteger),
        *(sa.Column(name, sa.Text) for name in trip),
        sa.Column("rearmed_ms", sa.BigInteger),
        *(sa.Column(name, sa.Text) for name in ("rearmed_by", "rearmed_why")),
        _column("revision", sa.Integer),
    )
    about = ("switch", "action", "reading", "threshold", "symbol", "client_id", "who")
    op.create_table(
        "risk_events",
        _key("number", sa.Integer),
        _column("ts_ms", sa.BigInteger),
        *map(_column, ("kind", "text")),
        *(sa.Column(name, sa.Text) for name in about),
        _column("revision", sa.Integer),
    )
    op.create_table(
        "events",
        _key("number", sa.Integer),
        _column("ts_ms", sa.BigInteger),
        *map(_column, ("kind", "severity", "text", "facts")),
        _column("revision", sa.Integer),
    )
