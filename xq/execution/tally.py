"""How much a journal holds, counted by the database."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from xq.execution import schema
from xq.execution.orders import OrderState
from xq.execution.store import Store


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of everything that there ever was.

    Attributes
    ----------
    orders
        By the state they are in.
    last_decision_ms
        When the newest was begun, by our clock; None before the first.
    """

    decisions: int
    fills: int
    orders: Mapping[OrderState, int]
    last_decision_ms: int | None


def tally(store: Store) -> Tally:
    """Count decisions, fills and orders."""
    state = schema.orders.c.state
    with store.read() as connection:
        decisions, newest = connection.execute(
            sa.select(sa.func.count(), sa.func.max(schema.decisions.c.created_ms)).select_from(
                schema.decisions
            )
        ).one()
        fills = connection.execute(
            sa.select(sa.func.count()).select_from(schema.fills)
        ).scalar_one()
        counted = connection.execute(sa.select(state, sa.func.count()).group_by(state))
        orders = {row[0]: int(row[1]) for row in counted}
    return Tally(int(decisions), int(fills), orders, newest)
