"""Parent orders: what an algorithm was asked and how far it got, for a restart in the middle."""

from dataclasses import replace

from xq.errors import NoData, OrderRefused
from xq.execution.ledger_records import Parent, ParentStatus
from xq.execution.ledger_schema import parents
from xq.execution.rows import Keeper


class Parents:
    """Parents by number; their children are orders with that ``parent_id``."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._rows = keeper.rows(parents, Parent, ("created_ms", "parent_id"))

    def begin(self, parent: Parent) -> None:
        """Write a parent down; only after this may a child of it be sent.

        Raises
        ------
        OrderRefused
            If there is one of that number.
        """
        if not self._rows.add(parent):
            raise OrderRefused(f"a parent order {parent.parent_id} is already in the journal")

    def advance(
        self,
        parent_id: str,
        progress: str,
        now_ms: int,
        *,
        status: ParentStatus = ParentStatus.WORKING,
        reason: str = "",
    ) -> Parent:
        """Write down how far a parent got; one that has ended stays so.

        Raises
        ------
        NoData
            If there is none of that number.
        OrderRefused
            If it has ended.
        """
        with self._keeper.write():
            known = self.get(parent_id)
            if known.status is ParentStatus.ENDED:
                raise OrderRefused(f"parent order {parent_id} has ended: {known.reason}")
            changed = replace(
                known, progress=progress, status=status, reason=reason, updated_ms=now_ms
            )
            self._rows.put(changed)
        return changed

    def get(self, parent_id: str) -> Parent:
        """One parent. Raises `NoData`."""
        found = self._rows.find(parent_id)
        if found is None:
            raise NoData(f"no parent order {parent_id}", hint="xq orders")
        return found

    def unfinished(self) -> tuple[Parent, ...]:
        """Parents that have not ended, oldest first."""
        return tuple(
            parent for parent in self._rows.all() if parent.status is not ParentStatus.ENDED
        )

    def all(self, *, after: int = 0) -> tuple[Parent, ...]:
        """Parents changed after a revision, oldest first."""
        return self._rows.all(after=after)
