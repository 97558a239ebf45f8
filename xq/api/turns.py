"""Taking turns: a tick, a look and an order by hand never work on one account at once."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from xq.api.workspace import Workspace
from xq.errors import XqError

if TYPE_CHECKING:
    from xq.live.desk import Desk


def my_turn(ws: Workspace) -> AbstractContextManager[None]:
    """The account to oneself for a moment; whoever has it is waited for.

    Raises
    ------
    LockHeld
        If it takes longer than a minute.
    """
    from xq.api.trade import lock_path
    from xq.live.lock import TURN_SECONDS, only_run

    return only_run(lock_path(ws).with_suffix(".turn"), patience=TURN_SECONDS)


def copy_to_lake(ws: Workspace, desk: "Desk") -> tuple[str, ...]:
    """Bring the lake's copy of the journal up to date; one that is behind stops nothing."""
    from xq.live.mirror import Origin, mirror

    mode, account = ws.config.trade.mode, desk.journal.account.replace(":", "-")
    try:
        mirror(desk.journal, ws.lake, Origin(mode, desk.market.name, f"trade-{account}"))
    except XqError as error:
        return (f"the journal's copy in the lake is behind: {error.message}",)
    return ()
